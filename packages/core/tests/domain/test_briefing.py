"""What was learned, in sentences: nothing is said more firmly than the numbers allow."""

from typing import Any

import pytest

from afterpost.domain.briefing import Began, Learned, On, Time, briefing
from packages.core.tests.house import vector

NOTHING = Learned("W", None, (), None, 0, (), None)


def said(**known: Any) -> tuple[str, str]:
    return briefing(NOTHING._replace(**known))


def test_nothing_is_learned_from_nothing() -> None:
    assert said() == ("Nothing was learned from W: no post of it can be compared yet.", "none")
    assert "STABLE" not in said()[0] != vector("GV-71")["expected"]


def test_low_coverage_is_said_first() -> None:
    text, evidence = said(coverage=0.5, best=[Began("a", 5, 100)])
    assert text.startswith("Only 50% of the posts due in W were read: weak. ")
    assert evidence == "weak"
    assert not said(coverage=0.9, best=[Began("a", 5, 100)])[0].startswith("Only")


@pytest.mark.parametrize(
    ("platforms", "sentence", "evidence"),
    [
        ([On("a", 900, 10_000), On("b", 300, 10_000)], "Best platform: a (9.0 %; b 3.0 %).", "fair"),
        ([On("a", 9, 100), On("b", 8, 100)], "a (9.0 %) and b (8.0 %) can't be told apart yet.", "weak"),
        ([On("a", 9, 100)], "No posting time", "weak"),
        ([On("a", 9, 100), On("b", 8, 0)], "No posting time", "weak"),
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
    text, evidence = said(best=[Began("a", 5, 100)], time=Time("2PM to 3PM", 12.4, 81, 31), timed=90)
    assert "Posts published at 2PM to 3PM clearly do better (+12 to +81 %, 31 posts)." in text
    assert evidence == "fair"
    assert (
        "No posting time is clearly better (7 posts compared)." in said(best=[Began("a", 5, 100)], timed=7)[0]
    )


def test_the_originals_case_says_what_it_may() -> None:
    """The original claims an hour and a platform from one post each, and a growth of likes alone."""
    case = vector("GV-72")
    given = case["input"]
    platforms = [On(each["platform"], each["er"], 100) for each in given["platforms"]]
    likes, before = given["currentLikes"], given["previousLikes"]
    text, evidence = said(
        best=[Began(given["topTitles"][0], 9, 100)],
        timed=1,
        platforms=platforms,
        trend=100 * (likes - before) / before,
    )
    assert "Best posting time: 2PM" in case["expected"]
    assert '"A great title" (9.0 ± 4.7 %)' in text
    assert "No posting time is clearly better (1 posts compared)." in text
    assert "tiktok (9.0 %) and instagram (3.0 %) can't be told apart yet." in text
    assert "Engagements earned: +100 % on the days before." in text
    assert evidence == "weak"


def test_a_long_opening_is_cut() -> None:
    text, _ = said(best=[Began("x" * 150, 5, 100)])
    assert f'"{"x" * 79}…"' in text
