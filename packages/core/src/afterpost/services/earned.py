"""What a window earned, from the rollups: sums, totals, rates, and what of it is unknown or on no day."""

from collections.abc import Mapping

from msgspec import Struct

from afterpost.domain.metrics import EXPOSURES
from afterpost.domain.rates import engagements, exposure_name, rate
from afterpost.domain.windows import Window, day_number
from afterpost.services.question import Asked
from afterpost.storage import rollups
from afterpost.storage.rollups import Sums

SHOWN = ("views", "likes", "comments", "shares", "saves")
COUNTED = (*SHOWN, "impressions")
"""Metrics that are summed: those shown, and what rates divide by."""


class Totals(Struct, frozen=True):
    """Counts by metric; None where nothing is known: never reported, or, of what was earned, read for the
    first time only. engagements = likes + comments + shares + saves, of those that are known."""

    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    engagements: int | None


class Undated(Struct, frozen=True):
    """What was gained in the window on days that nobody knows: the first totals of so many posts, each first
    read within the window and published in it."""

    posts: int
    total: int


def totals_of(values: Mapping[str, int | None]) -> Totals:
    """The shown metrics and their engagements."""
    return Totals(**{name: values[name] for name in SHOWN}, engagements=engagements(values))


UNKNOWN = totals_of(dict.fromkeys(SHOWN))
"""Nothing is known of anything."""


def earned_of(sums: Sums) -> Totals:
    """What was booked to the window."""
    return totals_of({name: sums.earned(name) for name in SHOWN})


def rate_of(sums: Sums) -> float | None:
    """Engagement rate of the window: a ratio of sums over the same posts above and below the line."""
    counters = sums.counters
    return rate(counters["rated_engagements"], sum(counters[f"rated_{name}"] for name in EXPOSURES))


def exposure_of(sums: Sums) -> str | None:
    """What the group's rates divide by; without a rate, what it reports."""
    rated = [name for name in EXPOSURES if sums.counters[f"rated_by_{name}"]]
    return exposure_name(rated or [name for name in EXPOSURES if name in sums.reported][:1])


def unknown_openings(sums: Sums) -> Mapping[str, int]:
    """metric -> posts of which nobody knows what they earned in the window, of those with any."""
    return {name: posts for name in COUNTED if (posts := sums.unknown_openings(name))}


def undated(sums: Sums) -> Mapping[str, Undated]:
    """metric -> what of the earned is of no day, of those with any."""
    found = {name: sums.undated(name) for name in COUNTED}
    return {name: Undated(posts, total) for name, (total, posts) in found.items() if posts}


def estimated_shares(sums: Sums) -> Mapping[str, float]:
    """metric -> the part of what was booked that falls on days without an observation, where any was."""
    return {name: share for name in COUNTED if (share := sums.estimated_share(name)) is not None}


def sums_by(asked: Asked, window: Window, by: str | None = None) -> list[Sums]:
    """All counters of a window, as one row or by a dimension."""
    return rollups.sums(
        asked.connection,
        asked.scope,
        start=day_number(window.start),
        end=day_number(window.end),
        selection=asked.selection,
        by=by,
        metrics=COUNTED,
    )


def window_sums(asked: Asked) -> Sums:
    """All counters of the window as one row."""
    return sums_by(asked, asked.window)[0]


def previous_sums(asked: Asked) -> Sums:
    """All counters of the window before as one row."""
    return sums_by(asked, asked.window.previous())[0]


def distinct(asked: Asked, by: str | None = None) -> Mapping[str | None, int]:
    """Distinct posts observed in the window, as a whole (key None) or by a dimension."""
    start, end = day_number(asked.window.start), day_number(asked.window.end)
    return rollups.distinct_posts(
        asked.connection, asked.scope, start=start, end=end, selection=asked.selection, by=by
    )
