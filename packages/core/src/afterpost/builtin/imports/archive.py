"""ZIP archives of exports, and Excel workbooks, which are such archives: what is in them, within limits.

What an archive says of its sizes is checked before anything is unpacked, and no more than that is ever
unpacked: `zipfile` ends a member at its declared size.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from afterpost.builtin.imports.csv_stream import CsvFile
from afterpost.builtin.imports.workbook import WORKBOOK, Sheet, opened_sheets
from afterpost.domain.errors import InvalidInput

MAX_MEMBERS = 1_000
MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes of all CSV files of an archive together."""
MAX_WORKBOOK = 64 * 1024 * 1024
"""Unpacked bytes of a workbook, whose texts are held in memory."""

Parts = Sequence[tuple[str, Sequence[CsvFile | Sheet]]]
"""Name of a file or sheet -> the tables it may hold."""


def is_archive(file: BinaryIO) -> bool:
    """True for a ZIP archive that can be read, which a pipe can't."""
    if not file.seekable():
        return False
    at = file.tell()
    head = file.read(4)
    file.seek(at)
    return head in (b"PK\x03\x04", b"PK\x05\x06")


@contextmanager
def opened_parts(file: BinaryIO) -> Iterator[Parts]:
    """The CSV files of an archive, or the sheets of a workbook. Raises InvalidInput for one that is damaged,
    encrypted, or larger than the limits."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            members = archive.infolist()
        except Exception as error:  # the module raises half a dozen kinds for damaged bytes
            raise InvalidInput(f"The archive is damaged: {error}.", hint="Download it again.") from error
        if len(members) > MAX_MEMBERS:
            raise InvalidInput(f"The archive holds {len(members):,} files, more than {MAX_MEMBERS:,}.")
        if any(member.flag_bits & 1 for member in members):
            raise InvalidInput("The archive is encrypted.", hint="Unpack it first.")
        if WORKBOOK in archive.namelist():
            _refuse_larger(members, MAX_WORKBOOK, "workbook")
            yield stack.enter_context(opened_sheets(file))
            return
        tables = [member for member in members if _is_csv(member.filename)]
        _refuse_larger(tables, MAX_UNPACKED, "archive")
        parts: list[tuple[str, list[CsvFile]]] = []
        for member in tables:
            try:
                unpacked = io.BufferedReader(_Member(stack.enter_context(archive.open(member))))
            except Exception as error:
                raise InvalidInput(f"{member.filename!r} in the archive is damaged: {error}.") from error
            try:
                parts.append((member.filename, [CsvFile(cast(BinaryIO, unpacked))]))
            except InvalidInput:
                if len(tables) == 1:
                    raise
                parts.append((member.filename, []))  # no table: named if nothing else is one either
        yield parts


def _is_csv(name: str) -> bool:
    *folders, last = name.split("/")
    # macOS adds a shadow of each file.
    return last.lower().endswith(".csv") and not last.startswith(".") and "__MACOSX" not in folders


def _refuse_larger(members: Sequence[zipfile.ZipInfo], limit: int, what: str) -> None:
    size = sum(member.file_size for member in members)
    if size > limit:
        raise InvalidInput(
            f"The {what} unpacks to {size:,} bytes, more than {limit:,}.", hint="Export fewer posts at once."
        )


class _Member(io.RawIOBase):
    """A file of an archive; whatever is wrong with its bytes is an OSError, as with any other file."""

    def __init__(self, member: Any) -> None:
        self._member = member

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._member.read(len(buffer))
        except Exception as error:
            raise OSError(None, f"the archive is damaged ({error})") from error
        buffer[: len(data)] = data
        return len(data)
