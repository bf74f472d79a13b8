"""The overview of a window, worked out by hand."""

from datetime import timedelta

import pytest

from afterpost.domain.errors import InvalidWindow, NotFound
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.earned import Totals
from afterpost.services.like_for_like import Growth
from afterpost.services.overview import Overview, overview
from afterpost.services.question import Question
from afterpost.services.windows import Coverage, Meta
from packages.core.tests.house import EVERYTHING, Clock, MakeCore, at, day, tell, told, vector
from packages.core.tests.services.scenery import ASKED, adopt, fix_a, set_due, set_missing, was_due

PUBLISHED = at("2026-11-10 08:00")


def asked(core: Core, start: str = "2026-11-15", end: str = "2026-11-21") -> tuple[Overview, Meta]:
    """The overview of those days; by default the seven that end yesterday."""
    return overview(core, EVERYTHING, Question(start=day(start), end=day(end)))


# --- the original's own data ---


def test_gains_are_summed_and_not_lifetime_totals(core: Core) -> None:
    """Vectors GV-135 and GV-136: the original reports 7700 views, 14 posts and 233 % growth."""
    fix_a(core)
    answer, meta = overview(core, EVERYTHING, Question(brand_id=1))
    assert (meta.window.start_date, meta.window.end_date) == (day("2026-11-15"), day("2026-11-21"))
    assert answer.earned == Totals(views=770, likes=84, comments=14, shares=0, saves=14, engagements=112)
    # Six days were collected in the window before; the first snapshot counts from 0.
    assert answer.previous == Totals(views=660, likes=72, comments=12, shares=0, saves=12, engagements=96)
    assert answer.growth.views == pytest.approx(16.6667, abs=1e-4)
    assert answer.growth.engagements == pytest.approx(16.6667, abs=1e-4)
    assert answer.growth.shares is None  # from 0
    assert answer.lifetime.views == 1_430
    assert (answer.posts, answer.published, answer.brands, answer.organizations) == (2, 0, 1, 1)
    assert (answer.active_platforms, answer.best_platform) == (("youtube",), "youtube")
    assert answer.engagement_rate == pytest.approx(100 * 112 / 770)
    assert (meta.exposure, meta.estimated_share["views"]) == ("views", 0)
    assert meta.receipt.snapshots == 14


def test_vector_135_the_truth_comes_out(core: Core) -> None:
    expected = vector("GV-135")["expected"]
    fix_a(core)
    answer, _ = overview(core, EVERYTHING, Question(brand_id=1))
    assert answer.earned.views == expected["viewsGained7d"]
    assert answer.previous.views == expected["previousViewsGained"]
    assert answer.growth.views == pytest.approx(expected["viewsGrowth"])
    assert answer.lifetime.views == expected["latestCumulativeViews"]


def test_vector_136_differs_from_the_original_where_the_page_says_so(core: Core) -> None:
    original = vector("GV-136")["expected"]
    fix_a(core)
    answer, meta = overview(core, EVERYTHING, Question(brand_id=1))
    assert meta.receipt.snapshots == original["totalPosts"]  # it counted snapshots
    assert answer.posts == 2
    assert answer.earned.views == original["totalViews"] // 10


def test_brands_add_up_to_the_whole(core: Core) -> None:
    fix_a(core)
    whole, _ = overview(core, EVERYTHING)
    one, _ = overview(core, EVERYTHING, Question(brand_id=1))
    two, _ = overview(core, EVERYTHING, Question(brand_id=2))
    assert whole.earned.views == 7_770
    assert (one.earned.views, two.earned.views) == (770, 7_000)
    assert (whole.posts, whole.brands) == (3, 2)


# --- unknown is not 0 ---


def test_without_any_data_everything_is_unknown(core: Core) -> None:
    answer, meta = overview(core, EVERYTHING)
    nothing = Totals(None, None, None, None, None, None)
    assert (answer.earned, answer.previous, answer.lifetime) == (nothing, nothing, nothing)
    assert answer.growth == Growth(None, None, None, None, None, None)
    assert (answer.posts, answer.published, answer.brands, answer.organizations) == (0, 0, 0, 0)
    assert (answer.active_platforms, answer.best_platform, answer.engagement_rate) == ((), None, None)
    assert (meta.exposure, meta.estimated_share, meta.provisional) == (None, {}, False)
    assert meta.coverage == Coverage(0, 0, None)


def test_an_old_posts_first_total_is_lifetime_and_nothing_that_was_earned(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 9_000, "likes": 4}, published_at=at("2025-01-01")))
    answer, meta = asked(core)
    assert (answer.earned.views, answer.earned.engagements) == (None, None)
    assert (answer.lifetime.views, answer.lifetime.engagements) == (9_000, 4)
    assert (answer.posts, answer.best_platform) == (1, None)
    assert (meta.exposure, meta.estimated_share) == ("views", {})


def test_an_opening_of_unknown_gain_takes_nothing_from_what_is_known(core: Core) -> None:
    tell(core, told("old", at("2026-11-20"), {"views": 9_000}, published_at=at("2025-01-01")))
    tell(core, told("new", at("2026-11-20"), {"views": 7}, published_at=at("2026-11-20 08:00")))
    assert asked(core)[0].earned.views == 7


def test_a_reported_0_is_0_and_what_was_never_reported_is_null(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 10, "likes": 0}, published_at=at("2026-11-20 08:00")))
    answer, _ = asked(core)
    assert answer.earned == Totals(views=10, likes=0, comments=None, shares=None, saves=None, engagements=0)
    assert answer.lifetime == answer.earned


def test_growth_is_unknown_without_a_previous(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 10}, published_at=at("2026-11-20 08:00")))
    answer, _ = asked(core)
    assert (answer.earned.views, answer.previous.views, answer.growth.views) == (10, None, None)


# --- gaps ---


def test_a_missed_week_is_spread_and_called_estimated(core: Core) -> None:
    """100 on the 14th, 800 on the 21st: 700 over seven days, six of them without a reading."""
    tell(core, told("a", at("2026-11-14"), {"views": 100}, published_at=at("2026-11-14 08:00")))
    tell(core, told("a", at("2026-11-21"), {"views": 800}))
    answer, meta = asked(core)
    assert answer.earned.views == 700
    assert meta.estimated_share["views"] == pytest.approx(6 / 7)
    for date in ("2026-11-15", "2026-11-18", "2026-11-21"):
        assert asked(core, date, date)[0].earned.views == 100
    # Inside the gap the last known total stands; it is not made up.
    assert asked(core, "2026-11-18", "2026-11-18")[0].lifetime.views == 100
    assert asked(core, "2026-11-18", "2026-11-18")[0].posts == 0


def test_a_later_reading_books_into_a_window_that_is_over(core: Core) -> None:
    tell(core, told("a", at("2026-11-14"), {"views": 100}, published_at=at("2026-11-14 08:00")))
    adopt(core, "a")
    was_due(core, ["2026-11-17"], "a")
    assert asked(core)[0].earned.views is None
    assert asked(core)[1].provisional
    tell(core, told("a", at("2026-11-22"), {"views": 900}))  # today: 800 over eight days
    answer, meta = asked(core)
    assert answer.earned.views == 700
    assert (meta.provisional, meta.estimated_share) == (False, {"views": 1})
    assert meta.coverage == Coverage(1, 0, 0)


def test_a_restated_lower_total_is_a_negative_gain_of_its_days(core: Core) -> None:
    tell(core, told("a", at("2026-11-14"), {"likes": 100}, published_at=at("2026-11-14 08:00")))
    tell(core, told("a", at("2026-11-15"), {"likes": 90}))
    answer, _ = asked(core)
    assert (answer.earned.likes, answer.earned.engagements) == (-10, -10)
    assert answer.lifetime.likes == 90
    # It fell, but whoever stops reading on the 15th does not know by how much until the 21st.
    assert answer.growth.likes is None
    tell(core, told("a", at("2026-11-21"), {"likes": 90}))
    assert asked(core)[0].growth.likes == -110


# --- rates ---


def rate_of(
    core: Core, *posts: dict[str, int], asked_for: tuple[str, ...] = ASKED
) -> tuple[float | None, str | None]:
    """The window's rate and what it divides by, of posts published and read on the 20th."""
    for n, values in enumerate(posts):
        entry = told(f"p{n}", at("2026-11-20"), values, published_at=at("2026-11-20 08:00"), asked=asked_for)
        tell(core, entry)
    answer, meta = asked(core)
    return answer.engagement_rate, meta.exposure


COMPLETE = {"comments": 0, "shares": 0, "saves": 0}


def test_a_rate_is_a_ratio_of_sums_and_no_mean_of_ratios(core: Core) -> None:
    # The mean of 50 % and 1 % would be 25.5 %.
    found = rate_of(core, {"views": 10, "likes": 5, **COMPLETE}, {"views": 990, "likes": 5, **COMPLETE})
    assert found == (1.0, "views")


def test_a_post_with_hidden_likes_is_above_the_line_as_little_as_below(core: Core) -> None:
    found = rate_of(
        core, {"views": 100, "likes": 5, **COMPLETE}, {"views": 900, "comments": 50, "shares": 0, "saves": 0}
    )
    assert found == (5.0, "views")


def test_a_part_nobody_asked_for_is_not_missing(core: Core) -> None:
    assert rate_of(core, {"views": 100, "likes": 5}, asked_for=("views", "likes")) == (5.0, "views")


def test_posts_of_both_exposures_make_it_mixed(core: Core) -> None:
    found = rate_of(
        core, {"views": 100, "likes": 5, **COMPLETE}, {"impressions": 300, "likes": 5, **COMPLETE}
    )
    assert found == (2.5, "mixed")


def test_impressions_are_the_exposure_where_there_are_no_views(core: Core) -> None:
    assert rate_of(core, {"impressions": 300, "likes": 3, **COMPLETE}) == (1.0, "impressions")
    assert asked(core)[0].earned.views is None  # and are never called views


def test_there_is_no_rate_without_exposure(core: Core) -> None:
    assert rate_of(core, {"views": 0, "likes": 3, **COMPLETE}) == (None, "views")
    assert rate_of(core, {"reach": 10, "likes": 3, **COMPLETE})[0] is None


# --- windows ---


def test_today_is_never_in_a_window(core: Core) -> None:
    tell(core, told("a", at("2026-11-22"), {"views": 7}, published_at=at("2026-11-22 08:00")))
    answer, meta = asked(core, "2026-11-21", "2026-11-30")
    assert (answer.earned.views, answer.posts, answer.published) == (None, 0, 0)
    assert (meta.window.end_date, meta.window.clamped) == (day("2026-11-21"), True)
    with pytest.raises(InvalidWindow, match="not over yet"):
        asked(core, "2026-11-22", "2026-11-22")


def test_it_is_there_as_soon_as_its_day_is_over(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-22"), {"views": 7}, published_at=at("2026-11-22 08:00")))
    clock.advance(timedelta(hours=4, minutes=43))  # 23:59
    assert overview(core, EVERYTHING)[0].earned.views is None
    clock.advance(timedelta(minutes=1))
    answer, meta = overview(core, EVERYTHING)
    assert (answer.earned.views, answer.published, meta.window.end_date) == (7, 1, day("2026-11-22"))


def test_windows_are_cut_in_the_organisations_zone(make_core: MakeCore) -> None:
    core = make_core(zone="Asia/Kathmandu")
    tell(core, told("a", at("2026-11-20 18:14"), {"views": 7}, published_at=at("2026-11-20 18:00")))
    tell(core, told("a", at("2026-11-20 18:15"), {"views": 9}))
    friday, saturday = asked(core, "2026-11-20", "2026-11-20"), asked(core, "2026-11-21", "2026-11-21")
    assert (friday[0].earned.views, saturday[0].earned.views) == (7, 2)
    assert (friday[0].published, saturday[0].published) == (1, 0)
    assert friday[1].window.time_zone == "Asia/Kathmandu"


# --- whose ---


def test_only_the_platform_that_was_asked_for_counts(core: Core) -> None:
    for platform, views in (("youtube", 5), ("sample", 70)):
        tell(
            core,
            told(
                "a",
                at("2026-11-20"),
                {"views": views},
                platform=platform,
                published_at=at("2026-11-20 08:00"),
            ),
        )
    one, meta = overview(core, EVERYTHING, Question(platform="youtube"))
    assert (one.earned.views, one.lifetime.views, one.posts, one.published) == (5, 5, 1, 1)
    assert (one.active_platforms, meta.receipt.snapshots) == (("youtube",), 1)
    assert overview(core, EVERYTHING)[0].best_platform == "sample"


def test_a_scope_shows_its_part_and_nothing_of_the_rest(core: Core) -> None:
    fix_a(core)
    adopt(core, "p1")
    was_due(core, ["2026-11-17"], "p1")
    part, meta = overview(core, Scope(brands=frozenset({1})))
    assert (part.earned.views, part.lifetime.views, part.posts) == (770, 1_430, 2)
    assert meta.coverage.expected == 1
    foreign, meta = overview(core, Scope(brands=frozenset({2})))
    assert (foreign.earned.views, meta.coverage.expected) == (7_000, 0)
    with pytest.raises(NotFound, match="no brand 2"):
        overview(core, Scope(brands=frozenset({1})), Question(brand_id=2))
    assert overview(core, Scope(accounts=frozenset({1})))[0].earned.views == 700
    nobody, meta = overview(core, Scope(brands=frozenset()))
    assert (nobody.posts, nobody.published, nobody.lifetime.views, meta.coverage.expected) == (0, 0, None, 0)


# --- coverage ---


def test_coverage_is_observed_of_expected_posts(core: Core) -> None:
    """Three were due in the week; nobody asks for the fourth."""
    for name in ("a", "b", "c", "nobody's"):
        tell(core, told(name, at("2026-10-01"), {"views": 1}, published_at=at("2026-06-01")))
    adopt(core, "a", "b", "c")
    was_due(core, ["2026-11-17"], "a", "b", "c")
    tell(core, told("a", at("2026-11-16"), {"views": 2}), told("b", at("2026-11-21"), {"views": 2}))
    meta = asked(core)[1]
    assert meta.coverage == Coverage(3, 2, 2 / 3)
    assert meta.provisional
    tell(core, *(told(name, at("2026-11-22"), {"views": 3}) for name in ("a", "b", "c")))
    meta = asked(core)[1]
    assert meta.coverage == Coverage(3, 2, 2 / 3)
    assert not meta.provisional


def test_a_post_not_published_yet_is_not_expected(core: Core) -> None:
    tell(core, told("a", at("2026-11-21"), {"views": 1}, published_at=at("2026-11-22 10:00")))
    adopt(core, "a")
    set_due(core, at("2026-11-20"), "a")
    assert asked(core)[1].coverage.expected == 0


def test_a_post_that_was_gone_before_the_window_is_not_expected(core: Core) -> None:
    tell(core, told("a", at("2026-11-12"), {"views": 1}, published_at=PUBLISHED))
    adopt(core, "a")
    was_due(core, ["2026-11-14", "2026-11-16"], "a")
    set_missing(core, 1, at("2026-11-14 23:59"), misses=3)
    assert asked(core)[1].coverage.expected == 0


def test_a_post_that_is_gone_since_is_expected_and_no_longer_waited_for(core: Core) -> None:
    tell(core, told("a", at("2026-11-16"), {"views": 1}, published_at=PUBLISHED))
    adopt(core, "a")
    was_due(core, ["2026-11-16", "2026-11-17"], "a")
    assert asked(core)[1].provisional
    set_missing(core, 1, at("2026-11-17"), misses=3)
    meta = asked(core)[1]
    assert (meta.coverage, meta.provisional) == (Coverage(1, 1, 1), False)


@pytest.mark.parametrize("since", ["2026-11-10", "2026-11-17"])
def test_a_post_that_was_missed_once_is_not_gone_yet(core: Core, since: str) -> None:
    """Three reads in a row make it gone; a single 404 may not make a window final."""
    tell(core, told("a", at("2026-11-16"), {"views": 1}, published_at=at("2026-11-09")))
    adopt(core, "a")
    was_due(core, ["2026-11-16", "2026-11-18"], "a")
    set_missing(core, 1, at(since), misses=1)
    meta = asked(core)[1]
    assert (meta.coverage, meta.provisional) == (Coverage(1, 1, 1), True)
