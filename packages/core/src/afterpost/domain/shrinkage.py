"""Estimates pulled towards no effect, the more the less evidence they have: the one shrinkage of differences.

Rates of single posts have their own, for counts (`ranking.prior_of`).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

NORMAL_90 = NormalDist().inv_cdf(0.95)
"""A normal value lies within so many standard deviations of its mean in 90 % of cases (1.645)."""
LIMIT = 1.0
"""No estimate is moved by more than so many of its own standard errors."""


class Pulled(NamedTuple):
    """A shrunk estimate with the ends of its 90 % interval."""

    estimate: float
    low: float
    high: float


def spread_of(estimates: Sequence[tuple[float, float]]) -> float:
    """The variance of the true effects behind (estimate, variance of its error) pairs, by moments; >= 0.

    The effects are taken to scatter around 0: the sum of estimate²/variance is k + spread × the sum of
    1/variance on average (DerSimonian and Laird 1986, with a known mean). Variances must be > 0.
    """
    weight = math.fsum(1 / variance for _, variance in estimates)
    if not weight:
        return 0.0
    excess = math.fsum(value**2 / variance for value, variance in estimates) - len(estimates)
    return max(0.0, excess / weight)


def pulled(estimates: Sequence[tuple[float, float]]) -> list[Pulled]:
    """Each (estimate, variance of its error) pulled towards 0 by what the others show, with a 90 % interval.

    Empirical Bayes with Morris's corrections (Morris 1983, JASA 78:47–55): the pull is a little weaker and
    the interval wider than a known spread would make them, for the spread is an estimate itself. The pull
    ends at `LIMIT` standard errors (Efron and Morris 1972, JASA 67:130–139): one hour that really stands
    out among 24 alike is not taken for one of them. Fewer than three estimates say nothing about each
    other and stay as they are. Variances must be > 0.
    """
    count = len(estimates)
    spread = spread_of(estimates)
    mean_variance = math.fsum(variance for _, variance in estimates) / count if count else 0.0
    found = []
    for value, variance in estimates:
        shrinking, doubt = 0.0, 0.0
        if count > 2:
            shrinking = (count - 2) / count * variance / (variance + spread)
            # How far the pull itself may be wrong.
            doubt = (
                2 / (count - 2) * (mean_variance + spread) / (variance + spread) * (shrinking * value) ** 2
            )
        step = min(shrinking * abs(value), LIMIT * math.sqrt(variance))
        estimate = math.copysign(abs(value) - step, value)
        reach = NORMAL_90 * math.sqrt(min(variance, variance * (1 - shrinking) + doubt))
        found.append(Pulled(estimate, estimate - reach, estimate + reach))
    return found
