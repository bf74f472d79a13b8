"""YouTube Studio's export of the report by content: `Table data.csv` and `Chart data.csv`."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from afterpost.builtin.imports.cells import CellError, is_unknown, shown, text
from afterpost.builtin.imports.columns import Column, values_of
from afterpost.builtin.imports.post_export import Described, PostExport
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import day, english_day, midnight
from afterpost.builtin.imports.youtube_columns import DESCRIBING, METRICS
from afterpost.sdk import FileContext, Kind, LineSkipped, Reading

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")


class _StudioFormat(PostExport):
    """What the two files have in common; they differ by the column `Date` and by what a line means."""

    platform = "youtube"
    needed = ("Content",)
    columns = METRICS
    describing = DESCRIBING
    _has_dates: ClassVar[bool]

    def detect(self, header: Sequence[str]) -> bool:
        names = {name.strip() for name in header}
        by_content = "Content" in names and bool(names & {"Video title", "Video publish time"})
        return by_content and ("Date" in names) == self._has_dates

    def skip(self, row: Row) -> LineSkipped | None:
        """Studio's second line sums up the report; it is no video."""
        if row.cell("Content") != "Total" or row.cell("Video title") or row.cell("Video publish time"):
            return None
        return LineSkipped(row.line, "total", "The sum of the report; it is no video.")

    def described(self, row: Row, context: FileContext) -> Described:
        video = row.text("Content", video_id)
        if not video and not row.problems:
            row.problems.append("Content: the video's id is missing")
        return Described(
            external_id=video,
            published_at=row.value("Video publish time", publish_day),
            title=row.text("Video title", text),
            url=f"https://www.youtube.com/watch?v={video}",
            content_type="video",
        )


class YouTubeStudioTable(_StudioFormat):
    """`Table data.csv`: one line a video, totals of the period that was chosen in Studio."""

    name = "youtube_studio_table"
    title = "YouTube Studio, Table data.csv"
    note = (
        "These are totals of the period chosen in YouTube Studio, and Afterpost stores them as lifetime "
        "totals: export with the period Lifetime."
    )
    _has_dates = False


class YouTubeStudioChart(_StudioFormat):
    """`Chart data.csv`: one line a video and day, what that day added."""

    name = "youtube_studio_chart"
    title = "YouTube Studio, Chart data.csv"
    note = (
        "These are amounts per day, kept as daily series of their own: they are not lifetime totals and "
        "add nothing to what a post gained. Import `Table data.csv` for totals."
    )
    _has_dates = True

    def reading(
        self,
        row: Row,
        metrics: Mapping[str, Column],
        context: FileContext,
        published_at: datetime | None,
    ) -> Reading:
        """The line's reading: amounts of its day."""
        on = row.value("Date", day)
        if is_unknown(row.cell("Date")):
            row.problems.append("Date: the day is missing")
        # Corrections by YouTube make single days negative.
        values = values_of(row, metrics, signed=True)
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
    return midnight(english_day(cell))
