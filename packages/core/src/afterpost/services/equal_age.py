"""Posts compared at equal age: what each had at a checkpoint, against what earlier posts lead to expect."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from afterpost.domain.equal_age import CHECKPOINTS, WIDEST, Missing, checkpoint
from afterpost.domain.expectation import LAST, Expectation, Peer, expectations, score
from afterpost.domain.rates import engagements, exposure
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.windows import Window
from afterpost.services.question import Asked
from afterpost.storage import early_readings
from afterpost.storage.early_readings import Born, Counts
from afterpost.storage.engine import Connection
from afterpost.storage.posts import Post

COMPARED_AT = "24h"
"""The age at which posts of a window are compared."""
HISTORY = timedelta(days=180)
"""Posts published up to this long before a window are what its own are compared with."""
PEERS = 2 * LAST
"""Earlier posts looked at for one post: twice as many as count, for not all were read at every age."""

Counter = Literal["engagements", "exposure"]
COUNTERS: tuple[Counter, ...] = ("exposure", "engagements")


class AtAge(Struct, frozen=True, kw_only=True):
    """A post at one age. `value`: what it had then, `interpolated` between two readings or read; None with
    the reason in `missing`. `expected`: the mean of the middle half of `posts` earlier posts at that age, of
    the same account and type or else of the platform (`pool`); `score`: value ÷ expected."""

    metric: Counter
    age: str
    value: int | None
    interpolated: bool
    missing: Missing | None
    expected: float | None
    posts: int
    pool: Literal["account", "platform"] | None
    score: float | None


class EqualAge(Struct, frozen=True, kw_only=True):
    """The posts published in a window at equal age (`age`), by engagements: the median of their scores, over
    the `scored` of the `published` ones; the others are too young, were not read then, or have too few posts
    before them."""

    age: str
    published: int
    scored: int
    median_score: float | None


class Scored(NamedTuple):
    """A post, its engagements at `COMPARED_AT`, and what was expected of it."""

    post: Born
    value: int
    expected: Expectation


def born_as(post: Post) -> Born | None:
    """The post as comparisons see it; None while its publication is unknown."""
    if post.published_at is None:
        return None
    return Born(post.id, post.published_at, post.account_id or 0, post.platform, post.content_type)


def at_ages(connection: Connection, scope: Scope, post: Born, now: datetime) -> tuple[AtAge, ...]:
    """A post at every checkpoint, against the account's earlier posts of its type, else the platform's."""
    peers: dict[int, Born] = {}
    for account, content_type in ((post.account_id, post.content_type), (None, None)):
        narrowed = scope if not account else scope.narrowed(account=account)
        wanted = Selection(post.platform, content_type)
        for each in early_readings.born(connection, narrowed, wanted, before=post.published_at, most=PEERS):
            peers[each.id] = each
    everyone = [*peers.values(), post]
    longest = CHECKPOINTS["28d"] * (1 + WIDEST)
    readings = early_readings.read_while_young(connection, scope, everyone, longest)
    found = []
    for metric in COUNTERS:
        series = {each.id: _series(readings.get(each.id, ()), metric) for each in everyone}
        for age in CHECKPOINTS:
            values = [checkpoint(series[each.id], each.published_at, now, age) for each in everyone]
            own = values[-1]
            expected = _expected(everyone, [each.value for each in values])[-1]
            found.append(
                AtAge(
                    metric=metric,
                    age=age,
                    value=own.value,
                    interpolated=own.interpolated,
                    missing=own.missing,
                    expected=None if expected is None else expected.expected,
                    posts=0 if expected is None else expected.posts,
                    pool=None if expected is None else expected.pool,
                    score=score(own.value, expected),
                )
            )
    return tuple(found)


def scored(asked: Asked, since: datetime, before: datetime) -> tuple[list[Scored], int]:
    """Posts published in [since, before) that have a value and an expectation at `COMPARED_AT`, the earliest
    first, and how many were published."""
    return _scored(_valued(asked, since, before), since, before)


def equal_ages(asked: Asked, windows: Sequence[Window]) -> tuple[EqualAge, ...]:
    """The posts published in each of some windows at equal age; what is read is read once for all of them."""
    spans = [(window.begins_at(), window.ends_at()) for window in windows]
    valued = _valued(asked, min(since for since, _ in spans), max(before for _, before in spans))
    return tuple(_equal_age(*_scored(valued, *span)) for span in spans)


def equal_age(asked: Asked, window: Window) -> EqualAge:
    """The posts published in a window at equal age."""
    (found,) = equal_ages(asked, (window,))
    return found


def _equal_age(found: Sequence[Scored], published: int) -> EqualAge:
    scores = [s for each in found if (s := score(each.value, each.expected)) is not None]
    return EqualAge(
        age=COMPARED_AT,
        published=published,
        scored=len(scores),
        median_score=median(scores) if scores else None,
    )


def _valued(asked: Asked, since: datetime, before: datetime) -> list[tuple[Born, int | None]]:
    """Posts published in [since, before) and those that they are compared with, the earliest first, with
    their engagements at `COMPARED_AT`."""
    everyone = early_readings.born(
        asked.connection, asked.scope, asked.selection, since=since - HISTORY, before=before
    )[::-1]
    longest = CHECKPOINTS[COMPARED_AT] * (1 + WIDEST)
    readings = early_readings.read_while_young(asked.connection, asked.scope, everyone, longest)
    now = asked.core.now()
    return [
        (post, checkpoint(series, post.published_at, now, COMPARED_AT).value)
        for post in everyone
        for series in [_series(readings.get(post.id, ()), "engagements")]
    ]


def _scored(
    valued: Sequence[tuple[Born, int | None]], since: datetime, before: datetime
) -> tuple[list[Scored], int]:
    """`scored`, of posts with their values: each against the history before that span alone."""
    mine = [each for each in valued if since - HISTORY <= each[0].published_at < before]
    everyone, values = [post for post, _ in mine], [value for _, value in mine]
    found = [
        Scored(post, value, expected)
        for post, value, expected in zip(everyone, values, _expected(everyone, values), strict=True)
        if post.published_at >= since and value is not None and expected is not None
    ]
    return found, sum(post.published_at >= since for post in everyone)


def _series(readings: Iterable[tuple[datetime, Counts]], metric: Counter) -> list[tuple[datetime, int]]:
    found = []
    for at, counts in readings:
        value = _value(structs.asdict(counts), metric)
        if value is not None:
            found.append((at, value))
    return found


def _value(counts: Mapping[str, int | None], metric: Counter) -> int | None:
    if metric == "engagements":
        return engagements(counts)
    exposed = exposure(counts)
    return None if exposed is None else exposed[1]


def _expected(everyone: Sequence[Born], values: Sequence[int | None]) -> list[Expectation | None]:
    return expectations(
        [
            Peer(
                published_at=post.published_at,
                post_id=post.id,
                account=(post.account_id, post.platform, post.content_type),
                platform=post.platform,
                value=value,
            )
            for post, value in zip(everyone, values, strict=True)
        ]
    )
