"""What a post had before anybody read it: undated where the window holds all of it, unknown where it can't be
told, and never 0. Today is 22 November."""

import pytest

from afterpost.services.boards import leaderboard, platforms
from afterpost.services.core import Core
from afterpost.services.earned import Undated
from afterpost.services.generation_context import generation_context
from afterpost.services.growth import growing
from afterpost.services.overview import overview
from afterpost.services.post_receipts import receipt as post_receipt
from afterpost.services.question import Question, asking
from afterpost.services.rankings import earned_by_post, ranking
from afterpost.services.receipts import receipt
from afterpost.services.series import timeseries
from afterpost.services.weekly import weekly
from afterpost.storage import drift
from packages.core.tests.house import EVERYTHING, MakeCore, at, day, tell, told

OLD = at("2025-01-01")
WINDOW = Question(start=day("2026-11-15"), end=day("2026-11-21"))


def asked(first: str, last: str) -> Question:
    return Question(start=day(f"2026-11-{first}"), end=day(f"2026-11-{last}"))


def export(core: Core) -> None:
    """A creator's first export: one file of the 20th with posts of the window, and one from before it."""
    tell(
        core,
        told("a", at("2026-11-20"), {"views": 700, "likes": 7}, published_at=at("2026-11-15 08:00")),
        told("b", at("2026-11-20"), {"views": 300, "likes": 3}, published_at=at("2026-11-16 08:00")),
        told("old", at("2026-11-20"), {"views": 90_000, "likes": 900}, published_at=OLD),
    )


def test_a_first_import_shows_what_its_posts_earned_in_the_window(core: Core) -> None:
    export(core)
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.earned.likes) == (1_000, 10)
    assert meta.undated == {"views": Undated(2, 1_000), "likes": Undated(2, 10)}
    assert meta.unknown_openings == {"views": 1, "likes": 1}
    assert meta.estimated_share == {}  # nothing was booked to a day
    assert answer.growth.views is None


def test_what_is_undated_is_of_no_day(core: Core) -> None:
    export(core)
    points, meta = timeseries(core, EVERYTHING, WINDOW)
    assert [point.earned.views for point in points] == [None] * 7
    assert {point.missing["views"] for point in points} == {"not_collected"}
    assert [point.unknown_openings["views"] for point in points[:3]] == [2, 3, 3]
    assert points[-1].unknown_openings == {}
    assert meta.undated["views"].total == 1_000
    (first, *_), _ = timeseries(core, EVERYTHING, WINDOW, group_by="week")
    assert first.earned.views is None


@pytest.mark.parametrize(("first", "last"), [("16", "21"), ("15", "19"), ("10", "15"), ("18", "18")])
def test_to_a_window_with_a_part_of_it_an_opening_is_unknown(core: Core, first: str, last: str) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 700}, published_at=at("2026-11-15 08:00")))
    answer, meta = overview(core, EVERYTHING, asked(first, last))
    assert (answer.earned.views, answer.growth.views) == (None, None)
    assert (meta.undated, meta.unknown_openings) == ({}, {"views": 1})


@pytest.mark.parametrize(("first", "last"), [("08", "14"), ("21", "21")])
def test_to_a_window_beside_it_an_opening_is_nothing(core: Core, first: str, last: str) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 700}, published_at=at("2026-11-15 08:00")))
    _, meta = overview(core, EVERYTHING, asked(first, last))
    assert (meta.undated, meta.unknown_openings) == ({}, {})


def test_a_post_of_unknown_publication_is_never_undated(core: Core) -> None:
    tell(core, told("a", at("2026-11-18"), {"views": 700}))
    tell(core, told("a", at("2026-11-20"), {"views": 710}))
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, meta.undated, meta.unknown_openings) == (10, {}, {"views": 1})
    points, _ = timeseries(core, EVERYTHING, WINDOW)
    # Nobody knows that it was not out before.
    assert [point.missing.get("views") for point in points] == [
        *["not_collected"] * 4,
        None,
        None,
        "not_collected",
    ]


def test_what_opens_late_is_not_0_and_no_fall_anywhere(core: Core) -> None:
    """Nothing but first totals of unknown gain after a week that earned something."""
    tell(core, told("gone", at("2026-11-10"), {"views": 50, "likes": 5}, published_at=at("2026-11-10 08:00")))
    tell(core, told("old", at("2026-11-20"), {"views": 9_000, "likes": 90}, published_at=OLD), brand="One")
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.previous.views) == (None, 50)
    assert (answer.growth.views, answer.growth.engagements) == (None, None)
    (platform,), _ = platforms(core, EVERYTHING, WINDOW)
    assert (platform.earned.views, platform.growth.views) == (None, None)
    assert platform.unknown_openings == {"views": 1, "likes": 1} == meta.unknown_openings
    (brand,), *_ = leaderboard(core, EVERYTHING, "brands", WINDOW)
    assert (brand.earned.views, brand.unknown_openings["views"]) == (None, 1)
    found, _ = growing(core, EVERYTHING, WINDOW)
    assert (found.views.current, found.views.direction, found.best_day) == (None, None, None)
    week, _ = weekly(core, EVERYTHING, WINDOW)
    assert (week.earned.views, week.platforms[0].views) == (None, None)
    assert week.platforms[0].unknown_openings["views"] == 1
    assert "Engagements earned" not in generation_context(core, EVERYTHING, WINDOW)[0].context


def test_a_ranking_by_views_earned_shows_the_undated_and_no_0(core: Core) -> None:
    export(core)
    found, _, _ = ranking(core, EVERYTHING, WINDOW, sort="views")
    assert [(post.external_id, post.earned and post.earned.views) for post in found.posts] == [
        ("a", 700),
        ("b", 300),
    ]
    found, _, _ = ranking(core, EVERYTHING, asked("18", "21"), sort="views")
    assert {post.earned and post.earned.views for post in found.posts} == {None}


def test_the_receipt_adds_up_to_what_was_earned(core: Core) -> None:
    export(core)
    tell(core, told("b", at("2026-11-21"), {"views": 310}))
    proof, _, _ = receipt(core, EVERYTHING, WINDOW)
    assert proof.earned == 1_010
    assert [(each.gain, each.days, each.booked) for each in proof.entries] == [
        (None, 6, 700),
        (None, 5, 300),
        (10, 1, 10),
    ]


def test_a_posts_receipt_names_no_days_of_an_unknown_gain(core: Core) -> None:
    export(core)
    number = post_receipt(core, EVERYTHING, 1).numbers["views"]
    assert (number.total, number.gain, number.days) == (700, None, None)


def test_a_long_window_may_earn_more_than_its_parts(core: Core) -> None:
    """By what is undated across them."""
    tell(core, told("a", at("2026-11-20"), {"views": 700}, published_at=at("2026-11-10 08:00")))
    parts = [
        overview(core, EVERYTHING, asked(*days))[0].earned.views for days in (("08", "14"), ("15", "21"))
    ]
    assert parts == [None, None]
    assert overview(core, EVERYTHING, asked("08", "21"))[0].earned.views == 700


def test_an_earlier_reading_takes_a_late_opening_back(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 700}, published_at=at("2026-11-15 08:00")))
    tell(core, told("a", at("2026-11-15 12:00"), {"views": 100}, published_at=at("2026-11-15 08:00")))
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, meta.undated, meta.unknown_openings) == (700, {}, {})
    with core.database.read() as connection:
        assert drift.rollup_drift(connection, EVERYTHING) == []
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM openings").scalar_one() == 0


def test_the_doctors_check_sees_an_opening_that_is_no_fact(core: Core) -> None:
    export(core)
    with core.database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE openings SET total = total + 1 WHERE metric = 'likes'")
    with core.database.read() as connection:
        (found,) = drift.rollup_drift(connection, EVERYTHING)
    assert found.counters == ("likes_late_total",)


def test_the_estimated_share_is_a_share(core: Core) -> None:
    """One post gains 100 over ten days, another loses 98 on the last: the sum is 2, and 90 of 198 are
    estimated."""
    tell(core, told("up", at("2026-11-11"), {"views": 0}, published_at=OLD))
    tell(core, told("down", at("2026-11-20"), {"views": 500}, published_at=OLD))
    tell(core, told("up", at("2026-11-21"), {"views": 100}), told("down", at("2026-11-21"), {"views": 402}))
    answer, meta = overview(core, EVERYTHING, asked("12", "21"))
    assert answer.earned.views == 2
    assert meta.estimated_share["views"] == pytest.approx(90 / 198)


def test_a_day_that_the_zone_never_had_is_none(make_core: MakeCore) -> None:
    """Apia had no 30 December 2011: of 40 over five days of the calendar each of the four it had gets 10."""
    core = make_core(zone="Pacific/Apia")
    tell(
        core, told("a", at("2011-12-28 12:00"), {"views": 0, "likes": 0}, published_at=at("2011-12-28 11:00"))
    )
    tell(core, told("a", at("2012-01-01 12:00"), {"views": 40, "likes": 4}))
    window = Question(start=day("2011-12-29"), end=day("2012-01-02"))
    points, _ = timeseries(core, EVERYTHING, window)
    assert {str(point.start_date): point.earned.views for point in points} == {
        "2011-12-29": 10,
        "2011-12-30": None,
        "2011-12-31": 10,
        "2012-01-01": 10,
        "2012-01-02": 10,
    }
    # So does a ranking that splits a gain over the edges of a window, and a receipt.
    part = Question(start=day("2011-12-30"), end=day("2012-01-01"))
    assert overview(core, EVERYTHING, part)[0].earned.views == 20
    (entry,) = receipt(core, EVERYTHING, part)[0].entries
    assert entry.booked == 20
    with asking(core, EVERYTHING, part) as question:
        assert earned_by_post(question, [1])[1].views == 20
