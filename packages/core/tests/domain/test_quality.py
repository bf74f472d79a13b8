"""The rules of doubt, each with what is normal and what is not."""

from datetime import date

import pytest

from afterpost.domain import quality
from afterpost.domain.quality import BOUNDS, Fall, Flaw, Frozen, Moves


def usual(read: int, moved: int, days: int = 7) -> list[Moves]:
    """Days 1 to `days`, all alike."""
    return [Moves(day, read, moved) for day in range(1, days + 1)]


# --- frozen ---


def test_all_posts_still_on_one_day_is_a_freeze_where_nearly_all_moved_before() -> None:
    assert quality.frozen([*usual(20, 19), Moves(8, 20, 0)]) == [Frozen(8, 20, 0.95)]


def test_a_freeze_of_many_days_is_told_of_each_of_them() -> None:
    still = [Moves(day, 20, 0) for day in range(8, 20)]
    assert [day.day for day in quality.frozen([*usual(20, 19), *still])] == list(range(8, 20))


def test_it_is_told_as_long_as_days_that_moved_are_near_enough() -> None:
    still = [Moves(day, 20, 0) for day in range(8, 40)]
    # Of the moving days 1 to 7 the last three are 5, 6 and 7; fourteen days after 5 comes 19.
    assert [day.day for day in quality.frozen([*usual(20, 19), *still])] == list(range(8, 20))


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ([*usual(20, 19), Moves(8, 20, 1)], "one post moved"),
        ([*usual(1, 1), Moves(8, 1, 0)], "one post stands still every day somewhere"),
        ([*usual(4, 4), Moves(8, 4, 0)], "four posts are few"),
        ([*usual(20, 2), Moves(8, 20, 0)], "posts that rarely move: by chance still one day in eight"),
        (
            [*usual(10, 6), Moves(8, 10, 0)],
            "by chance once in ten thousand, and such days are not independent",
        ),
        ([*usual(20, 0), Moves(8, 20, 0)], "they never moved"),
        ([*usual(20, 20, days=2), Moves(3, 20, 0)], "two days are no habit"),
        ([*usual(20, 20), Moves(22, 20, 0)], "nothing is known of the two weeks before"),
        ([Moves(8, 20, 0)], "no days before"),
        ([*usual(20, 20), Moves(8, 0, 0)], "nothing was read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_these_are_no_freezes(days: list[Moves], why: str) -> None:
    assert quality.frozen(days) == [], why


def test_the_order_of_the_days_does_not_matter() -> None:
    days = [*usual(20, 19), Moves(8, 20, 0)]
    assert quality.frozen(reversed(days)) == quality.frozen(days)


# --- falls, losses, coverage ---


def test_a_fall_is_a_warning_where_one_post_fell_far() -> None:
    assert quality.fall_severity(Fall(9, 90, 1.5, 0)) == "note"
    assert quality.fall_severity(Fall(9, 90, 51.4, 1)) == "warning"


@pytest.mark.parametrize(
    ("lost", "kept", "severity"),
    [(1, 0, "note"), (2, 0, "note"), (3, 0, "warning"), (3, 3, "warning"), (3, 4, "note"), (40, 60, "note")],
)
def test_a_loss_is_a_warning_where_an_account_lost_it_and_not_a_post(
    lost: int, kept: int, severity: str
) -> None:
    assert quality.lost_severity(lost, kept) == severity


@pytest.mark.parametrize(
    ("observed", "expected", "low"),
    [(0, 0, False), (8, 10, False), (7, 10, True), (0, 1, True), (79, 100, True), (80, 100, False)],
)
def test_coverage_is_low_below_four_fifths(observed: int, expected: int, low: bool) -> None:
    assert quality.is_low(observed, expected) == low


# --- words ---


def test_sentences() -> None:
    assert quality.fall_sentence("views", Fall(1, 1_204, 12.04, 1)) == (
        "Views of 1 post fell by 1,204 together, at most by 12.0 % of a post's total."
    )
    assert quality.zero_sentence("likes", 18, 4_520).startswith("Likes of 18 posts became 0 after 4,520")
    assert quality.lost_sentence("watch_time_seconds", 1, 2) == (
        "Watch time seconds of 1 of 3 posts that had them is no longer reported."
    )
    assert quality.coverage_sentence(7, 10) == "Only 7 of 10 expected posts were read (70 %)."
    assert "none of 20 posts moved, though 95 % did" in quality.frozen_sentence("views", Frozen(8, 20, 0.95))
    assert [quality.ratio_sentence(bound, 2) for bound in BOUNDS] == [
        "2 posts have more likes than views.",
        "2 posts have more dislikes than views.",
        "2 posts have more saves than views.",
        "2 posts have more reach than impressions.",
        "2 posts have more than 2 times as many engagements as views.",
        "2 posts have more than 2 times as many engagements as impressions.",
    ]


def test_a_receipt_ends_with_the_day() -> None:
    assert quality.receipts((3,), date(2026, 12, 31)) == (
        "/v1/posts/3/observations?before=2027-01-01&days=2",
    )


def test_warnings_come_first_then_the_newest() -> None:
    def flaw(severity: quality.Severity, day: int, account: int | None, metric: str | None) -> Flaw:
        return Flaw(
            severity=severity,
            kind="backwards",
            platform="youtube",
            account_id=account,
            account=None,
            metric=metric,
            whole=None,
            day=date(2026, 3, day),
            posts=1,
            post_ids=(1,),
            sentence="",
            receipts=(),
        )

    sorted_ = [
        flaw("warning", 2, None, "views"),
        flaw("warning", 2, 1, "views"),
        flaw("warning", 2, 1, "likes"),
        flaw("warning", 1, 1, "views"),
        flaw("note", 9, 1, None),
    ]
    assert sorted([*sorted_[2:], *sorted_[:2]], key=quality.order) == sorted_
