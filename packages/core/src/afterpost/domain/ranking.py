"""Rankings list distinct posts in a total order, so that the same facts always give the same list.

A rate of few exposures says little, so posts are ranked by a *shrunk* rate: pulled towards what posts of the
same account and content type have in common, the more the less evidence they have of their own.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import cache
from math import fsum, inf
from typing import NamedTuple

from afterpost.domain.readings import Published
from afterpost.domain.windows import day_number

MIN_EXPOSURE = 10
"""A post shown fewer times was not distributed; its rate says nothing and it is listed apart."""


Number = int | float
Placed = tuple[bool, Number]
"""Where a number puts something: by whether it is unknown, then by the number; the least comes first."""


def greatest_first(value: Number | None) -> Placed:
    """Sort key (ascending) of a number: the greater first, unknown last, after negative."""
    return (True, 0) if value is None else (False, -value)


def least_first(value: Number | None) -> Placed:
    """Sort key (ascending) of a number: the lesser first, unknown last here as well."""
    return (True, 0) if value is None else (False, value)


class RankKey(NamedTuple):
    """Where something stands in a ranking; the least comes first."""

    value: Placed
    exposed: Placed
    published: Number
    id: int


def rank_key(
    value: Number | None,
    exposed: Number | None,
    published: Published | None,
    identity: int,
    *,
    worst: bool = False,
) -> RankKey:
    """Sort key (ascending) of the order: greater value, greater exposure, later publication (of a day its
    middle), lower id.

    `worst`: of the order from its other end, but for what is unknown, which is last in both. Numbers stay as
    they are, so that integers of any size are compared exactly.
    """
    seconds = seconds_of(published)
    if worst:
        return RankKey(least_first(value), least_first(exposed), seconds, -identity)
    return RankKey(greatest_first(value), greatest_first(exposed), -seconds, identity)


def seconds_of(published: Published | None) -> float:
    """A publication as a number to sort by: of a day its middle, before all others where it is unknown."""
    if published is None:
        return 0.0
    if isinstance(published, datetime):
        return published.timestamp()
    return 86_400.0 * day_number(published) + 43_200


ENOUGH = 8
"""Posts that a group needs before its own mean and spread are used."""
CALLED = 5
"""Posts that a group needs before it is called good or bad."""


class Evidence(NamedTuple):
    """What a post's rate rests on: engagements of so many exposures, and the groups it belongs to, the
    narrowest first (its account and content type, its platform)."""

    engaged: int
    exposed: int
    groups: tuple[Hashable, ...]


class Prior(NamedTuple):
    """What a group's posts have in common: their mean rate (a fraction), and how many exposures of a post's
    own weigh as much as it does; infinite where the posts differ by chance alone."""

    mean: float
    strength: float


def prior_of(posts: Sequence[tuple[int, int]]) -> Prior | None:
    """The beta-binomial prior of (engaged, exposed) pairs, by moments (Kleinman 1973); None below two posts.

    Engagements beyond the exposure count as the exposure: a rate is a fraction here. Pairs in any order give
    the same prior, to the last digit.
    """
    shown = [(min(engaged, exposed), exposed) for engaged, exposed in posts if exposed > 0]
    total = sum(exposed for _, exposed in shown)
    if len(shown) < 2:
        return None
    mean = max(0, sum(engaged for engaged, _ in shown)) / total
    chance = mean * (1 - mean)
    room = total - sum(exposed**2 for _, exposed in shown) / total - (len(shown) - 1)
    if chance <= 0 or room <= 0:
        return Prior(mean, inf)
    spread = fsum([exposed * (engaged / exposed - mean) ** 2 for engaged, exposed in shown])
    # How much more the posts differ than chance would make them: 1 / (strength + 1).
    excess = (spread - chance * (len(shown) - 1)) / (chance * room)
    return Prior(mean, inf if excess <= 0 else max(0.0, 1 / min(excess, 1.0) - 1))


def shrunk(posts: Sequence[Evidence]) -> list[float | None]:
    """Each post's rate (a fraction in [0, 1]) pulled towards its group's by the evidence it has.

    The group is the narrowest one with `ENOUGH` posts, else all of them. None without exposure. With one
    post in all there is nothing to pull towards: its own rate.
    """
    alike: dict[tuple[Hashable, ...], list[tuple[int, int]]] = {}
    for engaged, exposed, groups in posts:
        if exposed > 0:
            alike.setdefault(groups, []).append((engaged, exposed))
    members: dict[Hashable, list[list[tuple[int, int]]]] = {}
    for groups, pairs in alike.items():
        for group in (*groups, None):
            members.setdefault(group, []).append(pairs)

    @cache
    def prior(group: Hashable) -> Prior | None:
        pairs = [pair for some in members[group] for pair in some]
        return prior_of(pairs) if group is None or len(pairs) >= ENOUGH else None

    narrowest = {
        groups: next((found for group in (*groups, None) if (found := prior(group)) is not None), None)
        for groups in alike
    }
    return [_pulled(engaged, exposed, narrowest.get(groups)) for engaged, exposed, groups in posts]


def _pulled(engaged: int, exposed: int, prior: Prior | None) -> float | None:
    if exposed <= 0:
        return None
    own = min(max(engaged, 0), exposed)
    if prior is None:
        return own / exposed
    mean, strength = prior
    return mean if strength == inf else (own + strength * mean) / (exposed + strength)
