"""A header with its names, and a row whose cells are asked for by name and collect what is wrong."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from afterpost.builtin.imports.cells import CellError, is_unknown
from afterpost.builtin.imports.times import Published
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_name
from afterpost.sdk import LineError

T = TypeVar("T")


class Row:
    """One row by column name. Reading a bad cell notes the problem and gives what an empty one would.

    `problems` cost the line; `notes` say what of it was left out, where that only describes the post.
    """

    def __init__(self, line: int, cells: Mapping[str, str]) -> None:
        self.line = line
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._cells = cells

    def cell(self, column: str) -> str:
        """The cell as it stands; empty where the file has no such column."""
        return self._cells.get(column, "")

    def with_cell(self, column: str, cell: str) -> "Row":
        """The row with one more cell: something found out about it."""
        return Row(self.line, {**self._cells, column: cell})

    def has(self, column: str) -> bool:
        """True where the cell holds something."""
        return bool(self.cell(column).strip())

    def value(self, column: str, read: Callable[[str], T]) -> T | None:
        """A number or date; None where it is unknown (empty, `-`, `n/a`, `null`, `undefined`)."""
        return None if is_unknown(self.cell(column)) else self._read(column, read)

    def described(self, column: str, read: Callable[[str], T]) -> T | None:
        """The same of what only describes the post: a cell that can't be read is a note and no problem."""
        if is_unknown(self.cell(column)):
            return None
        try:
            return read(self.cell(column))
        except CellError as error:
            self.notes.append(f"{column}: {error}; left unknown")
            return None

    def published(self, column: str, read: Callable[[str], Published]) -> Published:
        """When the post was published, as far as the cell tells; what can't be read is left unknown."""
        found = self.described(column, read) or Published()
        if found.note:
            self.notes.append(f"{column}: {found.note}")
        return found

    def text(self, column: str, read: Callable[[str], str]) -> str:
        """A text; empty where the cell is."""
        return (self._read(column, read) or "") if self.cell(column) else ""

    def error(self) -> LineError | None:
        """All that is wrong with the row in one error; None when nothing is."""
        return LineError(self.line, f"{'; '.join(self.problems)}.") if self.problems else None

    def _read(self, column: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(self.cell(column))
        except CellError as error:
            self.problems.append(f"{column}: {error}")
            return None


class Header:
    """The columns of a file. Raises InvalidInput where a name stands twice.

    Characters that nobody sees are no part of a name. Empty columns after the last name don't count. A
    column without a name in between is called `column 3`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        kept = [plain_name(name) for name in names]
        while kept and not kept[-1]:
            kept.pop()
        self.names = tuple(name or f"column {n}" for n, name in enumerate(kept, 1))
        twice = next((name for n, name in enumerate(self.names) if name in self.names[:n]), None)
        if twice is not None:
            raise InvalidInput(f"The column {twice!r} stands twice in the header.")

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def rows(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Row | LineError]:
        """The rows by name. One with more cells than the header is an error, for it would be misread.

        One with fewer has empty cells at its end: spreadsheets leave those out.
        """
        width = len(self.names)
        for line, cells in rows:
            if any(cell.strip() for cell in cells[width:]):
                yield LineError(
                    line, f"The line has {len(cells)} cells and the header {width}.", "unreadable"
                )
            else:
                missing = [""] * (width - len(cells))
                yield Row(line, dict(zip(self.names, [*cells[:width], *missing], strict=True)))
