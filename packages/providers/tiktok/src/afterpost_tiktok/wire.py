"""How TikTok spells what the emulator answers: videos, refusals, and what a request may hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from afterpost.emulator import Response, WorldPost

MAX_COUNT = 20
"""The most videos on a page and ids in a query."""

USER_FIELDS = {
    "user.info.basic": ("open_id", "union_id", "avatar_url", "display_name"),
    "user.info.stats": ("follower_count", "following_count", "likes_count", "video_count"),
}
"""Scope -> the fields of a user that it opens."""

VIDEO_FIELDS = (
    "id",
    "create_time",
    "cover_image_url",
    "share_url",
    "video_description",
    "duration",
    "height",
    "width",
    "title",
    "embed_html",
    "embed_link",
    "like_count",
    "comment_count",
    "share_count",
    "view_count",
)
"""Every field of a video."""

STATUS = {
    "invalid_params": 400,
    "access_token_invalid": 401,
    "scope_not_authorized": 401,
    "scope_permission_missed": 400,
    "rate_limit_exceeded": 429,
    "internal_error": 500,
}
"""Code -> the status that it comes with."""

_LOG_ID = "202607011500000A1B2C3D4E5F60718293"
_COUNTS = {"views": "view_count", "likes": "like_count", "comments": "comment_count", "shares": "share_count"}


def answer(data: Mapping[str, Any]) -> Response:
    """A result: the data, and an error that is none."""
    return Response.json({"data": data, "error": {"code": "ok", "message": "", "log_id": _LOG_ID}})


def refusal(
    code: str, message: str, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal: no data, and an error that is one."""
    error = {"code": code, "message": message, "log_id": _LOG_ID}
    return Response.json({"data": {}, "error": error}, status or STATUS[code], headers)


def no_token(code: str, description: str, status: int = 400) -> Response:
    """A refusal of the token endpoint, which has an envelope of its own."""
    return Response.json({"error": code, "error_description": description, "log_id": _LOG_ID}, status)


def video(handle: str, post: WorldPost, metrics: Mapping[str, int], fields: Iterable[str]) -> dict[str, Any]:
    """The chosen fields of a video; counts the world hides are absent."""
    name = handle.lstrip("@")
    whole = {
        "id": post.id,
        "create_time": int(post.published_at.timestamp()),
        "cover_image_url": f"https://p16-sign.example/{post.id}.jpeg",
        "share_url": f"https://www.tiktok.com/@{name}/video/{post.id}",
        "video_description": post.description,
        "duration": post.duration_seconds or 0,
        "height": 1024,
        "width": 576,
        "title": post.title,
        "embed_html": "",
        "embed_link": f"https://www.tiktok.com/player/v1/{post.id}",
    } | {_COUNTS[metric]: count for metric, count in metrics.items() if metric in _COUNTS}
    return {field: whole[field] for field in fields if field in whole}
