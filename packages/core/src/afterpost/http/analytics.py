"""A window as a whole, by day or week, and by platform."""

from litestar import get
from msgspec import Struct

from afterpost.http.asking import OF_ALL, OF_BRAND, OF_PLATFORM, Asking
from afterpost.http.errors import problems
from afterpost.http.params import Count, CountMetric, GroupedBy
from afterpost.http.scope import Call
from afterpost.http.tags import TAGGED
from afterpost.services.advice import Hooks, Times, hooks, posting_advice
from afterpost.services.boards import Compared, platforms
from afterpost.services.growth import Engagement, Growing, engagement, growing
from afterpost.services.overview import Overview, overview
from afterpost.services.series import Point, timeseries
from afterpost.services.windows import Meta


class OverviewAnswer(Struct, frozen=True):
    """What was earned in a window, against the one before."""

    data: Overview
    meta: Meta


class SeriesAnswer(Struct, frozen=True):
    """A window by day or week; every day of it stands."""

    data: tuple[Point, ...]
    meta: Meta


class PlatformsAnswer(Struct, frozen=True):
    """A window by platform."""

    data: tuple[Compared, ...]
    meta: Meta


class GrowthAnswer(Struct, frozen=True):
    """A window against the one before."""

    data: Growing
    meta: Meta


class EngagementAnswer(Struct, frozen=True):
    """The engagements of a window."""

    data: Engagement
    meta: Meta


class TimesAnswer(Struct, frozen=True):
    """What publication times go with."""

    data: Times
    meta: Meta


class HooksAnswer(Struct, frozen=True):
    """What openings go with."""

    data: Hooks
    meta: Meta


@get(
    "/analytics/overview",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="The overview",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_overview(call: Call, question: Asking) -> OverviewAnswer:
    """What was earned in the window against the window before, and lifetime totals at its end."""
    return OverviewAnswer(*await call.reading(overview, question))


@get(
    "/analytics/timeseries",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="By day or week",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_timeseries(call: Call, question: Asking, group_by: GroupedBy = "day") -> SeriesAnswer:
    """What was earned on each day, or in each ISO week; where nothing is known it says why."""
    return SeriesAnswer(*await call.reading(timeseries, question, group_by=group_by))


@get(
    "/analytics/platforms",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="By platform",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_platforms(call: Call, question: Asking) -> PlatformsAnswer:
    """Each platform's window against the one before, most views first."""
    return PlatformsAnswer(*await call.reading(platforms, question))


@get(
    "/analytics/growth",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Growth",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_growth(call: Call, question: Asking, metric: CountMetric = "views") -> GrowthAnswer:
    """Each number of the window against the window before, and the day with most of `metric`."""
    return GrowthAnswer(*await call.reading(growing, question, metric=metric))


@get(
    "/analytics/engagement",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Engagements by part",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_engagement(call: Call, question: Asking) -> EngagementAnswer:
    """The engagements of the window by their parts, and their rate."""
    return EngagementAnswer(*await call.reading(engagement, question))


@get(
    "/analytics/posting-times",
    dependencies=OF_ALL,
    summary="When to post",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_posting_times(call: Call, question: Asking) -> TimesAnswer:
    """What the local hour of publication goes with; without `start_date` over 90 days."""
    return TimesAnswer(*await call.reading(posting_advice, question))


@get(
    "/analytics/hooks",
    dependencies=OF_ALL,
    summary="How to begin",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_hooks(call: Call, question: Asking, limit: Count = 10) -> HooksAnswer:
    """What the first words of a post go with, best first; without `start_date` over 90 days."""
    return HooksAnswer(*await call.reading(hooks, question, limit=limit))


@get(
    "/brands/{brand_id:int}/analytics",
    dependencies=OF_BRAND,
    opt=TAGGED,
    summary="A brand's overview",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_brand_overview(call: Call, question: Asking) -> OverviewAnswer:
    """The overview of one brand."""
    return OverviewAnswer(*await call.reading(overview, question))


@get(
    "/brands/{brand_id:int}/platforms/{platform:str}/analytics",
    dependencies=OF_PLATFORM,
    opt=TAGGED,
    summary="A brand's overview on one platform",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_brand_platform_overview(call: Call, question: Asking) -> OverviewAnswer:
    """The overview of one brand on one platform."""
    return OverviewAnswer(*await call.reading(overview, question))


@get(
    "/brands/{brand_id:int}/analytics/timeseries",
    dependencies=OF_BRAND,
    opt=TAGGED,
    summary="A brand by day or week",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_brand_timeseries(call: Call, question: Asking, group_by: GroupedBy = "day") -> SeriesAnswer:
    """What one brand earned on each day, or in each ISO week."""
    return SeriesAnswer(*await call.reading(timeseries, question, group_by=group_by))
