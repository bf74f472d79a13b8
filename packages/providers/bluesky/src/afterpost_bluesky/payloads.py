"""Bluesky's answers, read with care: one odd post or number never costs the others.

Shapes: the lexicons `app.bsky.feed.defs#postView` and `app.bsky.actor.defs#profileViewDetailed`. Counts are
integers and optional.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from afterpost.sdk import PostInfo

MAX_COUNT = 2**63 - 1
"""The largest count that can be kept."""

COUNTS = {
    "likes": "likeCount",
    "comments": "replyCount",
    "shares": "repostCount",
    "quotes": "quoteCount",
    "saves": "bookmarkCount",
}
"""Canonical metric -> field of a post."""

ACCOUNT_COUNTS = {
    "followers": "followersCount",
    "following": "followsCount",
    "posts_total": "postsCount",
}
"""Metric of the account -> field of a profile."""

T = TypeVar("T")

_REPOST = "app.bsky.feed.defs#reasonRepost"

_TYPES = {
    "app.bsky.embed.images": "image",
    "app.bsky.embed.gallery": "image",
    "app.bsky.embed.video": "video",
    "app.bsky.embed.external": "link",
    "app.bsky.embed.record": "quote",
}
"""What is embedded -> type of content; with media beside a quoted post, the media count."""


class Posts(Struct):
    """The answer of `getPosts`; posts stay undecoded, so that each can fail by itself."""

    posts: list[msgspec.Raw]


class Feed(Struct):
    """The answer of `getAuthorFeed`, likewise."""

    feed: list[msgspec.Raw]
    cursor: str | None = None


class Profile(Struct):
    """The part of a profile that says whose it is."""

    did: str
    handle: str


def answer_of(body: bytes, kind: type[T]) -> T | None:
    """The answer as that kind; None when the body is anything else, an error among others."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def items_of(raws: Sequence[msgspec.Raw]) -> Sequence[Mapping[str, Any] | None]:
    """The items of a list, None for one that can't be read."""
    return tuple(_item(raw) for raw in raws)


def own_posts(
    items: Sequence[Mapping[str, Any] | None], did: str
) -> list[tuple[PostInfo, Mapping[str, Any]]]:
    """The posts of a feed that the account wrote itself: what it reposted is somebody else's, and a repost
    of its own post comes a second time."""
    found = []
    for item in items:
        if item is None or part(item, "reason").get("$type") == _REPOST:
            continue
        view = part(item, "post")
        post = post_of(view)
        if post is not None and text(part(view, "author").get("did")) == did:
            found.append((post, view))
    return found


def counts_of(
    view: Mapping[str, Any], fields: Mapping[str, str] = COUNTS
) -> tuple[dict[str, int], tuple[str, ...]]:
    """The counts of a post or a profile by metric, and the names of those that are there but unusable.

    An absent or null count is in neither. Negative numbers, fractions, text and numbers beyond `MAX_COUNT`
    are unusable.
    """
    values: dict[str, int] = {}
    unusable = []
    for metric, field in fields.items():
        raw = view.get(field)
        if raw is None:
            continue
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= MAX_COUNT:
            values[metric] = raw
        else:
            unusable.append(metric)
    return values, tuple(unusable)


def post_of(view: Mapping[str, Any]) -> PostInfo | None:
    """A post view as a post; None when it has no address."""
    uri = text(view.get("uri"))
    if not uri:
        return None
    record = part(view, "record")
    author = part(view, "author")
    who = text(author.get("handle")) or text(author.get("did"))
    return PostInfo(
        external_id=uri,
        published_at=_published(record.get("createdAt"), view.get("indexedAt")),
        description=text(record.get("text")),
        url=f"https://bsky.app/profile/{who}/post/{uri.rpartition('/')[2]}" if who else "",
        content_type=_content_type(part(record, "embed")),
    )


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an object; empty when it is absent or no object."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The text without NUL, which no database keeps; empty when it is no text."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _content_type(embed: Mapping[str, Any]) -> str:
    kind = embed.get("$type")
    if kind == "app.bsky.embed.recordWithMedia":
        kind = part(embed, "media").get("$type")
    return _TYPES.get(kind, "text") if isinstance(kind, str) else "text"


def _published(created: object, indexed: object) -> datetime | None:
    """The earlier of both, as Bluesky itself sorts: the app that posted names the first, and may name any
    time."""
    known = [at for at in (_instant(created), _instant(indexed)) if at is not None]
    return min(known, default=None)


def _item(raw: msgspec.Raw) -> Mapping[str, Any] | None:
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None
