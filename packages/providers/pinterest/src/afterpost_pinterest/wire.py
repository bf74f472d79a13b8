"""How Pinterest spells what the emulator answers: pins, days, refusals."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from afterpost.emulator import Response, WorldPost

LIFETIME = {
    "impressions": "impression",
    "likes": "reaction",
    "comments": "comment",
    "clicks_link": "clickthrough",
    "clicks_post": "pin_click",
}
"""Canonical metric -> field of a pin's lifetime counts."""

STANDARD = {
    "impressions": "IMPRESSION",
    "clicks_link": "OUTBOUND_CLICK",
    "clicks_post": "PIN_CLICK",
    "saves": "SAVE",
    "clicks_profile": "PROFILE_VISIT",
    "follows": "USER_FOLLOW",
}
"""Canonical metric -> metric type by day, of every pin."""

VIDEO = {"views": "VIDEO_MRC_VIEW", "watch_time_seconds": "VIDEO_V50_WATCH_TIME"}
"""The same, of videos."""

METRIC_TYPES = frozenset(
    {
        *STANDARD.values(),
        *VIDEO.values(),
        "SAVE_RATE",
        "TOTAL_COMMENTS",
        "TOTAL_REACTIONS",
        "VIDEO_10S_VIEW",
        "QUARTILE_95_PERCENT_VIEW",
        "VIDEO_START",
        "VIDEO_AVG_WATCH_TIME",
    }
)
"""Every metric type that analytics can be asked for."""

LIFETIME_SINCE = datetime(2023, 3, 20, tzinfo=UTC)
"""Pins from before have lifetime counts only where they are videos or ideas."""

_CREATIVE = {"video": "VIDEO", "carousel": "CAROUSEL", "idea": "IDEA"}


def pin(post: WorldPost, pin_id: str, metrics: Mapping[str, int] | None) -> dict[str, Any]:
    """A pin, with its counts where they were asked for."""
    made: dict[str, Any] = {
        "id": pin_id,
        # As the platform writes it: UTC, without saying so.
        "created_at": post.published_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "creative_type": _CREATIVE.get(post.content_type, "REGULAR"),
        "title": post.title[:100],
        "description": post.description[:800],
        "link": None,
        "alt_text": None,
        "board_section_id": None,
        "parent_pin_id": None,
        "dominant_color": "#6E7874",
        "is_owner": True,
        "is_standard": True,
        "has_been_promoted": False,
        "media": {"media_type": "video" if post.content_type == "video" else "image"},
    }
    if metrics is not None:
        made["pin_metrics"] = _pin_metrics(post, metrics)
    return made


def _pin_metrics(post: WorldPost, metrics: Mapping[str, int]) -> dict[str, Any] | None:
    if post.published_at < LIFETIME_SINCE and post.content_type not in ("video", "idea"):
        return None
    shown = {LIFETIME[metric]: count for metric, count in metrics.items() if metric in LIFETIME}
    return {"lifetime_metrics": shown}


def day(at: date, status: str, metrics: Mapping[str, float]) -> dict[str, Any]:
    """A day of analytics."""
    return {"data_status": status, "date": at.isoformat(), "metrics": metrics}


def gained(asked: Sequence[str], before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, float]:
    """What the counts gained in a day, as the metric types that were asked for."""
    found: dict[str, float] = {}
    for metric, native in (STANDARD | VIDEO).items():
        if native in asked and metric in after:
            gain = max(0, after[metric] - before.get(metric, 0))
            found[native] = gain * 1_000 if metric.endswith("_seconds") else gain
    views, watched = found.get("VIDEO_MRC_VIEW"), found.get("VIDEO_V50_WATCH_TIME")
    if "VIDEO_AVG_WATCH_TIME" in asked and views and watched is not None:
        found["VIDEO_AVG_WATCH_TIME"] = round(watched / views, 2)
    return found


def refusal(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of version 5."""
    return Response.json({"code": code, "message": message}, status, headers)
