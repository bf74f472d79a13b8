"""A window by day and week: dense, what is booked to each day, and why a number is not there."""

from datetime import date
from typing import Any

import pytest

from afterpost.services.core import Core
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.series import GroupBy, Point, timeseries
from packages.core.tests.house import EVERYTHING, MakeCore, at, day, tell, told

PUBLISHED = at("2026-11-16 09:00")


@pytest.fixture
def filled(core: Core) -> Core:
    """v1 is read on the 17th (100 views since the 16th) and, after a gap, on the 20th; v2 has no views."""
    first = told("v1", at("2026-11-17"), {"views": 100, "likes": 10}, published_at=PUBLISHED)
    later = told("v1", at("2026-11-20"), {"views": 190, "likes": 19}, published_at=PUBLISHED)
    other = told(
        "v2",
        at("2026-11-19"),
        {"impressions": 50, "likes": 5},
        published_at=at("2026-11-18 20:00"),
        platform="gram",
    )
    tell(core, first, brand="North")
    tell(core, later)
    tell(core, other, brand="South")
    return core


def points(core: Core, group_by: GroupBy = "day", **asked: Any) -> list[Point]:
    """The points of a series."""
    return list(timeseries(core, EVERYTHING, Question(**asked), group_by=group_by)[0])


def test_every_day_of_the_window_stands_with_what_is_booked_to_it(filled: Core) -> None:
    found = points(filled)
    assert [point.start_date for point in found] == [date(2026, 11, n) for n in range(15, 22)]
    assert all(point.start_date == point.end_date and not point.partial for point in found)
    assert [point.earned.views for point in found] == [None, 50, 50, 30, 30, 30, None]
    # v2's five likes are its two days', three of the nine later ones are each day's.
    assert [point.earned.likes for point in found] == [None, 5, 5, 5, 6, 3, None]
    assert [point.earned.engagements for point in found] == [None, 5, 5, 5, 6, 3, None]
    assert [point.snapshots for point in found] == [0, 0, 1, 0, 1, 1, 0]


def test_nothing_is_said_to_be_unpublished_where_a_publication_is_unknown(filled: Core) -> None:
    tell(filled, told("undated", at("2026-11-18"), {"views": 7}, platform="gram"))
    why = [point.missing.get("views") for point in points(filled)]
    assert why[0] == "not_collected"
    assert points(filled, platform="youtube")[0].missing["views"] == "not_published"
    assert "not_published" not in [
        each for p in points(filled, platform="gram") for each in p.missing.values()
    ]


def test_what_is_not_there_says_why(filled: Core) -> None:
    why = [point.missing for point in points(filled)]
    assert [each.get("views") for each in why] == ["not_published", *[None] * 5, "not_collected"]
    comments = [
        "not_published",
        "not_collected",
        "not_reported",
        "gap",
        *["not_reported"] * 2,
        "not_collected",
    ]
    assert [each.get("comments") for each in why] == comments


def test_a_week_is_cut_by_the_window_and_says_so(filled: Core) -> None:
    found = points(filled, group_by="week", start=day("2026-11-07"))
    assert [(p.start_date.day, p.end_date.day, p.partial) for p in found] == [
        (7, 8, True),
        (9, 15, False),
        (16, 21, True),
    ]
    assert [point.earned.views for point in found] == [None, None, 190]
    assert [point.earned.likes for point in found] == [None, None, 24]
    # Of the reasons of its days the one nearest to a number.
    assert [point.missing.get("comments") for point in found] == ["not_published"] * 2 + ["not_reported"]


def test_days_and_weeks_add_up_to_the_overview(filled: Core) -> None:
    every: tuple[dict[str, Any], ...] = ({}, {"brand_id": 1}, {"brand_id": 2}, {"platform": "gram"})
    for filters in every:
        whole = overview(filled, EVERYTHING, Question(**filters))[0].earned
        for group_by in ("day", "week"):
            series = points(filled, group_by=group_by, **filters)
            for metric in ("views", "likes", "comments"):
                known = [v for p in series if (v := getattr(p.earned, metric)) is not None]
                assert (sum(known) if known else None) == getattr(whole, metric), (filters, group_by, metric)


def test_of_a_brand_or_platform_alone(filled: Core) -> None:
    assert [p.earned.views for p in points(filled, brand_id=2)] == [None] * 7
    assert points(filled, brand_id=2)[3].missing["views"] == "not_collected"
    assert points(filled, platform="gram")[4].missing["views"] == "not_reported"
    assert points(filled, platform="gram")[2].missing["views"] == "not_published"


def test_of_nothing_at_all(make_core: MakeCore) -> None:
    found = points(make_core("empty"))
    assert len(found) == 7
    assert {why for point in found for why in point.missing.values()} == {"not_published"}


def test_the_longest_window_is_dense_too(filled: Core) -> None:
    found = points(filled, start=day("2023-11-22"), end=day("2026-11-21"))
    assert len(found) == 1096
    assert len(points(filled, start=day("2023-11-22"), end=day("2026-11-21"), group_by="week")) == 157
