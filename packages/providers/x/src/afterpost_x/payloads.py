"""X's answers, read with care and in both dialects: one odd post or number never costs the others.

X's own descriptions disagree: 2.159 has `retweet_count` and `tweet_count`, 2.167 `repost_count` and
`post_count`. Answers are read whichever they use.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afterpost.sdk import PostInfo
from afterpost_x.errors import problem_name

T = TypeVar("T")

MAX_COUNT = 2**63 - 1
"""The largest count that can be kept."""

PUBLIC = {
    "impressions": ("impression_count",),
    "likes": ("like_count",),
    "comments": ("reply_count",),
    "shares": ("retweet_count", "repost_count"),
    "quotes": ("quote_count",),
    "saves": ("bookmark_count",),
}
"""Canonical metric -> the field of `public_metrics`, in either dialect."""

NON_PUBLIC = {
    "clicks_link": ("url_link_clicks",),
    "clicks_profile": ("user_profile_clicks",),
    "x_x_engagements": ("engagements",),
}
"""Metric -> the field of `non_public_metrics`, which posts have for 30 days."""

ACCOUNT = {
    "followers": ("followers_count",),
    "following": ("following_count",),
    "posts_total": ("tweet_count", "post_count"),
    "x_x_listed_count": ("listed_count",),
}
"""Metric of the account -> the field of the user's `public_metrics`."""

NON_PUBLIC_AGE = timedelta(days=30)

_EPOCH = 1_288_834_974_657
"""Milliseconds at which ids began to carry the time (2010-11-04)."""

_GONE = frozenset(
    {"resource-not-found", "not-authorized-for-resource", "resource-unavailable", "disallowed-resource"}
)
_FIELD = frozenset({"not-authorized-for-field", "field-unauthorized", "field-hydration-failure"})

_MEDIA = {"3": "image", "7": "video", "13": "video", "16": "image"}
"""What a media key begins with -> type of content (16: an animated image)."""


class Answer(Struct):
    """The frame of lists and lookups; posts and problems stay undecoded, so that each can fail by itself."""

    data: list[msgspec.Raw] | None = None
    errors: list[msgspec.Raw] | None = None
    meta: dict[str, Any] | None = None


class User(Struct):
    """The answer of `users/me`."""

    data: dict[str, Any]


class Cursor(Struct, frozen=True, rename={"token": "t", "older": "o", "cut": "c"}):
    """Where a listing goes on. The posts of the last 30 days come first, with what only they have; `older`
    ones follow. `cut` (unix seconds) divides them, the same for all pages."""

    cut: int
    older: bool
    token: str | None

    def text(self) -> str:
        """The cursor as an opaque ASCII string."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The inverse of `text`; ValueError for anything else."""
        found = msgspec.json.decode(base64.b64decode(text.encode(), altchars=b"-_", validate=True), type=cls)
        if not 0 < found.cut < 2**35:
            raise ValueError("no time")
        return found


def answer_of(body: bytes, kind: type[T]) -> T | None:
    """The answer as that kind; None when the body is anything else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def items_of(raws: Sequence[msgspec.Raw] | None) -> Sequence[Mapping[str, Any] | None]:
    """Posts or problems, None for one that can't be read."""
    return tuple(answer_of(raw, dict[str, Any]) for raw in raws or ())


def published_by_id(post_id: str) -> datetime | None:
    """When the post with this id was published: ids carry the time since 2010-11-04; None for older ones."""
    milliseconds = (int(post_id) >> 22) + _EPOCH
    if int(post_id) < 2**32 or milliseconds >= 2**45:
        return None
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)


def gone(problem: Mapping[str, Any]) -> bool:
    """True when the problem says that a post is not shown (any more)."""
    return problem_name(problem) in _GONE


def of_field(problem: Mapping[str, Any]) -> bool:
    """True when the problem is about a field of a post that is there."""
    return problem_name(problem) in _FIELD


def concerned(problem: Mapping[str, Any]) -> str:
    """The id of the post a problem is about; empty when it does not say."""
    return text(problem.get("resource_id")) or text(problem.get("value"))


def metrics_of(post: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
    """The counts of a post by metric, and the names of those that are there but unusable."""
    values, unusable = counts_of(part(post, "public_metrics"), PUBLIC)
    more, odd = counts_of(part(post, "non_public_metrics"), NON_PUBLIC)
    return values | more, unusable + odd


def counts_of(
    given: Mapping[str, Any], fields: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Counts by metric, and the names of those that are there but unusable.

    An absent or null count is in neither. Negative numbers, fractions, text and numbers beyond `MAX_COUNT`
    are unusable.
    """
    values: dict[str, int] = {}
    unusable = []
    for metric, names in fields.items():
        raw = next((given[name] for name in names if given.get(name) is not None), None)
        if raw is None:
            continue
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= MAX_COUNT:
            values[metric] = raw
        else:
            unusable.append(metric)
    return values, tuple(unusable)


def post_of(item: Mapping[str, Any]) -> PostInfo | None:
    """A post; None when it has no id. A long one has its whole text in a note."""
    post_id = text(item.get("id"))
    if not re.fullmatch("[0-9]{1,19}", post_id, re.ASCII):
        return None
    note = part(item, "note_tweet") or part(item, "note_post")
    return PostInfo(
        external_id=post_id,
        published_at=_instant(item.get("created_at")) or published_by_id(post_id),
        description=text(note.get("text")) or text(item.get("text")),
        url=f"https://x.com/i/status/{post_id}",
        content_type=_content_type(part(item, "attachments")),
    )


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an object; empty when it is absent or no object."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The text without NUL, which no database keeps; empty when it is no text."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _content_type(attachments: Mapping[str, Any]) -> str:
    keys, polls = attachments.get("media_keys"), attachments.get("poll_ids")
    kinds = {
        _MEDIA.get(text(key).partition("_")[0], "unknown") for key in (keys if isinstance(keys, list) else ())
    }
    if kinds:
        return "video" if "video" in kinds else min(kinds)
    return "poll" if isinstance(polls, list) and polls else "text"


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None
