"""The learning row: what content_performance says about one post on one complete day."""

import math
from collections.abc import Mapping

from msgspec import Struct

from afterpost.domain.rates import clicks, engagements, exposure, margin, rate
from afterpost.domain.snapshots import PARTS, Row


class Performance(Struct, frozen=True, kw_only=True):
    """Derived values of one learning row; percent where it says rate, None where unknown."""

    clicks: int | None
    engagements: int | None
    exposure: str | None
    engagement_rate: float | None
    interaction_rate: float | None
    performance_score: int | None
    rate_margin: float | None


def performance_of(totals: Mapping[str, int | None], offered: frozenset[str]) -> Performance:
    """The learning row's derived values from lifetime totals on that day.

    engagement_rate = 100 x engagements / exposure, 2 decimals; None unless every engagement part that was
    asked for (`offered`) was reported. interaction_rate counts clicks as well. performance_score = min(100,
    round-half-up(10 x unrounded interaction_rate)); None without exposure. rate_margin: see `rates.margin`.
    """
    engaged = engagements(totals)
    clicked = clicks(totals)
    exposed = exposure(totals)
    complete = engaged is not None and all(totals.get(part) is not None for part in offered)
    base = exposed[1] if exposed and complete else None
    plain = rate(engaged, base)
    wide = rate(engaged + (clicked or 0) if engaged is not None else None, base)
    spread = margin(engaged, base)
    return Performance(
        clicks=clicked,
        engagements=engaged,
        exposure=exposed[0] if exposed else None,
        engagement_rate=None if plain is None else round(plain, 2),
        interaction_rate=None if wide is None else round(wide, 2),
        performance_score=None if wide is None else min(100, math.floor(10 * wide + 0.5)),
        rate_margin=None if spread is None else round(spread, 2),
    )


def learned_from(row: Row) -> Performance:
    """The derived values of the learning row that a snapshot becomes."""
    offered = frozenset(PARTS[row.offers])
    return performance_of({name: cell.total for name, cell in row.cells.items()}, offered)
