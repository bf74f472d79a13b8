"""Pinterest's answers, read with care: one odd pin or number never costs the others.

Shapes: version 5 of the API, as its OpenAPI description has them. A pin from before 2023-03-20 that is
neither a video nor an idea has no lifetime counts.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afterpost.sdk import PostInfo

T = TypeVar("T")

MAX_COUNT = 2**63 - 1
"""The largest count that can be kept."""

COUNTS = {
    "impressions": "impression",
    "likes": "reaction",
    "comments": "comment",
    "clicks_link": "clickthrough",
    "clicks_post": "pin_click",
}
"""Canonical metric -> field of a pin's lifetime counts."""

ACCOUNT_COUNTS = {
    "followers": "follower_count",
    "following": "following_count",
    "posts_total": "pin_count",
    "x_pinterest_monthly_views": "monthly_views",
}
"""Metric of the account -> field of the user account."""

COMMON = {
    "impressions": "IMPRESSION",
    "clicks_link": "OUTBOUND_CLICK",
    "clicks_post": "PIN_CLICK",
    "saves": "SAVE",
}
"""Canonical metric by day -> metric type, of those that every pin has."""

SPECIAL = {
    "clicks_profile": "PROFILE_VISIT",
    "follows": "USER_FOLLOW",
    "views": "VIDEO_MRC_VIEW",
    "watch_time_seconds": "VIDEO_V50_WATCH_TIME",
    "avg_view_seconds": "VIDEO_AVG_WATCH_TIME",
}
"""The same, of those that only some kinds of pin have."""

DAILY = COMMON | SPECIAL

_GOOD = frozenset({"READY", "ESTIMATE"})
"""What the status of a day has to be; while it is PROCESSING, its numbers are too low."""

_TYPES = {
    "REGULAR": "image",
    "VIDEO": "video",
    "MAX_VIDEO": "video",
    "CAROUSEL": "carousel",
    "COLLECTION": "carousel",
    "COLLAGE": "image",
    "IDEA": "idea",
}
_MEDIA = {
    "image": "image",
    "video": "video",
    "multiple_images": "carousel",
    "multiple_videos": "carousel",
    "multiple_mixed": "carousel",
}


class Pins(Struct):
    """A page of pins; they stay undecoded, so that each can fail by itself."""

    items: list[msgspec.Raw]
    bookmark: str | None = None


def answer_of(body: bytes, kind: type[T]) -> T | None:
    """The answer as that kind; None when the body is anything else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def pins_of(answer: Pins) -> Sequence[Mapping[str, Any]]:
    """The account's own pins of a page; one that can't be read is left out."""
    found = (answer_of(raw, dict[str, Any]) for raw in answer.items)
    return tuple(pin for pin in found if pin is not None and pin.get("is_owner") is not False)


def lifetime_of(pin: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
    """The lifetime counts of a pin by metric, and the names of those that are there but unusable."""
    return counts_of(part(part(pin, "pin_metrics"), "lifetime_metrics"), COUNTS)


def counts_of(given: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Counts by metric, and the names of those that are there but unusable.

    An absent or null count is in neither. Negative numbers, fractions, text and numbers beyond `MAX_COUNT`
    are unusable.
    """
    values: dict[str, int] = {}
    unusable = []
    for metric, field in fields.items():
        raw = given.get(field)
        if raw is None:
            continue
        count = _count(raw)
        if count is None:
            unusable.append(metric)
        else:
            values[metric] = count
    return values, tuple(unusable)


def days_of(answer: Mapping[str, Any]) -> Mapping[date, Mapping[str, int | float]] | None:
    """The days of a pin's analytics that can be relied on; None when the answer has no list of days.

    A day that Pinterest still works on, or that lies before it counted, is absent; so is a metric that it
    does not report.
    """
    rows = part(answer, "all").get("daily_metrics")
    if not isinstance(rows, list):
        return None
    days: dict[date, Mapping[str, int | float]] = {}
    for row in rows:
        if not isinstance(row, dict) or row.get("data_status") not in _GOOD:
            continue
        day, given = _day(row.get("date")), part(row, "metrics")
        values = {metric: _READ[metric](given.get(native)) for metric, native in DAILY.items()}
        known = {metric: value for metric, value in values.items() if value is not None}
        if day is not None and known:
            days[day] = known
    return days


def post_of(pin: Mapping[str, Any]) -> PostInfo | None:
    """A pin as a post; None when it has no id."""
    pin_id = text(pin.get("id"))
    if not pin_id:
        return None
    creative, media = pin.get("creative_type"), part(pin, "media").get("media_type")
    kind = _TYPES.get(creative) if isinstance(creative, str) else None
    kind = kind or (_MEDIA.get(media) if isinstance(media, str) else None)
    return PostInfo(
        external_id=pin_id,
        published_at=_instant(pin.get("created_at")),
        title=text(pin.get("title")),
        description=text(pin.get("description")),
        url=f"https://www.pinterest.com/pin/{pin_id}/",
        content_type=kind or "unknown",
    )


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an object; empty when it is absent or no object."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The text without NUL, which no database keeps; empty when it is no text."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _count(raw: object) -> int | None:
    # Analytics are numbers of no type in particular: 12.0 is a count as well.
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        return None
    return raw if 0 <= raw <= MAX_COUNT else None


def _seconds(raw: object) -> float | None:
    """Milliseconds as seconds."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= MAX_COUNT:
        return None
    return raw / 1_000


def _whole_seconds(raw: object) -> int | None:
    seconds = _seconds(raw)
    return None if seconds is None else round(seconds)


_READ: Mapping[str, Callable[[object], int | float | None]] = {
    **dict.fromkeys(DAILY, _count),
    "watch_time_seconds": _whole_seconds,
    "avg_view_seconds": _seconds,
}


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _instant(value: object) -> datetime | None:
    """Pinterest writes instants of UTC with or without saying so."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
