"""TikTok Studio's export of its page Content: `Content.csv`, or the same as a workbook."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import ClassVar

from afterpost.builtin.imports.calendar_words import MonthDay, read_days
from afterpost.builtin.imports.cells import CellError, is_unknown, shown, text, url
from afterpost.builtin.imports.columns import Column, counter, seconds
from afterpost.builtin.imports.post_export import Described, PostExport
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import day, midnight
from afterpost.domain.errors import InvalidInput
from afterpost.sdk import FileContext, LineError

MAX_LINES = 50_000
"""Lines of one file, which are all held: its language is known only at its end."""

_LINK = re.compile(r"https?://(?:[a-z]+\.)?tiktok\.com/@[^/?#\s]+/(video|photo)/([0-9]{5,20})(?:[/?#].*)?")
_YEAR = timedelta(days=366)
"""An export reaches back a year at most; a day more, for the zone it was made in is not known."""
_ZONES = timedelta(days=1)
_BEFORE, _AFTER = timedelta(days=2), timedelta(days=60)
"""How far a publication may lie from the making of its id: zones, and videos that were scheduled."""
_MEANT = "Post time, as month and day"
_FIRST = datetime(2014, 1, 1, tzinfo=UTC)


class TikTokStudioContent(PostExport):
    """`Content.csv`: one line a video, lifetime totals; days without a year, in the page's language."""

    name = "tiktok_studio_content"
    title = "TikTok Studio, Content.csv"
    note = (
        "Counters are lifetime totals when the file was downloaded. Its days have no year: the last such day "
        "before the download is meant."
    )
    platform = "tiktok"
    needed = ("Video link", "Post time")
    columns: ClassVar[Mapping[str, Column]] = {
        "Total views": counter("views"),
        "Total likes": counter("likes"),
        "Total comments": counter("comments"),
        "Total shares": counter("shares"),
        "Add to favorites": counter("saves"),
        "Total play time": seconds("watch_time_seconds", total=True),
        "Average watch time": seconds("avg_view_seconds"),
    }
    describing = ("Time", "Video title", "Video link", "Post time")

    def prepared(self, rows: Iterator[Row | LineError], context: FileContext) -> Iterator[Row | LineError]:
        """The rows, with what each `Post time` without a year means in the language of all of them."""
        held = list(islice(rows, MAX_LINES + 1))
        if len(held) > MAX_LINES:
            raise InvalidInput(
                f"The file has more than {MAX_LINES:,} lines.", hint="Export a shorter period."
            )
        written = [row.cell("Post time") for row in held if isinstance(row, Row)]
        days = read_days(cell for cell in written if not is_unknown(cell))
        for row in held:
            found = days.get(row.cell("Post time")) if isinstance(row, Row) else None
            if found is None or isinstance(row, LineError):
                yield row
            else:
                yield row.with_cell(_MEANT, f"{found.month}-{found.day}")

    def described(self, row: Row, context: FileContext) -> Described:
        link = row.text("Video link", url)
        kind, video = "video", ""
        if match := _LINK.fullmatch(link):
            kind, video = match.groups()
        elif not row.problems:
            row.problems.append(f"Video link: {shown(link)} has no video's id in it")
        return Described(
            external_id=video,
            published_at=self._published(row, video, context) if video else None,
            title=row.text("Video title", text),
            url=link,
            content_type="video" if kind == "video" else "image",
        )

    def _published(self, row: Row, video: str, context: FileContext) -> datetime | None:
        def read(cell: str) -> datetime:
            if not row.cell(_MEANT):
                return midnight(_dated(cell))
            meant = MonthDay(*(int(part) for part in row.cell(_MEANT).split("-")))
            return midnight(with_year(meant, context.observed_at, _made_at(video, context), cell))

        return row.value("Post time", read)


def with_year(meant: MonthDay, downloaded: datetime, made: datetime | None, cell: str) -> date:
    """The day of the year before the download that is meant.

    `made`: when the video's id was made, where it tells; it decides between two years and refuses a day
    that lies elsewhere. Raises CellError where no year fits, or two do.
    """
    latest = (downloaded + _ZONES).date()
    possible = [
        on
        for year in (latest.year, latest.year - 1)
        if (on := _on(year, meant)) is not None and latest - _YEAR - _ZONES <= on <= latest
    ]
    if not possible:
        raise CellError(f"{shown(cell)} is no day of the year before {downloaded.date()}")
    fitting = possible
    if made is not None:
        fitting = [on for on in possible if (made - _BEFORE).date() <= on <= (made + _AFTER).date()]
    if not fitting:
        raise CellError(
            f"{shown(cell)} would be {possible[0]}, and the video's id was made on {made:%Y-%m-%d}: say when "
            "the file was downloaded (observed_at)"
        )
    if len(fitting) > 1:
        raise CellError(
            f"{shown(cell)} has no year and can be {fitting[1]} or {fitting[0]}, a year before the file was "
            "downloaded or then: export a shorter period"
        )
    return fitting[0]


def _on(year: int, meant: MonthDay) -> date | None:
    try:
        return date(year, meant.month, meant.day)
    except ValueError:  # 29 February
        return None


def _made_at(video: str, context: FileContext) -> datetime | None:
    """The instant in the upper half of a video's id; None where there is none that can be true."""
    made = int(video) >> 32
    if not _FIRST.timestamp() <= made <= (context.observed_at + _BEFORE).timestamp():
        return None
    return datetime.fromtimestamp(made, UTC)


def _dated(cell: str) -> date:
    """A day that has its year; some pages write so."""
    try:
        return day(cell.strip()[:10])
    except CellError:
        raise CellError(f"{shown(cell)} is no day in any language that is known here") from None
