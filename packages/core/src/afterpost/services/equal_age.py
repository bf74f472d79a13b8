"""Posts compared at equal age: what each had at a checkpoint, against what earlier posts lead to expect."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.equal_age import CHECKPOINTS, Counter, Missing
from afterpost.domain.expectation import Expectation, score
from afterpost.domain.windows import Window
from afterpost.services.peers import At, Compared, compared
from afterpost.services.question import Asked
from afterpost.storage import early_readings
from afterpost.storage.early_readings import Born
from afterpost.storage.engine import Connection
from afterpost.storage.posts import Post

COMPARED_AT = "24h"
"""The age at which posts of a window are compared."""
COUNTERS: tuple[Counter, ...] = ("exposure", "engagements")


class AtAge(Struct, frozen=True, kw_only=True):
    """A post at one age. `value`: what it had then, `interpolated` between two readings, or read when the
    post was really `observed_age_seconds` old; None with the reason in `missing`. `exposure`: what is
    counted, `views` or `impressions`, of that metric alone. `expected`: the mean of the middle half of
    `posts` earlier posts at that age, of the same account and type or else of the platform (`pool`); `score`:
    value ÷ expected."""

    metric: Counter
    age: str
    exposure: str | None
    value: int | None
    interpolated: bool
    observed_age_seconds: int | None
    missing: Missing | None
    expected: float | None
    posts: int
    pool: Literal["account", "platform"] | None
    score: float | None


class EqualAge(Struct, frozen=True, kw_only=True):
    """The posts published in a window at equal age (`age`), by engagements: the median of their scores, over
    the `scored` of the `published` ones; the others are too young, were not read then, hid a part, or have
    too few posts before them."""

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
    return Born(
        post.id,
        post.published_at,
        post.organization_id,
        post.account_id or 0,
        post.platform,
        post.content_type,
    )


def at_ages(connection: Connection, post: Born, now: datetime) -> tuple[AtAge, ...]:
    """A post at every checkpoint, against the account's earlier posts of its type, else the platform's."""
    every = [At(metric, age) for metric in COUNTERS for age in CHECKPOINTS]
    found = compared(connection, [post], every, now)[post.id]
    return tuple(_shown(at, one) for at, one in found.items())


def scored(asked: Asked, since: datetime, before: datetime) -> tuple[list[Scored], int]:
    """Posts published in [since, before) that have a value and an expectation at `COMPARED_AT`, the earliest
    first, and how many were published."""
    published = early_readings.born(
        asked.connection, asked.scope, asked.selection, since=since, before=before
    )
    at = At("engagements", COMPARED_AT)
    everything = compared(asked.connection, published, [at], asked.core.now())
    found = [
        Scored(post, one.found.value, one.expected)
        for post in published
        for one in (everything[post.id][at],)
        if one.found.value is not None and one.expected is not None
    ]
    return found, len(published)


def equal_ages(asked: Asked, windows: Sequence[Window]) -> tuple[EqualAge, ...]:
    """The posts published in each of some windows, which touch, at equal age; what is read is read once."""
    spans = [(window.begins_at(), window.ends_at()) for window in windows]
    since, before = min(since for since, _ in spans), max(before for _, before in spans)
    published = early_readings.born(
        asked.connection, asked.scope, asked.selection, since=since, before=before
    )
    at = At("engagements", COMPARED_AT)
    everything = compared(asked.connection, published, [at], asked.core.now())
    found = []
    for since, before in spans:
        own = [everything[post.id][at] for post in published if since <= post.published_at < before]
        scores = [s for one in own if (s := score(one.found.value, one.expected)) is not None]
        found.append(
            EqualAge(
                age=COMPARED_AT,
                published=len(own),
                scored=len(scores),
                median_score=median(scores) if scores else None,
            )
        )
    return tuple(found)


def equal_age(asked: Asked, window: Window) -> EqualAge:
    """The posts published in a window at equal age."""
    (found,) = equal_ages(asked, (window,))
    return found


def _shown(at: At, one: Compared) -> AtAge:
    found, expected = one.found, one.expected
    return AtAge(
        metric=at.metric,
        age=at.age,
        exposure=one.exposure,
        value=found.value,
        interpolated=found.interpolated,
        observed_age_seconds=found.observed_age_seconds,
        missing=found.missing,
        expected=None if expected is None else expected.expected,
        posts=0 if expected is None else expected.posts,
        pool=None if expected is None else expected.pool,
        score=score(found.value, expected),
    )
