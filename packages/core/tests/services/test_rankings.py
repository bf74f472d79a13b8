"""Best and worst posts a page at a time, worked out by hand."""

from datetime import timedelta

import pytest

from afterpost.domain.ranking import RankKey
from afterpost.services.core import Core
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.rankings import Ranked, Sort, ranking
from packages.core.tests.house import EVERYTHING, at, day, tell, told
from packages.core.tests.services.scenery import ASKED, fix_a


def pages(
    core: Core, size: int, *, worst: bool = False, sort: Sort = "engagement_rate"
) -> list[list[Ranked]]:
    """Every page of that size."""
    found: list[list[Ranked]] = []
    after: RankKey | None = None
    while True:
        answer, after, _ = ranking(core, EVERYTHING, worst=worst, sort=sort, limit=size, after=after)
        found.append(list(answer.posts))
        if after is None:
            return found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("engagement_rate", ["p2", "p1", "p3"]),
        ("views", ["p3", "p1", "p2"]),
        ("engagements", ["p3", "p1", "p2"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_hold_each_post_once_in_one_order(core: Core, sort: Sort, order: list[str], size: int) -> None:
    fix_a(core)
    for worst, expected in ((False, order), (True, order[::-1])):
        found = pages(core, size, worst=worst, sort=sort)
        assert [post.external_id for page in found for post in page] == expected
        assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)


def test_what_each_post_earned_in_the_window_adds_up_to_the_overview(core: Core) -> None:
    fix_a(core)
    (page,) = pages(core, 50)
    earned = {post.external_id: post.earned for post in page}
    assert {key: own and (own.views, own.likes) for key, own in earned.items()} == {
        "p1": (700, 70),
        "p2": (70, 14),
        "p3": (7_000, 350),
    }
    whole = overview(core, EVERYTHING)[0].earned
    for name in ("views", "likes", "comments", "shares", "saves", "engagements"):
        assert sum(getattr(own, name) for own in earned.values()) == getattr(whole, name)


def test_a_gain_over_the_edges_of_the_window_is_split(core: Core) -> None:
    published = at("2026-11-10")
    for when, views in (("2026-11-10", 10), ("2026-11-12", 30), ("2026-11-17", 80), ("2026-11-22", 130)):
        values = {"views": views, "likes": views // 10}
        tell(core, told("a", at(when), values, published_at=published, asked=ASKED[:2]))
    # 50 over 13 to 17 November: 30 of it in the window; 50 over 18 to 22: 10 of it.
    question = Question(start=day("2026-11-15"), end=day("2026-11-18"))
    answer, _, meta = ranking(core, EVERYTHING, question)
    (only,) = answer.posts
    assert only.earned is not None
    assert only.earned.views == overview(core, EVERYTHING, question)[0].earned.views == 30 + 10
    assert (only.exposed, only.engagements) == (80, 8)  # as known at the window's end
    assert meta.receipt.snapshots == 1


def test_who_is_left_out_is_counted(core: Core) -> None:
    published = at("2026-11-16")
    for key, values in (
        ("shown", {"views": 100, "likes": 5}),
        ("hidden", {"views": 9, "likes": 9}),
        ("without", {"likes": 5}),
        ("part", {"views": 50}),
    ):
        tell(core, told(key, at("2026-11-18"), values, published_at=published, asked=("views", "likes")))
    late = at("2026-11-21 13:00")  # not a day old at the window's end
    tell(core, told("late", late + timedelta(hours=1), {"views": 99, "likes": 9}, published_at=late))
    answer, _, _ = ranking(core, EVERYTHING)
    assert [post.external_id for post in answer.posts] == ["shown"]
    assert (answer.candidates, answer.not_distributed, answer.incomplete) == (1, 1, 2)


def test_equal_numbers_are_ordered_by_publication_then_id(core: Core) -> None:
    for key, published in (("a", "2026-11-15"), ("b", "2026-11-16"), ("c", "2026-11-15")):
        entry = told(
            key,
            at("2026-11-18"),
            {"views": 100, "likes": 5},
            published_at=at(published),
            asked=("views", "likes"),
        )
        tell(core, entry)
    assert [post.external_id for page in pages(core, 1) for post in page] == ["b", "a", "c"]
    assert [post.external_id for page in pages(core, 1, worst=True) for post in page] == ["c", "a", "b"]
