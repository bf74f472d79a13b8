"""Best and worst posts a page at a time, worked out by hand."""

from datetime import timedelta

import pytest

from afterpost.domain.ranking import RankKey
from afterpost.domain.windows import day_number
from afterpost.services.core import Core
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.rankings import Ranked, Sort, ranking
from afterpost.storage import posts
from packages.core.tests.house import ACTOR, EVERYTHING, MakeCore, at, day, tell, told
from packages.core.tests.services.scenery import ASKED, fix_a, set_missing


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


PARTS_ASKED = ("views", "likes", "comments")
PUBLISHED = at("2026-11-16")


def test_a_part_that_was_hidden_once_is_not_forgotten(core: Core) -> None:
    """Likes were asked for and hidden; whoever reads the post next does not ask for them."""
    hidden = told(
        "a", at("2026-11-18"), {"views": 90, "comments": 9}, published_at=PUBLISHED, asked=PARTS_ASKED
    )
    tell(core, hidden)
    tell(core, told("a", at("2026-11-20"), {"views": 100, "comments": 10}, asked=("views", "comments")))
    answer, _, _ = ranking(core, EVERYTHING)
    assert ([*answer.posts], answer.candidates, answer.incomplete) == ([], 0, 1)
    # As it stood earlier it is no other, nor when it was read since.
    tell(core, told("a", at("2026-11-22 01:00"), {"views": 101, "comments": 10}, asked=("views", "comments")))
    for end in ("2026-11-19", "2026-11-21"):
        answer, _, _ = ranking(core, EVERYTHING, Question(start=day("2026-11-15"), end=day(end)))
        assert (answer.candidates, answer.incomplete) == (0, 1)
    # Once it is told, it is complete; and what is asked for later says nothing of earlier days.
    tell(core, told("a", at("2026-11-20 18:00"), {"likes": 5}, asked=("likes",)))
    answer, _, _ = ranking(core, EVERYTHING)
    assert [(post.engagements, post.exposed) for post in answer.posts] == [(15, 100)]


def test_a_part_asked_for_after_the_window_takes_nothing_from_it(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 100, "likes": 10}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-22 01:00"), {"views": 120}, asked=(*PARTS_ASKED, "saves")))
    answer, _, _ = ranking(core, EVERYTHING)
    assert ([post.external_id for post in answer.posts], answer.incomplete) == (["a"], 0)


def test_a_candidate_that_nobody_read_yet_is_counted(core: Core) -> None:
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        fixed = {"organization_id": organization.id, "platform": "youtube", "content_type": "video"}
        texts = dict.fromkeys(("title", "description", "url"), "")
        more = {"links": "{}", "state": "live", "misses": 0, "created_at": tx.now}
        posts.add_posts(
            tx.connection,
            EVERYTHING,
            [
                {
                    **fixed,
                    **texts,
                    **more,
                    "external_id": key,
                    "published_at": published,
                    "announced_at": published,
                    "published_day": day_number(published.date()),
                }
                for key, published in (("registered", PUBLISHED), ("young", at("2026-11-21")))
            ],
        )
    tell(core, told("later", at("2026-11-22 01:00"), {"views": 100, "likes": 1}, published_at=PUBLISHED))
    answer, _, _ = ranking(core, EVERYTHING)
    assert (answer.candidates, answer.incomplete, answer.not_distributed, answer.unread) == (0, 0, 0, 2)


def test_a_post_of_unknown_publication_is_counted_and_not_ranked(core: Core) -> None:
    tell(core, told("a", at("2026-11-18"), {"views": 100, "likes": 5}))
    tell(core, told("b", at("2026-11-18"), {"views": 100, "likes": 5}, published_at=PUBLISHED))
    answer, _, _ = ranking(core, EVERYTHING)
    assert [post.external_id for post in answer.posts] == ["b"]
    assert answer.unknown_publication == 1
    only = Question(platform="elsewhere")
    assert ranking(core, EVERYTHING, only)[0].unknown_publication == 0


def test_a_post_that_is_gone_stays_in_rankings_of_its_past_and_says_so(core: Core) -> None:
    fix_a(core)
    before, _, _ = ranking(core, EVERYTHING)
    set_missing(core, 2, at("2026-11-22"), misses=3)
    after, _, _ = ranking(core, EVERYTHING)
    assert [post.post_id for post in after.posts] == [post.post_id for post in before.posts]
    assert {post.post_id: post.state for post in after.posts} == {1: "live", 2: "gone", 3: "live"}


def test_a_candidate_came_out_on_a_local_day(make_core: MakeCore) -> None:
    """28 days before the 15th is the 18th of October, which began in Berlin at 22:00 UTC; in November days
    begin at 23:00."""
    core = make_core(zone="Europe/Berlin")
    for key, published in (("first", "2026-10-17 22:00"), ("before", "2026-10-17 21:59")):
        tell(core, told(key, at("2026-11-18"), {"views": 100, "likes": 5}, published_at=at(published)))
    answer, _, meta = ranking(core, EVERYTHING)
    assert meta.window.start_date == day("2026-11-15")
    assert [post.external_id for post in answer.posts] == ["first"]


def test_a_clipped_rate_is_flagged_and_all_three_numbers_stand(core: Core) -> None:
    tell(core, told("a", at("2026-11-18"), {"views": 100, "likes": 150}, published_at=PUBLISHED))
    (only,) = ranking(core, EVERYTHING)[0].posts
    assert (only.engagement_rate, only.clipped, only.shrunk_rate, only.exposed) == (100, True, 100, 100)


@pytest.mark.parametrize("worst", [False, True])
def test_a_post_of_which_nothing_is_known_in_the_window_is_last(core: Core, worst: bool) -> None:
    tell(
        core, told("quiet", at("2026-11-09"), {"views": 900, "likes": 9}, published_at=at("2026-11-09 08:00"))
    )
    for when, views in (("2026-11-09", 500), ("2026-11-20", 445)):
        values = {"views": views, "likes": 9}
        tell(core, told("fell", at(when), values, published_at=at("2026-11-09 08:00")))
    answer, _, _ = ranking(core, EVERYTHING, sort="views", worst=worst)
    earned = [(post.external_id, post.earned and post.earned.views) for post in answer.posts]
    assert earned == [("fell", -30), ("quiet", None)]
