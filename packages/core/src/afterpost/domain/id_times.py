"""The instant in a post's id: some networks make ids of the time, and an id can't be told wrong."""

import re
from datetime import UTC, datetime, timedelta

_NUMBER = re.compile("[0-9]{5,20}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_VIDEO = datetime(2014, 1, 1, tzinfo=UTC)
"""TikTok's ids of before it existed are no ids of this kind."""
_FIRST_SNOWFLAKE = 29_700_859_247
"""X's ids counted posts one by one before this one, and hold a time from it on."""
_SNOWFLAKE_EPOCH = timedelta(milliseconds=1_288_834_974_657)


def instant_of_id(platform: str, external_id: str) -> datetime | None:
    """When the id was made, as aware UTC; None for ids that hold no time.

    A post can't be published before its id was made. It can be published later: one that was scheduled has
    had its id since then.
    """
    number = int(external_id) if _NUMBER.fullmatch(external_id) else 0
    if number >= 1 << 64:
        return None
    if platform == "tiktok":
        made = _EPOCH + timedelta(seconds=number >> 32)
        return made if made >= _FIRST_VIDEO else None
    if platform == "x" and _FIRST_SNOWFLAKE <= number < 1 << 63:
        return _EPOCH + _SNOWFLAKE_EPOCH + timedelta(milliseconds=number >> 22)
    return None
