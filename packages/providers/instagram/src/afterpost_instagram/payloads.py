"""The wire of the Instagram API, read with care: one odd post or number never costs the others.

A media is an object with the fields that were asked for; what the platform hides is absent. Insights are a
list of `{"name", "values": [{"value"}]}`, and a metric without data is left out of it.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from afterpost.sdk import PostInfo

MAX_COUNT = 2**63 - 1
"""The largest count that can be kept."""

MEDIA_FIELDS = ("id", "caption", "media_type", "media_product_type", "permalink", "timestamp")

INSIGHTS = {
    "views": "views",
    "reach": "reach",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saved",
    "clicks_profile": "profile_visits",
    "follows": "follows",
    "watch_time_seconds": "ig_reels_video_view_total_time",
    "avg_view_seconds": "ig_reels_avg_watch_time",
    "x_instagram_total_interactions": "total_interactions",
    "x_instagram_replies": "replies",
}
"""Metric -> its name in the insights of a media."""

_MILLISECONDS = {"watch_time_seconds", "avg_view_seconds"}

_EVERYWHERE = ("views", "reach", "shares", "x_instagram_total_interactions")
_POSTS = ("likes", "comments", "saves")
_PROFILE = ("clicks_profile", "follows")
METRICS_OF = {
    "FEED": (*_EVERYWHERE, *_POSTS, *_PROFILE),
    "REELS": (*_EVERYWHERE, *_POSTS, "watch_time_seconds", "avg_view_seconds"),
    "STORY": (*_EVERYWHERE, *_PROFILE, "x_instagram_replies"),
}
"""Media product type -> the metrics that it has. Asking for another one costs the whole call."""

ACCOUNT_COUNTS = {
    "followers": "followers_count",
    "following": "follows_count",
    "posts_total": "media_count",
}
"""Metric of the account -> field of the user."""

_TYPES = {"CAROUSEL_ALBUM": "carousel", "IMAGE": "image", "VIDEO": "video"}


class Cursors(Struct, frozen=True):
    """Where the next page begins."""

    after: str | None = None


class Paging(Struct, frozen=True):
    """`next` is absent on the last page. It holds an access token and is looked at for nothing else."""

    cursors: Cursors = Cursors()
    next: str | None = None


class MediaPage(Struct):
    """A page of media; they stay undecoded, so that each can fail by itself."""

    data: list[msgspec.Raw]
    paging: Paging = Paging()

    @property
    def following(self) -> str | None:
        """The cursor of the next page; None at the end."""
        return self.paging.cursors.after if self.paging.next else None


class Insight(Struct):
    """One metric of a media."""

    name: str
    values: object = None
    total_value: object = None


class InsightsAnswer(Struct):
    """The insights of a media."""

    data: list[Insight]


def read(body: bytes, kind: Any) -> Any:
    """The body as what it should be; None when it is anything else, a refusal among others."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def items_of(page: MediaPage) -> Sequence[Mapping[str, Any]]:
    """The media of a page that can be read."""
    items = (read(raw, dict[str, Any]) for raw in page.data)
    return tuple(item for item in items if item is not None)


def metrics_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The metrics that a media has by its product type; of a type never heard of, those that all have."""
    return METRICS_OF.get(text(item.get("media_product_type")), _EVERYWHERE)


def values_of(answer: InsightsAnswer, asked: Sequence[str]) -> tuple[dict[str, int | float], tuple[str, ...]]:
    """The insights as metrics in their units, and the names of those that are there but unusable.

    A metric without data is in neither: Instagram leaves it out, and does not say 0. Negative numbers, text
    and numbers beyond `MAX_COUNT` are unusable. Times come in milliseconds.
    """
    told = {insight.name: insight for insight in answer.data}
    values: dict[str, int | float] = {}
    unusable = []
    for metric in asked:
        insight = told.get(INSIGHTS[metric])
        raw = _raw(insight) if insight else None
        if raw is None:
            continue
        value = _seconds(metric, raw) if metric in _MILLISECONDS else _count(raw)
        if value is None:
            unusable.append(metric)
        else:
            values[metric] = value
    return values, tuple(unusable)


def account_counts(user: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
    """The counts of a user by metric, and the names of those that are there but unusable."""
    values: dict[str, int] = {}
    unusable = []
    for metric, field in ACCOUNT_COUNTS.items():
        raw = user.get(field)
        count = _count(raw)
        if count is not None:
            values[metric] = count
        elif raw is not None:
            unusable.append(metric)
    return values, tuple(unusable)


def post_of(item: Mapping[str, Any]) -> PostInfo | None:
    """A media as a post; None when it has no id. Instagram has no titles."""
    media_id = text(item.get("id"))
    if not media_id:
        return None
    product = text(item.get("media_product_type"))
    content_type = {"REELS": "reel", "STORY": "story"}.get(product) or _TYPES.get(
        text(item.get("media_type"))
    )
    known = {"content_type": content_type} if content_type else {}
    return PostInfo(
        external_id=media_id,
        published_at=_instant(item.get("timestamp")),
        description=text(item.get("caption")),
        url=text(item.get("permalink")),
        **known,
    )


def text(value: object) -> str:
    """The text without NUL, which no database keeps; empty when it is no text."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _raw(insight: Insight) -> object:
    """The number of a metric, in either of the two places where Meta puts it; None when there is none."""
    if isinstance(insight.values, list) and insight.values:
        first = insight.values[0]
        return first.get("value") if isinstance(first, dict) else first
    total = insight.total_value
    return total.get("value") if isinstance(total, dict) else total


def _seconds(metric: str, raw: object) -> int | float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= MAX_COUNT:
        return None
    if metric == "watch_time_seconds":
        return math.floor(raw / 1_000) if isinstance(raw, float) else raw // 1_000
    return raw / 1_000


def _count(raw: object) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int):
        return None
    return raw if 0 <= raw <= MAX_COUNT else None


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None
