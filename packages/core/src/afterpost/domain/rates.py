"""Engagements, engagement rate, growth: each formula once."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from afterpost.domain.metrics import CLICKS, ENGAGEMENT_PARTS, EXPOSURES

Direction = Literal["up", "down", "stable"]
ExposureName = Literal["views", "impressions", "mixed"]


def engagements(values: Mapping[str, int | None]) -> int | None:
    """likes + comments + shares + saves, of those that are known; None when none of them is."""
    known = [value for part in ENGAGEMENT_PARTS if (value := values.get(part)) is not None]
    return sum(known) if known else None


def exposure(values: Mapping[str, int | None]) -> tuple[str, int] | None:
    """(metric, value) a rate divides by: views where reported, else impressions, else None."""
    for name in EXPOSURES:
        if (value := values.get(name)) is not None:
            return name, value
    return None


def clicks(values: Mapping[str, int | None]) -> int | None:
    """Sum of the reported `clicks_*`; None when none is reported."""
    known = [value for name in CLICKS if (value := values.get(name)) is not None]
    return sum(known) if known else None


def rate(engaged: int | None, exposed: int | None) -> float | None:
    """Percent: 100 x engagements / exposure, a ratio of sums. None when exposure is unknown or <= 0."""
    if engaged is None or exposed is None or exposed <= 0:
        return None
    return 100 * engaged / exposed


class Clipped(NamedTuple):
    """A rate in percent within 0..100, and whether it lay outside."""

    rate: float | None
    clipped: bool


def clipped(percent: float | None) -> Clipped:
    """A rate as it is shown: platforms count some engagements of people whose views they do not count."""
    if percent is None:
        return Clipped(None, clipped=False)
    inside = min(100.0, max(0.0, percent))
    return Clipped(inside, inside != percent)


def share_percent(ratio: float, digits: int = 0) -> float:
    """A share in percent, rounded so that 100 means all of it and 0 none: 487 of 489 are 99."""
    rounded, step = round(100 * ratio, digits), 10.0**-digits
    if 0 < ratio < 1:
        return min(max(rounded, step), 100 - step)
    return rounded


def growth(current: int | None, previous: int | None) -> float | None:
    """Percent: 100 x (current - previous) / previous. None when previous is unknown or <= 0."""
    if current is None or previous is None or previous <= 0:
        return None
    return 100 * (current - previous) / previous


def direction(percent: float | None) -> Direction | None:
    """up above +5 percent, down below -5, else stable; None without a previous."""
    if percent is None:
        return None
    return "up" if percent > 5 else "down" if percent < -5 else "stable"


def exposure_name(names: Iterable[str]) -> ExposureName | None:
    """The exposure of a group by the names its members use; `mixed` when they differ."""
    found = set(names)
    if not found:
        return None
    if len(found) > 1:
        return "mixed"
    return "views" if found == {"views"} else "impressions"


def margin(engaged: int | None, exposed: int | None) -> float | None:
    """Half the width of the 90 % normal interval of a rate, in percentage points.

    The strength of a rate's evidence: 1.645 x sqrt(p (1 - p) / n), p clipped to [0, 1]. None without
    exposure. Source: the Wald interval of a binomial proportion.
    """
    if engaged is None or exposed is None or exposed <= 0:
        return None
    p = min(1.0, max(0.0, engaged / exposed))
    return 100 * 1.645 * math.sqrt(p * (1 - p) / exposed)
