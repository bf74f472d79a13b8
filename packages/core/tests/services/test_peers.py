"""What a post is compared with: the last posts of its account, else of its platform in its organisation,
whoever asks and wherever its score is shown."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from afterpost.domain.metrics import Kind
from afterpost.domain.scope import Scope
from afterpost.services.advice import hooks
from afterpost.services.catalogue import add_organization
from afterpost.services.core import Core
from afterpost.services.equal_age import AtAge, equal_age, scored
from afterpost.services.growth import growing
from afterpost.services.ingest import Entry, store
from afterpost.services.post_summary import post_analytics
from afterpost.services.question import Question, asking
from afterpost.services.weekly import weekly
from afterpost.storage import early_readings
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, day, tell, told
from packages.core.tests.services.scenery import adopt

HOUR = timedelta(hours=1)
MINE = Scope(brands=frozenset({1}))
"""A grant that reaches the first brand alone."""


def entry(key: str, when: str, likes: int, **more: Any) -> Entry:
    """A post that had so many likes when it was a day old."""
    published = at(when)
    return told(
        key,
        published + 24 * HOUR,
        {"likes": likes},
        published_at=published,
        asked=("likes",),
        title=f"Title of {key}",
        **{"content_type": "video", **more},
    )


def old(
    many: int, likes: int, *, prefix: str = "old", month: str = "2026-10", **more: Any
) -> Iterable[Entry]:
    """Posts of the days of a month."""
    return [entry(f"{prefix}{n}", f"{month}-{n + 1:02} 12:00", likes, **more) for n in range(many)]


def a_day(core: Core, post_id: int, scope: Scope = EVERYTHING) -> AtAge:
    """The post's engagements at a day of age, as whoever has that scope sees them."""
    found, _ = post_analytics(core, scope, post_id)
    (one,) = [each for each in found.ages if (each.metric, each.age) == ("engagements", "24h")]
    return one


def test_a_score_is_the_same_whatever_is_asked_for_and_whoever_asks(core: Core) -> None:
    """Eight posts of another brand, and eight of another type: neither is in what is asked for."""
    tell(core, entry("mine", "2026-11-16 12:00", 90), brand="Mine")
    tell(core, *old(8, 30), brand="Other")
    tell(core, *old(8, 10, prefix="image", month="2026-09", content_type="image"), brand="Other")
    mine = a_day(core, 1)
    assert (mine.value, mine.expected, mine.posts, mine.pool, mine.score) == (90, 30, 8, "account", 3)
    adopt(core, "mine")  # of an account that has no other post: the platform's sixteen are what there is
    alone = a_day(core, 1)
    assert (alone.expected, alone.posts, alone.pool, alone.score) == (20, 16, "platform", 4.5)
    assert a_day(core, 1, MINE) == a_day(core, 1, Scope(accounts=frozenset({1}))) == alone
    for scope, question in (
        (EVERYTHING, Question()),
        (EVERYTHING, Question(brand_id=1)),
        (EVERYTHING, Question(account_id=1)),
        (EVERYTHING, Question(platform="youtube", content_type="video")),
        (MINE, Question(brand_id=1)),
        (Scope(accounts=frozenset({1})), Question(account_id=1)),
    ):
        assert weekly(core, scope, question)[0].week_over_week.equal_age.median_score == 4.5
        assert growing(core, scope, question)[0].equal_age.median_score == 4.5
        assert hooks(core, scope, msgspec.structs.replace(question, start=day("2026-11-15")))[0].compared == 1


def test_every_surface_that_scores_a_post_gives_it_the_same_score(core: Core) -> None:
    """Some with eight posts before them in the account, some in the platform alone, some in neither."""
    for n in range(11):
        tell(core, entry(f"p{n}", f"2026-11-{n + 10:02} 12:00", 10 + 7 * n % 5))
    tell(core, *old(5, 50, content_type="image"))
    adopt(core, *(f"p{n}" for n in range(11)))
    single = {n: a_day(core, n).score for n in range(1, 12)}
    assert {score is None for score in single.values()} == {True, False}
    with asking(core, EVERYTHING, Question(start=day("2026-11-10"), end=day("2026-11-20"))) as asked:
        found, published = scored(asked, asked.window)
    assert published == 11
    assert {each.post.id: each.value / each.expected.expected for each in found} == {
        post_id: score for post_id, score in single.items() if score is not None
    }
    for n in range(11):  # and alone in a window of its own
        its = day(f"2026-11-{n + 10:02}")
        with asking(core, EVERYTHING, Question(start=its, end=its)) as asked:
            assert equal_age(asked, asked.window).median_score == single[n + 1]


def test_what_was_known_then_is_compared_with_the_same_posts_whoever_asks(core: Core, clock: Clock) -> None:
    tell(core, entry("mine", "2026-11-16 12:00", 90), brand="Mine")
    tell(core, *old(8, 30), brand="Other")
    known = clock.now
    clock.advance(HOUR)
    tell(core, *old(8, 10**6, prefix="late", month="2026-09"), brand="Other")
    past = core.as_of(known)
    assert a_day(past, 1, MINE) == a_day(past, 1)
    assert (a_day(past, 1, MINE).posts, a_day(past, 1, MINE).score) == (8, 3)
    assert a_day(core, 1, MINE).posts == 16


def test_history_has_no_limit_of_time(core: Core) -> None:
    tell(core, entry("mine", "2026-11-16 12:00", 90), *old(8, 30, month="2021-03"))
    assert (a_day(core, 1).posts, a_day(core, 1).score) == (8, 3)
    assert weekly(core, EVERYTHING)[0].week_over_week.equal_age.median_score == 3


def test_the_last_hundred_with_a_value_count_of_two_hundred(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 210 earlier posts the oldest ten are not looked at, and every second one has no value."""
    begin = at("2026-01-01 12:00")
    for n in range(210):
        published = begin + n * 24 * HOUR
        value = {"likes": n} if n % 2 == 0 else {"views": 1}
        tell(core, told(f"p{n}", published + 24 * HOUR, value, published_at=published, content_type="video"))
    tell(core, entry("mine", "2026-11-16 12:00", 160))
    looked_at: list[int] = []
    read = early_readings.read_while_young

    def counting(connection: Any, scope: Scope, young: Iterable[int], until: timedelta) -> Any:
        looked_at.extend(young)
        return read(connection, scope, young, until)

    monkeypatch.setattr(early_readings, "read_while_young", counting)
    mine = a_day(core, 211)
    # 10, 12 … 208: the middle half is 60 to 158.
    assert (mine.posts, mine.expected) == (100, 109)
    assert sorted(looked_at) == [*range(11, 211), 211]
    looked_at.clear()
    assert weekly(core, EVERYTHING)[0].week_over_week.equal_age.median_score == pytest.approx(160 / 109)
    # Its hooks look at them once more: theirs is a longer window.
    assert set(looked_at) == {*range(11, 212)}


def test_the_platform_is_that_of_the_posts_own_organisation(core: Core) -> None:
    tell(core, entry("mine", "2026-11-16 12:00", 90), *old(7, 30))
    other = add_organization(core, EVERYTHING, ACTOR, "Other Ltd", None)
    theirs = Scope(organizations=frozenset({other.id}))
    store(core, theirs, ACTOR, list(old(12, 1)), "api")
    assert (a_day(core, 1).posts, a_day(core, 1).expected) == (0, None)
    tell(core, entry("one more", "2026-10-20 12:00", 30, content_type="image"))
    assert (a_day(core, 1).posts, a_day(core, 1).pool, a_day(core, 1).score) == (8, "platform", 3)


def test_a_hidden_part_is_no_zero(core: Core) -> None:
    published = at("2026-11-16 12:00")
    for hours, values in ((24, {"likes": 1_000, "comments": 50}), (72, {"comments": 60})):
        tell(
            core,
            told("a", published + hours * HOUR, values, published_at=published, asked=("likes", "comments")),
        )
    ages = {
        each.age: each for each in post_analytics(core, EVERYTHING, 1)[0].ages if each.metric == "engagements"
    }
    assert (ages["24h"].value, ages["24h"].observed_age_seconds) == (1_050, 86_400)
    assert (ages["72h"].value, ages["72h"].missing) == (None, "not_reported")


def test_views_and_impressions_are_never_mixed(core: Core) -> None:
    published = at("2026-11-16 12:00")
    asked = ("views", "impressions")
    for hours, values in ((24, {"views": 100, "impressions": 150}), (72, {"impressions": 900})):
        tell(core, told("a", published + hours * HOUR, values, published_at=published, asked=asked))
    exposures = [each for each in post_analytics(core, EVERYTHING, 1)[0].ages if each.metric == "exposure"]
    assert {each.exposure for each in exposures} == {"views"}
    found = {each.age: (each.value, each.missing) for each in exposures}
    assert (found["24h"], found["72h"]) == ((100, None), (None, "not_reported"))


def test_views_are_expected_of_posts_with_views(core: Core) -> None:
    for name, value, prefix in (("views", 100, "v"), ("impressions", 9_000, "i")):
        for n in range(9):
            published = at(f"2026-10-{n + 1:02} 12:00")
            tell(core, told(f"{prefix}{n}", published + 24 * HOUR, {name: value}, published_at=published))
    published = at("2026-11-16 12:00")
    mine = tell(core, told("mine", published + 24 * HOUR, {"views": 200}, published_at=published))[0].post_id
    young = tell(core, told("young", at("2026-11-22 11:00"), {}, published_at=at("2026-11-22 10:59")))[
        0
    ].post_id
    shown = {
        post_id: next(
            each
            for each in post_analytics(core, EVERYTHING, post_id)[0].ages
            if (each.metric, each.age) == ("exposure", "24h")
        )
        for post_id in (mine, young)
    }
    assert (shown[mine].exposure, shown[mine].posts, shown[mine].score) == ("views", 9, 2)
    assert (shown[young].exposure, shown[young].posts, shown[young].missing) == ("mixed", 19, "too_young")


def test_a_restated_instant_counts_as_in_the_snapshots(core: Core) -> None:
    published = at("2026-11-16 12:00")
    for likes in (10, 300, 20):
        tell(core, told("a", published + 24 * HOUR, {"likes": likes}, published_at=published))
    found, _ = post_analytics(core, EVERYTHING, 1)
    assert a_day(core, 1).value == found.summary.metrics["likes"]


def test_what_a_reading_calls_a_level_is_no_counter(core: Core) -> None:
    published = at("2026-11-16 12:00")
    values, levels = {"likes": 5.5, "comments": 3}, {"likes": Kind.GAUGE}
    tell(core, told("a", published + 24 * HOUR, values, published_at=published, kinds=levels))
    assert a_day(core, 1).value == 3


def test_a_correction_counts_whatever_its_digest(core: Core) -> None:
    """The same two readings of an instant in both orders: one correction has the smaller digest."""
    published = at("2026-11-16 12:00")
    for key, order in (("a", (10, 20)), ("b", (20, 10))):
        for likes in order:
            tell(core, told(key, published + 24 * HOUR, {"likes": likes}, published_at=published))
    assert (a_day(core, 1).value, a_day(core, 2).value) == (20, 10)


def test_a_reading_that_tells_only_the_day_takes_no_part(core: Core) -> None:
    """It lies nowhere in its day, not at the midnight that is stored for it, 24 h after publication."""
    published = at("2026-11-16 00:00")
    tell(core, told("a", published + 24 * HOUR, {"likes": 10}, published_at=published, on=True))
    assert (a_day(core, 1).value, a_day(core, 1).missing) == (None, "not_observed")
    tell(core, told("a", published + 24.5 * HOUR, {"likes": 20}, published_at=published))
    assert (a_day(core, 1).value, a_day(core, 1).observed_age_seconds) == (20, 24.5 * 3600)


def on_a_day(key: str, on: str, hours: float, likes: int, **more: Any) -> Entry:
    """A post published on a day, with its likes so many hours after that day's noon."""
    return told(
        key,
        at(f"{on} 12:00") + hours * HOUR,
        {"likes": likes},
        published_on=day(on),
        asked=("likes",),
        **more,
    )


def ages_of(core: Core, post_id: int) -> dict[str, AtAge]:
    """The post's engagements at each age."""
    found, _ = post_analytics(core, EVERYTHING, post_id)
    return {each.age: each for each in found.ages if each.metric == "engagements"}


def test_a_post_published_on_a_day_is_compared_from_seven_days_on(core: Core) -> None:
    for n in range(8):
        tell(core, on_a_day(f"old{n}", f"2026-10-{n + 1:02}", 7 * 24, 30))
    mine = tell(core, on_a_day("mine", "2026-11-10", 24, 1), on_a_day("mine", "2026-11-10", 168.5, 90))[0]
    found = ages_of(core, mine.post_id)
    assert {found[age].missing for age in ("1h", "6h", "24h", "72h")} == {"published_as_day"}
    week = found["7d"]
    assert (week.value, week.observed_age_seconds, week.missing) == (90, 168.5 * 3600, None)
    assert (week.expected, week.posts, week.score) == (30, 8, 3)
    assert found["28d"].missing == "too_young"


def test_a_post_published_on_a_day_is_no_peer_of_young_ages_and_takes_no_place(core: Core) -> None:
    """More of them than are looked at stand between a post and the eight that it is compared with."""
    tell(core, *old(8, 30, month="2025-01"))
    days = [at("2026-01-01") + n * 24 * HOUR for n in range(201)]
    tell(core, *(on_a_day(f"day{n}", f"{one:%Y-%m-%d}", 7 * 24, 10) for n, one in enumerate(days)))
    published = at("2026-11-10 08:00")
    for hours, likes in ((24, 90), (7 * 24, 100)):
        mine = tell(
            core,
            told(
                "mine",
                published + hours * HOUR,
                {"likes": likes},
                published_at=published,
                content_type="video",
            ),
        )[0]
    found = ages_of(core, mine.post_id)
    assert (found["24h"].expected, found["24h"].posts, found["24h"].pool) == (30, 8, "account")
    assert (found["7d"].expected, found["7d"].posts, found["7d"].pool) == (10, 100, "platform")


def test_of_the_same_day_those_are_earlier_whose_noon_or_instant_is(core: Core) -> None:
    for n in range(7):
        tell(core, on_a_day(f"old{n}", f"2026-10-{n + 1:02}", 7 * 24, 10))
    for key, hour in (("morning", "08"), ("evening", "18")):
        published = at(f"2026-10-20 {hour}:00")
        tell(core, told(key, published + 7 * 24 * HOUR, {"likes": 10}, published_at=published))
    ids = {key: tell(core, on_a_day(key, "2026-10-20", 7 * 24, 10))[0].post_id for key in ("a", "b")}
    assert [ages_of(core, ids[key])["7d"].posts for key in ("a", "b")] == [8, 9]
    assert ages_of(core, 8)["7d"].posts == 0  # the morning: the seven, too few
    assert ages_of(core, 9)["7d"].posts == 10  # the evening: all others


def test_noon_is_that_of_the_organisation(make_core: MakeCore) -> None:
    core = make_core(zone="Pacific/Kiritimati")  # fourteen hours before UTC
    noon = at("2026-11-09 22:00")
    post_id = tell(core, told("a", noon + 7 * 24 * HOUR, {"likes": 5}, published_on=day("2026-11-10")))[
        0
    ].post_id
    found = ages_of(core, post_id)["7d"]
    assert (found.value, found.observed_age_seconds) == (5, 7 * 24 * 3600)


def test_a_post_published_on_a_day_counts_as_published_in_its_window(core: Core) -> None:
    tell(core, on_a_day("mine", "2026-11-16", 24, 1), entry("other", "2026-11-16 12:00", 90))
    week = weekly(core, EVERYTHING)[0].week_over_week.equal_age
    assert (week.published, week.scored) == (2, 0)
