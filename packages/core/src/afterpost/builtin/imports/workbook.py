"""Excel workbooks as rows of texts, a row at a time; an id never passes through a float that rounds it."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any, BinaryIO, TypeVar

from afterpost.builtin.imports.csv_stream import MAX_CELL, MAX_COLUMNS, Row
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_name
from afterpost.sdk import LineError

T = TypeVar("T")

WORKBOOK = "xl/workbook.xml"
"""The member by which an archive is a workbook."""
MAX_ROWS = 200_000
HEADER_ROWS = 5
"""A header stands in one of the first rows; LinkedIn writes a sentence above it."""


class Sheet:
    """The rows of a sheet under one that may be its header."""

    def __init__(self, header: Sequence[str], under: Iterator[tuple[int, Sequence[str]]]) -> None:
        self.header = tuple(plain_name(cell) for cell in header)
        self._under = under
        self.remarks: Sequence[str] = ()

    def records(self) -> Iterator[Row | LineError]:
        """The rows under the header, blank ones left out; numbers are those of the sheet."""
        for number, cells in self._under:
            if len(cells) > MAX_COLUMNS:
                yield LineError(number, f"The row has more than {MAX_COLUMNS} cells.", "unreadable")
            elif any(len(cell) > MAX_CELL for cell in cells):
                yield LineError(number, f"A cell is longer than {MAX_CELL:,} characters.", "unreadable")
            elif any(cell.strip() for cell in cells):
                # The file leaves out empty cells at the end of a row.
                yield number, [*cells, *[""] * (len(self.header) - len(cells))]


@contextmanager
def opened_sheets(file: BinaryIO) -> Iterator[list[tuple[str, list[Sheet]]]]:
    """The sheets of a workbook by name, each with the tables it may hold. Raises InvalidInput."""
    from openpyxl import load_workbook  # a moment's work, and most runs need none

    book = _quietly(lambda: load_workbook(file, read_only=True, data_only=True, keep_links=False))
    try:
        yield [(sheet.title, _tables(sheet)) for sheet in book.worksheets]
    finally:
        book.close()


def _tables(sheet: Any) -> list[Sheet]:
    # What a file says of its size is wrong at times, and rows beyond it would be lost.
    _quietly(sheet.reset_dimensions)
    rows = _rows(sheet)
    top = list(islice(rows, HEADER_ROWS))
    return [Sheet(cells, chain(top[n:], rows)) for n, (_, cells) in enumerate(top, 1) if any(cells)]


def _rows(sheet: Any) -> Iterator[tuple[int, Sequence[str]]]:
    rows = iter(sheet.iter_rows(values_only=True))
    for number in range(1, MAX_ROWS + 1):
        cells = _quietly(lambda: next(rows, None))
        if cells is None:
            return
        yield number, [_text(cell) for cell in cells]
    if _quietly(lambda: next(rows, None)) is not None:
        raise InvalidInput(f"The sheet {sheet.title!r} has more than {MAX_ROWS:,} rows.")


def _text(value: object) -> str:
    """A cell as a CSV would write it. A whole number keeps every digit; one stored rounded shows that."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def _quietly(read: Callable[[], T]) -> T:
    """Read without the library's remarks on styles; what it raises for damaged bytes is of any kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise InvalidInput(
                f"The workbook can't be read: {said[:200]}.",
                hint="Open it, and save the sheet as CSV (UTF-8).",
            ) from error
