"""A CSV file as a stream of records; one that can't be read is an error of its line, never a traceback."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from afterpost.builtin.imports.text_lines import TextLines, Unreadable
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_name
from afterpost.sdk import LineError

DELIMITERS = ",;\t"
MAX_COLUMNS = 500
MAX_CELL = 100_000
"""Characters of one cell; below the 131,072 at which Python's csv module gives up by itself."""
MAX_UNREADABLE = 1_000
"""So many unreadable records in a row, and the file is taken for something else than CSV."""

ONE_METRIC = ("Date", "Primary")
"""The columns of Meta's files of one metric a day."""

_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')

Row = tuple[int, Sequence[str]]
"""The number of the record's first line, and its cells."""


class CsvFile:
    """An opened CSV file: its header (the first record that is not blank), then its records, once.

    The delimiter is the one a first line `sep=;` names, else whichever of comma, semicolon and tab the
    header holds most. Raises InvalidInput for an empty file or a header that can't be read.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._lines = TextLines(source)
        self.delimiter = self._find_delimiter()
        # strict: a quotation mark that is not doubled is an error, and not a cell glued from two.
        self._reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        self._ahead: Row | LineError | None = None
        first = self._next()
        if first is None:
            raise InvalidInput("The file holds no line with text.")
        if isinstance(first, LineError):
            raise InvalidInput(f"Line {first.line}, the header: {first.message}")
        if self._lines.flaw:
            raise InvalidInput(f"Line {first[0]}, the header: {self._lines.flaw}.")
        self.header_line, self.header = first[0], _names(first[1])
        if len(self.header) == 1:
            self._below_title()

    def records(self) -> Iterator[Row | LineError]:
        """The records under the header in file order, blank ones left out.

        Raises InvalidInput after `MAX_UNREADABLE` ones in a row that are unreadable or hold bytes that are no
        text.
        """
        unreadable = 0
        while (record := self._next()) is not None:
            damaged = isinstance(record, LineError) or bool(self._lines.flaw)
            unreadable = unreadable + 1 if damaged else 0
            if unreadable > MAX_UNREADABLE:
                raise InvalidInput(
                    f"{MAX_UNREADABLE:,} records up to line {self._lines.number} can't be read one after "
                    "another: this is no CSV file."
                )
            yield record

    @property
    def remarks(self) -> Sequence[str]:
        """What is to be said of the file as a whole, once it is read."""
        return self._lines.remarks

    def _below_title(self) -> None:
        """Take the next record for the header where Meta wrote the name of its one metric above."""
        self._ahead = self._next()
        if isinstance(self._ahead, tuple) and _names(self._ahead[1]) == ONE_METRIC:
            (self.header_line, _), self.header, self._ahead = self._ahead, ONE_METRIC, None

    def _find_delimiter(self) -> str:
        try:
            line = next((line for line in self._lines if line.strip()), "")
        except Unreadable as error:
            raise InvalidInput(f"Line {self._lines.number}, the header: {error}.") from error
        if not line:
            raise InvalidInput("The file is empty.")
        if declared := _SEP.fullmatch(line.rstrip("\r\n")):
            if declared[1] not in DELIMITERS:
                raise InvalidInput(
                    f"The file's first line names {declared[1]!r} as its separator.",
                    hint="Save it with comma, semicolon or tab.",
                )
            return declared[1]
        self._lines.put_back(line)
        bare = _QUOTED.sub("", line)
        return max(DELIMITERS, key=bare.count)

    def _next(self) -> Row | LineError | None:
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return ahead
        while True:
            first = self._lines.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return None
            except Unreadable as error:
                return self._error(first, str(error))
            except csv.Error as error:
                return self._error(first, _reason(str(error)))
            if problem := _misshapen(cells):
                return self._error(first, problem)
            if any(cell.strip() for cell in cells):
                return first, cells

    def _error(self, first: int, reason: str) -> LineError:
        last = self._lines.number
        span = f"lines {first} to {last}" if last > first else "the line"
        return LineError(first, f"Can't be read, {span} left out: {reason}.", "unreadable")


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(plain_name(cell) for cell in cells)


def _misshapen(cells: list[str]) -> str:
    if len(cells) > MAX_COLUMNS:
        return f"it has {len(cells):,} cells, more than {MAX_COLUMNS}"
    if any(len(cell) > MAX_CELL for cell in cells):
        return f"a cell is longer than {MAX_CELL:,} characters"
    return ""


def _reason(error: str) -> str:
    if "unexpected end" in error:
        return "a quotation mark is opened and never closed"
    if "field limit" in error:
        return f"a cell is longer than {MAX_CELL:,} characters, or a quotation mark is never closed"
    if "expected after" in error:
        return "a quotation mark inside a quoted cell is not doubled"
    return error
