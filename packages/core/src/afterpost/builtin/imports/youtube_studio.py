"""YouTube Studio's export of the report by content: `Table data.csv` and `Chart data.csv`."""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from afterpost.builtin.imports.cells import CellError, is_unknown, shown, text
from afterpost.builtin.imports.table import Header, Row
from afterpost.builtin.imports.times import calendar_day, day, midnight
from afterpost.builtin.imports.youtube_columns import DESCRIBING, METRICS, StudioColumn
from afterpost.domain.errors import InvalidInput
from afterpost.domain.readings import Value
from afterpost.sdk import FileContext, FileFormat, FileRecord, Kind, LineError, Reading

PLATFORM = "youtube"

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_MONTH_DAY_YEAR = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2}),? ([0-9]{4})")
_DAY_MONTH_YEAR = re.compile(r"([0-9]{1,2}) ([A-Za-z]{3,9})\.? ([0-9]{4})")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


class _StudioFormat(FileFormat):
    """What the two files have in common; they differ by the column `Date` and by what a line means."""

    _has_dates: ClassVar[bool]

    def detect(self, header: Sequence[str]) -> bool:
        names = {name.strip() for name in header}
        by_content = "Content" in names and bool(names & {"Video title", "Video publish time"})
        return by_content and ("Date" in names) == self._has_dates

    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: FileContext
    ) -> Iterator[FileRecord | LineError]:
        if context.platform not in (None, PLATFORM):
            raise InvalidInput(f"This is a YouTube Studio file; its platform is not {context.platform!r}.")
        if not self.detect(header):  # the format was named, not found
            raise InvalidInput(f"The file does not have the columns of {self.title}.")
        columns = Header(header)
        metrics, left_out = _metrics_of(columns)
        if not metrics:
            raise InvalidInput(
                "The YouTube Studio file has no metric that is known here.",
                hint="Studio writes its columns in its own language: set it to English and export again.",
            )
        return self._records(columns.rows(rows), metrics, left_out, context)

    def _records(
        self,
        rows: Iterable[Row | LineError],
        metrics: Mapping[str, StudioColumn],
        left_out: Sequence[str],
        context: FileContext,
    ) -> Iterator[FileRecord | LineError]:
        if left_out:
            # Studio adds columns now and then: they must not block the others, nor vanish in silence.
            listed = ", ".join(shown(name) for name in left_out)
            yield LineError(1, f"Columns that are not known and were left out: {listed}.")
        for row in rows:
            if isinstance(row, LineError):
                yield row
            elif not _is_total(row):
                yield self._record(row, metrics, context)

    def _record(
        self, row: Row, metrics: Mapping[str, StudioColumn], context: FileContext
    ) -> FileRecord | LineError:
        video = row.text("Content", video_id)
        if not video and not row.problems:
            row.problems.append("Content: the video's id is missing")
        title = row.text("Video title", text)
        published_at = row.value("Video publish time", publish_day)
        reading = self._reading(row, metrics, context, published_at)
        return row.error() or FileRecord(
            line=row.line,
            platform=PLATFORM,
            external_id=video,
            reading=reading,
            title=title,
            url=f"https://www.youtube.com/watch?v={video}",
            content_type="video",
        )

    @abstractmethod
    def _reading(
        self,
        row: Row,
        metrics: Mapping[str, StudioColumn],
        context: FileContext,
        published_at: datetime | None,
    ) -> Reading:
        """The line's reading; what is wrong with it is noted in `row`."""


class YouTubeStudioTable(_StudioFormat):
    """`Table data.csv`: one line a video, totals of the period that was chosen in Studio."""

    name = "youtube_studio_table"
    title = "YouTube Studio, Table data.csv"
    note = (
        "These are totals of the period chosen in YouTube Studio, and Afterpost stores them as lifetime "
        "totals: export with the period Lifetime."
    )
    _has_dates = False

    def _reading(
        self,
        row: Row,
        metrics: Mapping[str, StudioColumn],
        context: FileContext,
        published_at: datetime | None,
    ) -> Reading:
        return Reading(
            observed_at=context.observed_at,
            values=_values(row, metrics, signed=False),
            definitions={column.metric: f"import:{self.name}" for column in metrics.values()},
            published_at=published_at,
            kinds={c.metric: c.kind for c in metrics.values() if c.kind is not Kind.CUMULATIVE},
        )


class YouTubeStudioChart(_StudioFormat):
    """`Chart data.csv`: one line a video and day, what that day added."""

    name = "youtube_studio_chart"
    title = "YouTube Studio, Chart data.csv"
    note = (
        "These are amounts per day, kept as daily series of their own: they are not lifetime totals and "
        "add nothing to what a post gained. Import `Table data.csv` for totals."
    )
    _has_dates = True

    def _reading(
        self,
        row: Row,
        metrics: Mapping[str, StudioColumn],
        context: FileContext,
        published_at: datetime | None,
    ) -> Reading:
        on = row.value("Date", day)
        if is_unknown(row.cell("Date")):
            row.problems.append("Date: the day is missing")
        # Corrections by YouTube make single days negative.
        values = _values(row, metrics, signed=True)
        return Reading(
            observed_at=context.observed_at,
            values={},
            published_at=published_at,
            kinds={column.metric: Kind.DAILY for column in metrics.values()},
            daily={on: values} if on is not None else {},
        )


def video_id(cell: str) -> str:
    """A YouTube video id. Studio writes a space before an id that begins with `-`; it is no part of it."""
    written = cell[1:] if cell.startswith(" -") else cell
    if not _VIDEO_ID.fullmatch(written):
        raise CellError(f"{shown(cell)} is no video id: eleven letters, digits, - and _")
    return written


def publish_day(cell: str) -> datetime:
    """Midnight UTC of Studio's `Sep 30, 2023` (or `30 Sep 2023`, or `2023-09-30`); it gives no hour."""
    written = cell.strip()
    if match := _MONTH_DAY_YEAR.fullmatch(written):
        name, number, year = match.groups()
    elif match := _DAY_MONTH_YEAR.fullmatch(written):
        number, name, year = match.groups()
    else:
        return midnight(day(cell))
    # By hand, since strptime reads month names in the language of the machine.
    month = next((n for n, full in enumerate(_MONTHS, 1) if full.startswith(name.lower())), 0)
    return midnight(calendar_day(int(year), month, int(number), cell))


def _metrics_of(header: Header) -> tuple[dict[str, StudioColumn], list[str]]:
    """The columns that are read, and the names of those that are not."""
    metrics: dict[str, StudioColumn] = {}
    left_out: list[str] = []
    for name in header.names:
        column = METRICS.get(name)
        if column is None and name in DESCRIBING:
            continue
        if column is None or any(column.metric == other.metric for other in metrics.values()):
            left_out.append(name)
        else:
            metrics[name] = column
    return metrics, left_out


def _values(row: Row, metrics: Mapping[str, StudioColumn], *, signed: bool) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, column in metrics.items():
        value = row.value(name, partial(column.read, signed=signed))
        if value is not None:
            values[column.metric] = value
    return values


def _is_total(row: Row) -> bool:
    """Studio's second line sums up the report; it is no video."""
    return (
        row.cell("Content") == "Total" and not row.cell("Video title") and not row.cell("Video publish time")
    )
