"""From query parameters to a Question: the filters of every windowed route, each declared once."""

from typing import TypeAlias

from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from afterpost.http.params import (
    BrandId,
    EndDate,
    OptionalAccountId,
    OptionalBrandId,
    OptionalContentType,
    OptionalPlatform,
    PlatformName,
    StartDate,
)
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


OF_ALL = {"question": Provide(_of_all, sync_to_thread=False)}
"""Dependencies of a route about whatever the caller may see."""
OF_BRAND = {"question": Provide(_of_brand, sync_to_thread=False)}
"""Dependencies of a route under a brand."""
OF_PLATFORM = {"question": Provide(_of_platform, sync_to_thread=False)}
"""Dependencies of a route under a brand and platform."""
