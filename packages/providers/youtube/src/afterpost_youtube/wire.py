"""How YouTube spells what the emulator answers: resources, lists, refusals, and query values."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from afterpost.emulator import Request, Response, WorldAccount, WorldPost
from afterpost_youtube.payloads import COUNTS

MAX_RESULTS = 50
"""The most items on a page and ids in a call."""

DEFAULT_RESULTS = 5
"""Items on a page where the request does not say."""

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def playlist_item(account: WorldAccount, playlist: str, post: WorldPost, place: int) -> dict[str, Any]:
    """A `playlistItem` with all its parts."""
    return {
        "snippet": {
            "publishedAt": _instant(post.visible_from),
            "channelId": account.id,
            "title": post.title,
            "description": post.description,
            "channelTitle": account.name,
            "playlistId": playlist,
            "position": place,
            "resourceId": {"kind": "youtube#video", "videoId": post.id},
            "videoOwnerChannelTitle": account.name,
            "videoOwnerChannelId": account.id,
        },
        "contentDetails": {"videoId": post.id, "videoPublishedAt": _instant(post.published_at)},
    }


def video(account: WorldAccount, post: WorldPost, metrics: Mapping[str, int]) -> dict[str, Any]:
    """A `video` with all its parts; counts the world hides are absent."""
    shown = {COUNTS[metric]: str(count) for metric, count in metrics.items() if metric in COUNTS}
    return {
        "snippet": {
            "publishedAt": _instant(post.published_at),
            "channelId": account.id,
            "title": post.title,
            "description": post.description,
            "channelTitle": account.name,
            "liveBroadcastContent": "none",
        },
        "contentDetails": {
            "duration": _duration(post.duration_seconds),
            "dimension": "2d",
            "definition": "hd",
            "caption": "false",
            "licensedContent": False,
            "projection": "rectangular",
        },
        "status": {"uploadStatus": "processed", "privacyStatus": "public"},
        "statistics": shown | {"favoriteCount": "0"},
    }


def resource(kind: str, resource_id: str, parts: frozenset[str], made: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with the chosen parts only."""
    chosen = {name: value for name, value in made.items() if name in parts}
    return {"kind": f"youtube#{kind}", "id": resource_id} | chosen


def listing(
    kind: str,
    items: Sequence[Mapping[str, Any]] | None,
    *,
    total: int,
    size: int,
    more: Mapping[str, str] | None = None,
) -> Response:
    """A list answer; `items` None leaves the field out."""
    frame = {
        "kind": f"youtube#{kind}ListResponse",
        **(more or {}),
        "pageInfo": {"totalResults": total, "resultsPerPage": size},
    }
    return Response.json(frame if items is None else frame | {"items": items})


def refusal(
    status: int,
    reason: str,
    domain: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    details: Sequence[Mapping[str, Any]] = (),
    **where: str,
) -> Response:
    """The error envelope of Google's APIs, in the form that names reasons; the newer ones add `details`."""
    named = {"message": message, "domain": domain, "reason": reason, **where}
    error = {"code": status, "message": message, "errors": [named], "status": _STATUS.get(status, "UNKNOWN")}
    return Response.json({"error": error | ({"details": details} if details else {})}, status, headers)


def error_info(reason: str, **metadata: str) -> Mapping[str, Any]:
    """A detail of a refusal as the newer APIs have it."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "youtubeanalytics.googleapis.com", **metadata},
    }


def bad_parameter(name: str, reason: str, message: str, domain: str = "youtube.parameter") -> Response:
    """A 400 that names the parameter."""
    return refusal(400, reason, domain, message, location=name, locationType="parameter")


def no_filter() -> Response:
    """The refusal of a list that is not told what to list."""
    return bad_parameter("parameters.", "missingRequiredParameter", "No filter selected.")


def unauthorized() -> Response:
    """The refusal of an access token."""
    header = {"www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'}
    return refusal(
        401, "authError", "global", "Invalid Credentials", headers=header, location="Authorization"
    )


def no_token(code: str, message: str, status: int = 400) -> Response:
    """A refusal of the token endpoint, which has an envelope of its own."""
    return Response.json({"error": code, "error_description": message}, status)


def listed(request: Request, name: str) -> list[str]:
    """The values of a parameter that may be repeated, separated by commas, or both."""
    return [one for value in request.params(name) for one in value.split(",") if one]


def size_of(text: str | None) -> int | None:
    """The page size `maxResults` asks for; None when it is none."""
    if text is None:
        return DEFAULT_RESULTS
    return int(text) if text.isascii() and text.isdigit() and int(text[:4]) <= MAX_RESULTS else None


def start_of(token: str | None) -> int | None:
    """The place a page token stands for: 0 without one, None for one that is no token."""
    if token is None:
        return 0
    try:
        word, _, place = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(" ")
        return int(place) if word == "page" and int(place) >= 0 else None
    except (binascii.Error, ValueError):
        return None


def encoded(text: str) -> str:
    """Text as an opaque id or token."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def uploads(channel_id: str) -> str:
    """The id of a channel's uploads playlist."""
    return "UU" + channel_id.removeprefix("UC")


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(seconds: int | None) -> str:
    """ISO 8601 as YouTube writes it: PT4M13S, and P0D where it knows none."""
    if not seconds:
        return "P0D"
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return (
        "PT"
        + (f"{hour}H" if hour else "")
        + (f"{minute}M" if minute else "")
        + (f"{second}S" if second else "")
    )
