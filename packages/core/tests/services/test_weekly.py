"""The weekly summary, worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest

from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.growth import Change
from afterpost.services.post_summary import post_analytics
from afterpost.services.question import Question
from afterpost.services.weekly import Opening, Weekly, weekly
from packages.core.tests.house import EVERYTHING, Clock, MakeCore, at, day, tell, told, vector
from packages.core.tests.services.scenery import ASKED, fix_a

END = at("2026-11-22 00:00")
"""Where the default window, 15 to 21 November, is over."""


def summary(core: Core, **asked: Any) -> Weekly:
    limits = {name: asked.pop(name) for name in ("top_n", "worst_n") if name in asked}
    return weekly(core, EVERYTHING, Question(**asked), **limits)[0]


def shown(core: Core, **asked: Any) -> tuple[list[str], list[str], list[str]]:
    """External ids: top, worst, not distributed."""
    found = summary(core, **asked)
    return tuple(
        [item.external_id for item in items] for items in (found.top, found.worst, found.not_distributed)
    )  # type: ignore[return-value]


def rated(core: Core, name: str, views: int, likes: int, **post: Any) -> None:
    """A post that was published on the 16th, with a rate of likes ÷ views."""
    post.setdefault("published_at", at("2026-11-16 08:00"))
    values = {"views": views, "likes": likes, "comments": 0, "shares": 0, "saves": 0}
    tell(core, told(name, post.pop("observed_at", at("2026-11-17")), values, asked=ASKED, **post))


# --- the original's own data ---


def test_a_top_list_has_each_post_once(core: Core) -> None:
    """Vector GV-137: the original lists p2 five times, and p1 five times as the worst."""
    fix_a(core)
    answer, meta = weekly(core, EVERYTHING, Question(brand_id=1))
    assert [(item.external_id, item.engagements, item.exposed) for item in answer.top] == [
        ("p2", 52, 130),  # 13 × (2 likes, a comment, a save) ÷ 13 × 10 views
        ("p1", 156, 1_300),
    ]
    assert [item.engagement_rate for item in answer.top] == [40, 12]
    assert [item.external_id for item in answer.worst] == ["p1", "p2"]
    assert answer.hooks == (Opening("Hook p2", 1, 130, 40), Opening("Hook p1", 1, 1_300, 12))
    assert (answer.not_distributed, answer.incomplete) == ((), 0)
    assert answer.week_over_week.engagements == Change(112, 96, 100 * 16 / 96, "up", None)
    assert answer.week_over_week.views == Change(770, 660, 100 * 110 / 660, "up", None)
    assert (answer.earned.views, answer.previous.views) == (770, 660)
    assert meta.window.end_date == day("2026-11-21")
    (group,) = answer.platforms
    assert (group.name, group.posts, group.views, group.engagements) == ("youtube", 2, 770, 112)
    assert [(group.name, group.posts) for group in answer.content_types] == [("video", 2)]


def test_vector_137_names_what_the_original_answers(core: Core) -> None:
    original = vector("GV-137")["expected"]
    fix_a(core)
    top, worst, _ = shown(core, brand_id=1)
    assert top == ["p2", "p1"] != original["postIds"]
    assert set(original["postIds"]) == {top[0]}
    assert set(original["worstPostIds"]) == {worst[0]}


def test_posting_hours_are_local_and_a_description(core: Core) -> None:
    """Vector GV-138; its rates count no saves."""
    fix_a(core)
    hours = [
        (hour.hour, hour.posts, hour.engagement_rate) for hour in summary(core, brand_id=1).posting_hours
    ]
    assert hours == [(9, 1, 12), (14, 1, 40)]


def test_posting_hours_are_those_of_the_organisations_zone(make_core: MakeCore) -> None:
    core = make_core(zone="Asia/Kathmandu")
    rated(core, "a", 100, 1, published_at=at("2026-11-16 19:00"))
    assert [hour.hour for hour in summary(core).posting_hours] == [0]  # 00:45 on the 17th


def test_vector_51_a_day_is_learned_from_once_it_is_over(core: Core, clock: Clock) -> None:
    given, expected = vector("GV-51")["input"], vector("GV-51")["expected"]
    top = expected["topPerformers[0]"]
    clock.now = at("2026-04-16 12:00")
    entry = told(
        "clip",
        clock.now,
        {name: top[name] for name in ("views", "likes", "comments")},
        published_at=at("2026-04-15 10:00"),
        title=top["title"],
        description=f"{expected['topHooks'][0]}.\nThen the rest.",
        asked=("views", "likes", "comments"),
    )
    tell(core, entry)
    window = {"start": day(given["startDate"][:10]), "end": day(given["endDate"][:10])}
    sizes = {"top_n": given["topN"], "worst_n": given["worstN"]}
    assert summary(core, **window, **sizes).top == ()
    # … while the post's own summary has it at once.
    now = post_analytics(core, EVERYTHING, 1)[0].summary
    assert (now.metrics["views"], now.partial_day, now.as_of_date) == (3_000, True, day("2026-04-16"))

    clock.now = at("2026-04-17 12:00")
    answer = summary(core, **window, **sizes)
    (found,) = answer.top
    assert (found.title, found.platform.upper(), found.exposed) == (
        top["title"],
        top["platform"],
        top["views"],
    )
    assert found.engagement_rate == top["engagementRate"]
    assert [hook.text for hook in answer.hooks] == expected["topHooks"]
    by_platform = [(group.name.upper(), group.posts, group.engagement_rate) for group in answer.platforms]
    (original,) = expected["avgEngagementByPlatform"]
    assert by_platform == [(original["platform"], original["totalPosts"], original["avgEngagementRate"])]


# --- who competes ---


@pytest.mark.parametrize(
    ("published", "competes"),
    [
        (END - timedelta(hours=24), True),
        (END - timedelta(hours=24) + timedelta(microseconds=1), False),  # not a day old
        (END, False),
        (at("2026-11-15 00:00"), True),
        (at("2026-10-18 00:00"), True),  # 28 days before the window
        (at("2026-10-17 23:59"), False),
    ],
)
def test_posts_of_the_window_and_of_the_28_days_before_compete_once_a_day_old(
    core: Core, published: Any, competes: bool
) -> None:
    rated(core, "a", 100, 5, published_at=published, observed_at=at("2026-11-21 13:00"))
    assert shown(core)[0] == (["a"] if competes else [])
    assert summary(core).incomplete == 0


@pytest.mark.parametrize(
    ("seen", "counted"),
    [
        ("2026-10-17 23:59", 0),  # out before any candidate
        ("2026-10-18 00:00", 1),
        ("2026-11-20 23:59", 1),
        ("2026-11-21 23:59", 1),
        ("2026-11-22 00:01", 0),
    ],
)
def test_a_post_of_unknown_publication_does_not_compete_and_is_counted(
    core: Core, seen: str, counted: int
) -> None:
    rated(core, "a", 100, 5, published_at=None, observed_at=at(seen))
    answer = summary(core)
    assert (answer.top, answer.worst, answer.incomplete, answer.unread) == ((), (), 0, 0)
    assert answer.unknown_publication == counted


def test_a_post_that_was_never_read_does_not_compete(core: Core) -> None:
    rated(core, "a", 100, 5, observed_at=at("2026-11-22 01:00"))
    answer = summary(core)
    assert (answer.top, answer.worst, answer.not_distributed, answer.incomplete) == ((), (), (), 0)
    assert (answer.unread, answer.unknown_publication) == (1, 0)


def test_a_rate_is_of_the_last_known_totals_at_the_windows_end(core: Core) -> None:
    rated(core, "a", 100, 5)
    tell(core, told("a", at("2026-11-19"), {"views": 200}, asked=ASKED))  # the rest vanished
    tell(core, told("a", at("2026-11-22 01:00"), {"views": 900, "likes": 900}, asked=ASKED))
    (found,) = summary(core).top
    assert (found.exposed, found.engagements, found.engagement_rate) == (200, 5, 2.5)


def test_a_post_that_is_not_distributed_is_listed_apart(core: Core) -> None:
    rated(core, "nine", 9, 9)
    rated(core, "ten", 10, 1)
    rated(core, "none", 0, 0)
    assert shown(core) == (["ten"], ["ten"], ["nine", "none"])
    assert summary(core).min_exposure == 10
    assert summary(core).not_distributed[1].engagement_rate is None


def test_a_lucky_post_that_few_saw_does_not_beat_a_good_one_that_many_did(core: Core) -> None:
    """Ten others of the account say what is usual: 3 of 12 is luck, 80 of 1,000 is not."""
    usual = [(f"u{n}", 1_000, 18 + 2 * (n % 3)) for n in range(10)]
    for key, views, likes in [*usual, ("lucky", 12, 3), ("good", 1_000, 80)]:
        values = {"views": views, "likes": likes}
        tell(core, told(key, at("2026-11-20"), values, published_at=at("2026-11-17"), asked=("likes",)))
    top = weekly(core, EVERYTHING)[0].top
    assert [post.external_id for post in top][:2] == ["good", "lucky"]
    good, lucky = top[:2]
    assert (good.engagement_rate, lucky.engagement_rate) == (8.0, 25.0)
    assert good.shrunk_rate is not None
    assert lucky.shrunk_rate is not None
    assert lucky.shrunk_rate < good.shrunk_rate < 8.0


def test_what_has_no_rate_is_counted_as_incomplete(core: Core) -> None:
    rated(core, "good", 100, 5)
    for name, values in [
        ("hidden likes", {"views": 100, "comments": 3, "shares": 0, "saves": 0}),
        ("no exposure", {"likes": 3, "comments": 3, "shares": 0, "saves": 0}),
        ("no engagements", {"views": 100}),
    ]:
        tell(
            core,
            told(
                name.replace(" ", "-"), at("2026-11-18"), values, published_at=at("2026-11-16"), asked=ASKED
            ),
        )
    assert shown(core) == (["good"], ["good"], [])
    assert summary(core).incomplete == 3


def test_a_rate_above_1_is_clipped_and_says_so(core: Core) -> None:
    rated(core, "a", 100, 150)
    rated(core, "b", 100, 100)
    found = [
        (item.external_id, item.engagement_rate, item.clipped, item.engagements) for item in summary(core).top
    ]
    assert found == [("b", 100, False, 100), ("a", 100, True, 150)] or found == [
        ("a", 100, True, 150),
        ("b", 100, False, 100),
    ]


def test_of_equal_rates_the_more_seen_then_the_newer_then_the_older_id_comes_first(core: Core) -> None:
    rated(core, "first", 100, 5)
    rated(core, "seen-more", 200, 10)
    rated(core, "newer", 100, 5, published_at=at("2026-11-17"))
    rated(core, "second", 100, 5)
    order = ["seen-more", "newer", "first", "second"]
    assert shown(core) == (order, order[::-1], [])


def test_lists_are_as_long_as_asked_for(core: Core) -> None:
    for n in range(8):
        rated(core, f"p{n}", 100, n)
    assert [len(names) for names in shown(core)[:2]] == [5, 5]
    assert shown(core, top_n=1, worst_n=2)[:2] == (["p7"], ["p0", "p1"])


def test_a_scope_ranks_its_own_posts_alone(core: Core) -> None:
    fix_a(core)
    answer, _ = weekly(core, Scope(brands=frozenset({2})))
    assert [item.external_id for item in answer.top] == ["p3"]
    assert answer.earned.views == 7_000


# --- openings ---


def test_openings_are_grouped_without_case_or_space_and_rated_as_a_ratio_of_sums(core: Core) -> None:
    rated(core, "a", 100, 10, description="Wait for it. Now")
    rated(core, "b", 300, 10, description="  WAIT  for it")
    rated(core, "c", 100, 6, title="Something else")
    assert summary(core).hooks == (Opening("Something else", 1, 100, 6), Opening("Wait for it", 2, 400, 5))


def test_a_week_without_a_previous_has_no_direction(core: Core) -> None:
    rated(core, "a", 100, 5)
    change = summary(core).week_over_week.views
    assert change == Change(100, None, None, None, None)


def test_todays_numbers_are_never_in_it(core: Core) -> None:
    rated(core, "a", 100, 5)
    before = weekly(core, EVERYTHING)[0]
    tell(core, told("a", at("2026-11-22"), {"views": 10**6, "likes": 0}, asked=ASKED))
    rated(core, "b", 50, 50, published_at=at("2026-11-22 01:00"), observed_at=at("2026-11-22 02:00"))
    after = weekly(core, EVERYTHING)[0]
    # Only what today's reading says about the days since the last one is new: 18 to 21 November.
    assert (before.top, before.hooks, before.posting_hours) == (after.top, after.hooks, after.posting_hours)
    assert after.earned.views == 100 + (10**6 - 100) * 4 // 5
