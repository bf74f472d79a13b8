"""TikTok Studio's export of its page Content: `Content.csv`, or the same as a workbook."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import ClassVar

from afterpost.builtin.imports.calendar_words import MonthDay, read_days
from afterpost.builtin.imports.cells import CellError, is_unknown, shown
from afterpost.builtin.imports.columns import Column, counter, seconds
from afterpost.builtin.imports.post_export import Described, PostExport
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import Published, publication
from afterpost.domain.descriptions import clean_url
from afterpost.domain.errors import InvalidInput
from afterpost.domain.id_times import instant_of_id
from afterpost.domain.links import id_in_link
from afterpost.sdk import FileContext, LineError

MAX_LINES = 50_000
"""Lines of one file, which are all held: its language is known only at its end."""

_YEAR = timedelta(days=366)
"""An export reaches back a year at most; a day more, for the zone it was made in is not known."""
_ZONES = timedelta(days=1)
_BEFORE, _AFTER = timedelta(days=2), timedelta(days=60)
"""How far a publication may lie from the making of its id: zones, and videos that were scheduled."""
_MEANT = "Post time, as month and day"
_DOUBTFUL = "Post time, and what it could mean"


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
            elif isinstance(found, str):
                yield row.with_cell(_DOUBTFUL, found)
            else:
                yield row.with_cell(_MEANT, f"{found.month}-{found.day}")

    def described(self, row: Row, context: FileContext) -> Described:
        link = row.cell("Video link").strip()
        video = id_in_link(self.platform, link)
        if link and not clean_url(link).value:
            row.problems.append(f"Video link: {shown(link)} is no web address")
        elif video is None:
            row.problems.append(f"Video link: {shown(link)} has no video's id in it")
        return Described(
            external_id=video or "",
            published=Published() if video is None else self._published(row, video, context),
            title=row.cell("Video title"),
            url=link,
            content_type="image" if "/photo/" in link else "video",
        )

    def _published(self, row: Row, video: str, context: FileContext) -> Published:
        made = _made_at(video, context)

        def read(cell: str) -> Published:
            if doubtful := row.cell(_DOUBTFUL):
                raise CellError(doubtful)
            if row.cell(_MEANT):
                meant = MonthDay(*(int(part) for part in row.cell(_MEANT).split("-")))
                return Published(on=with_year(meant, context.observed_at, made, cell))
            try:
                told = publication(cell, zone=context.time_zone)
            except CellError:
                raise CellError(f"{shown(cell)} is no day in any language that is known here") from None
            return told if made is None else as_made(told, made, cell)

        try:
            return row.published("Post time", read)
        except OlderFile as error:
            row.problems.append(f"Post time: {error}")
            return Published()


class OlderFile(Exception):
    """The file is older than it is said to be, so that its numbers would be stored at a wrong instant."""


def as_made(told: Published, made: datetime, cell: str) -> Published:
    """A publication whose year is the file's own, held against when the video's id was made.

    A spreadsheet puts its own year on a day that had none: then the id decides, as it does without a year.
    """
    on = told.on or (told.at.date() if told.at is not None else None)
    if on is None or _fits(on, made):
        return told
    meant = MonthDay(on.month, on.day)
    years = (_on(year, meant) for year in (made.year - 1, made.year, made.year + 1))
    fitting = [day for day in years if day is not None and _fits(day, made)]
    said = f"{shown(cell)} is not the publication, for the video's id was made on {made:%Y-%m-%d}"
    if not fitting:
        return Published(note=f"{said}; left unknown")
    return Published(on=fitting[0], note=f"{said}; {fitting[0]} is meant")


def _fits(on: date, made: datetime) -> bool:
    return (made - _BEFORE).date() <= on <= (made + _AFTER).date()


def with_year(meant: MonthDay, downloaded: datetime, made: datetime | None, cell: str) -> date:
    """The day of the year before the download that is meant.

    `made`: when the video's id was made, where it tells; it decides between two years and refuses a day
    that lies elsewhere. Raises CellError where no year fits, or two do, and OlderFile where the id is of
    another year than the download allows.
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
        fitting = [on for on in possible if _fits(on, made)]
    if not fitting:
        raise OlderFile(
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
    """When a video's id was made; None where there is no instant in it that can be true."""
    made = instant_of_id("tiktok", video)
    return None if made is None or made > context.observed_at + _BEFORE else made
