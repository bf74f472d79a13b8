"""How did this post do now? Its latest numbers, today's included, its days, and its readings."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from afterpost.domain.errors import NotFound
from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.rates import engagements, exposure, rate
from afterpost.domain.readings import Value
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import PARTS, Bucket, Row, State, book
from afterpost.domain.windows import (
    Window,
    day_date,
    day_number,
    local_day_number,
    skipped_days,
    zone_of,
)
from afterpost.services.core import Core
from afterpost.services.equal_age import AtAge, at_ages, born_as
from afterpost.services.question import window_of
from afterpost.services.windows import WindowMeta, shown
from afterpost.storage import archive, latest, observations, posts, snapshots
from afterpost.storage.engine import Connection
from afterpost.storage.observations import DailyValue, Observation
from afterpost.storage.posts import Post

Reason = Literal["not_published", "gap", "not_reported", "not_collected"]


class Summary(Struct, frozen=True):
    """A post's latest numbers. `metrics`: last known lifetime total of each reported counter; `gauges`: the
    last snapshot's levels and ratios; `as_of_date`: the day of the last snapshot, today while it lasts."""

    metrics: Mapping[str, int]
    gauges: Mapping[str, Value]
    engagements: int | None
    exposure: str | None
    engagement_rate: float | None
    first_date: date | None
    as_of_date: date | None
    partial_day: bool


class PlatformSummary(Struct, frozen=True):
    """The summary of one platform."""

    platform: str
    summary: Summary


class PostDay(Struct, frozen=True):
    """One day of a post. `totals`: lifetime totals read that day; `earned`: what is booked to the day, None
    where unknown; `estimated`: the part of it booked without an observation; `reason`: why the day has no
    observation of its own, or `not_reported` when it has one without numbers."""

    date: date
    observed: bool
    totals: Mapping[str, int]
    earned: Mapping[str, int]
    estimated: Mapping[str, int]
    reason: Reason | None


class PostAnalytics(Struct, frozen=True):
    """Summary now, by platform, daily rows of the window (complete days), series that are per day already,
    and the post at each checkpoint age against what earlier posts lead to expect (`ages`; empty while its
    publication is unknown)."""

    post_id: int
    summary: Summary
    platforms: tuple[PlatformSummary, ...]
    daily: tuple[PostDay, ...]
    daily_series: tuple[DailyValue, ...]
    ages: tuple[AtAge, ...]


class PostMeta(Struct, frozen=True):
    """The window of the daily rows, and where the readings behind all this are shown."""

    window: WindowMeta
    as_of: datetime
    receipt: str


def post_analytics(
    core: Core, scope: Scope, post_id: int, *, start: date | None = None, end: date | None = None
) -> tuple[PostAnalytics, PostMeta]:
    """The post's summary and its days in a window; default: the 7 days that end yesterday."""
    with core.read(scope) as connection:
        post = posts.get_post(connection, scope, post_id)
        if post is None:
            raise NotFound(f"There is no post {post_id}.")
        organization = core.organization(connection, scope)
        window = window_of(core, organization, start, end)
        standing = latest.load(connection, scope, [post_id]).get(post_id)
        state = None if standing is None else standing.state
        since = day_number(window.start) if state is None else min(day_number(window.start), state.last_day)
        history = snapshots.since(connection, scope, [post_id], since).get(post_id, [])
        zone = zone_of(organization.time_zone)
        today = local_day_number(core.now(), zone)
        summary = _summary(state, history[0].row if history else None, today)
        series = observations.daily_of_post(
            connection, scope, post_id, day_number(window.start), day_number(window.end)
        )
        born = born_as(post, zone)
        ages = at_ages(connection, born, zone, core.now()) if born is not None else ()
    answer = PostAnalytics(
        post_id=post_id,
        summary=summary,
        platforms=(PlatformSummary(post.platform, summary),),
        daily=tuple(_days(post, state, [stored.row for stored in history], window)),
        daily_series=tuple(series),
        ages=ages,
    )
    return answer, PostMeta(shown(window), core.now(), f"/v1/posts/{post_id}/observations")


def _summary(state: State | None, last: Row | None, today: int) -> Summary:
    if state is None or last is None:
        return Summary({}, {}, None, None, None, None, None, False)
    totals: dict[str, int | None] = {name: known.total for name, known in state.known.items()}
    engaged, exposed = engagements(totals), exposure(totals)
    complete = all(name in totals for name in PARTS[last.offers])
    order = {name: n for n, name in enumerate(CUMULATIVE)}
    return Summary(
        metrics={
            name: known.total
            for name, known in sorted(state.known.items(), key=lambda k: (order.get(k[0], 99), k[0]))
        },
        gauges=last.gauges,
        engagements=engaged,
        exposure=exposed[0] if exposed else None,
        engagement_rate=rate(engaged, exposed[1] if exposed and complete else None),
        first_date=day_date(state.first_day),
        as_of_date=day_date(state.last_day),
        partial_day=state.last_day >= today,
    )


def _days(post: Post, state: State | None, history: list[Row], window: Window) -> list[PostDay]:
    booked: dict[int, Bucket] = {}
    rows = {row.day: row for row in history}
    for row in history:
        book(row, 1, booked, skipped_days(zone_of(window.zone)))
    published = post.published_on
    found = []
    for day in window:
        number = day_number(day)
        bucket, own = booked.get(number, {}), rows.get(number)
        covered = [name for name in CUMULATIVE if bucket.get(f"{name}_covered")]
        reason: Reason | None = None
        if own is not None:
            reason = None if own.cells else "not_reported"
        elif published is not None and day < published:
            reason = "not_published"
        elif (state is not None and state.first_day < number < state.last_day) or covered:
            reason = "gap"
        else:
            reason = "not_collected"
        found.append(
            PostDay(
                date=day,
                observed=own is not None,
                totals={name: cell.total for name, cell in own.cells.items()} if own else {},
                earned={name: bucket.get(f"{name}_gain", 0) for name in covered},
                estimated={
                    name: bucket[f"{name}_estimated"] for name in covered if f"{name}_estimated" in bucket
                },
                reason=reason,
            )
        )
    return found


def with_payloads(
    connection: Connection, scope: Scope, post_id: int, found: list[Observation]
) -> list[Observation]:
    """The post's readings with the hashes of what each was read from."""
    parts = archive.digests_of(connection, scope, post_id, sorted({each.run_id for each in found}))
    return [
        msgspec.structs.replace(
            each, payloads=tuple(p.digest.hex() for p in parts.get(each.run_id, ()) if p.digest is not None)
        )
        for each in found
    ]


def post_observations(
    core: Core, scope: Scope, post_id: int, *, before: date | None, days: int
) -> tuple[list[Observation], date | None]:
    """The readings of the post's last snapshot days before a day, newest first, and the next `before`."""
    with core.read(scope) as connection:
        if posts.get_post(connection, scope, post_id) is None:
            raise NotFound(f"There is no post {post_id}.")
        limit = None if before is None else day_number(before)
        chain = [
            stored.row.day
            for stored in snapshots.since(connection, scope, [post_id], -(10**6)).get(post_id, [])
            if limit is None or stored.row.day < limit
        ]
        page = chain[:days]
        found = with_payloads(
            connection, scope, post_id, observations.of_post(connection, scope, post_id, page)
        )
    return found, day_date(page[-1]) if len(chain) > days else None
