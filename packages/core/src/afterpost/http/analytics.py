"""The overview."""

from litestar import get
from msgspec import Struct

from afterpost.http.brands import known_brand
from afterpost.http.errors import problems
from afterpost.http.params import EndDate, OptionalBrandId, OptionalPlatform, StartDate
from afterpost.http.scope import Call
from afterpost.services.overview import Overview, overview
from afterpost.services.windows import Meta


class OverviewAnswer(Struct, frozen=True):
    """What was earned in a window, against the one before."""

    data: Overview
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
