"""From a file to records: open it, find its format, and read both kinds of line errors in file order."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from afterpost.builtin.imports.csv_stream import CsvFile, Row, open_csv
from afterpost.builtin.imports.registry import detect, named
from afterpost.sdk import FileContext, FileFormat, FileRecord, LineError


class ExportFile(NamedTuple):
    """An opened file: its format, and what its lines say, as a stream that is read once."""

    format: FileFormat
    items: Iterator[FileRecord | LineError]


@contextmanager
def open_export(
    source: str | Path | BinaryIO,
    formats: Iterable[FileFormat],
    context: FileContext,
    *,
    format_name: str | None = None,
) -> Iterator[ExportFile]:
    """Open an export file (a path, or an open binary stream, which stays open) with one of `formats`.

    `format_name` settles it where the header fits several. Raises InvalidInput for a file that can't be
    read or is of no known format; lines that can't be read are LineErrors among the records.
    """
    with open_csv(source) as file:
        known = list(formats)
        chosen = detect(file.header, known) if format_name is None else named(format_name, known)
        failed: deque[LineError] = deque()
        items = chosen.read(file.header, _readable(file, failed), context)
        yield ExportFile(chosen, _in_order(items, failed))


def _readable(file: CsvFile, failed: deque[LineError]) -> Iterator[Row]:
    for record in file.records():
        if isinstance(record, LineError):
            failed.append(record)
        else:
            yield record


def _in_order(
    items: Iterable[FileRecord | LineError], failed: deque[LineError]
) -> Iterator[FileRecord | LineError]:
    # What failed while the format fetched its next row stands before that row.
    for item in items:
        while failed:
            yield failed.popleft()
        yield item
    yield from failed
