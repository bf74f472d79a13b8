"""A window day by day or week by week, from the rollups: dense, and where nothing is known it says why."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, day_number, local_day_number, zone_of
from afterpost.services.core import Core
from afterpost.services.overview import SHOWN, Totals, meta_of, sums_by, totals_of, window_sums
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import posts, rollups
from afterpost.storage.rollups import Sums

GroupBy = Literal["day", "week"]
Why = Literal["not_published", "not_collected", "gap", "not_reported"]
"""Why nothing is known of a metric on a day. `not_published`: nothing was out yet. `not_collected`: nothing
was read that day, nor booked to it by a later reading. `gap`: the same between two days with readings.
`not_reported`: posts were read, and none of them reports it."""


_NEARNESS: tuple[Why, ...] = ("not_published", "not_collected", "gap", "not_reported")
"""Of the reasons of several days the one nearest to a number stands for all of them."""


class Point(Struct, frozen=True):
    """A day, or an ISO week cut by the window. `partial`: not all its seven days are in the window.
    `snapshots`: post-days that were observed. `earned`: what was booked to its days; null where nothing is
    known, and then `missing` names the metric and says why."""

    start_date: date
    end_date: date
    partial: bool
    snapshots: int
    earned: Totals
    missing: Mapping[str, Why]


def timeseries(
    core: Core, scope: Scope, question: Question = DEFAULT, *, group_by: GroupBy = "day"
) -> tuple[tuple[Point, ...], Meta]:
    """What was earned on each day or in each ISO week of a window.

    Every day of the window stands. A week's number is the sum of its days that are known.
    """
    with asking(core, scope, question) as asked:
        by_day = {int(sums.key or 0): sums for sums in sums_by(asked, asked.window, "day")}
        connection, selection = asked.connection, asked.selection
        published = posts.first_published(connection, asked.scope, selection)
        observed = rollups.observed_span(connection, asked.scope, selection=selection)
        zone = zone_of(asked.organization.time_zone)
        out = None if published is None else local_day_number(published, zone)
        if posts.any_unknown_publication(connection, asked.scope, selection):
            out = day_number(asked.window.start)  # for all that is known it was out all along
        points = tuple(
            _point(days, by_day, out, observed, partial=group_by == "week" and len(days) < 7)
            for days in _parts(asked.window, group_by)
        )
        return points, meta_of(asked, window_sums(asked))


def _parts(window: Window, group_by: GroupBy) -> Iterator[Sequence[date]]:
    if group_by == "day":
        yield from ([day] for day in window)
        return
    days = list(window)
    while days:
        sunday = days[0] + timedelta(days=6 - days[0].weekday())
        length = (sunday - days[0]).days + 1
        yield days[:length]
        days = days[length:]


def _point(
    days: Sequence[date],
    by_day: Mapping[int, Sums],
    published: int | None,
    observed: tuple[int, int] | None,
    *,
    partial: bool,
) -> Point:
    earned: dict[str, int | None] = dict.fromkeys(SHOWN)
    missing: dict[str, Why] = {}
    for day in days:
        number = day_number(day)
        sums = by_day.get(number)
        for name in SHOWN:
            value = sums.earned(name) if sums is not None else None
            if value is not None:
                earned[name] = (earned[name] or 0) + value
            else:
                why = _why(number, sums, published, observed)
                missing[name] = max(missing.get(name, why), why, key=_NEARNESS.index)
    return Point(
        days[0],
        days[-1],
        partial,
        sum(by_day[n].counters["snapshots"] for day in days if (n := day_number(day)) in by_day),
        totals_of(earned),
        {name: why for name, why in missing.items() if earned[name] is None},
    )


def _why(day: int, sums: Sums | None, published: int | None, observed: tuple[int, int] | None) -> Why:
    if sums is not None and sums.counters["snapshots"]:
        return "not_reported"
    if published is None or day < published:
        return "not_published"
    if observed is not None and observed[0] < day < observed[1]:
        return "gap"
    return "not_collected"
