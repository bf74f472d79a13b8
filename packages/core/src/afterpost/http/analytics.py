"""A window as a whole, by day or week, by platform, and ranked by brand or organisation."""

from litestar import get
from msgspec import Struct

from afterpost.http.brands import known_brand
from afterpost.http.errors import problems
from afterpost.http.params import (
    BoardMetric,
    BrandId,
    Count,
    EndDate,
    GroupedBy,
    OptionalBrandId,
    OptionalPlatform,
    StartDate,
)
from afterpost.http.scope import Call
from afterpost.services.boards import Compared, Of, Ranked, leaderboard, platforms
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


class BoardAnswer(Struct, frozen=True):
    """Brands or organisations, ranked."""

    data: tuple[Ranked, ...]
    meta: Meta


@get("/analytics/overview", summary="The overview", responses=problems("not_found", "invalid_window"))
async def read_overview(
    call: Call,
    start_date: StartDate = None,
    end_date: EndDate = None,
    brand_id: OptionalBrandId = None,
    platform: OptionalPlatform = None,
) -> OverviewAnswer:
    """What was earned in the window against the window before, and lifetime totals at its end."""
    answer, meta = await call.reading(
        overview,
        start=start_date,
        end=end_date,
        brand_id=await known_brand(call, brand_id),
        platform=platform,
    )
    return OverviewAnswer(answer, meta)


@get("/analytics/timeseries", summary="By day or week", responses=problems("not_found", "invalid_window"))
async def read_timeseries(
    call: Call,
    start_date: StartDate = None,
    end_date: EndDate = None,
    brand_id: OptionalBrandId = None,
    platform: OptionalPlatform = None,
    group_by: GroupedBy = "day",
) -> SeriesAnswer:
    """What was earned on each day, or in each ISO week; where nothing is known it says why."""
    points, meta = await call.reading(
        timeseries,
        group_by=group_by,
        start=start_date,
        end=end_date,
        brand_id=await known_brand(call, brand_id),
        platform=platform,
    )
    return SeriesAnswer(points, meta)


@get("/analytics/platforms", summary="By platform", responses=problems("not_found", "invalid_window"))
async def read_platforms(
    call: Call, start_date: StartDate = None, end_date: EndDate = None, brand_id: OptionalBrandId = None
) -> PlatformsAnswer:
    """Each platform's window against the one before, most views first."""
    known = await known_brand(call, brand_id)
    found, meta = await call.reading(platforms, start=start_date, end=end_date, brand_id=known)
    return PlatformsAnswer(found, meta)


@get("/analytics/brands/leaderboard", summary="Brands, ranked", responses=problems("invalid_window"))
async def read_brand_board(
    call: Call,
    start_date: StartDate = None,
    end_date: EndDate = None,
    platform: OptionalPlatform = None,
    metric: BoardMetric = "views",
    limit: Count = 10,
) -> BoardAnswer:
    """Every brand the caller may see, by what it earned in the window or by its rate."""
    return await _board(call, "brands", start_date, end_date, platform, metric, limit)


@get(
    "/analytics/organizations/leaderboard",
    summary="Organisations, ranked",
    responses=problems("invalid_window"),
)
async def read_organization_board(
    call: Call,
    start_date: StartDate = None,
    end_date: EndDate = None,
    platform: OptionalPlatform = None,
    metric: BoardMetric = "views",
    limit: Count = 10,
) -> BoardAnswer:
    """Every organisation the caller may see, by what it earned in the window or by its rate."""
    return await _board(call, "organizations", start_date, end_date, platform, metric, limit)


async def _board(
    call: Call,
    of: Of,
    start: StartDate,
    end: EndDate,
    platform: OptionalPlatform,
    metric: BoardMetric,
    limit: Count,
) -> BoardAnswer:
    found, meta = await call.reading(
        leaderboard, of, metric=metric, limit=limit, start=start, end=end, platform=platform
    )
    return BoardAnswer(found, meta)


@get(
    "/brands/{brand_id:int}/analytics",
    summary="A brand's overview",
    responses=problems("not_found", "invalid_window"),
)
async def read_brand_overview(
    call: Call,
    brand_id: BrandId,
    start_date: StartDate = None,
    end_date: EndDate = None,
    platform: OptionalPlatform = None,
) -> OverviewAnswer:
    """The overview of one brand."""
    known = await known_brand(call, brand_id)
    answer, meta = await call.reading(
        overview, start=start_date, end=end_date, brand_id=known, platform=platform
    )
    return OverviewAnswer(answer, meta)


@get(
    "/brands/{brand_id:int}/analytics/timeseries",
    summary="A brand by day or week",
    responses=problems("not_found", "invalid_window"),
)
async def read_brand_timeseries(
    call: Call,
    brand_id: BrandId,
    start_date: StartDate = None,
    end_date: EndDate = None,
    platform: OptionalPlatform = None,
    group_by: GroupedBy = "day",
) -> SeriesAnswer:
    """What one brand earned on each day, or in each ISO week."""
    known = await known_brand(call, brand_id)
    points, meta = await call.reading(
        timeseries, group_by=group_by, start=start_date, end=end_date, brand_id=known, platform=platform
    )
    return SeriesAnswer(points, meta)
