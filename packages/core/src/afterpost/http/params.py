"""Path and query parameters that several routes take, with their bounds."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from litestar.params import PathParameter, QueryParameter

from afterpost.domain.ids import END

MAX_ID = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""

PostId: TypeAlias = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="The post's id")]
AccountId: TypeAlias = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="The account's id")]
RunId: TypeAlias = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="The run's id")]
PayloadDigest: TypeAlias = Annotated[
    str,
    PathParameter(max_length=64, description="The payload's SHA-256, in lower-case hexadecimal"),
]

OptionalBrandId: TypeAlias = Annotated[
    int | None, QueryParameter(ge=1, le=MAX_ID, description="Only this brand's posts")
]
OptionalAccountId: TypeAlias = Annotated[
    int | None, QueryParameter(ge=1, le=MAX_ID, description="Only this account's posts")
]
_NAME = r"^[a-z][a-z0-9_]{0,31}" + END
OptionalPlatform: TypeAlias = Annotated[
    str | None, QueryParameter(pattern=_NAME, max_length=32, description="Only this platform's posts")
]
PlatformName: TypeAlias = Annotated[
    str, PathParameter(pattern=_NAME, max_length=32, description="The platform's name")
]
OptionalContentType: TypeAlias = Annotated[
    str | None,
    QueryParameter(pattern=_NAME, max_length=32, description="Only posts of this content type"),
]
StartDate: TypeAlias = Annotated[
    date | None,
    QueryParameter(description="First day, in the organisation's zone; default: 6 days before the last"),
]
EndDate: TypeAlias = Annotated[
    date | None, QueryParameter(description="Last day, included; default, and at the latest: yesterday")
]
CursorText: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=256, description="`meta.next_cursor` of the page before")
]
Sorting: TypeAlias = Annotated[
    Literal["engagement_rate", "views", "engagements"],
    QueryParameter(description="By shrunk lifetime rate, or by what was earned in the window"),
]
CountMetric: TypeAlias = Annotated[
    Literal["views", "likes", "comments", "shares", "saves", "engagements"],
    QueryParameter(description="Which number"),
]
AsOf: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        description="With what was known at that instant, or at the end of that day; default: now",
    ),
]
GroupedBy: TypeAlias = Annotated[
    Literal["day", "week"], QueryParameter(description="A point a day, or an ISO week")
]
BoardMetric: TypeAlias = Annotated[
    Literal["posts", "views", "likes", "comments", "shares", "saves", "engagements", "engagement_rate"],
    QueryParameter(description="What it is ranked by"),
]
BrandId: TypeAlias = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="The brand's id")]
PageSize: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most")]
Count: TypeAlias = Annotated[int, QueryParameter(ge=1, le=50, description="How many at most")]
