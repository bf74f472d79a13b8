"""Columns of exports that become metrics: what each is called, its kind, and what reads its cells."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from afterpost.builtin.imports.cells import CellError, shown
from afterpost.builtin.imports.numbers import count, level, number, scaled
from afterpost.builtin.imports.table import Header, Row
from afterpost.domain.metrics import Kind
from afterpost.domain.readings import Value


class Read(Protocol):
    """Reads a cell; raises CellError. `signed`: it may be negative."""

    def __call__(self, cell: str, /, *, signed: bool) -> Value: ...


class Column(NamedTuple):
    """A metric, its kind, and what reads its cells."""

    metric: str
    kind: Kind
    read: Read


def counter(metric: str) -> Column:
    """A column of lifetime counts."""
    return Column(metric, Kind.CUMULATIVE, _count)


def net(metric: str) -> Column:
    """A column of differences, such as gained less lost: a level that can be negative."""
    return Column(metric, Kind.GAUGE, _net)


def hours(metric: str) -> Column:
    """A column of hours, kept as seconds."""
    return Column(metric, Kind.CUMULATIVE, _hours)


def percent(metric: str) -> Column:
    """A column of percentages, kept as ratios: 4.5 as 0.045."""
    return Column(metric, Kind.RATIO, _percent)


def money(metric: str) -> Column:
    """A column of amounts, kept in millionths; a level, for money is not added up per day."""
    return Column(metric, Kind.GAUGE, _money)


def seconds(metric: str, *, total: bool = False) -> Column:
    """A column of durations, `H:MM:SS`, `M:SS` or seconds; a level, or with `total` a counter."""
    return Column(metric, Kind.CUMULATIVE, _whole_seconds) if total else Column(metric, Kind.GAUGE, _duration)


def metrics_of(
    header: Header, known: Callable[[str], Column | None], describing: Collection[str]
) -> tuple[dict[str, Column], list[str]]:
    """The columns that are read, and the names of those that nobody knows (or that repeat a metric)."""
    metrics: dict[str, Column] = {}
    left_out: list[str] = []
    for name in header.names:
        column = known(name)
        if column is None and name in describing:
            continue
        if column is None or any(column.metric == other.metric for other in metrics.values()):
            left_out.append(name)
        else:
            metrics[name] = column
    return metrics, left_out


def values_of(row: Row, metrics: Mapping[str, Column], *, signed: bool = False) -> dict[str, Value]:
    """The row's numbers by metric; what is unknown is absent, what is wrong is noted in the row."""
    values: dict[str, Value] = {}
    for name, column in metrics.items():
        read: Callable[[str], Value] = partial(column.read, signed=signed)
        value = row.value(name, read)
        if value is not None:
            values[column.metric] = value
    return values


def _count(cell: str, *, signed: bool) -> Value:
    return count(cell, signed=signed)


def _net(cell: str, *, signed: bool) -> Value:
    return count(cell, signed=True)


def _hours(cell: str, *, signed: bool) -> Value:
    return scaled(number(cell, signed=signed), 3600)


def _percent(cell: str, *, signed: bool) -> Value:
    return float(number(cell) / 100)


def _money(cell: str, *, signed: bool) -> Value:
    return scaled(number(cell, signed=True), 1_000_000)


def _whole_seconds(cell: str, *, signed: bool) -> Value:
    return scaled(number(cell, signed=signed), 1)


def _duration(cell: str, *, signed: bool) -> Value:
    parts = cell.strip().split(":")
    if len(parts) == 1:
        return level(number(cell))
    if len(parts) > 3 or not all(len(part) <= 9 and part.isascii() and part.isdigit() for part in parts):
        raise CellError(f"{shown(cell)} is no duration like 0:04:13")
    head, *rest = (int(part) for part in parts)
    for part in rest:
        if part > 59:
            raise CellError(f"{shown(cell)} is no duration like 0:04:13")
        head = head * 60 + part
    return head
