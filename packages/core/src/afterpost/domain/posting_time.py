"""When to post: what goes with the local hour of publication, and advice only where it is clear.

The method in plain words, with its limits and its power: docs/posting-time.md.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.domain.background import Dated, strata, without_background
from afterpost.domain.effects import Effect, Sample, effects

HOURS = 24
PART = 4
"""Hours in a part of the day."""
NEARLY_ALL = 0.9
"""Where one hour holds so many of a part's posts, they say nothing about its other hours."""


class Bucket(Struct, frozen=True, kw_only=True):
    """Local hours [`start`, `end`) of publication, and what goes with them."""

    start: int
    end: int
    effect: Effect


class PostingTimes(Struct, frozen=True, kw_only=True):
    """What publication times go with.

    `chance`: how often chance alone makes some hour or part of the day look as good as the best one does
    here; None where nothing could be compared. `recommended`: the clearly better bucket that is sure of the
    most, no wider than the hours that its posts lie in; None where there is none. `shuffles`: see `Effects`.
    """

    posts: int
    chance: float | None
    shuffles: int
    recommended: Bucket | None
    hours: tuple[Bucket, ...]
    parts: tuple[Bucket, ...]


def posting_times(posts: Sequence[Dated], zone: ZoneInfo, *, seed: int) -> PostingTimes:
    """Hours and four-hour parts of the day in `zone`; one row a post, its response at 24 hours of age.

    What the account's situation and weekdays explain is taken out first. Hours and parts are tested
    together, so the chance that any of the thirty is recommended where time does not matter is
    `effects.CLEAR`.
    """
    local = [post.published_at.astimezone(zone) for post in posts]
    own = strata(posts)
    responses = without_background(posts, own, [at.weekday() for at in local])
    samples = [
        Sample(stratum, (at.hour, f"part {at.hour // PART}"), value)
        for at, stratum, value in zip(local, own, responses, strict=True)
    ]
    found = effects(samples, seed=seed)
    hours = tuple(
        Bucket(start=hour, end=hour + 1, effect=found.of.get(hour, Effect())) for hour in range(HOURS)
    )
    parts = tuple(
        Bucket(start=n * PART, end=(n + 1) * PART, effect=found.of.get(f"part {n}", Effect()))
        for n in range(HOURS // PART)
    )
    spans = (narrowed(part, hours[part.start : part.end]) for part in parts)
    better = [bucket for bucket in (*hours, *spans) if bucket is not None and bucket.effect.is_better]
    return PostingTimes(
        posts=len(posts),
        chance=found.better,
        shuffles=found.shuffles,
        recommended=max(better, key=lambda bucket: bucket.effect.low or 0.0, default=None),
        hours=hours,
        parts=parts,
    )


def narrowed(part: Bucket, hours: Sequence[Bucket]) -> Bucket | None:
    """The part from the first of its hours with a post to the last: its posts are the same.

    None where one hour has nearly all of them: what they tell is told of that hour.
    """
    used = [hour for hour in hours if hour.effect.posts]
    if not used or max(hour.effect.posts for hour in used) >= NEARLY_ALL * part.effect.posts:
        return None
    return Bucket(start=used[0].start, end=used[-1].end, effect=part.effect)


def hour_label(hour: int) -> str:
    """An hour as clocks of 24 hours show it, as everywhere: `09:00`; the last one ends at `24:00`."""
    return f"{hour:02d}:00"
