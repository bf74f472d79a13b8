"""Engagements, rates and growth, and when there is none."""

import pytest

from afterpost.domain.rates import (
    Clipped,
    clicks,
    clipped,
    direction,
    engagements,
    exposure,
    exposure_name,
    growth,
    margin,
    rate,
    share_percent,
)
from packages.core.tests.house import vector


def test_engagements_are_likes_comments_shares_and_saves() -> None:
    values = {
        "likes": 1,
        "comments": 20,
        "shares": 300,
        "saves": 4_000,
        "quotes": 5,
        "views": 9,
        "follows": 7,
    }
    assert engagements(values) == 4_321


def test_engagements_are_of_the_parts_that_are_known() -> None:
    assert engagements({"likes": 3, "comments": None}) == 3
    assert engagements({"likes": 0}) == 0
    assert engagements({"likes": None, "views": 10}) is None
    assert engagements({}) is None


def test_vectors_7_and_15_saves_are_engagements() -> None:
    total = vector("GV-7")["input"]["_sum"]
    parts = {name: total[f"total{name.title()}"] for name in ("likes", "comments", "shares", "saves")}
    assert engagements(parts) == vector("GV-7")["expected"]["total"]
    assert engagements(vector("GV-15")["input"]) == vector("GV-15")["expected"]["total"]


def test_exposure_is_views_where_reported_else_impressions() -> None:
    assert exposure({"views": 5, "impressions": 9}) == ("views", 5)
    assert exposure({"views": 0, "impressions": 9}) == ("views", 0)
    assert exposure({"views": None, "impressions": 9}) == ("impressions", 9)
    assert exposure({"reach": 9}) is None


def test_clicks_are_the_reported_ones() -> None:
    assert clicks({"clicks_link": 1, "clicks_profile": 20, "clicks_post": 300, "likes": 9}) == 321
    assert clicks({"clicks_link": None, "clicks_post": 0}) == 0
    assert clicks({"likes": 1}) is None


def test_a_rate_is_percent() -> None:
    assert rate(3, 24) == 12.5
    assert rate(0, 24) == 0
    assert rate(48, 24) == 200


@pytest.mark.parametrize(
    ("engaged", "exposed"), [(3, 0), (3, -1), (3, None), (None, 24), (None, None), (0, 0)]
)
def test_there_is_no_rate_without_exposure_or_engagements(engaged: int | None, exposed: int | None) -> None:
    assert rate(engaged, exposed) is None


def test_growth_is_percent_of_the_previous() -> None:
    assert growth(770, 660) == pytest.approx(16.666666666666664)
    assert growth(0, 660) == -100
    assert growth(-66, 660) == -110
    assert growth(660, 660) == 0


@pytest.mark.parametrize(
    ("current", "previous"), [(5, 0), (0, 0), (5, -5), (5, None), (None, 5), (None, None), (None, 0)]
)
def test_there_is_no_growth_from_nothing(current: int | None, previous: int | None) -> None:
    """Vectors GV-1, GV-2, GV-63 and GV-64: the original says 0 or 100."""
    assert growth(current, previous) is None


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (5.0001, "up"),
        (5, "stable"),
        (0, "stable"),
        (-5, "stable"),
        (-5.0001, "down"),
        (100, "up"),
        (-100, "down"),
        (None, None),
    ],
)
def test_direction_begins_beyond_five_percent(percent: float | None, expected: str | None) -> None:
    assert direction(percent) == expected


@pytest.mark.parametrize("key", ["GV-60", "GV-61", "GV-62"])
def test_the_trends_of_the_original_come_out(key: str) -> None:
    given, expected = vector(key)["input"], vector(key)["expected"]
    percent = growth(engagements(given["current"]), engagements(given["previous"]))
    assert percent == pytest.approx(expected.get("percentageChange", 2))
    assert direction(percent) == expected["direction"]


@pytest.mark.parametrize("key", ["GV-63", "GV-64"])
def test_a_trend_without_a_previous_is_unknown_where_the_original_says_100_or_stable(key: str) -> None:
    given = vector(key)["input"]
    percent = growth(engagements(given["current"]), engagements(given["previous"]))
    assert (percent, direction(percent)) == (None, None)


def test_the_exposure_of_a_group_is_named() -> None:
    assert exposure_name([]) is None
    assert exposure_name(["views", "views"]) == "views"
    assert exposure_name(["impressions"]) == "impressions"
    assert exposure_name(["views", "impressions", "views"]) == "mixed"


def test_the_margin_is_half_the_90_percent_interval() -> None:
    assert margin(50, 100) == pytest.approx(8.225)  # 1.645 × √(0.5 × 0.5 ÷ 100)
    assert margin(50, 10_000) == pytest.approx(0.1160, abs=1e-4)
    assert margin(0, 100) == 0
    assert margin(150, 100) == 0  # more engagements than views: the share is cut at 1
    assert margin(-5, 100) == 0


@pytest.mark.parametrize(("engaged", "exposed"), [(3, 0), (3, -1), (3, None), (None, 3)])
def test_there_is_no_margin_without_exposure(engaged: int | None, exposed: int | None) -> None:
    assert margin(engaged, exposed) is None


@pytest.mark.parametrize(
    ("ratio", "whole", "tenths"),
    [
        (487 / 489, 99, 99.6),
        (4_999 / 5_000, 99, 99.9),
        (1, 100, 100),
        (0, 0, 0),
        (1 / 5_000, 1, 0.1),
        (0.86, 86, 86),
        (0.155, 16, 15.5),
    ],
)
def test_100_percent_is_all_and_0_percent_is_none(ratio: float, whole: float, tenths: float) -> None:
    assert (share_percent(ratio), share_percent(ratio, 1)) == (whole, tenths)


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(None, (None, False)), (150, (100, True)), (-3, (0, True)), (100, (100, False)), (0.5, (0.5, False))],
)
def test_a_rate_is_shown_within_0_and_100_and_says_where_it_was_not(
    percent: float | None, shown: tuple[float | None, bool]
) -> None:
    assert clipped(percent) == Clipped(*shown)
