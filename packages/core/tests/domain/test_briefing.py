"""What was learned, in sentences: nothing is said more firmly than the numbers allow."""

from typing import Any

import pytest

from afterpost.domain.briefing import Begin, Clear, Learned, On, briefing
from packages.core.tests.house import vector

NOTHING = Learned("W", "L", None, (), (), None, 0, 0, (), None)
A = Begin("a", 5.0, 6)


def said(**known: Any) -> tuple[str, str]:
    return briefing(NOTHING._replace(**known))


def test_nothing_is_learned_from_nothing() -> None:
    assert said() == ("Nothing was learned from W: no post of it can be compared yet.", "none")
    assert "STABLE" not in said()[0] != vector("GV-71")["expected"]


def test_low_coverage_is_said_first() -> None:
    text, evidence = said(coverage=0.5, hooks=[A])
    assert text.startswith("Only 50% of the posts due in W were read: weak. ")
    assert evidence == "weak"
    assert not said(coverage=0.9, hooks=[A])[0].startswith("Only")


@pytest.mark.parametrize(
    ("platforms", "sentence", "evidence"),
    [
        ([On("a", 900, 10_000, 5), On("b", 300, 10_000, 9)], "Best platform: a (9.0 %; b 3.0 %).", "fair"),
        ([On("a", 900, 10_000, 1), On("b", 300, 10_000, 9)], "can't be told apart yet.", "weak"),
        ([On("a", 9, 100, 5), On("b", 8, 100, 5)], "a (9.0 %) and b (8.0 %) can't be told apart", "weak"),
        ([On("a", 950, 100, 5), On("b", 8, 100, 5)], "Best platform: a (100.0 %; b 8.0 %).", "fair"),
        ([On("a", 9, 100, 5)], "No posting time", "weak"),
        ([On("a", 9, 100, 5), On("b", 8, 0, 5)], "No posting time", "weak"),
    ],
)
def test_the_best_platform_only_where_it_is_told_apart(
    platforms: list[On], sentence: str, evidence: str
) -> None:
    text, rests_on = said(platforms=platforms)
    assert sentence in text
    assert rests_on == evidence
    assert ("Best platform" in text) == (evidence == "fair")


def test_a_time_is_told_with_its_interval_or_not_at_all() -> None:
    text, evidence = said(hooks=[A], time=Clear("14:00 to 15:00", 12.4, 81, 31), timed=90)
    assert "Posts published at 14:00 to 15:00 clearly do better (+12 to +81 %, 31 posts)." in text
    assert evidence == "fair"
    assert "No posting time is clearly better (7 posts compared)." in said(hooks=[A], timed=7)[0]


def test_posts_without_an_hour_are_counted_where_hours_are_told() -> None:
    text, _ = said(hooks=[A], timed=7, without_hour=35)
    assert "No posting time is clearly better (7 posts compared; the hour of 35 more is not known)." in text


def test_openings_are_told_with_what_sorts_them_and_their_posts() -> None:
    text, evidence = said(hooks=[A, Begin("b", 4.96, 1)])
    begun = 'with their shrunk mean rate: "a" (5.0 %, 6 posts), "b" (5.0 %, 1 post).'
    assert f"Posts of L by how they begin, {begun} No opening is clearly better." in text
    assert evidence == "weak"


def test_of_few_posts_no_opening_is_called_good_or_bad() -> None:
    text, evidence = said(hooks=[Begin("a", 9.0, 4), Begin("b", 1.0, 1)])
    assert "Fewer than 5 posts begin with any of these: none is called good or bad." in text
    assert "best" not in text.lower()
    assert evidence == "weak"


def test_a_clearly_better_opening_is_told_with_its_interval() -> None:
    text, evidence = said(hooks=[A], clear=[Clear("a", 12.4, 81, 31)])
    assert 'Posts that begin "a" clearly do better (+12 to +81 %, 31 posts).' in text
    assert "No opening" not in text
    assert evidence == "fair"


def test_one_post_in_a_thousand_is_not_none() -> None:
    assert said(coverage=0.001, hooks=[A])[0].startswith("Only 1% of the posts due in W were read: weak. ")


def test_the_originals_case_says_what_it_may() -> None:
    """The original claims an hour and a platform from one post each, and a growth of likes alone."""
    case = vector("GV-72")
    given = case["input"]
    platforms = [On(each["platform"], each["er"], 100, 1) for each in given["platforms"]]
    likes, before = given["currentLikes"], given["previousLikes"]
    text, evidence = said(
        hooks=[Begin(given["topTitles"][0], 9.0, 1)],
        timed=1,
        platforms=platforms,
        trend=100 * (likes - before) / before,
    )
    assert "Best posting time: 2PM" in case["expected"]
    assert '"A great title" (9.0 %, 1 post)' in text
    assert "No posting time is clearly better (1 posts compared)." in text
    assert "tiktok (9.0 %) and instagram (3.0 %) can't be told apart yet." in text
    assert "Engagements earned: +100 % on the days before." in text
    assert evidence == "weak"


def test_a_long_opening_is_cut() -> None:
    text, _ = said(hooks=[Begin("x" * 150, 5.0, 6)])
    assert f'"{"x" * 79}…"' in text
