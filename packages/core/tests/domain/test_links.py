"""Ids inside links, and ids that a spreadsheet rounded."""

import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.domain.links import id_in_link, known_id, looks_rounded


@pytest.mark.parametrize(
    ("platform", "url", "found"),
    [
        ("tiktok", "https://www.tiktok.com/@a.b/video/7301234567890123456?lang=de", "7301234567890123456"),
        ("tiktok", "tiktok.com/@a/photo/7301234567890123456", "7301234567890123456"),
        ("tiktok", "https://vm.tiktok.com/abc/", None),
        ("x", "https://x.com/a/status/1990000000000001234/photo/1", "1990000000000001234"),
        ("x", "https://twitter.com/i/web/status/1990000000000001234", "1990000000000001234"),
        ("x", "https://x.com/a", None),
        ("youtube", "https://www.youtube.com/watch?list=a&v=2q4TS4z4Rpk&t=1", "2q4TS4z4Rpk"),
        ("youtube", "https://youtube.com/shorts/2q4TS4z4Rpk", "2q4TS4z4Rpk"),
        ("youtube", "https://youtu.be/2q4TS4z4Rpk", "2q4TS4z4Rpk"),
        ("youtube", "https://www.youtube.com/watch?v=2q4TS4z4Rpkx", None),
        ("youtube", "see https://youtu.be/2q4TS4z4Rpk", None),
        ("instagram", "https://www.instagram.com/p/abc/", None),
        ("toy", "https://x.com/a/status/1990000000000001234", None),
    ],
)
def test_an_id_in_a_link(platform: str, url: str, found: str | None) -> None:
    assert id_in_link(platform, url) == found


@pytest.mark.parametrize(
    ("external_id", "rounded"),
    [
        ("7301234567890120000", True),
        ("7301234567890123456", False),
        ("17912345678901200", True),
        ("17912345678901230", False),
        ("1791234567890120", False),
        ("abc12345678901200000", False),
    ],
)
def test_an_id_that_looks_rounded(external_id: str, rounded: bool) -> None:
    assert looks_rounded(external_id) is rounded


def test_an_id_as_it_is_known() -> None:
    assert known_id("x", "a\u200b1", "") == ("a1", "")
    assert known_id("tiktok", "7301234567890120000", "")[1].startswith(
        "external_id: 7301234567890120000 looks"
    )
    link = "https://www.tiktok.com/@a/video/7301234567890120000"
    assert known_id("tiktok", "7301234567890120000", link) == ("7301234567890120000", "")
    with pytest.raises(InvalidInput, match="is not the post that its link names, 7301234567890120000"):
        known_id("tiktok", "7301234567890123456", link)
    with pytest.raises(InvalidInput, match="invisible characters alone"):
        known_id("x", "\u200b", "")
