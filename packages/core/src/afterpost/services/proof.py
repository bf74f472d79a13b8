"""The proof: what summing lifetime counters over days would show, beside what was earned in them."""

from datetime import date, datetime

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_number
from afterpost.services.core import Core
from afterpost.services.overview import SHOWN
from afterpost.services.windows import WindowMeta, shown, window_of
from afterpost.storage import rollups, totals


class Proof(Struct, frozen=True):
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


def proof(
    core: Core,
    scope: Scope,
    *,
    start: date | None = None,
    end: date | None = None,
    brand_id: int | None = None,
) -> tuple[tuple[Proof, ...], ProofMeta]:
    """Both numbers by platform and metric, of those that were reported; default: the last 7 days."""
    with core.read(scope) as connection:
        window = window_of(core, core.organization(connection, scope), start, end)
        narrowed = scope.narrowed(brand=brand_id)
        first, last = day_number(window.start), day_number(window.end)
        summed = totals.summed_over_days(connection, narrowed, first, last, SHOWN)
        booked = {
            sums.key: sums
            for sums in rollups.sums(connection, narrowed, start=first, end=last, by="platform")
        }
        rows = tuple(
            _row(platform, metric, value, booked[platform].earned(metric))
            for platform, values in sorted(summed.items())
            for metric, value in values.items()
            if value is not None
        )
        snapshots = sum(sums.counters["snapshots"] for sums in booked.values())
        return rows, ProofMeta(shown(window), core.now(), snapshots)


def _row(platform: str, metric: str, summed: int, earned: int | None) -> Proof:
    return Proof(platform, metric, summed, earned, summed / earned if earned and earned > 0 else None)
