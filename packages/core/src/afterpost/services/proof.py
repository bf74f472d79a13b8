"""The proof: what summing lifetime counters over days would show, beside what was earned in them."""

from datetime import datetime

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_number
from afterpost.services.core import Core
from afterpost.services.earned import SHOWN
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.windows import WindowMeta, shown
from afterpost.storage import rollups, totals


class BothWays(Struct, frozen=True):
    """One metric on one platform. `summed`: the lifetime total of every post on every day it was read, added
    up, as dashboards do that take a counter for a count of the day; `earned`: what was booked to the days,
    null where that is unknown; `factor`: how many times as much the first is, null unless something was
    earned."""

    platform: str
    metric: str
    summed: int
    earned: int | None
    factor: float | None


class ProofMeta(Struct, frozen=True):
    """The window, and how many snapshots were added up."""

    window: WindowMeta
    as_of: datetime
    snapshots: int


def proof(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[tuple[BothWays, ...], ProofMeta]:
    """Both numbers by platform and metric, of those that were reported."""
    with asking(core, scope, question) as asked:
        connection, within, selection = asked.connection, asked.scope, asked.selection
        first, last = day_number(asked.window.start), day_number(asked.window.end)
        summed = totals.summed_over_days(connection, within, selection, first, last, SHOWN)
        booked = {
            sums.key: sums
            for sums in rollups.sums(
                connection, within, start=first, end=last, selection=selection, by="platform"
            )
        }
        rows = tuple(
            _row(platform, metric, value, booked[platform].earned(metric))
            for platform, values in sorted(summed.items())
            for metric, value in values.items()
            if value is not None
        )
        snapshots = sum(sums.counters["snapshots"] for sums in booked.values())
        return rows, ProofMeta(shown(asked.window), core.now(), snapshots)


def _row(platform: str, metric: str, summed: int, earned: int | None) -> BothWays:
    return BothWays(platform, metric, summed, earned, summed / earned if earned and earned > 0 else None)
