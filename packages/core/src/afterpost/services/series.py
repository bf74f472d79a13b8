"""A window day by day or week by week, from the rollups: dense, and where nothing is known it says why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, day_number
from afterpost.services.core import Core
from afterpost.services.earned import SHOWN, Totals, sums_by, totals_of, window_sums
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import openings, posts, rollups
from afterpost.storage.openings import Late
from afterpost.storage.rollups import Sums

GroupBy = Literal["day", "week"]
Why = Literal["not_published", "not_collected", "gap", "not_reported"]
"""Why nothing is known of a metric on a day. `not_published`: nothing was out yet. `not_collected`: nothing
was read that day, nor booked to it by a later reading, or it was read for the first time, and nobody knows
what of it was gained that day. `gap`: the same between two days with readings. `not_reported`: posts were
read, and none of them reports it."""


_NEARNESS: tuple[Why, ...] = ("not_published", "not_collected", "gap", "not_reported")
"""Of the reasons of several days the one nearest to a number stands for all of them."""


class Point(Struct, frozen=True):
    """A day, or an ISO week cut by the window. `partial`: not all its seven days are in the window.
    `snapshots`: post-days that were observed. `earned`: what was booked to its days; null where nothing is
    known, and then `missing` names the metric and says why. `unknown_openings`: by metric, of how many posts
    nobody knows what they earned in it; what is undated in the window is of no point."""

    start_date: date
    end_date: date
    partial: bool
    snapshots: int
    earned: Totals
    missing: Mapping[str, Why]
    unknown_openings: Mapping[str, int]


class _Facts(NamedTuple):
    """What a point is made of: counters by day, the first day that something was out (None: that is not
    known), the first and the last day with a snapshot, and the late openings of the window."""

    by_day: Mapping[int, Sums]
    out: int | None
    observed: tuple[int, int] | None
    late: Sequence[Late]


def timeseries(
    core: Core, scope: Scope, question: Question = DEFAULT, *, group_by: GroupBy = "day"
) -> tuple[tuple[Point, ...], Meta]:
    """What was earned on each day or in each ISO week of a window.

    Every day of the window stands. A week's number is the sum of its days that are known.
    """
    with asking(core, scope, question) as asked:
        by_day = {int(sums.key or 0): sums for sums in sums_by(asked, asked.window, "day")}
        connection, selection = asked.connection, asked.selection
        observed = rollups.observed_span(connection, asked.scope, selection=selection)
        start, end = day_number(asked.window.start), day_number(asked.window.end)
        late = openings.late(
            connection, asked.scope, start=start, end=end, metrics=SHOWN, selection=selection
        )
        facts = _Facts(by_day, _out_since(asked), observed, late)
        points = tuple(
            _point(days, facts, partial=group_by == "week" and len(days) < 7)
            for days in _parts(asked.window, group_by)
        )
        return points, meta_of(asked, window_sums(asked))


def _out_since(asked: Asked) -> int | None:
    """The day from which on something may have been out; None where that is unknown, for a post's publication
    is."""
    connection, scope, selection = asked.connection, asked.scope, asked.selection
    if posts.any_unknown_publication(connection, scope, selection):
        return None
    published = posts.first_published(connection, scope, selection)
    return _NEVER if published is None else published


_NEVER = 10**9


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


def _point(days: Sequence[date], facts: _Facts, *, partial: bool) -> Point:
    earned: dict[str, int | None] = dict.fromkeys(SHOWN)
    missing: dict[str, Why] = {}
    for day in days:
        number = day_number(day)
        sums = facts.by_day.get(number)
        for name in SHOWN:
            value = sums.earned(name) if sums is not None else None
            if value is not None:
                earned[name] = (earned[name] or 0) + value
            else:
                why = _why(number, name, sums, facts)
                missing[name] = max(missing.get(name, why), why, key=_NEARNESS.index)
    known = (facts.by_day.get(day_number(day)) for day in days)
    unknown: Counter[str] = Counter()
    for each in facts.late:
        if each.shares(day_number(days[0]), day_number(days[-1])):
            unknown[each.metric] += each.posts
    return Point(
        start_date=days[0],
        end_date=days[-1],
        partial=partial,
        snapshots=sum(sums.counters["snapshots"] for sums in known if sums is not None),
        earned=totals_of(earned),
        missing={name: why for name, why in missing.items() if earned[name] is None},
        unknown_openings={name: unknown[name] for name in SHOWN if unknown[name]},
    )


def _why(day: int, metric: str, sums: Sums | None, facts: _Facts) -> Why:
    if sums is not None and sums.counters["snapshots"]:
        # Who reported it that day did so for the first time: a gain would be known.
        return "not_collected" if sums.counters[f"{metric}_n"] else "not_reported"
    if facts.out is not None and day < facts.out:
        return "not_published"
    if facts.observed is not None and facts.observed[0] < day < facts.observed[1]:
        return "gap"
    return "not_collected"
