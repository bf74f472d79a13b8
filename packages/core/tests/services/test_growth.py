"""Growth, engagements by part, prompts, brands a page at a time, and receipts, worked out by hand."""

from datetime import date

import pytest

from afterpost.domain.posts import CreativeLinks
from afterpost.services.boards import directory, leaderboard
from afterpost.services.core import Core
from afterpost.services.growth import BestDay, Change, engagement, growing
from afterpost.services.overview import overview
from afterpost.services.prompts import prompt_performance
from afterpost.services.question import Question
from afterpost.services.receipts import Entry, Place, receipt
from packages.core.tests.house import EVERYTHING, PARTS, at, day, tell, told
from packages.core.tests.services.scenery import ASKED, fix_a


def test_growth_is_what_was_earned_against_the_window_before(core: Core) -> None:
    fix_a(core)
    found, _ = growing(core, EVERYTHING, Question(brand_id=1))
    # Read from the 9th to the 21st: six days lie in the window before, of 8 to 14 November.
    assert found.views == Change(770, 660, 100 * 110 / 660, "up")
    assert found.engagements.current == 7 * (12 + 4)
    assert found.best_day == BestDay(day("2026-11-15"), 110)
    assert growing(core, EVERYTHING, Question(end=day("2026-11-01")))[0].best_day is None
    unknown, _ = growing(core, EVERYTHING, Question(end=day("2026-11-14")))
    assert (unknown.views.growth, unknown.views.direction) == (None, None)


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
    assert (found.rated, found.unrated) == (21, 0)
    assert found.engagement_rate == overview(core, EVERYTHING)[0].engagement_rate


def test_a_part_that_nobody_reports_is_unknown_and_no_zero(core: Core) -> None:
    tell(
        core, told("a", at("2026-11-16"), {"likes": 3}, published_at=at("2026-11-16 08:00"), asked=("likes",))
    )
    found, _ = engagement(core, EVERYTHING)
    assert (found.parts["likes"].earned, found.parts["likes"].share) == (3, 100)
    assert (found.parts["saves"].earned, found.parts["saves"].share) == (None, None)
    assert (found.engagement_rate, found.unrated) == (None, 1)
    nothing, _ = engagement(core, EVERYTHING, Question(brand_id=None, platform="nowhere"))
    assert (nothing.total, nothing.parts["likes"].share) == (None, None)


def test_brands_a_page_at_a_time_say_what_their_board_says(core: Core) -> None:
    fix_a(core)
    first, last, _ = directory(core, EVERYTHING, "brands", limit=1)
    second, end, _ = directory(core, EVERYTHING, "brands", limit=1, after=last)
    assert ([b.slug for b in (*first, *second)], last, end) == (["b1", "b2"], 1, None)
    board = {b.id: b for b in leaderboard(core, EVERYTHING, "brands")[0]}
    for brand in (*first, *second):
        assert all(getattr(brand, name) == getattr(board[brand.id], name) for name in brand.__struct_fields__)
    (organization,), _, _ = directory(core, EVERYTHING, "organizations")
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
    found, _ = prompt_performance(core, EVERYTHING)
    assert [(p.prompt, p.posts, p.exposed, p.engagements, p.engagement_rate, p.enough) for p in found] == [
        ("shared prompt", 1, 1_000, 40, 4.0, False),
        ("bold", 2, 2_000, 30, 1.5, False),
    ]
    assert len(prompt_performance(core, EVERYTHING, limit=1)[0]) == 1
