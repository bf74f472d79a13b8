"""Growth, engagements by part, prompts, brands a page at a time, and receipts, worked out by hand."""

from datetime import date
from typing import Any

import msgspec
import pytest

from afterpost.domain.errors import InvalidWindow
from afterpost.domain.posts import CreativeLinks
from afterpost.sdk import Capabilities, MetricSpec
from afterpost.services.boards import directory, leaderboard, platforms
from afterpost.services.core import Core
from afterpost.services.growth import BestDay, Change, engagement, growing
from afterpost.services.overview import overview
from afterpost.services.prompts import prompt_performance
from afterpost.services.question import Question
from afterpost.services.receipts import Entry, Place, receipt
from afterpost.services.weekly import weekly
from afterpost.storage import early_readings
from packages.core.tests.house import EVERYTHING, PARTS, MakeCore, at, day, tell, told
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.services.scenery import ASKED, fix_a


def test_growth_is_what_was_earned_against_the_window_before(core: Core) -> None:
    fix_a(core)
    found, _ = growing(core, EVERYTHING, Question(brand_id=1))
    # Read from the 9th to the 21st: six days lie in the window before, of 8 to 14 November.
    assert found.views == Change(770, 660, 100 * 110 / 660, "up", None)
    assert found.engagements.current == 7 * (12 + 4)
    assert found.best_day == BestDay(day("2026-11-15"), 110)
    assert growing(core, EVERYTHING, Question(end=day("2026-11-01")))[0].best_day is None
    unknown, _ = growing(core, EVERYTHING, Question(end=day("2026-11-14")))
    assert (unknown.views.growth, unknown.views.direction) == (None, None)


class Late(Table):
    """A platform whose views are final after two days."""

    @property
    def capabilities(self) -> Capabilities:
        views = MetricSpec(name="views", native="views", latency_hours=48)
        return msgspec.structs.replace(super().capabilities, metrics=(views,))


@pytest.fixture
def late(make_core: MakeCore) -> Core:
    """A hundred views a day from the 5th on, of which that platform has told only a part of the last two
    days; and ten a day of one whose days are final when they are over. It is the 22nd."""
    core = make_core(plugins={"late": NetworkPlugin(Late())})
    views = 0
    for n in range(5, 22):
        views += 100 if n < 20 else 20
        for platform, counted in (("table", views), ("elsewhere", 10 * (n - 4))):
            tell(
                core,
                told(
                    *("a", at(f"2026-11-{n:02}"), {"views": counted}),
                    published_at=at("2026-11-05 08:00"),
                    platform=platform,
                ),
                brand="B",
            )
    return core


def test_growth_is_cut_to_the_days_that_are_complete_everywhere(late: Core) -> None:
    found, meta = growing(late, EVERYTHING)
    # The 15th to the 19th against the 10th to the 14th: nothing grew, and the 20th and 21st did not fall.
    assert found.views == Change(550, 550, 0.0, "stable", None)
    assert (meta.window.start_date, meta.window.end_date) == (day("2026-11-15"), day("2026-11-19"))
    assert (meta.previous_window.start_date, meta.window.clamped) == (day("2026-11-10"), True)
    assert found.best_day == BestDay(day("2026-11-15"), 110)
    alone, meta = growing(late, EVERYTHING, Question(platform="elsewhere"))
    assert (alone.views, meta.window.end_date) == (Change(70, 70, 0.0, "stable", None), day("2026-11-21"))
    parts, meta = engagement(late, EVERYTHING)
    assert (parts.total, meta.window.end_date) == (None, day("2026-11-19"))


def test_growth_of_days_that_are_not_complete_is_refused(late: Core) -> None:
    recent = Question(start=day("2026-11-20"), end=day("2026-11-21"))
    for ask in (growing, engagement):
        with pytest.raises(InvalidWindow, match=r"No day from 2026-11-20 .* of table end 2026-11-19"):
            ask(late, EVERYTHING, recent)
    assert growing(late, EVERYTHING, msgspec.structs.replace(recent, platform="elsewhere"))


def test_no_answer_takes_incomplete_days_for_a_fall(late: Core) -> None:
    whole, meta = overview(late, EVERYTHING)
    # What was earned is of all days that are over; how it grew, of the complete ones.
    assert (whole.earned.views, whole.previous.views) == (570 + 40, 770)
    assert (whole.growth.views, meta.window.end_date) == (0.0, day("2026-11-21"))
    week = weekly(late, EVERYTHING)[0]
    assert week.week_over_week.views == Change(550, 550, 0.0, "stable", None)
    assert (week.earned.views, week.growth.views) == (610, 0.0)
    boards = {each.name: each.growth.views for each in platforms(late, EVERYTHING)[0]}
    assert boards == {"table": 0.0, "elsewhere": 0.0}
    (brand,), *_ = leaderboard(late, EVERYTHING, "brands")
    assert (brand.earned.views, brand.growth.views) == (610, 0.0)


def test_where_no_day_is_complete_nothing_is_said_of_growth(late: Core) -> None:
    recent = Question(start=day("2026-11-20"), end=day("2026-11-21"))
    assert overview(late, EVERYTHING, recent)[0].growth.views is None
    assert weekly(late, EVERYTHING, recent)[0].week_over_week.views == Change(None, None, None, None, None)
    assert {each.growth.views for each in platforms(late, EVERYTHING, recent)[0]} == {None}


def test_the_history_is_loaded_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    fix_a(core)
    apart = [
        growing(core, EVERYTHING, Question(end=day(d)))[0].equal_age for d in ("2026-11-21", "2026-11-14")
    ]
    loaded: list[object] = []
    born = early_readings.born

    def counting(*args: Any, **named: Any) -> list[early_readings.Born]:
        loaded.append(args)
        return born(*args, **named)

    monkeypatch.setattr(early_readings, "born", counting)
    found, _ = growing(core, EVERYTHING)
    assert len(loaded) == 1
    assert [found.equal_age, found.equal_age_before] == apart


def test_the_best_day_is_by_the_metric_that_was_asked_for(core: Core) -> None:
    for when, views, likes in (("15", 10, 0), ("16", 100, 1), ("17", 120, 30)):
        entry = told(
            "a", at(f"2026-11-{when}"), {"views": views, "likes": likes}, published_at=at("2026-11-15 08:00")
        )
        tell(core, entry)
    best = {m: growing(core, EVERYTHING, metric=m)[0].best_day for m in ("views", "likes", "engagements")}
    assert best == {
        "views": BestDay(date(2026, 11, 16), 90),
        "likes": BestDay(date(2026, 11, 17), 29),
        "engagements": BestDay(date(2026, 11, 17), 29),
    }


def test_engagements_by_part(core: Core) -> None:
    fix_a(core)
    found, _ = engagement(core, EVERYTHING)
    assert {name: part.earned for name, part in found.parts.items()} == {
        "likes": 7 * 62,
        "comments": 21,
        "shares": 0,
        "saves": 21,
    }
    assert (found.total, found.previous) == (476, 408)
    assert sum(part.share or 0 for part in found.parts.values()) == pytest.approx(100)
    assert found.parts["likes"].share == pytest.approx(100 * 434 / 476)
    assert (found.rated_days, found.incomplete_days) == (21, 0)
    assert found.engagement_rate == overview(core, EVERYTHING)[0].engagement_rate


def test_a_part_that_nobody_reports_is_unknown_and_no_zero(core: Core) -> None:
    tell(
        core, told("a", at("2026-11-16"), {"likes": 3}, published_at=at("2026-11-16 08:00"), asked=("likes",))
    )
    found, _ = engagement(core, EVERYTHING)
    assert (found.parts["likes"].earned, found.parts["likes"].share) == (3, 100)
    assert (found.parts["saves"].earned, found.parts["saves"].share) == (None, None)
    assert (found.engagement_rate, found.incomplete_days) == (None, 1)
    nothing, _ = engagement(core, EVERYTHING, Question(brand_id=None, platform="nowhere"))
    assert (nothing.total, nothing.parts["likes"].share) == (None, None)


def test_rated_and_incomplete_days_have_one_unit(core: Core) -> None:
    """Two posts read on the 16th and the 20th, one of which hides its likes: as many days of either."""
    for key, likes in (("open", 4), ("hidden", None)):
        for when, k in (("2026-11-16", 1), ("2026-11-20", 3)):
            values = {"views": 100 * k} | ({} if likes is None else {"likes": likes * k})
            published = at("2026-11-16 08:00")
            tell(core, told(key, at(when), values, published_at=published, asked=("views", "likes")))
    found, _ = engagement(core, EVERYTHING)
    assert (found.rated_days, found.incomplete_days) == (5, 5)


def test_brands_a_page_at_a_time_say_what_their_board_says(core: Core) -> None:
    fix_a(core)
    first, total, last, _ = directory(core, EVERYTHING, "brands", limit=1)
    second, also, end, _ = directory(core, EVERYTHING, "brands", limit=1, after=last)
    assert ([b.slug for b in (*first, *second)], last, end) == (["b1", "b2"], 1, None)
    assert total == also == 2
    board = {b.id: b for b in leaderboard(core, EVERYTHING, "brands")[0]}
    for brand in (*first, *second):
        assert all(getattr(brand, name) == getattr(board[brand.id], name) for name in brand.__struct_fields__)
    (organization,), *_ = directory(core, EVERYTHING, "organizations")
    assert organization.earned == overview(core, EVERYTHING)[0].earned


def test_a_receipt_adds_up_to_the_number(core: Core) -> None:
    fix_a(core)
    entries: list[Entry] = []
    after: Place | None = None
    question = Question(start=day("2026-11-12"), end=day("2026-11-17"), brand_id=1)
    while True:
        proof, after, meta = receipt(core, EVERYTHING, question, metric="likes", limit=5, after=after)
        assert proof.earned == overview(core, EVERYTHING, question)[0].earned.likes == 72
        assert meta.receipt.made_of == "/v1/analytics/receipt"
        entries += proof.entries
        if after is None:
            break
    assert sum(entry.booked for entry in entries) == 72
    assert len({(entry.post_id, entry.date) for entry in entries}) == len(entries) == 12


def test_a_receipt_shows_gains_that_reach_over_the_edges(core: Core) -> None:
    for when, views in (("2026-11-12", 30), ("2026-11-17", 80), ("2026-11-22", 130)):
        tell(core, told("a", at(when), {"views": views}, published_at=at("2026-11-10")))
    proof, _, _ = receipt(core, EVERYTHING)
    assert [(e.date, e.total, e.gain, e.days, e.booked) for e in proof.entries] == [
        (date(2026, 11, 17), 80, 50, 5, 30),
        (date(2026, 11, 22), 130, 50, 5, 40),
    ]
    assert proof.earned == 70
    assert receipt(core, EVERYTHING, metric="saves")[0].entries == ()


def test_prompts_by_the_posts_made_from_them(core: Core) -> None:
    for key, likes, prompt, text in (
        ("a", 10, "bold", ""),
        ("b", 20, "bold", ""),
        ("c", 40, None, "shared prompt"),
        ("d", 1, None, ""),
    ):
        entry = told(
            key,
            at("2026-11-18"),
            {"views": 1_000, "likes": likes, **dict.fromkeys(PARTS[1:], 0)},
            published_at=at("2026-11-16"),
            asked=ASKED,
            description=text,
            links=CreativeLinks(prompt=prompt),
        )
        tell(core, entry)
    found, total, after, _ = prompt_performance(core, EVERYTHING)
    assert (total, after) == (2, None)
    assert [(p.prompt, p.posts, p.exposed, p.engagements, p.engagement_rate, p.enough) for p in found] == [
        ("shared prompt", 1, 1_000, 40, 4.0, False),
        ("bold", 2, 2_000, 30, 1.5, False),
    ]
    assert len(prompt_performance(core, EVERYTHING, limit=1)[0]) == 1
