"""The learning row."""

from collections.abc import Mapping
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.metrics import ENGAGEMENT_PARTS
from afterpost.domain.performance import performance_of
from afterpost.domain.posts import learning_type
from packages.core.tests.house import vector

ALL = frozenset(ENGAGEMENT_PARTS)


@pytest.mark.parametrize("key", ["GV-77", "GV-79"])
def test_the_originals_rows_come_out(key: str) -> None:
    expected = vector(key)["expected"]
    row = performance_of(vector(key)["input"], ALL)
    assert row.performance_score == expected["performanceScore"]
    assert row.engagement_rate == expected.get("engagementRate", 100)
    assert row.clicks is None  # Nobody reported any; the original says 0.


def test_vector_78_without_exposure_there_is_no_rate_where_the_original_says_0() -> None:
    row = performance_of(vector("GV-78")["input"], ALL)
    assert (row.engagement_rate, row.interaction_rate, row.performance_score) == (None, None, None)
    assert row.rate_margin is None
    assert (row.engagements, row.exposure) == (20, "views")


def test_clicks_count_as_interactions_and_not_as_engagements() -> None:
    totals = {"views": 1_000, "likes": 10, "clicks_link": 5, "clicks_post": 7}
    row = performance_of(totals, frozenset({"likes"}))
    assert (row.clicks, row.engagements) == (12, 10)
    assert (row.engagement_rate, row.interaction_rate, row.performance_score) == (1.0, 2.2, 22)


def test_rates_have_two_decimals() -> None:
    row = performance_of({"views": 300, "likes": 1}, frozenset({"likes"}))
    assert (row.engagement_rate, row.interaction_rate) == (0.33, 0.33)
    assert row.rate_margin == 0.55  # 100 × 1.645 × √(1/300 × 299/300 ÷ 300)


@pytest.mark.parametrize(
    ("totals", "offered"),
    [
        ({"views": 100, "likes": 3}, {"likes", "comments"}),  # comments hidden
        ({"views": 100}, {"likes"}),
        ({"views": 100}, set()),
        ({"likes": 3}, {"likes"}),  # no exposure
        ({"reach": 100, "likes": 3}, {"likes"}),
        ({}, set()),
    ],
)
def test_a_row_without_all_that_was_asked_for_has_no_rate(
    totals: Mapping[str, int], offered: set[str]
) -> None:
    row = performance_of(totals, frozenset(offered))
    assert (row.engagement_rate, row.interaction_rate, row.performance_score) == (None, None, None)


def test_a_part_that_was_reported_unasked_counts() -> None:
    assert performance_of({"views": 100, "likes": 3, "saves": 1}, frozenset({"likes"})).engagement_rate == 4.0


def test_without_views_impressions_are_what_a_rate_divides_by() -> None:
    row = performance_of({"impressions": 200, "likes": 1}, frozenset({"likes"}))
    assert (row.exposure, row.engagement_rate) == ("impressions", 0.5)


@given(st.integers(0, 5_000), st.integers(1, 1_000_000))
def test_the_score_is_ten_times_the_unrounded_rate_rounded_half_up_and_capped(likes: int, views: int) -> None:
    row = performance_of({"views": views, "likes": likes}, frozenset({"likes"}))
    assert row.performance_score == min(100, floor(Fraction(1_000 * likes, views) + Fraction(1, 2)))


@pytest.mark.parametrize(
    ("likes", "views", "score"), [(1, 2_000, 1), (3, 2_000, 2), (5, 2_000, 3), (1, 2_001, 0)]
)
def test_half_a_point_is_rounded_up(likes: int, views: int, score: int) -> None:
    assert performance_of({"views": views, "likes": likes}, frozenset({"likes"})).performance_score == score


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("video", "video"),
        ("reel", "video"),
        ("short", "video"),
        ("image", "image"),
        ("story", "image"),
        ("article", "article"),
        ("post", "caption"),
        ("unknown", "caption"),
        ("VIDEO", "video"),
        (None, "caption"),
        ("", "caption"),
    ],
)
def test_content_is_learned_from_as_one_of_four_types(kind: str | None, expected: str) -> None:
    assert learning_type(kind) == expected


@pytest.mark.parametrize("key", ["GV-89", "GV-90", "GV-91", "GV-92"])
def test_the_originals_content_types_come_out(key: str) -> None:
    assert learning_type(vector(key)["input"]["category"]) == vector(key)["expected"]
