"""Posts compared at equal age: what each had at a checkpoint, against what earlier posts lead to expect."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.domain.equal_age import CHECKPOINTS, Counter, Missing, publication_of
from afterpost.domain.expectation import Expectation, score
from afterpost.domain.windows import Window, day_number, zone_of
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
    the `scored` of the `published` ones; the others have no hour of publication, are too young, were not
    read then, hid a part, or have too few posts before them."""

    age: str
    published: int
    scored: int
    median_score: float | None


class Scored(NamedTuple):
    """A post, its engagements at `COMPARED_AT`, and what was expected of it."""

    post: Born
    value: int
    expected: Expectation


def born_as(post: Post, zone: ZoneInfo) -> Born | None:
    """The post as comparisons see it, of an organisation that cuts days in that zone; None while its
    publication is unknown."""
    publication = publication_of(post.published_at, post.published_day, zone)
    if publication is None or post.published_day is None:
        return None
    return Born(
        post.id,
        publication,
        post.published_day,
        post.organization_id,
        post.account_id or 0,
        post.platform,
        post.content_type,
    )


def at_ages(connection: Connection, post: Born, zone: ZoneInfo, now: datetime) -> tuple[AtAge, ...]:
    """A post at every checkpoint, against the account's earlier posts of its type, else the platform's."""
    every = [At(metric, age) for metric in COUNTERS for age in CHECKPOINTS]
    found = compared(connection, [post], every, zone, now)[post.id]
    return tuple(_shown(at, one) for at, one in found.items())


def scored(asked: Asked, window: Window) -> tuple[list[Scored], int]:
    """Posts published in a window that have a value and an expectation at `COMPARED_AT`, the earliest first,
    and how many were published at a known instant."""
    published, everything = _compared(asked, window)
    exact = [post for post in published if not post.publication.whole_day]
    found = [
        Scored(post, one.found.value, one.expected)
        for post in exact
        for one in (everything[post.id],)
        if one.found.value is not None and one.expected is not None
    ]
    return found, len(exact)


def equal_ages(asked: Asked, windows: Sequence[Window]) -> tuple[EqualAge, ...]:
    """The posts published in each of some windows, which touch, at equal age; what is read is read once."""
    first, last = min(windows, key=lambda one: one.start), max(windows, key=lambda one: one.end)
    published, everything = _compared(asked, Window(first.start, last.end, first.zone))
    found = []
    for window in windows:
        days = range(day_number(window.start), day_number(window.end) + 1)
        own = [everything[post.id] for post in published if post.published_day in days]
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


def _compared(asked: Asked, window: Window) -> tuple[list[Born], dict[int, Compared]]:
    """The posts published in a window, the earliest first, and each compared at `COMPARED_AT`."""
    zone, days = zone_of(window.zone), (day_number(window.start), day_number(window.end))
    published = early_readings.born(asked.connection, asked.scope, asked.selection, zone, *days)
    at = At("engagements", COMPARED_AT)
    found = compared(asked.connection, published, [at], zone, asked.core.now())
    return published, {post_id: ages[at] for post_id, ages in found.items()}


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
