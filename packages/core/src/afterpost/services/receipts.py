"""From a number to the snapshots it is made of: what each of them books to the window."""

from datetime import date

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import booked_between
from afterpost.domain.windows import day_date, day_number
from afterpost.services.core import Core
from afterpost.services.overview import meta_of, window_sums
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import snapshots
from afterpost.storage.snapshots import Place as Place


class Entry(Struct, frozen=True):
    """One snapshot: `total` read on `date`, a `gain` since the last total known before, which covers `days`
    days up to this one, and what of it is `booked` to the window."""

    post_id: int
    platform: str
    date: date
    total: int
    gain: int
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
        sums = window_sums(asked)
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
                gain=each.cell.gain or 0,
                days=each.cell.days,
                booked=booked_between(each.day, each.cell, start, end) or 0,
                observations=f"/v1/posts/{each.post_id}/observations",
            )
            for each in found[:limit]
        )
        last = Place(found[limit - 1].day, found[limit - 1].post_id) if len(found) > limit else None
        return Proof(metric, sums.earned(metric), entries), last, meta_of(asked, sums)
