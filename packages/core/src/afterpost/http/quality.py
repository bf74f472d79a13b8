"""Which stored numbers are doubtful, and why."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.domain.quality import Flaw, Severity
from afterpost.http.brands import known_brand
from afterpost.http.errors import problems
from afterpost.http.params import (
    EndDate,
    OptionalAccountId,
    OptionalBrandId,
    OptionalPlatform,
    PageSize,
    StartDate,
)
from afterpost.http.scope import Call
from afterpost.services.quality import QualityMeta, quality


class QualityAnswer(Struct, frozen=True):
    """The flaws of a window, warnings and the newest first."""

    data: tuple[Flaw, ...]
    meta: QualityMeta


@get("/quality", summary="Which numbers are doubtful", responses=problems("not_found", "invalid_window"))
async def read_quality(
    call: Call,
    start_date: StartDate = None,
    end_date: EndDate = None,
    brand_id: OptionalBrandId = None,
    account_id: OptionalAccountId = None,
    platform: OptionalPlatform = None,
    severity: Annotated[Severity | None, QueryParameter(description="Only flaws of this severity")] = None,
    limit: PageSize = 50,
) -> QualityAnswer:
    """Counters that fell, froze, became 0 or null, impossible ratios, and accounts that were hardly read."""
    flaws, meta = await call.reading(
        quality,
        start=start_date,
        end=end_date,
        brand_id=await known_brand(call, brand_id),
        account_id=account_id,
        platform=platform,
        severity=severity,
        limit=limit,
    )
    return QualityAnswer(flaws, meta)
