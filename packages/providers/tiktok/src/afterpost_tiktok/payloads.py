"""The wire of TikTok's Display API v2, read with care: one odd video or number never costs the others.

Every answer is `{"data": …, "error": {"code": "ok", …}}`. Counts are integers, and absent where TikTok has
none.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from afterpost.sdk import PostInfo

MAX_COUNT = 2**63 - 1
"""The largest count that can be kept."""

COUNTS = {
    "views": "view_count",
    "likes": "like_count",
    "comments": "comment_count",
    "shares": "share_count",
}
"""Canonical metric -> field of a video."""

ACCOUNT_COUNTS = {
    "followers": "follower_count",
    "following": "following_count",
    "posts_total": "video_count",
    "x_tiktok_likes_count": "likes_count",
}
"""Metric of the account -> field of the user."""

VIDEO_FIELDS = ("id", "create_time", "share_url", "title", "video_description", *COUNTS.values())
"""What is asked of a video."""

_LATEST = 2**35
"""No video was published after the year 3058; a larger number is no time in seconds."""


class Refusal(Struct):
    """The part of every answer that says whether it is one."""

    code: str


class Frame(Struct):
    """Every answer's frame; `data` stays undecoded."""

    error: Refusal
    data: msgspec.Raw = msgspec.Raw(b"null")


class Videos(Struct):
    """The data of a list or query; videos stay undecoded, so that each can fail by itself."""

    videos: list[msgspec.Raw]
    cursor: int | None = None
    has_more: bool = False


class Users(Struct):
    """The data of a user's answer."""

    user: dict[str, Any]


def data_of(body: bytes, kind: type[Videos] | type[Users]) -> Any:
    """The data of an answer whose code is `ok`; None when it is anything else, a refusal among others."""
    try:
        frame = msgspec.json.decode(body, type=Frame)
        return msgspec.json.decode(frame.data, type=kind) if frame.error.code == "ok" else None
    except (ValueError, RecursionError):
        return None


def videos_of(answer: Videos) -> Sequence[Mapping[str, Any] | None]:
    """The videos of an answer, None for one that can't be read."""
    return tuple(_item(raw) for raw in answer.videos)


def counts_of(
    item: Mapping[str, Any], fields: Mapping[str, str] = COUNTS
) -> tuple[dict[str, int], tuple[str, ...]]:
    """The counts of a video or a user by metric, and the names of those that are there but unusable.

    An absent or null count is in neither. Negative numbers, fractions, text and numbers beyond `MAX_COUNT`
    are unusable.
    """
    values: dict[str, int] = {}
    unusable = []
    for metric, field in fields.items():
        raw = item.get(field)
        if raw is None:
            continue
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= MAX_COUNT:
            values[metric] = raw
        else:
            unusable.append(metric)
    return values, tuple(unusable)


def post_of(item: Mapping[str, Any]) -> PostInfo | None:
    """A video as a post; None when it has no id."""
    video_id = text(item.get("id"))
    if not video_id:
        return None
    return PostInfo(
        external_id=video_id,
        published_at=_instant(item.get("create_time")),
        title=text(item.get("title")),
        description=text(item.get("video_description")),
        url=text(item.get("share_url")),
        content_type="video",
    )


def text(value: object) -> str:
    """The text without NUL, which no database keeps; empty when it is no text."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _item(raw: msgspec.Raw) -> Mapping[str, Any] | None:
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _instant(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < _LATEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)
