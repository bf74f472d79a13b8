"""How a post did: its latest numbers, its days and its readings, worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest

from afterpost.domain.errors import NotFound
from afterpost.domain.metrics import Kind
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.post_summary import (
    PostAnalytics,
    PostDay,
    Summary,
    post_analytics,
    post_observations,
)
from packages.core.tests.house import EVERYTHING, Clock, MakeCore, at, day, tell, told, vector
from packages.core.tests.services.scenery import ASKED, fix_a

PUBLISHED = at("2026-11-10 08:00")


def asked(core: Core, start: str | None = None, end: str | None = None) -> PostAnalytics:
    """Post 1 in a window; by default the seven days that end yesterday, 15 to 21 November."""
    return post_analytics(
        core,
        EVERYTHING,
        1,
        start=None if start is None else day(start),
        end=None if end is None else day(end),
    )[0]


def days(core: Core, start: str, end: str) -> dict[str, PostDay]:
    """Date -> day."""
    return {str(one.date): one for one in asked(core, start, end).daily}


# --- now ---


def test_todays_numbers_are_there_at_once_and_called_partial(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-21"), {"views": 10}, published_at=at("2026-11-21 08:00")))
    tell(core, told("a", clock.now, {"views": 25, "likes": 1}))
    answer, meta = post_analytics(core, EVERYTHING, 1)
    assert answer.summary.metrics == {"views": 25, "likes": 1}
    assert (answer.summary.as_of_date, answer.summary.partial_day) == (day("2026-11-22"), True)
    assert answer.summary.first_date == day("2026-11-21")
    # The daily rows are complete days.
    assert [str(one.date) for one in answer.daily][-1] == "2026-11-21"
    assert meta.as_of == clock.now
    assert meta.receipt == "/v1/posts/1/observations"
    clock.advance(timedelta(days=1))
    assert not asked(core).summary.partial_day


def test_the_summary_is_the_latest_and_not_the_highest(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 100}), told("a", at("2026-11-21"), {"views": 90}))
    assert asked(core).summary.metrics == {"views": 90}


def test_a_metric_that_vanished_keeps_its_last_known_total(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 100, "likes": 3, "x_sample_points": 8}))
    tell(core, told("a", at("2026-11-21"), {"views": 110}))
    metrics = asked(core).summary.metrics
    assert list(metrics.items()) == [("views", 110), ("likes", 3), ("x_sample_points", 8)]


def test_a_post_nobody_read_has_an_empty_summary(core: Core) -> None:
    entry = told("a", at("2026-11-20"), {}, daily={day("2026-11-19"): {"views": 5}})
    tell(core, entry)
    answer = asked(core)
    assert answer.summary == Summary({}, {}, None, None, None, None, None, False)
    assert {one.reason for one in answer.daily} == {"not_collected"}
    assert [value.value for value in answer.daily_series] == [5]


def test_a_post_nobody_knows_is_not_found_foreign_or_missing(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 1}), brand="One")
    for scope, post_id in [(EVERYTHING, 2), (Scope(brands=frozenset({9})), 1)]:
        with pytest.raises(NotFound, match=f"There is no post {post_id}"):
            post_analytics(core, scope, post_id)
        with pytest.raises(NotFound, match=f"There is no post {post_id}"):
            post_observations(core, scope, post_id, before=None, days=5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"views": 100, "likes": 3, "comments": 1, "shares": 0, "saves": 0}, (4, "views", 4.0)),
        ({"impressions": 200, "likes": 3, "comments": 1, "shares": 0, "saves": 0}, (4, "impressions", 2.0)),
        ({"views": 100, "comments": 1, "shares": 0, "saves": 0}, (1, "views", None)),  # likes hidden
        ({"views": 0, "likes": 3, "comments": 1, "shares": 0, "saves": 0}, (4, "views", None)),
        ({"likes": 3, "comments": 1, "shares": 0, "saves": 0}, (4, None, None)),
        ({"views": 100}, (None, "views", None)),
        ({}, (None, None, None)),
    ],
)
def test_the_rate_is_of_lifetime_totals_and_null_where_a_part_is_hidden(
    core: Core, values: dict[str, int], expected: tuple[Any, ...]
) -> None:
    tell(core, told("a", at("2026-11-20"), values, asked=ASKED))
    found = asked(core).summary
    assert (found.engagements, found.exposure, found.engagement_rate) == expected


def test_a_part_that_was_never_asked_for_is_not_missing(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 100, "likes": 3}, asked=("views", "likes")))
    assert asked(core).summary.engagement_rate == 3.0


def test_levels_are_those_of_the_last_snapshot(core: Core) -> None:
    kinds = {"x_sample_level": Kind.GAUGE}
    tell(core, told("a", at("2026-11-20"), {"x_sample_level": 3, "avg_view_seconds": 9.5}, kinds=kinds))
    tell(core, told("a", at("2026-11-21"), {"x_sample_level": 4}, kinds=kinds))
    found = asked(core)
    assert found.summary.gauges["x_sample_level"] == 4
    assert found.summary.metrics == {}


def test_the_platform_summary_is_the_same(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 1}, platform="sample"))
    answer = asked(core)
    assert [(one.platform, one.summary) for one in answer.platforms] == [("sample", answer.summary)]


# --- the original's own data ---


def test_vector_143_a_metric_that_was_not_reported_today_loses_nothing(core: Core, clock: Clock) -> None:
    """The original overwrites the 13 saves with 0 and books a loss of 13."""
    given, original = vector("GV-143")["input"], vector("GV-143")["expected"]
    fix_a(core)
    tell(core, told("p1", clock.now, given["provider"]))
    clock.advance(timedelta(days=1))
    today = days(core, "2026-11-22", "2026-11-22")["2026-11-22"]
    assert original["totalSavesIncrement"] == -13
    assert today.earned == {
        "views": original["totalViewsIncrement"],
        "likes": original["totalLikesIncrement"],
        "comments": original["totalCommentsIncrement"],
    }
    assert asked(core).summary.metrics["saves"] == 13


def test_vector_125_the_rate_of_a_reading_counts_its_shares(core: Core) -> None:
    given, expected = vector("GV-125")["input"], vector("GV-125")["expected"]
    tell(core, told("a", at("2026-11-20"), given, asked=given))
    assert asked(core).summary.engagement_rate == expected["engagementRate"]


# --- days ---


def test_every_day_of_the_window_stands_with_its_reason(core: Core) -> None:
    """Published on the 10th, read on the 11th, 14th and 15th; on the 15th nothing was reported."""
    tell(core, told("a", at("2026-11-11"), {"views": 20, "likes": 1}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-14"), {"views": 30}))
    tell(core, told("a", at("2026-11-15"), {}))
    nothing: dict[str, int] = {}
    expected = [
        PostDay(day("2026-11-09"), False, nothing, nothing, nothing, "not_published"),
        PostDay(
            day("2026-11-10"),
            False,
            nothing,
            {"views": 10, "likes": 0},
            {"views": 10, "likes": 0},
            "gap",
        ),
        PostDay(day("2026-11-11"), True, {"views": 20, "likes": 1}, {"views": 10, "likes": 1}, nothing, None),
        PostDay(day("2026-11-12"), False, nothing, {"views": 3}, {"views": 3}, "gap"),
        PostDay(day("2026-11-13"), False, nothing, {"views": 3}, {"views": 3}, "gap"),
        PostDay(day("2026-11-14"), True, {"views": 30}, {"views": 4}, nothing, None),
        PostDay(day("2026-11-15"), True, nothing, nothing, nothing, "not_reported"),
        PostDay(day("2026-11-16"), False, nothing, nothing, nothing, "not_collected"),
    ]
    assert asked(core, "2026-11-09", "2026-11-16").daily == tuple(expected)


def test_the_days_of_a_gap_are_shown_when_the_window_ends_inside_it(core: Core) -> None:
    tell(core, told("a", at("2026-11-11"), {"views": 20}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-21"), {"views": 120}))
    (found,) = days(core, "2026-11-15", "2026-11-15").values()
    assert (found.observed, found.earned, found.estimated, found.reason) == (
        False,
        {"views": 10},
        {"views": 10},
        "gap",
    )


def test_an_opening_of_unknown_gain_has_a_total_and_nothing_earned(core: Core) -> None:
    tell(core, told("a", at("2026-11-16"), {"views": 9_000}, published_at=at("2025-01-01")))
    found = days(core, "2026-11-15", "2026-11-16")
    assert found["2026-11-16"].totals == {"views": 9_000}
    assert found["2026-11-16"].earned == {}
    assert (found["2026-11-15"].reason, found["2026-11-15"].earned) == ("not_collected", {})


def test_days_before_an_unknown_publication_are_not_collected(core: Core) -> None:
    tell(core, told("a", at("2026-11-16"), {"views": 9}))
    assert {one.reason for one in days(core, "2026-11-10", "2026-11-15").values()} == {"not_collected"}


def test_days_are_those_of_the_organisations_zone(make_core: MakeCore) -> None:
    core = make_core(zone="America/Sao_Paulo")
    tell(core, told("a", at("2026-11-17 02:59"), {"views": 9}, published_at=at("2026-11-16 02:00")))
    found = days(core, "2026-11-14", "2026-11-17")
    reasons = {date: (one.observed, one.reason) for date, one in found.items()}
    assert reasons == {
        "2026-11-14": (False, "not_published"),
        "2026-11-15": (False, "gap"),  # published at 23:00 there
        "2026-11-16": (True, None),
        "2026-11-17": (False, "not_collected"),
    }
    assert [found[date].earned for date in ("2026-11-15", "2026-11-16")] == [{"views": 4}, {"views": 5}]


def test_the_window_is_clamped_and_says_so(core: Core) -> None:
    tell(core, told("a", at("2026-11-16"), {"views": 9}))
    answer, meta = post_analytics(core, EVERYTHING, 1, start=day("2026-11-20"), end=day("2027-01-01"))
    assert (meta.window.end_date, meta.window.clamped, len(answer.daily)) == (day("2026-11-21"), True, 2)


# --- the receipt ---


def test_readings_are_shown_day_by_day_newest_first(core: Core) -> None:
    tell(core, told("b", at("2026-11-13"), {"views": 77}))
    for text in ("2026-11-10 08:00", "2026-11-10 20:00", "2026-11-12 08:00", "2026-11-15 08:00"):
        tell(core, told("a", at(text), {"views": int(text[8:10])}, asked=("views", "likes")), source="csv")
    found, before = post_observations(core, EVERYTHING, 2, before=None, days=2)
    assert [(str(one.date), one.values) for one in found] == [
        ("2026-11-15", {"views": 15}),
        ("2026-11-12", {"views": 12}),
    ]
    assert before == day("2026-11-12")
    found, before = post_observations(core, EVERYTHING, 2, before=before, days=2)
    assert [one.observed_at for one in found] == [at("2026-11-10 20:00"), at("2026-11-10 08:00")]
    assert before is None
    assert found[0].definitions == {"views": "v1", "likes": "v1"}
    assert (found[0].source, found[0].run_id, found[0].published_at) == ("csv", 3, None)
    assert len(found[0].digest) == 32


def test_both_readings_of_a_restated_instant_are_shown(core: Core) -> None:
    tell(core, told("a", at("2026-11-10"), {"views": 1}), told("a", at("2026-11-10"), {"views": 2}))
    found, _ = post_observations(core, EVERYTHING, 1, before=None, days=5)
    assert sorted(one.values["views"] for one in found) == [1, 2]
    # The first shown is the one that counts.
    assert asked(core).summary.metrics == found[0].values


def test_a_post_without_readings_has_no_page(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {}, daily={day("2026-11-19"): {"views": 5}}))
    assert post_observations(core, EVERYTHING, 1, before=None, days=5) == ([], None)
