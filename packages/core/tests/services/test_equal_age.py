"""Posts at equal age, publication times, openings and the text for a prompt, from stored readings."""

from datetime import timedelta

import pytest

from afterpost.services.advice import hooks, posting_advice
from afterpost.services.core import Core
from afterpost.services.equal_age import AtAge
from afterpost.services.generation_context import generation_context
from afterpost.services.growth import growing
from afterpost.services.post_summary import post_analytics
from afterpost.services.question import Question
from afterpost.services.weekly import weekly
from afterpost.storage import early_readings
from packages.core.tests.house import EVERYTHING, Clock, MakeCore, at, day, tell, told
from packages.core.tests.services.scenery import adopt

HOUR = timedelta(hours=1)


def posted(core: Core, key: str, when: str, likes: int, *, platform: str = "youtube", title: str = "") -> int:
    """A post read at 24 h of age with 100 views a like, and its id."""
    published = at(when)
    entry = told(
        key,
        published + 24 * HOUR,
        {"views": 100 * likes, "likes": likes},
        published_at=published,
        asked=("views", "likes"),
        platform=platform,
        title=title,
        content_type="video",
    )
    return tell(core, entry)[0].post_id


def eight(core: Core, **more: str) -> None:
    """Eight posts before the window with 10, 20 … 80 likes at 24 h: the middle half is 30 to 60, mean 45."""
    for n in range(1, 9):
        posted(core, f"old{n}", f"2026-11-{n:02} 12:00", 10 * n, **more)


def shown(core: Core, post_id: int, metric: str, age: str) -> AtAge:
    """The post at one age."""
    (found,) = [
        each
        for each in post_analytics(core, EVERYTHING, post_id)[0].ages
        if (each.metric, each.age) == (metric, age)
    ]
    return found


def test_a_post_is_scored_against_the_accounts_earlier_posts(core: Core) -> None:
    eight(core)
    mine = posted(core, "mine", "2026-11-16 12:00", 90)
    adopt(core, "mine", *(f"old{n}" for n in range(1, 9)))
    found = shown(core, mine, "engagements", "24h")
    assert (found.value, found.interpolated, found.expected, found.posts) == (90, False, 45, 8)
    assert (found.pool, found.score) == ("account", 2)
    assert shown(core, mine, "exposure", "24h").value == 9_000
    assert shown(core, mine, "engagements", "1h").missing == "not_observed"
    assert shown(core, mine, "engagements", "7d").missing == "too_young"


def test_with_few_posts_of_its_own_the_platform_is_what_a_post_is_compared_with(core: Core) -> None:
    eight(core)
    adopt(core, *(f"old{n}" for n in range(1, 9)))
    mine = posted(core, "mine", "2026-11-16 12:00", 90)
    assert (shown(core, mine, "engagements", "24h").pool, shown(core, mine, "engagements", "24h").score) == (
        "platform",
        2,
    )
    alone = posted(core, "alone", "2026-11-16 12:00", 90, platform="gram")
    found = shown(core, alone, "engagements", "24h")
    assert (found.value, found.expected, found.posts, found.score) == (90, None, 0, None)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Pacific/Niue"])
@pytest.mark.parametrize("published", ["2026-11-16 00:00", "2026-11-16 12:00", "2026-11-16 23:59:59.999999"])
def test_what_was_read_while_young_is_found_wherever_days_are_cut(
    make_core: MakeCore, zone: str, published: str
) -> None:
    core = make_core(zone=zone)
    born, age = at(published), timedelta(days=2)
    for n, read in enumerate((born, born + age / 2, born + age, born + age + timedelta.resolution)):
        post_id = tell(core, told("mine", read, {"views": n}, published_at=born))[0].post_id
    with core.read(EVERYTHING) as connection:
        found = early_readings.read_while_young(connection, EVERYTHING, [post_id], age)
    assert [(one.at - born, one.values["views"]) for one in found[post_id]] == [
        (timedelta(0), 0),
        (age / 2, 1),
        (age, 2),
    ]


def test_between_two_readings_a_value_is_interpolated_and_says_so(core: Core) -> None:
    published = at("2026-11-16 12:00")
    for hours, likes in ((18, 10), (30, 34)):
        tell(core, told("a", published + hours * HOUR, {"likes": likes}, published_at=published))
    found = shown(core, 1, "engagements", "24h")
    assert (found.value, found.interpolated) == (22, True)


def test_week_over_week_is_two_numbers(core: Core) -> None:
    eight(core)
    for key, when, likes in (("a", "15", 45), ("b", "16", 90), ("c", "17", 9)):
        posted(core, key, f"2026-11-{when} 12:00", likes)
    # Each is compared with all before it: of a, 10 to 80; the middle half stays near 45 as posts join.
    week = weekly(core, EVERYTHING)[0].week_over_week
    assert (week.equal_age.age, week.equal_age.published, week.equal_age.scored) == ("24h", 3, 3)
    assert week.equal_age.median_score == 1
    grown, _ = growing(core, EVERYTHING)
    assert grown.equal_age == week.equal_age
    before = grown.equal_age_before  # 8 November is in the window before, with seven earlier posts
    assert (before.published, before.scored, before.median_score) == (1, 0, None)


def sunday_evenings(core: Core, clock: Clock, *, better: int) -> None:
    """150 posts, four a day at 3, 9, 15 and 21 o'clock, those of 21 o'clock with `better` times the likes."""
    for n in range(150):
        hour = 3 + 6 * (n % 4)
        noise = (37 * n * n + 11 * n) % 41  # no pattern that an hour could have
        likes = (100 + noise) * (better if hour == 21 else 1)
        when = (
            f"2026-{10 if n < 100 else 11:02}-{1 + n // 4 if n < 100 else 1 + (n - 100) // 4:02} {hour:02}:00"
        )
        posted(core, f"p{n}", when, likes, title="Late show" if hour == 21 else f"Title {n}")
    clock.now = at("2026-11-20 12:00")


def test_a_clearly_better_hour_is_recommended_and_told(core: Core, clock: Clock) -> None:
    sunday_evenings(core, clock, better=3)
    found, meta = posting_advice(core, EVERYTHING)
    assert (meta.window.end_date - meta.window.start_date).days == 89
    assert found.published == 150
    assert found.times.posts == 142  # the first eight have nothing before them
    recommended = found.times.recommended
    assert recommended is not None
    assert 21 in range(recommended.start, recommended.end)
    began, _ = hooks(core, EVERYTHING)
    assert began.hooks[0].text == "Late show"
    assert began.hooks[0].effect.is_better
    context, _ = generation_context(core, EVERYTHING, Question(start=day("2026-11-01")))
    assert "clearly do better" in context.context
    assert context.evidence == "fair"


def test_without_an_effect_nothing_is_recommended(core: Core, clock: Clock) -> None:
    sunday_evenings(core, clock, better=1)
    found, _ = posting_advice(core, EVERYTHING)
    assert found.times.recommended is None
    assert {bucket.effect.verdict for bucket in found.times.hours} <= {"not_enough_evidence", "leaning"}
    context, _ = generation_context(core, EVERYTHING, Question(start=day("2026-11-01")))
    assert "No posting time is clearly better (142 posts compared)." in context.context
    assert context.evidence == "weak"


def test_with_nothing_to_learn_from_the_text_says_so(core: Core) -> None:
    context, _ = generation_context(core, EVERYTHING)
    assert context.context.startswith("Nothing was learned from 2026-11-15 to 2026-11-21")
    assert context.evidence == "none"
    found, _ = posting_advice(core, EVERYTHING)
    assert (found.published, found.times.posts, found.times.recommended) == (0, 0, None)


@pytest.mark.parametrize("limit", [1, 3])
def test_hooks_are_limited(core: Core, clock: Clock, limit: int) -> None:
    sunday_evenings(core, clock, better=1)
    assert len(hooks(core, EVERYTHING, limit=limit)[0].hooks) == limit
