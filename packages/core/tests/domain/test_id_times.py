"""Ids that hold the instant they were made in."""

from datetime import UTC, datetime

import pytest

from afterpost.domain.id_times import instant_of_id


@pytest.mark.parametrize(
    ("platform", "external_id", "instant"),
    [
        ("tiktok", "7301234567890123456", datetime(2023, 11, 14, 8, 39, 3, tzinfo=UTC)),
        ("x", "20", None),  # counted one by one
        ("x", "29700859246", None),
        ("x", "29700859247", datetime(2010, 11, 4, 1, 43, 1, 738000, tzinfo=UTC)),
        ("x", "1541815603606036480", datetime(2022, 6, 28, 16, 7, 40, 105000, tzinfo=UTC)),
        ("x", "9223372036854775807", datetime(2080, 7, 10, 17, 30, 30, 208000, tzinfo=UTC)),
        ("x", "9223372036854775808", None),
        ("tiktok", "123456789", None),  # before there was a TikTok
        ("tiktok", "18446744073709551615", datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)),
        ("tiktok", "18446744073709551616", None),
        ("tiktok", "9" * 30, None),
        ("tiktok", "٧٣٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", None),
        ("tiktok", "", None),
        ("youtube", "7301234567890123456", None),
        ("instagram", "7301234567890123456", None),
    ],
)
def test_the_instant_of_an_id(platform: str, external_id: str, instant: datetime | None) -> None:
    assert instant_of_id(platform, external_id) == instant
