"""How Bluesky spells what the emulator answers: posts, profiles, tokens, refusals, and their addresses."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from afterpost.emulator import Response, WorldAccount, WorldPost

FIELDS = {
    "likes": "likeCount",
    "comments": "replyCount",
    "shares": "repostCount",
    "quotes": "quoteCount",
    "saves": "bookmarkCount",
}
"""Canonical metric -> field of a post."""

COLLECTION = "app.bsky.feed.post"
_REPOST = "app.bsky.feed.defs#reasonRepost"

_LINK = {"uri": "https://example.com/", "title": "", "description": ""}


def did(account_id: str) -> str:
    """The account's DID: its id where that is one, else one made of it."""
    return account_id if account_id.startswith("did:") else f"did:plc:{account_id}"


def handle(account: WorldAccount) -> str:
    """The account's handle: a domain, also where the world has a word with an @."""
    name = account.handle.lstrip("@").lower()
    return name if "." in name else f"{name}.bsky.social"


def uri(post: WorldPost) -> str:
    """The post's address: its id where that is one, else one made of it."""
    return post.id if post.id.startswith("at://") else f"at://{did(post.account_id)}/{COLLECTION}/{post.id}"


def author(account: WorldAccount) -> dict[str, Any]:
    """A `profileViewBasic`."""
    return {"did": did(account.id), "handle": handle(account), "displayName": account.name, "labels": []}


def post_view(account: WorldAccount, post: WorldPost, metrics: Mapping[str, int]) -> dict[str, Any]:
    """A `postView`; counts that the world hides are absent."""
    said = post.title if not post.description else f"{post.title}\n\n{post.description}"
    record: dict[str, Any] = {"$type": COLLECTION, "text": said, "createdAt": instant(post.published_at)}
    if (embed := _embed(post)) is not None:
        record["embed"] = embed
    return {
        "uri": uri(post),
        "cid": cid(post.id),
        "author": author(account),
        "record": record,
        **{FIELDS[metric]: count for metric, count in metrics.items() if metric in FIELDS},
        "indexedAt": instant(post.visible_from),
        "labels": [],
    }


def _embed(post: WorldPost) -> dict[str, Any] | None:
    """What the author's record embeds; types of content that are not known here embed nothing."""
    if post.content_type == "image":
        return {"$type": "app.bsky.embed.images", "images": [{"image": _blob(post, "image/jpeg"), "alt": ""}]}
    if post.content_type == "video":
        return {"$type": "app.bsky.embed.video", "video": _blob(post, "video/mp4")}
    if post.content_type == "link":
        return {"$type": "app.bsky.embed.external", "external": _LINK}
    return None


def _blob(post: WorldPost, kind: str) -> dict[str, Any]:
    """A file of the author's server, as a record names it."""
    return {"$type": "blob", "ref": {"$link": cid(f"blob of {post.id}")}, "mimeType": kind, "size": 48_000}


def repost_of(account: WorldAccount, view: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The item of a feed that says the account reposted a post."""
    reason = {
        "$type": _REPOST,
        "by": author(account),
        "indexedAt": instant(now),
    }
    return {"post": view, "reason": reason}


def with_repost(response: Response) -> Response | None:
    """A feed with a post of somebody else, reposted by the account; None for a feed of nothing."""
    answer = msgspec.json.decode(response.body)
    own = next((item["post"] for item in answer.get("feed", ()) if "reason" not in item), None)
    if own is None:
        return None
    other = {"did": "did:plc:somebody", "handle": "somebody.bsky.social", "labels": []}
    theirs = {**own, "uri": f"at://{other['did']}/{COLLECTION}/theirs", "cid": cid("theirs"), "author": other}
    reason = {"$type": _REPOST, "by": own["author"], "indexedAt": own["indexedAt"]}
    answer["feed"].insert(1, {"post": theirs, "reason": reason})
    return msgspec.structs.replace(response, body=msgspec.json.encode(answer))


def document(account: WorldAccount, server: str) -> dict[str, Any]:
    """The DID document, which names the account's own server."""
    return {
        "id": did(account.id),
        "alsoKnownAs": [f"at://{handle(account)}"],
        "service": [
            {
                "id": "#atproto_pds",
                "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": f"https://{server}",
            }
        ],
    }


def token(inner: str, account: WorldAccount, scope: str, ends: datetime) -> str:
    """A JWT around a token of the engine; clients read when it ends."""
    claims = {
        "scope": scope,
        "sub": did(account.id),
        "exp": int(ends.timestamp()),
        "jti": inner,
    }
    parts = [msgspec.json.encode(part) for part in ({"typ": "at+jwt", "alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "emulated"])


def inner(sent: str) -> tuple[str, int]:
    """What `token` was made around and when it ends (unix seconds); a token of the world never does."""
    try:
        middle = sent.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return str(claims["jti"]), int(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return sent, 2**62


def refusal(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of XRPC."""
    return Response.json({"error": name, "message": message}, status, headers)


def allowance(now: datetime, remaining: int, wait: int = 300) -> dict[str, str]:
    """The headers that say how many calls are left; there is no Retry-After."""
    return {
        "ratelimit-limit": "3000",
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(int(now.timestamp()) + wait),
        "ratelimit-policy": "3000;w=300",
    }


def cid(name: str) -> str:
    """A content id, as long and of the same letters as the platform's."""
    return "bafyrei" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:52]


def instant(at: datetime) -> str:
    """As records write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
