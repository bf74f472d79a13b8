"""The generic CSV, a file that anybody can write: one column a field, one a metric (docs/import.md)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from difflib import get_close_matches

from afterpost.builtin.imports import cells, numbers, times
from afterpost.builtin.imports.post_export import type_in
from afterpost.builtin.imports.table import Header, Row
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_name
from afterpost.domain.metrics import CANONICAL, CUMULATIVE, is_metric_name
from afterpost.domain.readings import Value
from afterpost.sdk import FileContext, FileFormat, FileRecord, Kind, LineError, Reading
from afterpost.sdk.formats import FileItem

FIELDS = (
    *("platform", "post_id", "observed_at", "date", "published_at"),
    *("title", "description", "url", "content_type", "account"),
)
"""The columns beside the metrics, as documented."""

DEFINITION = "import:generic_csv"
"""What a metric from such a file is defined by: whoever wrote the file."""


class GenericCsv(FileFormat):
    """One line is one reading of one post. Capitals in column names don't matter, their order neither."""

    name = "generic_csv"
    title = "Generic CSV"
    note = "Counters are lifetime totals at the instant of each line; an empty cell is unknown, not 0."

    def detect(self, header: Sequence[str]) -> bool:
        return "post_id" in _folded(header)

    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: FileContext
    ) -> Iterator[FileItem]:
        columns = Header(_folded(header))
        metrics = tuple(name for name in columns.names if name not in FIELDS and is_metric_name(name))
        _check(columns, metrics, context)
        return _records(columns, metrics, rows, context)


def _folded(header: Sequence[str]) -> list[str]:
    return [plain_name(name).lower() for name in header]


def _check(columns: Header, metrics: Sequence[str], context: FileContext) -> None:
    """Refuse unknown columns: a misspelt one that is dropped in silence is a number that goes missing."""
    unknown = [name for name in columns.names if name not in FIELDS and name not in metrics]
    if unknown:
        raise InvalidInput(
            f"Columns that the generic CSV does not know: {', '.join(map(_with_closest, unknown))}.",
            hint="Rename or remove them; a metric of your own is named x_<platform>_<name>.",
        )
    if "post_id" not in columns:
        raise InvalidInput("The generic CSV needs the column post_id.")
    if not metrics:
        raise InvalidInput(
            "The file has no metric.", hint=f"Add at least one column such as {', '.join(CANONICAL[:5])}."
        )
    if "platform" not in columns and context.platform is None:
        raise InvalidInput(
            "The file does not say which platform its posts are on.",
            hint="Add the column platform, or name the platform for the whole file.",
        )


def _with_closest(name: str) -> str:
    closest = get_close_matches(name, (*FIELDS, *CANONICAL), n=1)
    return f"{cells.shown(name)} (meant is {closest[0]}?)" if closest else cells.shown(name)


def _records(
    columns: Header,
    metrics: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    context: FileContext,
) -> Iterator[FileItem]:
    definitions = dict.fromkeys(metrics, DEFINITION)
    # A file can't say how a metric of its own behaves; as a level it is never added up.
    kinds = {name: Kind.GAUGE for name in metrics if name not in CUMULATIVE}
    for row in columns.rows(rows):
        if isinstance(row, LineError):
            yield row
            continue
        observed_at, observed_on = _observed(row, context)
        published = row.published(
            "published_at", lambda cell: times.publication(cell, zone=context.time_zone)
        )
        reading = Reading(
            observed_at=observed_at,
            observed_on=observed_on,
            values=_values(row, metrics),
            definitions=definitions,
            published_at=published.at,
            published_on=published.on,
            kinds=kinds,
        )
        record = _record(row, reading, context)
        yield row.error() or record


def _record(row: Row, reading: Reading, context: FileContext) -> FileRecord:
    post_id = row.text("post_id", cells.post_id)
    if not row.cell("post_id"):
        row.problems.append("post_id: the id is missing")
    platform = row.text("platform", cells.platform) or context.platform
    if platform is None:
        row.problems.append("platform: the platform is missing")
    url = row.cell("url").strip()
    if post_id and platform:
        row.text("post_id", lambda _: cells.as_linked(post_id, platform, url, "url"))
    return FileRecord(
        line=row.line,
        platform=platform or "",
        external_id=post_id,
        reading=reading,
        title=row.cell("title"),
        description=row.cell("description"),
        url=url,
        content_type=type_in(row.cell("content_type"), {}),
        account=row.described("account", cells.account),
        notes=tuple(row.notes),
    )


def _observed(row: Row, context: FileContext) -> tuple[datetime, date | None]:
    """When the line was read, and the day where the line tells no more than that."""
    exact = row.value("observed_at", times.instant)
    on = row.value("date", times.day)
    if exact and on:
        row.problems.append("observed_at and date: give one of them")
    if exact is None and on is not None:
        return datetime.combine(on, time(tzinfo=UTC)), on
    return exact or context.observed_at, None


def _values(row: Row, metrics: Sequence[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name in metrics:
        value = row.value(name, _count if name in CUMULATIVE else _level)
        if value is not None:
            values[name] = value
    return values


def _count(cell: str) -> Value:
    return numbers.count(cell)


def _level(cell: str) -> Value:
    return numbers.level(numbers.number(cell))
