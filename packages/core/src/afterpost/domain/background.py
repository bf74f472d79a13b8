"""What a post owes to its account's situation, taken out before posts are compared with each other.

An account grows, has good weeks and good Sundays. Where its habits change as well, any of these would look
like an effect of whatever its habits are about: an hour, an opening.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from datetime import datetime
from itertools import accumulate, groupby
from statistics import NormalDist, median
from typing import NamedTuple

Label = int | str
Stratum = tuple[Label, int]

STRETCH = 50
"""Posts of an account that are compared with each other, about."""
OWN = 70
"""Posts of an account from which on its weekdays and its weather are its own: ten posts a weekday. Accounts
with fewer share theirs."""
AROUND = 5
"""Posts before a post, and after it, that tell how its account stood."""
OUTLYING = 3.0
"""A response further than so many standard deviations from the middle of its stratum counts as that far: one
viral post makes no good hour."""
_MAD_TO_SD = 1 / NormalDist().inv_cdf(0.75)
SWEEPS = 3
"""Stretches and weekdays are taken out in turns; they hardly overlap, so few turns do."""


class Dated(NamedTuple):
    """A post of a series (an account), published at this instant, and its response (`effects.response`)."""

    series: Label
    published_at: datetime
    response: float


def strata(posts: Sequence[Dated]) -> list[Stratum]:
    """The stratum of each post: its series and its stretch of about `STRETCH` posts of that series."""
    places: dict[Label, list[int]] = {}
    for place, post in enumerate(posts):
        places.setdefault(post.series, []).append(place)
    found: list[Stratum] = [("", 0)] * len(posts)
    for series, own in places.items():
        own.sort(key=lambda place: posts[place].published_at)
        stretches = max(1, round(len(own) / STRETCH))
        stretch, last = 0, None
        for n, place in enumerate(own):
            # Posts of one instant stay together, so that the order they are handed over in never decides.
            if (at := posts[place].published_at) != last:
                stretch, last = n * stretches // len(own), at
            found[place] = (series, stretch)
    return found


def without_background(
    posts: Sequence[Dated], own: Sequence[Stratum], weekdays: Sequence[int] | None = None
) -> list[float]:
    """The responses less the mean of their stratum, of their weekday (if given), and the weather around them.

    What is told apart by weekday or weather alone is taken for no effect of anything else. The same posts in
    any order have the same responses.
    """
    sizes = Counter(post.series for post in posts)
    kin = [post.series if sizes[post.series] >= OWN else None for post in posts]
    responses = _without_means(_without_outliers([post.response for post in posts], own), own)
    if weekdays is not None:
        groups = list(zip(kin, weekdays, strict=True))
        for _ in range(SWEEPS):
            responses = _without_means(_without_means(responses, groups), own)
    return _without_weather(posts, responses, own, kin)


def _without_outliers(responses: Sequence[float], own: Sequence[Stratum]) -> list[float]:
    """The responses around the median of their stratum, none further out than `OUTLYING`.

    The standard deviation is that of a normal distribution with the same median distance (1.4826 x MAD) over
    all posts. Where most lie in the middle itself there is no such measure, and none is pulled in.
    """
    members: dict[Stratum, list[float]] = {}
    for value, stratum in zip(responses, own, strict=True):
        members.setdefault(stratum, []).append(value)
    middles = {stratum: median(values) for stratum, values in members.items()}
    distances = [value - middles[stratum] for value, stratum in zip(responses, own, strict=True)]
    compared = [
        abs(distance) for distance, stratum in zip(distances, own, strict=True) if len(members[stratum]) > 1
    ]
    limit = OUTLYING * _MAD_TO_SD * median(compared) if compared else 0.0
    if not limit:
        return distances
    return [min(limit, max(-limit, distance)) for distance in distances]


def _without_means(responses: Sequence[float], groups: Sequence[Hashable]) -> list[float]:
    """The responses, each less the mean of its group."""
    members: dict[Hashable, list[float]] = {}
    for value, group in zip(responses, groups, strict=True):
        members.setdefault(group, []).append(value)
    means = {group: math.fsum(values) / len(values) for group, values in members.items()}
    return [value - means[group] for value, group in zip(responses, groups, strict=True)]


def _without_weather(
    posts: Sequence[Dated], responses: Sequence[float], own: Sequence[Stratum], kin: Sequence[Hashable]
) -> list[float]:
    """The responses less what the posts around them foretell.

    The mean of the `AROUND` posts before and after, times the slope that least squares finds for the kin;
    where posts have nothing to do with their neighbours, the slope is about 0 and nothing is taken out.
    """
    around = _around(posts, responses, own)
    products: dict[Hashable, list[float]] = {}
    squares: dict[Hashable, list[float]] = {}
    for value, near, key in zip(responses, around, kin, strict=True):
        products.setdefault(key, []).append(value * near)
        squares.setdefault(key, []).append(near * near)
    slopes = {
        key: max(0.0, math.fsum(products[key]) / square) if (square := math.fsum(all_squares)) else 0.0
        for key, all_squares in squares.items()
    }
    return [value - slopes[key] * near for value, near, key in zip(responses, around, kin, strict=True)]


def _around(posts: Sequence[Dated], responses: Sequence[float], own: Sequence[Stratum]) -> list[float]:
    """For each post the mean response of the posts around it in its stratum; 0 where it is alone."""
    members: dict[Stratum, list[int]] = {}
    for place, stratum in enumerate(own):
        members.setdefault(stratum, []).append(place)
    found = [0.0] * len(posts)
    for places in members.values():
        places.sort(key=lambda place: (posts[place].published_at, responses[place]))
        sums = [0.0, *accumulate(responses[place] for place in places)]
        for n, place in enumerate(places):
            first, last = max(0, n - AROUND), min(len(places), n + AROUND + 1)
            if last - first > 1:
                found[place] = (sums[last] - sums[first] - responses[place]) / (last - first - 1)
        # Which of two that are alike comes first is chance: they have the same posts around them.
        for _, alike in groupby(places, key=lambda place: (posts[place].published_at, responses[place])):
            twins = list(alike)
            mean = math.fsum(found[place] for place in twins) / len(twins)
            for place in twins:
                found[place] = mean
    return found
