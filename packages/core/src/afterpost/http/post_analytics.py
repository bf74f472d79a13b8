"""A post's numbers: by day, down to the readings, and read anew on request."""

from datetime import date, datetime
from typing import Annotated

from litestar import get, post
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.http.asking import AS_OF
from afterpost.http.errors import problems
from afterpost.http.params import EndDate, PostId, StartDate
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta, ObservationView, RunView, observation_view, run_view
from afterpost.services import refresh
from afterpost.services.post_summary import (
    PostAnalytics,
    PostMeta,
    Summary,
    post_analytics,
    post_observations,
)


class PostAnalyticsAnswer(Struct, frozen=True):
    """A post's summary now and its days in a window."""

    data: PostAnalytics
    meta: PostMeta


class ObservationsMeta(Struct, frozen=True):
    """`next_before`: give it as `before` for the days further back; null when there are none."""

    next_before: date | None


class ObservationsAnswer(Struct, frozen=True):
    """Readings as they were stored, newest first."""

    data: list[ObservationView]
    meta: ObservationsMeta


class RefreshedView(Struct, frozen=True):
    """The post's numbers now, the run that read them, and when it was asked for."""

    summary: Summary
    run: RunView
    last_refreshed: datetime


class RefreshedAnswer(Struct, frozen=True):
    """What a refresh of one post came to."""

    data: RefreshedView
    meta: NoMeta = NoMeta()


class StartedView(Struct, frozen=True):
    """The run that now reads every account; `accounts`: how many; `last_refreshed`: when it was asked for."""

    run: RunView
    accounts: int
    last_refreshed: datetime


class StartedAnswer(Struct, frozen=True):
    """A refresh of all posts that has begun."""

    data: StartedView
    meta: NoMeta = NoMeta()


@get(
    "/posts/{post_id:int}/analytics",
    dependencies=AS_OF,
    summary="A post's days",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_post_analytics(
    call: Call, post_id: PostId, start_date: StartDate = None, end_date: EndDate = None
) -> PostAnalyticsAnswer:
    """The post's summary, and for each day of the window its totals and what is booked to it."""
    analytics, meta = await call.reading(post_analytics, post_id, start=start_date, end=end_date)
    return PostAnalyticsAnswer(analytics, meta)


@get(
    "/posts/{post_id:int}/observations",
    dependencies=AS_OF,
    summary="A post's readings",
    responses=problems("not_found", "invalid_as_of"),
)
async def read_observations(
    call: Call,
    post_id: PostId,
    before: Annotated[date | None, QueryParameter(description="Only days before this one")] = None,
    days: Annotated[int, QueryParameter(ge=1, le=100, description="How many days with readings")] = 10,
) -> ObservationsAnswer:
    """The readings behind the post's numbers, newest first, with the definitions in force."""
    found, following = await call.reading(post_observations, post_id, before=before, days=days)
    return ObservationsAnswer([observation_view(each) for each in found], ObservationsMeta(following))


@post(
    "/posts/{post_id:int}/refresh-analytics",
    status_code=200,
    opt={"action": "collect"},
    summary="Read a post now",
    responses=problems("not_found", "conflict", "too_large", "too_soon", "refresh_failed", "denied", "held"),
)
async def refresh_post(call: Call, post_id: PostId) -> RefreshedAnswer:
    """Ask the platform for this post's numbers, once an hour; a failed refresh does not use up the hour."""
    done = await refresh.refresh_post(call.core, call.scope, call.actor, post_id)
    return RefreshedAnswer(RefreshedView(done.summary, run_view(done.run), done.last_refreshed))


@post(
    "/posts/analytics",
    status_code=202,
    opt={"action": "collect"},
    summary="Read all posts now",
    responses=problems("conflict", "too_large", "too_soon"),
)
async def refresh_posts(call: Call) -> StartedAnswer:
    """Begin to read every connected account, once an hour; answers at once with the run to follow."""
    claim = await call.writing(refresh.claim_all)
    call.background.start(refresh.run_all(call.core, call.scope, call.actor, claim), f"run {claim.run.id}")
    return StartedAnswer(StartedView(run_view(claim.run), len(claim.account_ids), claim.claimed_at))
