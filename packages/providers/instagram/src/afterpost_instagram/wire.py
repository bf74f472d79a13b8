"""How Meta spells what the emulator answers: media, insights, refusals, and what a request may hold."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from afterpost.emulator import Response, WorldPost

MAX_LIMIT = 100

USER_FIELDS = (
    "id",
    "user_id",
    "username",
    "name",
    "account_type",
    "biography",
    "profile_picture_url",
    "followers_count",
    "follows_count",
    "media_count",
)

MEDIA_FIELDS = (
    "id",
    "caption",
    "media_type",
    "media_product_type",
    "media_url",
    "permalink",
    "shortcode",
    "timestamp",
    "username",
    "like_count",
    "comments_count",
)

METRICS = {
    "FEED": (
        "views",
        "reach",
        "likes",
        "comments",
        "shares",
        "saved",
        "total_interactions",
        "follows",
        "profile_visits",
        "profile_activity",
    ),
    "REELS": (
        "views",
        "reach",
        "likes",
        "comments",
        "shares",
        "saved",
        "total_interactions",
        "ig_reels_avg_watch_time",
        "ig_reels_video_view_total_time",
    ),
    "STORY": (
        "views",
        "reach",
        "shares",
        "total_interactions",
        "follows",
        "profile_visits",
        "profile_activity",
        "replies",
        "navigation",
    ),
}
"""Media product type -> what there are insights of."""

_KNOWN = sorted({name for names in METRICS.values() for name in names})
_TRACE = "AbCdEfGhIjKlMnOpQrStUvW"
_PARTS = ("likes", "comments", "shares", "saves")
_FIELDS = {
    "views": "views",
    "reach": "reach",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saved",
    "follows": "follows",
    "clicks_profile": "profile_visits",
}


def refusal(
    code: int,
    message: str,
    *,
    status: int = 400,
    subcode: int | None = None,
    transient: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Meta's error envelope."""
    error = {"message": message, "type": "OAuthException", "code": code}
    more = {"error_subcode": subcode} if subcode else {}
    if transient:
        more = {"is_transient": True}
    return Response.json({"error": error | more | {"fbtrace_id": _TRACE}}, status, headers)


def gone(media_id: str) -> Response:
    """The refusal of an object that is not there, or not to be seen."""
    message = (
        f"Unsupported get request. Object with ID '{media_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation."
    )
    return refusal(100, message, subcode=33)


def dead_metrics(names: Sequence[str]) -> Response:
    """The refusal of a whole call for some of its metrics."""
    dead = ", ".join(names)
    message = f"(#100) The Media Insights API does not support the {dead} metric for this media product type."
    return refusal(100, message)


def unknown_metric(place: int) -> Response:
    """The refusal of a whole call for a metric that there is not."""
    return refusal(100, f"(#100) metric[{place}] must be one of the following values: {', '.join(_KNOWN)}")


def unknown_field(name: str) -> Response:
    """The refusal of a field or parameter."""
    return refusal(100, f"(#100) Tried accessing nonexisting field ({name})")


def product_of(post: WorldPost) -> str:
    """The media product type; every video is a reel."""
    return {"video": "REELS", "reel": "REELS", "short": "REELS", "story": "STORY"}.get(
        post.content_type, "FEED"
    )


def media(
    username: str, post: WorldPost, metrics: Mapping[str, int], fields: Iterable[str]
) -> dict[str, Any]:
    """The chosen fields of a media; counts the world hides are absent."""
    product = product_of(post)
    kind = "VIDEO" if product == "REELS" else "CAROUSEL_ALBUM" if post.content_type == "carousel" else "IMAGE"
    whole = {
        "id": post.id,
        "caption": post.description or post.title,
        "media_type": kind,
        "media_product_type": product,
        "media_url": f"https://cdn.example/{post.id}",
        "permalink": f"https://www.instagram.com/{'reel' if kind == 'VIDEO' else 'p'}/{post.id}/",
        "shortcode": post.id,
        "timestamp": post.published_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "username": username,
    } | {
        field: metrics[metric]
        for metric, field in {"likes": "like_count", "comments": "comments_count"}.items()
        if metric in metrics
    }
    return {field: whole[field] for field in fields if field in whole}


def insights(post: WorldPost, metrics: Mapping[str, int], names: Sequence[str]) -> Response:
    """The insights of a media; what the world does not tell is left out."""
    known = {_FIELDS[metric]: count for metric, count in metrics.items() if metric in _FIELDS}
    if "watch_time_seconds" in metrics:
        milliseconds = metrics["watch_time_seconds"] * 1_000
        known["ig_reels_video_view_total_time"] = milliseconds
        if metrics.get("views"):
            known["ig_reels_avg_watch_time"] = milliseconds // metrics["views"]
    if any(part in metrics for part in _PARTS):
        known["total_interactions"] = sum(metrics.get(part, 0) for part in _PARTS)
    data = [
        {
            "name": name,
            "period": "lifetime",
            "values": [{"value": known[name]}],
            "title": name.replace("_", " ").capitalize(),
            "description": f"The number of {name}.",
            "id": f"{post.id}/insights/{name}/lifetime",
        }
        for name in names
        if name in known
    ]
    return Response.json({"data": data})


def cursor_of(place: int) -> str:
    """A place in a list as a cursor."""
    return base64.urlsafe_b64encode(f"at {place}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> int | None:
    """The place a cursor stands for: 0 without one, None for one that is no cursor."""
    if cursor is None:
        return 0
    try:
        word, _, place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        return int(place) if word == "at" and int(place) >= 0 else None
    except (binascii.Error, ValueError):
        return None
