"""YouTube Studio's export of the report by content: `Table data.csv` and `Chart data.csv`."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from afterpost.builtin.imports.cells import CellError, is_unknown, shown
from afterpost.builtin.imports.columns import Column, values_of
from afterpost.builtin.imports.post_export import CUT, Described, PostExport
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import Published, day, english_day, publication
from afterpost.builtin.imports.youtube_columns import DESCRIBING, METRICS, column_of
from afterpost.domain.ids import plain_id, plain_name
from afterpost.sdk import FileContext, Kind, LineSkipped, Reading

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_CUT = re.compile(r"Showing top ([0-9][0-9,.]*) results\.?", re.IGNORECASE)


class _StudioFormat(PostExport):
    """What the two files have in common; they differ by the column `Date` and by what a line means."""

    platform = "youtube"
    needed = ("Content",)
    columns = METRICS
    describing = DESCRIBING
    renamed: ClassVar[Mapping[str, str]] = {"Video": "Content"}
    _has_dates: ClassVar[bool]

    def detect(self, header: Sequence[str]) -> bool:
        names = {self.renamed.get(name, name) for name in map(plain_name, header)}
        by_content = "Content" in names and bool(names & {"Video title", "Video publish time"})
        return by_content and ("Date" in names) == self._has_dates

    def column(self, name: str) -> Column | None:
        return column_of(name)

    def skip(self, row: Row) -> LineSkipped | None:
        """What Studio writes of the report itself: its sum above the videos, and where it cut them below."""
        first = row.cell("Content").strip()
        if row.has("Video title") or row.has("Video publish time"):
            return None
        if cut := _CUT.fullmatch(first):
            return LineSkipped(row.line, CUT, f"The file is cut at {cut[1]}: Studio exported no more videos.")
        if first.casefold() != "total":
            return None
        return LineSkipped(row.line, "total", "The sum of the report; it is no video.")

    def described(self, row: Row, context: FileContext) -> Described:
        video = row.text("Content", video_id)
        if not video and not row.problems:
            row.problems.append("Content: the video's id is missing")
        return Described(
            external_id=video,
            published=row.published(
                "Video publish time",
                lambda cell: publication(cell, zone=context.time_zone, read_day=english_day),
            ),
            title=row.cell("Video title"),
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
        published: Published,
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
            published_at=published.at,
            published_on=published.on,
            kinds={column.metric: Kind.DAILY for column in metrics.values()},
            daily={on: values} if on is not None else {},
        )


def video_id(cell: str) -> str:
    """A YouTube video id. Studio writes a space before an id that begins with `-`; it is no part of it."""
    written = plain_id(cell)
    if written.startswith(" -"):
        written = written[1:]
    if not _VIDEO_ID.fullmatch(written):
        raise CellError(f"{shown(cell)} is no video id: eleven letters, digits, - and _")
    return written
