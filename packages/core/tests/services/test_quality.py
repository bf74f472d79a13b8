"""Doubtful numbers, each made by real readings, and what must not be called so."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec
import pytest

from afterpost.domain.errors import NotFound
from afterpost.domain.quality import Flaw
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.doctor_quality import quality as doctors
from afterpost.services.quality import QualityMeta, quality
from afterpost.services.question import Question
from afterpost.services.weekly import weekly
from afterpost.services.windows import Coverage
from packages.core.tests.house import EVERYTHING, Clock, at, day, tell, told
from packages.core.tests.services.scenery import adopt, fix_a, was_due

OLD = at("2026-09-01")


def asked(core: Core, start: str = "2026-11-15", end: str = "2026-11-21") -> tuple[Flaw, ...]:
    """The flaws of those days."""
    return quality(core, EVERYTHING, Question(start=day(start), end=day(end)))[0]


def known(core: Core, post: str, *days: tuple[str, Mapping[str, int]], platform: str = "youtube") -> None:
    """Readings of an old post."""
    for date, values in days:
        tell(core, told(post, at(date), values, published_at=OLD, platform=platform))


def kinds(flaws: tuple[Flaw, ...]) -> list[tuple[str, str, str | None, int]]:
    """Severity, kind, metric and number of posts."""
    return [(flaw.severity, flaw.kind, flaw.metric, flaw.posts) for flaw in flaws]


def test_steady_growth_has_no_flaw(core: Core) -> None:
    fix_a(core)
    flaws, _, meta = quality(core, EVERYTHING)
    assert flaws == ()
    assert (meta.total, meta.coverage) == (0, Coverage(0, 0, None))
    assert meta.receipt.snapshots == 21


def test_an_installation_without_data_has_none(core: Core) -> None:
    assert quality(core, EVERYTHING)[0] == ()


# --- went backwards ---


def test_small_corrections_are_noted_and_large_falls_warned_of(core: Core) -> None:
    known(
        core, "a", ("2026-11-15", {"views": 1_000, "likes": 100}), ("2026-11-16", {"views": 960, "likes": 99})
    )
    known(core, "b", ("2026-11-15", {"views": 1_000}), ("2026-11-16", {"views": 999}))
    known(core, "c", ("2026-11-16", {"views": 1_000}), ("2026-11-18", {"views": 400}))
    large, views, likes = asked(core)
    assert kinds((large, views, likes)) == [
        ("warning", "backwards", "views", 1),
        ("note", "backwards", "views", 2),
        ("note", "backwards", "likes", 1),
    ]
    assert (large.day, large.post_ids) == (day("2026-11-18"), (3,))
    assert large.sentence == "Views of 1 post fell by 600 together, at most by 60.0 % of a post's total."
    assert large.receipts == ("/v1/posts/3/observations?before=2026-11-19&days=2",)
    assert views.sentence == "Views of 2 posts fell by 41 together, at most by 4.0 % of a post's total."
    assert (views.day, views.platform, views.account_id) == (day("2026-11-16"), "youtube", None)


def test_a_few_counts_less_are_small_whatever_their_share(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"likes": 12}), ("2026-11-16", {"likes": 3}))
    known(core, "b", ("2026-11-15", {"likes": 2}), ("2026-11-16", {"likes": 0}))
    assert kinds(asked(core)) == [("note", "backwards", "likes", 2)]


def test_a_window_tells_its_own_days_alone(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"views": 1_000}), ("2026-11-16", {"views": 1}))
    assert asked(core, "2026-11-17", "2026-11-21") == ()
    assert len(asked(core, "2026-11-16", "2026-11-16")) == 1


def test_five_posts_are_named_those_with_most_of_it(core: Core) -> None:
    for n in range(1, 9):
        known(core, f"p{n}", ("2026-11-15", {"views": 900}), ("2026-11-16", {"views": 900 - 50 * n}))
    (flaw,) = asked(core)
    assert (flaw.posts, flaw.post_ids, len(flaw.receipts)) == (8, (4, 5, 6, 7, 8), 5)


# --- became 0 ---


def test_a_total_of_some_size_that_becomes_0_was_hidden(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"likes": 60}), ("2026-11-16", {"likes": 0}))
    known(core, "b", ("2026-11-15", {"likes": 10}), ("2026-11-16", {"likes": 0}))
    known(core, "c", ("2026-11-15", {"likes": 9}), ("2026-11-16", {"likes": 0}))
    zero, fell = asked(core)
    assert kinds((zero, fell)) == [
        ("warning", "became_zero", "likes", 2),
        ("note", "backwards", "likes", 1),
    ]
    assert zero.sentence.startswith("Likes of 2 posts became 0 after 70 together")


def test_a_total_that_was_always_0_is_no_flaw(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"likes": 0}), ("2026-11-16", {"likes": 0}))
    assert asked(core) == ()


# --- became null ---


def test_a_metric_that_is_absent_now_is_told_on_the_day_it_vanished(core: Core) -> None:
    for n in range(4):
        known(
            core,
            f"p{n}",
            ("2026-11-14", {"views": 10, "likes": 3}),
            ("2026-11-16", {"views": 11} if n else {"views": 11, "likes": 4}),
            ("2026-11-17", {"views": 12} if n else {"views": 12, "likes": 4}),
        )
    (flaw,) = asked(core)
    assert kinds((flaw,)) == [("warning", "became_null", "likes", 3)]
    assert (flaw.day, flaw.post_ids) == (day("2026-11-16"), (2, 3, 4))
    assert flaw.sentence == "Likes of 3 of 4 posts that had them are no longer reported."
    assert asked(core, "2026-11-17", "2026-11-21") == ()


def test_one_author_who_hides_likes_is_a_note(core: Core) -> None:
    for n in range(4):
        known(core, f"p{n}", ("2026-11-14", {"views": 10, "likes": 3}))
        known(core, f"p{n}", ("2026-11-16", {"views": 11, "likes": 3} if n else {"views": 11}))
    assert kinds(asked(core)) == [("note", "became_null", "likes", 1)]


def test_a_metric_that_a_platform_never_had_is_not_missing(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"views": 10, "saves": 1}), ("2026-11-16", {"views": 11, "saves": 2}))
    known(core, "t", ("2026-11-15", {"likes": 1}), ("2026-11-16", {"likes": 1}), platform="sample")
    assert asked(core) == ()


# --- doubtful publication ---


def test_a_publication_that_can_t_be_is_warned_of_where_its_post_was_read(core: Core) -> None:
    for n, date in enumerate(("2026-11-16", "2026-11-18", "2026-11-18")):
        tell(core, told(f"p{n}", at(date), {"views": 9}, published_at=at("2026-12-20")))
    tell(core, told("other", at("2026-11-17"), {"views": 9}, published_on=day("2026-11-19"), platform="tube"))
    known(core, "good", ("2026-11-16", {"views": 9}))
    first, second = asked(core)
    assert kinds((first, second)) == [
        ("warning", "doubtful_publication", None, 3),
        ("warning", "doubtful_publication", None, 1),
    ]
    assert (first.day, first.platform, first.post_ids) == (day("2026-11-18"), "youtube", (1, 2, 3))
    assert first.sentence == (
        "A publication that can't be was told of 3 posts and not taken: they were seen before it, or their "
        "id contradicts it."
    )
    assert "of 1 post and not taken: it was seen before it, or its id" in second.sentence
    assert (second.day, second.platform) == (day("2026-11-17"), "tube")
    assert second.receipts == ("/v1/posts/4/observations?before=2026-11-18&days=2",)


def test_it_is_told_of_the_window_that_the_post_was_read_in(core: Core) -> None:
    for date in ("2026-11-10", "2026-11-13", "2026-11-19"):
        tell(core, told("a", at(date), {"views": 9}, published_at=at("2026-12-20")))
    found = {
        (start, end): [flaw.day.day for flaw in asked(core, f"2026-11-{start:02}", f"2026-11-{end:02}")]
        for start, end in ((1, 9), (5, 10), (8, 14), (14, 18), (14, 19), (20, 21))
    }
    assert found == {
        (1, 9): [],
        (5, 10): [10],
        (8, 14): [13],
        (14, 18): [],
        (14, 19): [19],
        (20, 21): [],
    }


def test_it_is_told_of_a_brand_s_own_posts(core: Core) -> None:
    tell(core, told("a", at("2026-11-18"), {"views": 9}, published_at=at("2026-12-20")), brand="mine")
    tell(core, told("b", at("2026-11-18"), {"views": 9}), brand="others")
    start, end = day("2026-11-15"), day("2026-11-21")
    questions = [Question(start=start, end=end, brand_id=brand) for brand in (1, 2)]
    counts = [len(quality(core, EVERYTHING, question)[0]) for question in questions]
    assert counts == [1, 0]


def test_it_is_told_with_what_was_known_then(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-18"), {"views": 9}))
    before = clock.now
    clock.advance(timedelta(hours=1))
    tell(core, told("a", at("2026-11-19"), {"views": 9}, published_at=at("2026-12-20")))
    after = clock.now
    clock.advance(timedelta(hours=1))
    assert [len(asked(core.as_of(then))) for then in (before, after)] == [0, 1]


# --- froze ---


def moving(core: Core, posts: int, until: int, still_from: int) -> None:
    """Posts of an account, read daily from 1 November; each gains 10 views a day, none from a day on."""
    for date in range(1, until + 1):
        views = 1_000 + 10 * min(date, still_from - 1)
        tell(
            core,
            *(
                told(f"p{n}", at(f"2026-11-{date:02}"), {"views": views + n}, published_at=OLD)
                for n in range(posts)
            ),
        )


def test_an_account_whose_posts_all_stand_still_froze(core: Core) -> None:
    moving(core, posts=6, until=21, still_from=20)
    account = adopt(core, *(f"p{n}" for n in range(6)))
    late, early = asked(core)
    assert kinds((late, early)) == [("warning", "frozen", "views", 6)] * 2
    assert [flaw.day for flaw in (late, early)] == [day("2026-11-21"), day("2026-11-20")]
    assert (late.account_id, late.account, late.post_ids) == (account, "channel", (1, 2, 3, 4, 5))
    assert late.sentence.startswith("Views of none of 6 posts moved, though 100 % did on the days before")


def test_one_post_that_moves_is_no_freeze(core: Core) -> None:
    moving(core, posts=6, until=21, still_from=20)
    for date in (20, 21):
        tell(core, told("p0", at(f"2026-11-{date}") + timedelta(hours=1), {"views": 1_500 + date}))
    assert asked(core) == ()


def test_posts_that_came_to_rest_long_ago_did_not_freeze(core: Core) -> None:
    moving(core, posts=6, until=21, still_from=2)
    assert asked(core) == ()


def test_gains_that_cancel_out_are_no_freeze(core: Core) -> None:
    moving(core, posts=6, until=20, still_from=25)
    for n in range(6):
        views = 1_200 + n + (7 if n < 3 else -7)
        tell(core, told(f"p{n}", at("2026-11-21"), {"views": views}, published_at=OLD))
    assert kinds(asked(core)) == [("note", "backwards", "views", 3)]


# --- impossible ratios ---


def test_more_likes_than_views_are_impossible_and_told_once_a_post(core: Core) -> None:
    for date in ("2026-11-15", "2026-11-16"):
        known(core, "a", (date, {"views": 90, "likes": 150}))
        known(core, "b", (date, {"views": 3, "likes": 7}))  # views are counted later than likes
        known(core, "c", (date, {"views": 150, "likes": 150}))
    (flaw,) = asked(core)
    assert kinds((flaw,)) == [("warning", "impossible_ratio", "likes", 1)]
    assert (flaw.day, flaw.post_ids) == (day("2026-11-16"), (1,))
    assert flaw.sentence == "1 post has more likes than views."


def test_engagements_may_exceed_the_exposure_a_little(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"views": 100, "likes": 90, "comments": 110}))
    known(core, "b", ("2026-11-15", {"views": 100, "likes": 90, "comments": 111}))
    assert kinds(asked(core)) == [("warning", "impossible_ratio", "engagements", 1)]


def test_impressions_bound_where_there_are_no_views(core: Core) -> None:
    known(core, "a", ("2026-11-15", {"impressions": 100, "reach": 120, "likes": 50}))
    known(core, "b", ("2026-11-15", {"impressions": 100, "likes": 201}))
    known(core, "c", ("2026-11-15", {"impressions": 100, "views": 900, "likes": 201}))
    assert kinds(asked(core)) == [
        ("warning", "impossible_ratio", "reach", 1),
        ("warning", "impossible_ratio", "engagements", 1),
    ]


# --- coverage ---


def covered(core: Core, read: int, of: int) -> int:
    """Posts of an account that all were due in the week, of which some were read; returns the account."""
    names = [f"p{n}" for n in range(of)]
    for n, name in enumerate(names):
        known(core, name, ("2026-11-14", {"views": 10}))
        if n < read:
            known(core, name, ("2026-11-20", {"views": 11}))
    account = adopt(core, *names)
    was_due(core, ["2026-11-18"], *names)
    return account


def test_an_account_that_was_hardly_read_has_low_coverage(core: Core) -> None:
    account = covered(core, read=3, of=10)
    (flaw,) = asked(core)
    assert kinds((flaw,)) == [("warning", "low_coverage", None, 7)]
    assert (flaw.account_id, flaw.post_ids) == (account, (4, 5, 6, 7, 8))
    assert flaw.sentence == "Only 3 of 10 expected posts were read (30 %)."


def test_a_weekly_summary_of_low_coverage_says_so_first(core: Core) -> None:
    covered(core, read=3, of=10)
    answer, _ = weekly(core, EVERYTHING)
    assert answer.quality.low_coverage
    assert answer.quality.sentence == "Only 3 of 10 expected posts were read (30 %)."
    assert msgspec.json.encode(answer).startswith(b'{"quality":{"low_coverage":true,"sentence":"Only 3 of 10')


def test_one_of_good_coverage_says_nothing_of_it(core: Core) -> None:
    covered(core, read=9, of=10)
    answer, _ = weekly(core, EVERYTHING)
    assert (answer.quality.low_coverage, answer.quality.sentence, answer.quality.warnings) == (False, None, 0)
    assert asked(core) == ()


# --- whose, how many ---


def meta_of(core: Core) -> QualityMeta:
    """What the answer says about itself."""
    return quality(core, EVERYTHING)[2]


def test_only_what_was_asked_for_and_what_may_be_seen(core: Core) -> None:
    tell(core, told("a", at("2026-11-15"), {"views": 500}, published_at=OLD), brand="One")
    tell(core, told("a", at("2026-11-16"), {"views": 100}), brand="One")
    tell(core, told("b", at("2026-11-15"), {"views": 500}, published_at=OLD, platform="sample"), brand="Two")
    tell(core, told("b", at("2026-11-16"), {"views": 499}, platform="sample"), brand="Two")
    assert (meta_of(core).warnings, meta_of(core).notes) == (1, 1)
    assert [f.platform for f in quality(core, EVERYTHING, Question(platform="sample"))[0]] == ["sample"]
    assert [f.platform for f in quality(core, EVERYTHING, Question(brand_id=2))[0]] == ["sample"]
    assert [f.platform for f in quality(core, Scope(brands=frozenset({1})))[0]] == ["youtube"]
    with pytest.raises(NotFound, match="no brand 2"):
        quality(core, Scope(brands=frozenset({1})), Question(brand_id=2))
    account = adopt(core, "a")
    assert [f.account_id for f in quality(core, EVERYTHING, Question(account_id=account))[0]] == [account]
    for scope, unknown in ((EVERYTHING, account + 1), (Scope(accounts=frozenset({7})), account)):
        with pytest.raises(NotFound, match=f"no account {unknown}"):
            quality(core, scope, Question(account_id=unknown))


def test_a_limit_cuts_the_list_and_not_the_counts(core: Core) -> None:
    known(core, "a", *((f"2026-11-{n}", {"views": 5_000 - 1_000 * (n - 15)}) for n in range(15, 19)))
    flaws, last, meta = quality(core, EVERYTHING, limit=2)
    rest, end, _ = quality(core, EVERYTHING, limit=2, after=last)
    assert ([flaw.day for flaw in rest], end) == ([day("2026-11-16")], None)
    assert [flaw.day for flaw in flaws] == [day("2026-11-18"), day("2026-11-17")]
    assert (meta.total, meta.warnings) == (3, 3)
    assert quality(core, EVERYTHING, severity="note")[0] == ()


def test_the_doctor_names_what_is_doubtful(core: Core) -> None:
    assert [finding.mark for finding in doctors(core, EVERYTHING)] == ["ok"]
    known(core, "a", *((f"2026-11-{n}", {"views": 9_000 - 1_000 * (n - 14)}) for n in range(14, 22)))
    found = doctors(core, EVERYTHING)
    assert [finding.mark for finding in found] == ["warning"] * 6
    assert found[0].sentence.startswith(
        "youtube without an account, 2026-11-21: Views of 1 post fell by 1,000"
    )
    assert (found[-1].sentence, found[-1].next_step) == (
        "2 more warnings.",
        "afterpost quality --warnings names the posts to look at",
    )
