"""The wire of the YouTube Analytics API over a world: `reports.query`, for the days of one video.

A day has what the counts gained in it, in Pacific time; of what the world does not count a cell is null. The
last days have no rows yet. A video of somebody else is refused, and so is what is not emulated.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from afterpost.emulator import Fault, Request, Response, World, WorldAccount, WorldPost
from afterpost_youtube import wire
from afterpost_youtube.errors import QUOTA_ZONE
from afterpost_youtube.reports import KIND, METRICS

PATH = "/v2/reports"

REQUIRED = ("ids", "startDate", "endDate", "metrics")

PARAMETERS = frozenset({*REQUIRED, "dimensions", "filters"})
"""The query parameters that it takes here."""

LATE_DAYS = 3
"""Yesterday and the day before have no rows yet; the day before those is the youngest that has one."""

_ZONE = ZoneInfo(QUOTA_ZONE)
_VIDEO = re.compile(r"video==([A-Za-z0-9_-]+)")


def answer(world: World, account: WorldAccount, request: Request, now: datetime) -> Response:
    """The report, or the API's refusal of what it does not know."""
    for name in REQUIRED:
        if not request.param(name):
            return wire.refusal(400, "required", "global", "Required")
    if request.param("ids") not in ("channel==MINE", f"channel=={account.id}"):
        return wire.refusal(403, "forbidden", "global", "Forbidden")
    start, end = _date(request.param("startDate")), _date(request.param("endDate"))
    if start is None or end is None or start > end:
        return wire.refusal(400, "invalid", "global", "Invalid value for the dates of the report.")
    asked = (request.param("metrics") or "").split(",")
    for unknown in (name for name in asked if name not in METRICS.values()):
        return unknown_metric(unknown)
    video = _VIDEO.fullmatch(request.param("filters") or "")
    if request.param("dimensions") != "day" or video is None:
        message = "The query is not supported. Check the documentation for supported queries."
        return wire.refusal(400, "badRequest", "global", message)
    post = world.post(video[1], now)
    if post is None or post.account_id != account.id:
        return wire.refusal(403, "forbidden", "global", "Forbidden")
    return _table(asked, _rows(world, post, asked, start, end, now))


def fault(fault: Fault, headers: Mapping[str, str]) -> Response:
    """A fault as this API words it, which Google made later than the Data API."""
    if fault.kind in ("rate_limited", "quota"):
        limit = "QueriesPerMinutePerProject" if fault.kind == "rate_limited" else "QueriesPerDayPerProject"
        info = wire.error_info("RATE_LIMIT_EXCEEDED", quota_limit=limit)
        message = "Quota exceeded for quota metric 'Queries'."
        return wire.refusal(429, "rateLimitExceeded", "global", message, headers, [info])
    if fault.kind == "forbidden":
        info = wire.error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")
        message = "Request had insufficient authentication scopes."
        return wire.refusal(403, "insufficientPermissions", "global", message, details=[info])
    return wire.unauthorized()


def shape(fault: Fault, request: Request, response: Response) -> Response | None:
    """The report without columns, or the refusal of a metric that was taken off; None where there is none."""
    names = [METRICS.get(name, name) for name in fault.fields or ("likes",)]
    if fault.kind == "dead_metric":
        asked = (request.param("metrics") or "").split(",")
        return next((unknown_metric(name) for name in names if name in asked), None)
    table = msgspec.json.decode(response.body)
    columns = [column["name"] for column in table.get("columnHeaders", ())]
    kept = [place for place, name in enumerate(columns) if name not in names]
    if fault.kind != "absent_field" or len(kept) == len(columns):
        return None
    for part in (table.get("columnHeaders", []), *(table.get("rows", ()))):
        part[:] = [part[place] for place in kept]
    return msgspec.structs.replace(response, body=msgspec.json.encode(table))


def unknown_metric(name: str) -> Response:
    """The refusal of a whole report for one of its metrics."""
    message = f"Unknown identifier ({name}) given in field parameters.metrics."
    return wire.refusal(400, "badRequest", "global", message)


def _table(asked: Sequence[str], rows: Sequence[Sequence[Any]]) -> Response:
    headers = [{"name": "day", "columnType": "DIMENSION", "dataType": "STRING"}]
    headers += [{"name": name, "columnType": "METRIC", "dataType": "INTEGER"} for name in asked]
    # Without data there is no `rows` at all.
    return Response.json({"kind": KIND, "columnHeaders": headers} | ({"rows": rows} if rows else {}))


def _rows(
    world: World, post: WorldPost, asked: Sequence[str], start: date, end: date, now: datetime
) -> list[list[Any]]:
    first = max(start, post.published_at.astimezone(_ZONE).date())
    last = min(end, now.astimezone(_ZONE).date() - timedelta(days=LATE_DAYS))
    rows = []
    before = _counts(world, post, first)
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        after = _counts(world, post, day + timedelta(days=1))
        gained = _gained(before, after)
        rows.append([day.isoformat(), *(gained[name] for name in asked)])
        before = after
    return rows


def _counts(world: World, post: WorldPost, day: date) -> Mapping[str, int]:
    """What the counts were when a day began; nothing before the video was published."""
    begin = datetime.combine(day, time(), _ZONE).astimezone(UTC)
    return world.metrics(post.id, begin) if begin >= post.published_at else {}


def _gained(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int | None]:
    """What a day brought, by the metrics of a report; None for what the world does not count."""
    gained: dict[str, int | None] = {
        native: after[metric] - before.get(metric, 0) if metric in after else None
        for metric, native in METRICS.items()
    }
    views, watched = gained["views"], gained[METRICS["watch_time_seconds"]]
    gained["averageViewDuration"] = None if watched is None else round(watched / views) if views else 0
    if watched is not None:
        old, new = before.get("watch_time_seconds", 0), after["watch_time_seconds"]
        gained["estimatedMinutesWatched"] = new // 60 - old // 60
    return gained


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
