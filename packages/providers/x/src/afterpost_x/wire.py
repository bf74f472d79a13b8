"""How X spells what the emulator answers, in both dialects: posts, users, problems, and timed ids."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from afterpost.emulator import NumericIds, Response, WorldAccount, WorldPost

Dialect = Literal["tweet", "post"]

PUBLIC: Mapping[Dialect, Mapping[str, str]] = {
    "tweet": {
        "impressions": "impression_count",
        "likes": "like_count",
        "comments": "reply_count",
        "shares": "retweet_count",
        "quotes": "quote_count",
        "saves": "bookmark_count",
    },
    "post": {
        "impressions": "impression_count",
        "likes": "like_count",
        "comments": "reply_count",
        "shares": "repost_count",
        "quotes": "quote_count",
        "saves": "bookmark_count",
    },
}
"""Dialect -> canonical metric -> field of `public_metrics`."""

NON_PUBLIC = {"clicks_link": "url_link_clicks", "clicks_profile": "user_profile_clicks"}
"""Canonical metric -> field of `non_public_metrics`."""

NON_PUBLIC_AGE = timedelta(days=30)

FIELDS: Mapping[Dialect, frozenset[str]] = {
    dialect: frozenset(
        {"id", "text", "attachments", "created_at", f"note_{dialect}", "public_metrics", "non_public_metrics"}
    )
    for dialect in ("tweet", "post")
}
"""What a post can be asked for here."""

PROBLEMS: Mapping[Dialect, str] = {
    "tweet": "https://api.twitter.com/2/problems/",
    "post": "https://api.x.com/2/problems/",
}

_EPOCH = 1_288_834_974_657
_MEDIA = {"image": "3", "photo": "3", "video": "7", "reel": "7", "short": "7"}


class TimedIds(NumericIds):
    """Ids of posts that carry when they were published, as X's do."""

    def of_post(self, post: WorldPost) -> str:
        """The digits for a post."""
        if post.id.isascii() and post.id.isdigit():
            return post.id
        mark = int.from_bytes(hashlib.sha256(post.id.encode()).digest()[:3]) % 2**22
        return str((int(post.published_at.timestamp() * 1_000) - _EPOCH << 22) + mark)


def post(
    shown: WorldPost,
    post_id: str,
    metrics: Mapping[str, int],
    fields: Sequence[str],
    dialect: Dialect,
    now: datetime,
) -> dict[str, Any]:
    """A post with the fields that were asked for; counts that the world hides are absent."""
    said = shown.title if not shown.description else f"{shown.title}\n\n{shown.description}"
    whole: dict[str, Any] = {
        "created_at": shown.published_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "public_metrics": _counts(metrics, PUBLIC[dialect]),
    }
    if shown.content_type in _MEDIA:
        whole["attachments"] = {"media_keys": [f"{_MEDIA[shown.content_type]}_{post_id}"]}
    if len(said) > 280:
        whole[f"note_{dialect}"] = {"text": said}
    if young(shown, now):
        whole["non_public_metrics"] = _counts(metrics, NON_PUBLIC) | {
            "engagements": sum(metrics.get(name, 0) for name in ("likes", "comments", "shares"))
        }
    # Without being asked X tells these three; who never edits has one id.
    always = {"id": post_id, "text": said[:280], f"edit_history_{dialect}_ids": [post_id]}
    return always | {name: whole[name] for name in fields if name in whole}


def young(shown: WorldPost, now: datetime) -> bool:
    """True while X tells what only the author may see."""
    return now - shown.published_at < NON_PUBLIC_AGE


def user(account: WorldAccount, account_id: str, posts: int, dialect: Dialect) -> dict[str, Any]:
    """The signed-in user, with counts."""
    counts = {
        "followers_count": 1_000 + sum(account.id.encode()),
        "following_count": 12,
        f"{dialect}_count": posts,
        "listed_count": 3,
    }
    name = "".join(letter for letter in account.handle if letter.isalnum() or letter == "_")[:15]
    return {"id": account_id, "name": account.name, "username": name, "public_metrics": counts}


def not_found(post_id: str, dialect: Dialect) -> dict[str, Any]:
    """What an answer says of a post that is not there."""
    return {
        "type": PROBLEMS[dialect] + "resource-not-found",
        "title": "Not Found Error",
        "detail": f"Could not find {dialect} with ids: [{post_id}].",
        "parameter": "ids",
        "value": post_id,
        "resource_id": post_id,
        "resource_type": dialect,
    }


def field_refused(post_id: str, dialect: Dialect) -> dict[str, Any]:
    """What an answer says of non-public counts of an old post."""
    return {
        "type": PROBLEMS[dialect] + "not-authorized-for-field",
        "title": "Field Authorization Error",
        "detail": "Sorry, you are not authorized to access 'non_public_metrics' on this post.",
        "field": "non_public_metrics",
        "section": "data",
        "resource_type": dialect,
        **({"resource_id": post_id, "value": post_id} if dialect == "post" else {}),
    }


def problem(
    status: int,
    name: str,
    title: str,
    detail: str,
    dialect: Dialect = "post",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A refusal; `name` empty: of no particular type."""
    kind = PROBLEMS[dialect] + name if name else "about:blank"
    body = {"title": title, "type": kind, "detail": detail, "status": status, **more}
    told = {"x-transaction-id": "0f1e2d3c4b5a6978"} | dict(headers or {})
    return Response.json(body, status, told)


def no_token(code: str, message: str, status: int = 400) -> Response:
    """A refusal of the token endpoint, which has an envelope of its own."""
    return Response.json({"error": code, "error_description": message}, status)


def _counts(metrics: Mapping[str, int], fields: Mapping[str, str]) -> dict[str, int]:
    return {fields[metric]: count for metric, count in metrics.items() if metric in fields}
