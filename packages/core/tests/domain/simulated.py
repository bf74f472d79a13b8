"""Simulated accounts whose truth is known: how they post, what they get, and what time has to do with it.

Each history goes the whole way a real one goes: counts at 24 hours, expectations from earlier posts,
responses.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from afterpost.domain.background import Dated
from afterpost.domain.effects import response
from afterpost.domain.expectation import Peer, Pool, expectation

BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
HOUR = 18
"""The hour that does better where one does."""
LEVEL = math.log(400)
"""Log engagements of a usual post."""


class Made(NamedTuple):
    """A post as it was made."""

    account: int
    published_at: datetime
    engaged: int


def dated(posts: list[Made]) -> list[Dated]:
    """What posting times are computed from: the posts that an expectation exists for."""
    accounts: dict[int, list[Peer]] = {}
    for n, post in enumerate(posts):
        accounts.setdefault(post.account, []).append(Peer(post.published_at, n, post.engaged))
    pools = {account: Pool(peers) for account, peers in accounts.items()}
    everyone = Pool(peer for peers in accounts.values() for peer in peers)
    return [
        Dated(post.account, post.published_at, response(post.engaged, expected.expected))
        for n, post in enumerate(posts)
        for place in ((post.published_at, n),)
        for expected in (expectation(pools[post.account].before(*place), everyone.before(*place)),)
        if expected is not None
    ]


def uniform(seed: int, *, posts: int, sd: float, boost: float = 0.0) -> list[Dated]:
    """Two posts a day at hours of equal chance, log-normal; at `HOUR` they do 1 + `boost` times as well."""
    rng = Random(seed)
    made = []
    for n in range(posts):
        hour = rng.randrange(24)
        effect = math.log1p(boost) if hour == HOUR else 0.0
        at = _at(n // 2, hour, rng)
        made.append(Made(1, at, round(math.exp(LEVEL + effect + rng.gauss(0, sd)))))
    return dated(made)


def plain(rng: Random) -> list[Made]:
    """Hours of equal chance and log-normal counts."""
    return [
        Made(1, _at(n // 2, rng.randrange(24), rng), round(math.exp(LEVEL + rng.gauss(0, 0.8))))
        for n in range(_size(rng))
    ]


def favourites(rng: Random) -> list[Made]:
    """A few hours have most posts, and counts have heavy tails (Student's t, 3 degrees of freedom)."""
    weights = [1 / (1 + rank) for rank in rng.sample(range(24), 24)]
    return [
        Made(1, _at(n // 2, rng.choices(range(24), weights)[0], rng), _count(LEVEL + 0.7 * _student(rng)))
        for n in range(_size(rng))
    ]


def drifting(rng: Random) -> list[Made]:
    """The account grows twentyfold, its luck lasts for weeks, and its habits wander through the day."""
    size, luck, habit, made = _size(rng), 0.0, rng.uniform(0, 24), []
    for n in range(size):
        luck = 0.9 * luck + rng.gauss(0, 0.3)
        habit += rng.gauss(0, 0.3)
        hour = math.floor(habit + rng.gauss(0, 3)) % 24
        level = LEVEL + math.log(20) * n / size + luck
        made.append(Made(1, _at(n, hour, rng), _count(level + rng.gauss(0, 0.6))))
    return made


def weekends(rng: Random) -> list[Made]:
    """Weekends do 80 % better, and go out at noon instead of before and after work."""
    made = []
    for n in range(_size(rng)):
        weekend = _at(n // 2, 0, rng).weekday() > 4
        hour = rng.choice((10, 11, 12, 13, 14) if weekend else (7, 8, 9, 12, 17, 18, 19))
        made.append(Made(1, _at(n // 2, hour, rng), _count(LEVEL + 0.59 * weekend + rng.gauss(0, 0.8))))
    return made


def small(rng: Random) -> list[Made]:
    """Two engagements a post, many posts without any."""
    return [
        Made(
            1,
            _at(n // 2, int(rng.triangular(6, 24, 18)) % 24, rng),
            _poisson(rng, math.exp(rng.gauss(0.4, 0.8))),
        )
        for n in range(_size(rng))
    ]


def accounts(rng: Random) -> list[Made]:
    """Five accounts of different size, spread and habits, some with few posts."""
    made = []
    for account in range(5):
        level, sd = LEVEL + rng.gauss(0, 2), rng.uniform(0.4, 1.2)
        weights = [rng.random() ** 3 for _ in range(24)]
        for n in range(rng.choice((15, 40, 120, 200))):
            hour = rng.choices(range(24), weights)[0]
            made.append(Made(account, _at(n, hour, rng), _count(level + rng.gauss(0, sd))))
    return made


def everything(rng: Random) -> list[Made]:
    """Two accounts with all of it: growth, lasting luck, wandering habits, weekends, heavy tails."""
    made = []
    for account in range(2):
        size, luck, habit, gain = _size(rng) // 2, 0.0, rng.uniform(0, 24), rng.gauss(0, 0.5)
        for n in range(size):
            luck = 0.9 * luck + rng.gauss(0, 0.25)
            habit += rng.gauss(0, 0.2)
            weekend = _at(n, 0, rng).weekday() > 4
            hour = math.floor(habit + 4 * weekend + rng.gauss(0, 3)) % 24
            level = LEVEL + math.log(5) * n / size + luck + gain * weekend
            made.append(Made(account, _at(n, hour, rng), _count(level + 0.5 * _student(rng))))
    return made


NULLS: dict[str, Callable[[Random], list[Made]]] = {
    make.__name__: make for make in (plain, favourites, drifting, weekends, small, accounts, everything)
}
"""Ways in which the hour has nothing to do with how a post does."""


def _size(rng: Random) -> int:
    return rng.randint(100, 600)


def _at(day: int, hour: int, rng: Random) -> datetime:
    return BEGIN + timedelta(days=day, hours=hour, seconds=rng.randrange(3600))


def _count(log: float) -> int:
    return round(math.exp(min(log, 30.0)))


def _student(rng: Random) -> float:
    return rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1.5, 2) / 3)


def _poisson(rng: Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, left = 0, rng.random() - math.exp(-mean)
    term = math.exp(-mean)
    while left > 0:
        count += 1
        term *= mean / count
        left -= term
    return count
