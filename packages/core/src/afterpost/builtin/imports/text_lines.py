"""The bytes of a file as physical lines of text: encodings, line numbers, one cap on memory."""

import codecs
import io
import re
from typing import Any, BinaryIO, Self

from afterpost.builtin.imports.cells import NO_TEXT
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
_MARK = "\ufeff"
_LONE = re.compile("[\ud800-\udfff]")


class Unreadable(Exception):
    """A record can't be read, and the next one may be. Its text says why; it never leaves this package."""


class TextLines:
    """The lines of a binary stream, line ends kept, as `csv.reader` pulls them.

    UTF-8 or UTF-16, with or without byte order mark; else Windows-1252, where the first bytes that are not
    ASCII are no UTF-8. Bytes that are no text come out as `NO_TEXT`. At most one line is in memory. Raises
    InvalidInput for what is no text file at all.
    """

    def __init__(self, source: BinaryIO) -> None:
        self.number = 0
        """The number of the line that was handed out last, counted from 1."""
        self.flaw = ""
        """What is wrong with the text handed out since `begin`; empty when nothing is."""
        self._text, self._marked = _decoded(source)
        self._windows = False
        self._utf_8 = self._marked
        self._damaged: list[int] = []
        self._taken = 0
        self._waiting = ""
        self._again = ""
        self._ended = False

    @property
    def remarks(self) -> list[str]:
        """What is to be said of the file's text, as far as it was read."""
        said = []
        if self._windows:
            said.append(
                "The file is no UTF-8; it was read as Windows-1252. Where its letters look wrong, save it as "
                "CSV (UTF-8)."
            )
        if self._damaged:
            more = f" and {len(self._damaged) - 1:,} more lines" if len(self._damaged) > 1 else ""
            said.append(
                f"Line {self._damaged[0]:,}{more} of the file: bytes that are no text are shown as {NO_TEXT}."
            )
        return said

    def begin(self) -> int:
        """Begin a record; returns the number of its first line."""
        if not self._again:
            self.flaw = ""
        self._taken = 0
        return self.number + 1

    def put_back(self, line: str) -> None:
        """Hand out the line just read once more; of the file's first record only."""
        self._again = line
        self.number -= 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        again, self._again = self._again, ""
        line, self._waiting = again or self._waiting or self._read(MAX_RECORD + 1), ""
        if not line:
            raise StopIteration
        if self.number == 0:
            line = line.lstrip(_MARK)  # a second mark, where somebody added one to a file that had it
        self.number += 1
        first = self._taken == 0
        self._taken += len(line)
        if len(line) > MAX_RECORD:
            self._skip(line)
        if self._taken > MAX_RECORD:
            what = "the line is longer than" if first else "a quotation mark is opened and not closed within"
            raise Unreadable(f"{what} {MAX_RECORD:,} characters")
        if again:
            return again
        return line if line.isascii() and "\x00" not in line else self._sound(line)

    def _sound(self, line: str) -> str:
        """A line that is not all ASCII, its bytes that are no text replaced."""
        damaged = _LONE.search(line) is not None
        if self._text.encoding == "utf-8" and (self._windows or not self._utf_8):
            if self._windows or damaged:
                self._windows = True
                line = line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
                damaged = NO_TEXT in line
            else:
                self._utf_8 = not line.isascii()
        if damaged:
            line = _LONE.sub(NO_TEXT, line)
            self.flaw = "it is not valid UTF-8, UTF-16 or Windows-1252"
            self._damaged.append(self.number)
        elif "\x00" in line and not self.flaw:
            self.flaw = "it holds a NUL character"
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


def _decoded(source: BinaryIO) -> tuple[io.TextIOWrapper, bool]:
    """The text of a stream, and whether a mark said in which encoding it is."""
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
    # Bytes that are no text come through as lone surrogates, which `_LONE` finds.
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    stream = io.BufferedReader(_Joined(head[len(mark) :], source))
    return io.TextIOWrapper(stream, encoding, errors, newline=""), bool(mark)


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
