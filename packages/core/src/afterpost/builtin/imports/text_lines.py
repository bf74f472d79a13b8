"""The bytes of a file as physical lines of text: encodings, line numbers, one cap on memory."""

import codecs
import io
import re
from typing import Any, BinaryIO, Self

from afterpost.domain.errors import InvalidInput

MAX_RECORD = 1_000_000
"""Characters of one record, line breaks in its cells included. No export comes near it."""

_MARKS = (
    (codecs.BOM_UTF32_LE, ""),  # before UTF-16, whose mark is the first half of this one
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = {b"\1\0\1\0": "utf-16-le", b"\0\1\0\1": "utf-16-be"}
"""UTF-16 without a mark, by which of the first four bytes are not zero: two letters of a header show it."""
_ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "Unpack it, or save the sheet as CSV (UTF-8)."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV (UTF-8)."),
    (b"%PDF", "a PDF", "Export the numbers as CSV."),
)
_FLAW = re.compile("[\x00\ud800-\udfff]")


class Unreadable(Exception):
    """A record can't be read, and the next one may be. Its text says why; it never leaves this package."""


class TextLines:
    """The lines of a binary stream, line ends kept, as `csv.reader` pulls them.

    UTF-8 or UTF-16, with or without byte order mark. At most one line is in memory. Raises
    InvalidInput for what is no text file at all.
    """

    def __init__(self, source: BinaryIO) -> None:
        self.number = 0
        """The number of the line that was handed out last, counted from 1."""
        self.flaw = ""
        """What is wrong with the text handed out since `begin`; empty when nothing is."""
        self._text = _decoded(source)
        self._taken = 0
        self._waiting = ""
        self._ended = False

    def begin(self) -> int:
        """Begin a record; returns the number of its first line."""
        self.flaw = ""
        self._taken = 0
        return self.number + 1

    def put_back(self, line: str) -> None:
        """Hand out the line just read once more."""
        self._waiting = line
        self.number -= 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line, self._waiting = self._waiting or self._read(MAX_RECORD + 1), ""
        if not line:
            raise StopIteration
        self.number += 1
        first = self._taken == 0
        self._taken += len(line)
        if len(line) > MAX_RECORD:
            self._skip(line)
        if self._taken > MAX_RECORD:
            what = "the line is longer than" if first else "a quotation mark is opened and not closed within"
            raise Unreadable(f"{what} {MAX_RECORD:,} characters")
        if not self.flaw and (bad := _FLAW.search(line)):
            self.flaw = "it holds a NUL character" if bad[0] == "\x00" else "it is not valid UTF-8 or UTF-16"
        return line

    def _read(self, limit: int) -> str:
        if self._ended:
            return ""
        try:
            return self._text.readline(limit)
        except UnicodeDecodeError as error:  # the only one the decoders raise: half a character at the end
            self._ended = True
            self.number += 1
            raise Unreadable("the file ends in the middle of a character") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InvalidInput(f"The file could not be read after line {self.number}: {reason}.") from error

    def _skip(self, line: str) -> None:
        while line and line[-1] not in "\r\n":
            line = self._read(MAX_RECORD)
        if line.endswith("\r"):  # the cut may have fallen between "\r" and "\n", which are one line end
            following = self._read(1)
            if following != "\n":
                self._waiting = following + ("" if following in ("", "\r") else self._read(MAX_RECORD))


def _decoded(source: BinaryIO) -> io.TextIOWrapper:
    head = b""
    try:
        while len(head) < 4 and (more := source.read(4 - len(head))):
            head += more
    except OSError as error:
        raise InvalidInput(
            f"The file could not be read: {error.strerror or type(error).__name__}."
        ) from error
    for magic, what, hint in _ARCHIVES:
        if head.startswith(magic):
            raise InvalidInput(f"This is no CSV file; it is {what}.", hint=hint)
    encoding, mark = next(((name, bom) for bom, name in _MARKS if head.startswith(bom)), ("utf-8", b""))
    if not mark and len(head) == 4 and (unmarked := _UNMARKED.get(bytes(byte != 0 for byte in head))):
        encoding = unmarked
    elif not encoding or (not mark and b"\x00" in head):
        raise InvalidInput(
            "This is no CSV file in UTF-8 or UTF-16.",
            hint="Save it as CSV (UTF-8).",
        )
    # Bytes that are no text come through as lone surrogates, which `_FLAW` finds: a line fails, not the file.
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    stream = io.BufferedReader(_Joined(head[len(mark) :], source))
    return io.TextIOWrapper(stream, encoding, errors, newline="")


class _Joined(io.RawIOBase):
    """The bytes already taken from a stream, then the rest of it; closing this leaves the stream open."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data, self._head = self._head or self._rest.read(len(buffer)), b""
        buffer[: len(data)] = data
        return len(data)
