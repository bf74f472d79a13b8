"""From a number to the snapshots it is made of: what each of them books to the window."""

from datetime import date

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import booked_between
from afterpost.domain.windows import day_date, day_number, skipped_days, zone_of
from afterpost.services.core import Core
from afterpost.services.earned import window_sums
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import snapshots
from afterpost.storage.snapshots import Booked
from afterpost.storage.snapshots import Place as Place


class Entry(Struct, frozen=True):
    """One snapshot: `total` read on `date`, a `gain` since the last total known before, which covers `days`
    days up to this one, and what of it is `booked` to the window. Without a `gain` the post was first read
    then, `days` days from its publication on: its total is undated in the window, and `booked` to it."""

    post_id: int
    platform: str
    date: date
    total: int
    gain: int | None
    days: int
    booked: int
    observations: str


class Proof(Struct, frozen=True):
    """`earned`: the number; the entries of all pages add up to it."""

    metric: str
    earned: int | None
    entries: tuple[Entry, ...]


def receipt(
    core: Core,
    scope: Scope,
    question: Question = DEFAULT,
    *,
    metric: str = "views",
    limit: int = 50,
    after: Place | None = None,
) -> tuple[Proof, Place | None, Meta]:
    """A page of the snapshots behind what a metric earned in a window, oldest first, and where it ends."""
    with asking(core, scope, question) as asked:
        start, end = day_number(asked.window.start), day_number(asked.window.end)
        sums, skipped = window_sums(asked), skipped_days(zone_of(asked.organization.time_zone))
        found = snapshots.behind(
            asked.connection,
            asked.scope,
            asked.selection,
            metric,
            start,
            end,
            after=after,
            limit=limit + 1,
        )
        entries = tuple(
            Entry(
                post_id=each.post_id,
                platform=each.platform,
                date=day_date(each.day),
                total=each.cell.total,
                gain=each.cell.gain,
                days=each.cell.days,
                booked=_booked(each, start, end, skipped),
                observations=f"/v1/posts/{each.post_id}/observations",
            )
            for each in found[:limit]
        )
        last = Place(found[limit - 1].day, found[limit - 1].post_id) if len(found) > limit else None
        return Proof(metric, sums.earned(metric), entries), last, meta_of(asked, sums)


def _booked(each: Booked, start: int, end: int, skipped: frozenset[int]) -> int:
    if each.cell.gain is None:
        return each.cell.total
    return booked_between(each.day, each.cell, start, end, skipped) or 0
