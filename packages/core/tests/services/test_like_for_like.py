"""Growth of what was read on both sides, and of nothing else.

Today is 22 November; windows are 15 to 21 against 8 to 14.
"""

from datetime import timedelta

import pytest

from afterpost.services.boards import leaderboard, platforms
from afterpost.services.core import Core
from afterpost.services.generation_context import generation_context
from afterpost.services.growth import engagement, growing
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.weekly import weekly
from afterpost.storage import pauses
from packages.core.tests.house import ACTOR, EVERYTHING, at, day, tell, told
from packages.core.tests.services.scenery import adopt

OLD = at("2025-01-01")
WINDOW = Question(start=day("2026-11-15"), end=day("2026-11-21"))


def flat(
    core: Core, post: str, first: str, last: str = "2026-11-22", *, daily: int = 100, brand: str | None = None
) -> None:
    """A post that gains the same every day, read at noon from the first day to the last."""
    at_first, n = at(f"{first} 12:00"), 0
    while (read_at := at_first + timedelta(days=n)) <= at(f"{last} 12:00"):
        if read_at > at("2026-11-22 11:00"):
            read_at = at("2026-11-22 01:00")
        numbers = {"views": 50_000 + daily * n, "likes": 500 + n}
        tell(core, told(post, read_at, numbers, published_at=OLD), brand=brand)
        n += 1


def disconnect(core: Core, account_id: int, when: str) -> None:
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        pauses.note_state(tx.connection, EVERYTHING, organization.id, account_id, "disconnected", at(when))


def test_a_flat_account_first_read_last_week_has_no_growth(core: Core) -> None:
    """It shows 700 against 100, which is +600 %, and nothing grew."""
    flat(core, "a", "2026-11-13")
    adopt(core, "a")
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.previous.views) == (700, 100)
    assert (answer.growth.views, answer.growth.engagements) == (None, None)
    assert meta.growth is not None
    assert meta.growth.missing["views"] == meta.growth.missing["engagements"] == "not_collected"
    assert (meta.growth.left_out.accounts, meta.growth.left_out.posts) == (1, 1)
    assert (meta.growth.left_out.exposure, meta.growth.left_out.since) == (700, day("2026-11-13"))


def test_no_answer_shows_growth_of_it(core: Core) -> None:
    flat(core, "a", "2026-11-13", brand="One")
    adopt(core, "a")
    (platform,), _ = platforms(core, EVERYTHING, WINDOW)
    assert (platform.growth.views, platform.compared is not None) == (None, True)
    (brand,), *_ = leaderboard(core, EVERYTHING, "brands", WINDOW)
    assert brand.growth.views is None
    found, _ = growing(core, EVERYTHING, WINDOW)
    assert (found.views.growth, found.views.direction, found.views.current) == (None, None, 700)
    parts, _ = engagement(core, EVERYTHING, WINDOW)
    assert (parts.growth, parts.parts["likes"].growth, parts.total) == (None, None, 7)
    week, meta = weekly(core, EVERYTHING, WINDOW)
    assert (week.growth.views, week.week_over_week.views.growth) == (None, None)
    assert meta.growth is not None
    assert "%" not in generation_context(core, EVERYTHING, WINDOW)[0].context.split("Engagements earned")[-1]


def test_an_account_that_was_read_before_both_windows_is_compared(core: Core) -> None:
    flat(core, "a", "2026-11-07")
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.previous.views, answer.growth.views) == (700, 700, 0)
    assert meta.growth is not None
    assert (meta.growth.missing, meta.growth.left_out.posts) == ({}, 0)


def test_one_disconnected_on_the_third_day_has_not_fallen(core: Core) -> None:
    flat(core, "a", "2026-11-01", "2026-11-17")
    account_id = adopt(core, "a")
    disconnect(core, account_id, "2026-11-17 18:00")
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.previous.views) == (300, 700)
    assert answer.growth.views is None
    assert meta.growth is not None
    assert meta.growth.left_out.since is None  # it was read long before


def test_one_that_is_not_read_any_more_has_not_fallen_until_a_later_reading_tells(core: Core) -> None:
    flat(core, "a", "2026-11-01", "2026-11-17")
    assert overview(core, EVERYTHING, WINDOW)[0].growth.views is None
    tell(core, told("a", at("2026-11-22"), {"views": 50_000 + 21 * 100, "likes": 521}))
    answer, _ = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.growth.views) == (700, 0)


def test_a_small_new_account_stays_out_and_the_rest_is_compared(core: Core) -> None:
    for n in range(11):
        flat(core, f"old{n}", "2026-11-06", daily=100)
    flat(core, "new", "2026-11-17", daily=100)
    adopt(core, *(f"old{n}" for n in range(11)))
    adopt(core, "new", account="other")
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert answer.earned.views == 11 * 700 + 400
    assert answer.growth.views == 0
    assert meta.growth is not None
    assert (meta.growth.current.views, meta.growth.previous.views) == (7_700, 7_700)
    assert (meta.growth.left_out.accounts, meta.growth.left_out.posts) == (1, 1)
    assert (meta.growth.left_out.exposure, meta.growth.left_out.since) == (400, day("2026-11-17"))
    found, _ = growing(core, EVERYTHING, WINDOW)
    assert found.views.compared is not None
    assert (found.views.current, found.views.compared.current, found.views.growth) == (8_100, 7_700, 0)
    (row,), _ = platforms(core, EVERYTHING, WINDOW)
    assert row.compared is not None
    assert (row.earned.views, row.compared.current.views, row.growth.views) == (8_100, 7_700, 0)


def test_more_than_a_tenth_that_stays_out_leaves_no_growth(core: Core) -> None:
    """By exposure: one post of twelve, and more than half of the views."""
    for n in range(11):
        flat(core, f"old{n}", "2026-11-06", daily=1)
    flat(core, "new", "2026-11-17", daily=100)
    adopt(core, *(f"old{n}" for n in range(11)))
    adopt(core, "new", account="other")
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert answer.growth.views is None
    assert meta.growth is not None
    assert meta.growth.missing["views"] == "not_collected"


def test_a_post_first_read_late_is_taken_off_both_sides(core: Core) -> None:
    """An account of twelve posts, one of them found only on the 12th."""
    for n in range(11):
        flat(core, f"old{n}", "2026-11-06")
    flat(core, "found", "2026-11-12")
    adopt(core, "found", *(f"old{n}" for n in range(11)))
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.earned.views, answer.previous.views) == (12 * 700, 11 * 700 + 200)
    assert answer.growth.views == 0
    assert meta.growth is not None
    assert (meta.growth.left_out.accounts, meta.growth.left_out.posts) == (0, 1)
    assert meta.growth.left_out.since == day("2026-11-12")


def test_what_many_found_posts_earned_is_unknown_and_not_0(core: Core) -> None:
    """Nobody reads the histories of a whole import; that three of twelve stay out is known."""
    for n in range(9):
        flat(core, f"old{n}", "2026-11-06")
    for n in range(3):
        flat(core, f"found{n}", "2026-11-17")
    adopt(core, *(f"old{n}" for n in range(9)), *(f"found{n}" for n in range(3)))
    _, meta = overview(core, EVERYTHING, WINDOW)
    assert meta.growth is not None
    assert meta.growth.missing["views"] == "not_collected"
    assert (meta.growth.left_out.posts, meta.growth.left_out.exposure) == (3, None)
    assert meta.growth.left_out.since == day("2026-11-17")


def test_a_post_that_is_undated_in_a_window_has_its_place_in_it(core: Core) -> None:
    """Published in the window and read three days later: its views are new ones, not unknown ones."""
    for n in range(11):
        flat(core, f"old{n}", "2026-11-06")
    tell(core, told("new", at("2026-11-20"), {"views": 770}, published_at=at("2026-11-16")))
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert answer.earned.views == 11 * 700 + 770
    assert answer.growth.views == pytest.approx(10)
    assert meta.growth is not None
    assert meta.growth.left_out.posts == 0


def test_a_metric_that_was_told_late_is_taken_off_alone(core: Core) -> None:
    """Of one post likes were hidden until the 13th; its views are compared, its likes are not."""
    for n in range(11):
        flat(core, f"old{n}", "2026-11-06")
    for n in range(6, 23):
        numbers = {"views": 100 * n} | ({"likes": 1_000 * n} if n >= 13 else {})
        tell(core, told("shy", at(f"2026-11-{n:02} 01:00"), numbers, published_at=OLD))
    answer, meta = overview(core, EVERYTHING, WINDOW)
    assert (answer.growth.views, answer.growth.likes) == (0, 0)
    assert meta.growth is not None
    assert (meta.growth.current.views, meta.growth.current.likes) == (12 * 700, 77)
