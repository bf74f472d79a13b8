"""Platforms, brands and organisations side by side."""

import pytest

from afterpost.domain.scope import Scope
from afterpost.services.boards import leaderboard, platforms
from afterpost.services.catalogue import add_brand, add_organization
from afterpost.services.core import Core
from afterpost.services.ingest import store
from afterpost.services.question import Question
from packages.core.tests.house import ACTOR, EVERYTHING, at, day, tell, told

OLD = at("2026-11-01")


@pytest.fixture
def filled(core: Core) -> Core:
    """North gains 100 views, then 50, South 30, then 60; East has no post; one post has no brand."""
    for brand, key, before, after in (("North", "n", 100, 150), ("South", "s", 30, 90)):
        asked = ("views", "likes")
        tell(
            core,
            told(key, at("2026-11-08"), {"views": 0, "likes": 0}, published_at=OLD, asked=asked),
            brand=brand,
        )
        tell(core, told(key, at("2026-11-13"), {"views": before, "likes": 10}, asked=asked))
        tell(core, told(key, at("2026-11-18"), {"views": after, "likes": 16}, asked=asked))
    tell(
        core, told("x", at("2026-11-17"), {"views": 5}, published_at=at("2026-11-17 08:00"), platform="gram")
    )
    add_brand(core, EVERYTHING, ACTOR, "East", None)
    return core


def test_brands_by_what_they_earned(filled: Core) -> None:
    board, total, after, meta = leaderboard(filled, EVERYTHING, "brands")
    assert (total, after) == (3, None)
    # The gain over the five days 14 to 18 is split: the 14th is the day before the window.
    assert [(r.rank, r.slug, r.posts, r.earned.views, r.previous.views) for r in board] == [
        (1, "south", 1, 48, 42),
        (2, "north", 1, 40, 110),
        (3, "east", 0, None, None),
    ]
    # First read inside the window before, and no more after the 18th: nothing to compare.
    assert [r.growth.views for r in board] == [None, None, None]
    assert (meta.window.start_date, meta.window.end_date) == (day("2026-11-15"), day("2026-11-21"))


@pytest.mark.parametrize(
    ("metric", "order"),
    [
        ("views", ["south", "north", "east"]),
        ("likes", ["south", "north", "east"]),  # as many; the greater exposure is first
        ("engagements", ["south", "north", "east"]),
        ("engagement_rate", ["north", "south", "east"]),
        ("saves", ["south", "north", "east"]),  # nobody has any
    ],
)
def test_brands_by_another_metric_in_a_total_order(filled: Core, metric: str, order: list[str]) -> None:
    board = leaderboard(filled, EVERYTHING, "brands", metric=metric)[0]  # type: ignore[arg-type]
    assert [ranked.slug for ranked in board] == order
    assert [ranked.rank for ranked in board] == [1, 2, 3]


def test_a_board_has_so_many_places(filled: Core) -> None:
    assert [r.slug for r in leaderboard(filled, EVERYTHING, "brands", limit=1)[0]] == ["south"]


def test_a_board_holds_what_the_caller_may_see(filled: Core) -> None:
    board = leaderboard(filled, Scope(brands=frozenset({1})), "brands")[0]
    assert [(r.rank, r.slug, r.earned.views) for r in board] == [(1, "north", 40)]


def test_organisations(filled: Core) -> None:
    other = add_organization(filled, EVERYTHING, ACTOR, "Other")
    theirs = Scope(organizations=frozenset({other.id}))
    reading = told("o", at("2026-11-18"), {"views": 500}, published_at=at("2026-11-18 08:00"))
    store(filled, theirs, ACTOR, [reading], "api")
    board = leaderboard(filled, EVERYTHING, "organizations")[0]
    assert [(r.slug, r.posts, r.earned.views) for r in board] == [("other", 1, 500), ("default", 3, 93)]
    assert [r.slug for r in leaderboard(filled, theirs, "organizations")[0]] == ["other"]


def test_platforms(filled: Core) -> None:
    found, _ = platforms(filled, EVERYTHING)
    assert [(p.name, p.posts, p.earned.views, p.previous.views, p.exposure) for p in found] == [
        ("youtube", 2, 88, 152, "views"),
        ("gram", 1, 5, None, "views"),
    ]
    assert [p.name for p in platforms(filled, EVERYTHING, Question(brand_id=1))[0]] == ["youtube"]
    assert platforms(filled, EVERYTHING, Question(end=day("2026-10-31")))[0] == ()


def test_a_platform_of_the_window_before_alone_is_still_there(filled: Core) -> None:
    (only,) = platforms(filled, EVERYTHING, Question(start=day("2026-11-20"), end=day("2026-11-21")))[0]
    assert (only.name, only.posts, only.earned.views, only.previous.views) == ("youtube", 0, None, 22)
