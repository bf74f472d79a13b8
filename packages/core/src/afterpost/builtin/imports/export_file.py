"""From a file to records: open it, find the part that is of a known format, and read it in file order."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from afterpost.builtin.imports.archive import is_archive, opened_parts
from afterpost.builtin.imports.cells import shown
from afterpost.builtin.imports.csv_stream import CsvFile, Row
from afterpost.builtin.imports.refusals import why_refused
from afterpost.builtin.imports.registry import detect, fits, named
from afterpost.domain.errors import InvalidInput
from afterpost.sdk import FileContext, FileFormat, LineError
from afterpost.sdk.formats import FileItem


def fingerprint(source: BinaryIO) -> tuple[str | None, int | None]:
    """SHA-256 in hexadecimal and length of a file; its place is kept. None for a pipe, which is read once."""
    if not source.seekable():
        return None, None
    at = source.tell()
    digest = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type] # it is what it asks for
    length = source.tell() - at
    source.seek(at)
    return digest, length


class Table(Protocol):
    """A header and the records under it, whatever kind of file holds them."""

    @property
    def header(self) -> Sequence[str]: ...

    @property
    def remarks(self) -> Sequence[str]:
        """What is to be said of the file as a whole, once its records are read."""

    def records(self) -> Iterator[Row | LineError]:
        """The records under the header, once."""


class ExportFile(NamedTuple):
    """An opened file: its format, which part of an archive or workbook it is ("" for neither), and what its
    lines say, as a stream that is read once."""

    format: FileFormat
    part: str
    items: Iterator[FileItem]


@contextmanager
def open_export(
    source: str | Path | BinaryIO,
    formats: Iterable[FileFormat],
    context: FileContext,
    *,
    format_name: str | None = None,
) -> Iterator[ExportFile]:
    """Open an export file (a path, or an open binary stream, which stays open) with one of `formats`.

    A ZIP archive or an Excel workbook is read where exactly one of its parts is of a known format.
    `format_name` settles it where several fit. Raises InvalidInput for a file that can't be read or is of
    no known format; lines that can't be read are LineErrors among the records.
    """
    known = list(formats)
    if format_name is not None:
        known = [named(format_name, known)]
    with ExitStack() as stack:
        file = stack.enter_context(opened(source))
        if is_archive(file):
            parts = stack.enter_context(opened_parts(file))
            part, chosen, table = _one_of(parts, known, named_by_caller=format_name is not None)
        else:
            part, table = "", CsvFile(file)
            chosen = known[0] if format_name is not None else detect(table.header, known)
        failed: deque[LineError] = deque()
        items = chosen.read(table.header, _readable(table, failed), context)
        yield ExportFile(chosen, part, _in_order(items, failed, table))


@contextmanager
def opened(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    """A path opened for reading; an open stream as it is, and it stays open. Raises InvalidInput."""
    if not isinstance(source, str | Path):
        yield source
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(source).open("rb"))
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise InvalidInput(f"{str(source)!r} can't be opened: {reason}.") from error
        yield file


def _one_of(
    parts: Sequence[tuple[str, Sequence[Table]]], known: Sequence[FileFormat], *, named_by_caller: bool
) -> tuple[str, FileFormat, Table]:
    """The one part that can be imported; of a part's tables (a header may stand in several places) the first
    that fits."""
    found: list[tuple[str, FileFormat, Table]] = []
    for part, tables in parts:
        fitting = ((fits(table.header, known), table) for table in tables)
        if of := next(((part, one, table) for (one, *_), table in ((f, t) for f, t in fitting if f)), None):
            found.append(of)
    if len(found) == 1:
        part, _, table = found[0]
        return part, detect(table.header, known), table
    if found:
        listed = ", ".join(f"{shown(part)} ({one.name})" for part, one, _ in found)
        raise InvalidInput(
            f"The file holds several parts that can be imported: {listed}.",
            hint="Name the format you mean, or unpack it and import its files one by one.",
        )
    tables = [table for _, some in parts for table in some[:1]]
    if not named_by_caller:
        if len(parts) == 1 and tables:
            detect(tables[0].header, known)  # says why not
        if reason := next(filter(None, (why_refused(table.header) for table in tables)), None):
            raise InvalidInput(reason.message, hint=reason.hint)
    listed = ", ".join(shown(part) for part, _ in parts[:10]) or "nothing to read"
    wanted = f" as {known[0].name}" if named_by_caller else ""
    raise InvalidInput(
        f"Nothing in the file can be imported{wanted}; it holds {listed}.",
        hint="docs/import.md says which export holds the posts.",
    )


def _readable(table: Table, failed: deque[LineError]) -> Iterator[Row]:
    for record in table.records():
        if isinstance(record, LineError):
            failed.append(record)
        else:
            yield record


def _in_order(items: Iterable[FileItem], failed: deque[LineError], table: Table) -> Iterator[FileItem]:
    # What failed while the format fetched its next row stands before that row.
    for item in items:
        while failed:
            yield failed.popleft()
        yield item
    yield from failed
    for remark in table.remarks:
        yield LineError(1, remark)
