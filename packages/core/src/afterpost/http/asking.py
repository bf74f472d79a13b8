"""From query parameters to a Question, and as of when it is asked: each parameter declared once."""

from dataclasses import replace
from typing import Any, TypeAlias

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from afterpost.http.instants import day_or_instant
from afterpost.http.params import (
    AsOf,
    BrandId,
    EndDate,
    OptionalAccountId,
    OptionalBrandId,
    OptionalContentType,
    OptionalPlatform,
    PlatformName,
    StartDate,
)
from afterpost.http.scope import Acting, acting
from afterpost.services.knowledge import as_of as known_at
from afterpost.services.question import Question

Asking: TypeAlias = NamedDependency[SkipValidation[Question]]
"""The parameter `question` of a windowed route."""


def _of_all(
    start_date: StartDate = None,
    end_date: EndDate = None,
    brand_id: OptionalBrandId = None,
    platform: OptionalPlatform = None,
    account_id: OptionalAccountId = None,
    content_type: OptionalContentType = None,
) -> Question:
    return Question(
        start=start_date,
        end=end_date,
        brand_id=brand_id,
        account_id=account_id,
        platform=platform,
        content_type=content_type,
    )


def _of_brand(
    brand_id: BrandId,
    start_date: StartDate = None,
    end_date: EndDate = None,
    platform: OptionalPlatform = None,
    account_id: OptionalAccountId = None,
    content_type: OptionalContentType = None,
) -> Question:
    return _of_all(start_date, end_date, brand_id, platform, account_id, content_type)


def _of_platform(
    brand_id: BrandId,
    platform: PlatformName,
    start_date: StartDate = None,
    end_date: EndDate = None,
    account_id: OptionalAccountId = None,
    content_type: OptionalContentType = None,
) -> Question:
    return _of_all(start_date, end_date, brand_id, platform, account_id, content_type)


async def _acting_as_of(request: Request[Any, Any, Any], as_of: AsOf = None) -> Acting:
    """The dependency `call` of a route that can be asked about what was known earlier."""
    admitted = acting(request)
    when = day_or_instant("as_of", as_of)
    if when is None:
        return admitted
    core = await admitted.core.database.reading(known_at, admitted.core, admitted.scope, when)
    return replace(admitted, core=core, as_of=when)


AS_OF = {"call": Provide(_acting_as_of)}
"""Dependencies of a route about one post, which takes `as_of` and no filters."""
OF_ALL = AS_OF | {"question": Provide(_of_all, sync_to_thread=False)}
"""Dependencies of a route about whatever the caller may see."""
OF_BRAND = AS_OF | {"question": Provide(_of_brand, sync_to_thread=False)}
"""Dependencies of a route under a brand."""
OF_PLATFORM = AS_OF | {"question": Provide(_of_platform, sync_to_thread=False)}
"""Dependencies of a route under a brand and platform."""
