"""Two databases row by row, in canonical form: which rows are in one alone, and which differ."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage import dump, replica
from afterpost.storage.engine import Connection

DERIVED = (
    "observations",
    "daily_metrics",
    "account_metrics",
    "post_analytics",
    "latest",
    "rollups",
    "standing",
    "attendance",
    "openings",
    "content_performance",
)
"""The tables that hold numbers; the others hold what people said, or what a post is called."""
NAMED = 1_000
"""Differences described in full; further ones are counted alone."""

Row = dict[str, Any]


class Difference(Struct, frozen=True):
    """A row that is not the same; None where one database has none. `key` is what it is known by."""

    table: str
    key: Row
    original: Row | None
    derived: Row | None


class Comparison(Struct, frozen=True):
    """What a comparison came to: rows of the original by table, differing rows by table (only tables with
    some), and the first `NAMED` of those."""

    rows: dict[str, int]
    differing: dict[str, int]
    differences: tuple[Difference, ...]


def compare(
    original: Connection, derived: Connection, scope: Scope, progress: Callable[[str], None]
) -> Comparison:
    """Compare the numbers of two databases; `progress` hears the name of each table as it is done.

    A reading in whose place a corrected one was told stands beside it in the original alone, as it should.
    """
    corrected = replica.corrected(original, scope)
    rows: dict[str, int] = {}
    differing: dict[str, int] = {}
    named: list[Difference] = []
    for table in DERIVED:
        read = dump.TABLES[table]
        rows[table] = 0
        for key, left, right in _side_by_side(read(original, scope), read(derived, scope), dump.KEYS[table]):
            rows[table] += left is not None
            replaced = table == "observations" and right is None and tuple(key.values()) in corrected
            if left != right and not replaced:
                differing[table] = differing.get(table, 0) + 1
                if len(named) < NAMED:
                    named.append(Difference(table, key, left, right))
        progress(table)
    return Comparison(rows, differing, tuple(named))


def _side_by_side(
    left: Iterator[Row], right: Iterator[Row], names: tuple[str, ...]
) -> Iterator[tuple[Row, Row | None, Row | None]]:
    """Rows of both in the order of their keys, each beside the one with the same key."""
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        at, of = _place(ours, names), _place(theirs, names)
        first = of is None or (at is not None and at <= of)
        second = at is None or (of is not None and of <= at)
        row = ours if first else theirs
        assert row is not None
        key = {name: row[name] for name in names if name in row}
        yield key, ours if first else None, theirs if second else None
        if first:
            ours = next(left, None)
        if second:
            theirs = next(right, None)


def _place(row: Row | None, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    """A row's place in the order of the dump."""
    if row is None:
        return None
    values = (row.get(name, "") for name in names)
    return tuple(value.encode() if isinstance(value, str) else value for value in values)
