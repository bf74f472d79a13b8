"""One list of openings on every surface, hours only where they are known, nothing called good of too few."""

from datetime import timedelta

from afterpost.services.advice import hooks, posting_advice
from afterpost.services.core import Core
from afterpost.services.generation_context import generation_context
from afterpost.services.question import Question
from afterpost.services.weekly import weekly
from packages.core.tests.house import EVERYTHING, at, day, tell, told

VALUES = ("views", "likes")


def begun(core: Core, name: str, title: str, likes: int, days_ago: int) -> None:
    published = at("2026-11-20 08:00") - timedelta(days=days_ago)
    values = {"views": 1_000, "likes": likes}
    tell(
        core,
        told(name, published + timedelta(hours=6), values, published_at=published, asked=VALUES, title=title),
    )


def some_openings(core: Core) -> None:
    """One opening six times, over two months; others once, one of them with the highest rate."""
    for n in range(6):
        begun(core, f"again{n}", "Wait... what? Part two", 60 + n, 9 * n)
    for n, likes in enumerate((20, 30, 40, 200)):
        begun(core, f"once{n}", f"Title {n}", likes, 3 + n)


def test_every_surface_shows_the_same_hooks(core: Core) -> None:
    some_openings(core)
    route, _ = hooks(core, EVERYTHING)
    week, _ = weekly(core, EVERYTHING)
    assert route.hooks[:5] == week.hooks
    assert (week.hooks_window.start_date, week.hooks_window.end_date) == (
        day("2026-08-24"),
        day("2026-11-21"),
    )
    first = route.hooks[0]
    assert (first.text, first.posts, first.mean_rate, first.enough) == ("Wait... what?", 6, 6.25, True)
    told_in_text, _ = generation_context(core, EVERYTHING)
    shown = ", ".join(
        f'"{hook.text}" ({hook.shrunk_rate:.1f} %, {hook.posts} post{"s" if hook.posts > 1 else ""})'
        for hook in route.hooks[:3]
    )
    assert shown in told_in_text.context


def test_a_window_of_another_length_that_ends_then_shows_the_same_hooks(core: Core) -> None:
    some_openings(core)
    asked = Question(start=day("2026-11-01"), end=day("2026-11-14"))
    route, _ = hooks(core, EVERYTHING, Question(end=day("2026-11-14")))
    assert weekly(core, EVERYTHING, asked)[0].hooks == route.hooks[:5]


def test_one_post_is_called_nothing_however_good_it_is(core: Core) -> None:
    some_openings(core)
    once = {hook.text: hook for hook in hooks(core, EVERYTHING)[0].hooks}["Title 3"]
    assert (once.posts, once.enough, once.said) == (1, False, "too few posts")
    assert once.shrunk_rate < once.mean_rate == 20


def test_a_post_without_a_known_hour_is_no_part_of_posting_times_and_is_counted(core: Core) -> None:
    some_openings(core)
    values = {"views": 100, "likes": 1}
    tell(core, told("never", at("2026-11-18"), values, asked=VALUES))
    tell(core, told("day", at("2026-11-18"), values, asked=VALUES, published_on=day("2026-11-16")))
    found, _ = posting_advice(core, EVERYTHING)
    assert (found.published, found.without_hour) == (10, 2)
    assert sum(hour.effect.posts for hour in found.times.hours) == found.times.posts <= 10
    text = generation_context(core, EVERYTHING)[0].context
    assert "the hour of 2 more is not known" in text
