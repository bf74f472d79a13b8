"""The arithmetic of snapshots, one rule at a time. The properties over whole histories are next door."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.metrics import Kind
from afterpost.domain.readings import Value
from afterpost.domain.snapshots import (
    Bucket,
    Cell,
    Column,
    DayValues,
    First,
    Known,
    Observed,
    Opening,
    Row,
    State,
    book,
    book_alike,
    booked_between,
    fold,
    merge_day,
    openings,
    spread,
    undo,
)
from packages.core.tests.house import at

NOTHING: Mapping[str, Any] = MappingProxyType({})
FRESH = First(at("2026-11-10"), at("2026-11-10 08:00"), 20_402, 20_402)
STALE = First(at("2026-11-10"), None, None, 20_402)


def values(offers: int = 0, gauges: Mapping[str, Value] = NOTHING, **totals: int) -> DayValues:
    return DayValues(totals, gauges, offers, "api")


def observed(text: str, digest: bytes = b"", source: str = "api", **reported: Value) -> Observed:
    return Observed(at(text), digest, reported, {}, (), source)


def booked(row: Row) -> dict[int, Bucket]:
    rollups: dict[int, Bucket] = {}
    book(row, 1, rollups)
    return rollups


# --- spread ---


@pytest.mark.parametrize(
    ("gain", "days", "expected"),
    [
        (10, 1, [10]),
        (10, 4, [2, 3, 2, 3]),  # ⌊2.5⌋, ⌊5⌋, ⌊7.5⌋, 10
        (-10, 4, [-2, -3, -2, -3]),
        (2, 3, [0, 1, 1]),
        (1, 7, [0, 0, 0, 0, 0, 0, 1]),
        (0, 3, [0, 0, 0]),
        (700, 7, [100] * 7),
        (-1, 1, [-1]),
    ],
)
def test_a_gain_is_spread_by_whole_numbers(gain: int, days: int, expected: list[int]) -> None:
    assert spread(gain, days) == expected


@given(st.integers(-(2**63), 2**63), st.integers(1, 400))
def test_a_spread_gain_adds_up_and_no_day_is_off_by_more_than_one(gain: int, days: int) -> None:
    amounts = spread(gain, days)
    assert len(amounts) == days
    assert sum(amounts) == gain
    assert max(amounts) - min(amounts) <= 1
    assert all(abs(amount * days - gain) < days for amount in amounts)
    assert all(type(amount) is int for amount in amounts)
    assert spread(-gain, days) == [-amount for amount in amounts]


# --- a day's readings ---


def test_of_one_days_readings_the_latest_wins_metric_by_metric() -> None:
    merged = merge_day(
        [
            observed("2026-11-10 20:00", views=30),
            observed("2026-11-10 08:00", views=10, likes=1),
            observed("2026-11-10 12:00", views=20, saves=2),
        ]
    )
    assert merged.totals == {"views": 30, "likes": 1, "saves": 2}


def test_a_lower_value_later_in_the_day_wins_too() -> None:
    assert merge_day([observed("2026-11-10", views=9), observed("2026-11-10 13:00", views=7)]).totals == {
        "views": 7
    }


@pytest.mark.parametrize("turn", [1, -1])
def test_of_one_instants_readings_the_greater_digest_wins(turn: int) -> None:
    readings = [
        observed("2026-11-10", b"\x01", "csv", views=10, likes=3),
        observed("2026-11-10", b"\x02", "api", views=9),
    ][::turn]
    merged = merge_day(readings)
    assert merged.totals == {"views": 9, "likes": 3}
    assert merged.source == "api"


def test_levels_are_kept_apart_from_counters() -> None:
    reading = Observed(
        at("2026-11-10"),
        b"",
        {"avg_view_seconds": 12.5, "views": 3, "x_sample_temperature": 5.0, "x_sample_points": 4},
        {"x_sample_temperature": Kind.GAUGE},
        (),
        "api",
    )
    merged = merge_day([reading])
    assert merged.totals == {"views": 3, "x_sample_points": 4}
    assert merged.gauges == {"avg_view_seconds": 12.5, "x_sample_temperature": 5}
    assert type(merged.gauges["x_sample_temperature"]) is int  # as text 5 and 5.0 would differ


@pytest.mark.parametrize("turn", [1, -1])
def test_what_one_reading_of_the_day_calls_a_counter_is_one_that_day(turn: int) -> None:
    counter = observed("2026-11-10 08:00", x_sample_points=7)
    level = Observed(
        at("2026-11-10"), b"", {"x_sample_points": 9}, {"x_sample_points": Kind.GAUGE}, (), "api"
    )
    merged = merge_day([counter, level][::turn])
    assert (merged.totals, merged.gauges) == ({"x_sample_points": 7}, {})


def test_what_was_asked_for_is_kept_reported_or_not() -> None:
    hidden = Observed(at("2026-11-10"), b"", {"views": 1, "comments": 2}, {}, ("likes", "views"), "api")
    saved = observed("2026-11-10 13:00", saves=1)
    assert merge_day([hidden]).offers == 1 | 2
    assert merge_day([hidden, saved]).offers == 1 | 2 | 8


# --- openings ---


@pytest.mark.parametrize(
    ("hours", "fresh"),
    [(0, True), (48, True), (48 + 1e-6, False), (24 * 365, False), (-5, True), (-24 * 30, True)],
)
def test_a_post_is_fresh_until_48_hours_after_publication_and_before_it(hours: float, fresh: bool) -> None:
    published = at("2026-11-10")
    assert First(published + timedelta(hours=hours), published, 0, 2).fresh is fresh


def test_without_a_publication_nothing_is_fresh() -> None:
    assert not STALE.fresh


def test_a_fresh_post_gains_from_zero_since_its_publication_day() -> None:
    first = First(at("2026-11-10"), at("2026-11-08 13:00"), 100, 102)
    (row,), state = fold(None, {102: values(views=9)}, first)
    assert row == Row(102, None, 0, "api", {"views": Cell(9, 9, 3)}, {})
    assert state == State(first, 102, 102, {"views": Known(9, 102)})


def test_a_premiere_gains_from_zero_on_the_day_it_was_seen() -> None:
    first = First(at("2026-11-10"), at("2026-11-20"), 112, 102)
    (row,), _ = fold(None, {102: values(views=9)}, first)
    assert row.cells == {"views": Cell(9, 9, 1)}


def test_the_opening_total_of_an_old_post_is_no_gain() -> None:
    (row,), state = fold(None, {102: values(views=9_000)}, STALE)
    assert row.cells == {"views": Cell(9_000, None, -1)}
    assert state.known == {"views": Known(9_000, 102)}


def test_a_metric_that_appears_later_has_no_gain_then_even_on_a_fresh_post() -> None:
    rows, _ = fold(None, {5: values(views=1), 6: values(views=2, likes=50), 8: values(likes=51)}, FRESH)
    assert [row.cells.get("likes") for row in rows] == [None, Cell(50, None, 1), Cell(51, 1, 2)]


def test_a_gain_covers_the_days_since_the_metrics_own_last_total() -> None:
    rows, _ = fold(
        None, {1: values(views=1, likes=1), 2: values(views=3), 9: values(views=10, likes=0)}, STALE
    )
    assert rows[2].cells == {"views": Cell(10, 7, 7), "likes": Cell(0, -1, 8)}
    assert [row.prev for row in rows] == [None, 1, 2]


# --- there and back ---


@st.composite
def day_values(draw: st.DrawFn) -> DayValues:
    names = draw(st.sets(st.sampled_from(["views", "likes", "x_sample_points"])))
    return DayValues({name: draw(st.integers(0, 99)) for name in sorted(names)}, {}, 0, "api")


@given(
    st.dictionaries(st.integers(0, 30), day_values(), min_size=2), st.sampled_from([FRESH, STALE]), st.data()
)
def test_undoing_what_was_folded_gives_the_state_before(
    days: dict[int, DayValues], first: First, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(days) - 1))
    order = sorted(days)
    early, late = order[:cut], order[cut:]
    before = fold(None, {d: days[d] for d in early}, first)[1] if early else None
    rows, after = fold(before, {d: days[d] for d in late}, first)
    assert undo(after, rows[::-1]) == before
    whole, end = fold(None, days, first)
    assert (whole[cut:], end) == (rows, after)


def test_only_the_latest_rows_can_be_undone() -> None:
    rows, state = fold(None, {1: values(views=1), 2: values(views=2)}, STALE)
    with pytest.raises(ValueError, match="row of day 1 is not the last one"):
        undo(state, rows[:1])


# --- booking ---


def test_a_gain_of_one_day_is_booked_to_it() -> None:
    assert booked(Row(5, 4, 0, "api", {"reach": Cell(12, 2, 1)}, {})) == {
        5: {
            "snapshots": 1,
            "reach_n": 1,
            "reach_change": 2,
            "reach_gain": 2,
            "reach_covered": 1,
            "unrated": 1,
        }
    }


def test_a_gain_of_several_days_is_estimated_on_all_but_the_last() -> None:
    found = booked(Row(5, 2, 0, "api", {"reach": Cell(12, 10, 3)}, {}))
    assert found[3] == {"reach_gain": 3, "reach_covered": 1, "reach_estimated": 3, "unrated": 1}
    assert found[4] == {"reach_gain": 3, "reach_covered": 1, "reach_estimated": 3, "unrated": 1}
    assert found[5]["reach_gain"] == 4
    assert "reach_estimated" not in found[5]
    assert found[5]["reach_change"] == 10


def test_a_day_that_the_zone_never_had_gets_no_share() -> None:
    """10 over five days of which one was none: four shares, as 2, 3, 2, 3."""
    rollups: dict[int, Bucket] = {}
    book(Row(5, 0, 0, "api", {"reach": Cell(12, 10, 5)}, {}), 1, rollups, frozenset({3}))
    assert {day: bucket["reach_gain"] for day, bucket in rollups.items()} == {1: 2, 2: 3, 4: 2, 5: 3}
    assert booked_between(5, Cell(12, 10, 5), 2, 4, frozenset({3})) == 5
    assert booked_between(5, Cell(12, 10, 5), 3, 3, frozenset({3})) is None
    # Over the days 3 and 4 nothing but the 4th is left, and a rate finds it there too.
    rollups.clear()
    cells = {"views": Cell(9, 7, 2), "likes": Cell(2, 1, 1)}
    book(Row(4, 2, 1, "api", cells, {}), 1, rollups, frozenset({3}))
    assert (rollups[4]["rated_views"], rollups[4]["rated_engagements"], 3 in rollups) == (7, 1, False)


def test_what_is_lost_is_counted_beside_the_sum() -> None:
    """Two posts, +10 and -4 over two days: the sum hides the fall, and |10| + |-4| = 6 + 2 × 4."""
    rollups: dict[int, Bucket] = {}
    book(Row(5, 3, 0, "api", {"reach": Cell(12, 10, 2)}, {}), 1, rollups)
    book(Row(5, 3, 0, "api", {"reach": Cell(12, -4, 2)}, {}), 1, rollups)
    assert (rollups[4]["reach_gain"], rollups[4]["reach_fell"]) == (3, 2)
    assert (rollups[4]["reach_estimated"], rollups[4]["reach_estimated_fell"]) == (3, 2)
    assert (rollups[5]["reach_gain"], rollups[5]["reach_fell"]) == (3, 2)
    assert "reach_estimated_fell" not in rollups[5]


def test_a_first_total_that_is_no_gain_has_a_span() -> None:
    """From the publication on, else from the first reading on, whatever metric it is of."""
    old = First(at("2026-11-20"), at("2026-11-01"), 100, 119)
    rows, _ = fold(None, {119: values(views=9_000), 121: values(views=9_001, likes=4)}, old)
    assert rows[0].cells["views"] == Cell(9_000, None, 20)
    assert rows[1].cells["likes"] == Cell(4, None, 22)
    rows, _ = fold(None, {119: values(views=9_000), 121: values(views=9_001, likes=4)}, STALE)
    assert rows[0].cells["views"] == Cell(9_000, None, -1)
    assert rows[1].cells["likes"] == Cell(4, None, -3)
    assert list(openings(rows[1])) == [Opening("likes", -3, 4)]
    own = Row(5, None, 0, "api", {"x_sample_points": Cell(1, None, -1)}, {})
    assert list(openings(own)) == []  # of a provider's own metric nothing is rolled up


def test_an_unknown_gain_is_booked_nowhere_but_moves_the_standing_total() -> None:
    assert booked(Row(5, None, 1, "api", {"reach": Cell(900, None, 0)}, {})) == {
        5: {"snapshots": 1, "reach_n": 1, "reach_change": 900, "unrated": 1}
    }


def test_metrics_of_a_providers_own_are_not_rolled_up() -> None:
    assert booked(Row(5, None, 0, "api", {"x_sample_points": Cell(1, 1, 1)}, {})) == {
        5: {"snapshots": 1, "unrated": 1}
    }


def test_a_day_of_levels_alone_is_neither_rated_nor_unrated() -> None:
    assert booked(Row(5, None, 15, "api", {}, {"avg_view_seconds": 3})) == {5: {"snapshots": 1}}


LIKES, COMMENTS = Cell(4, 2, 1), Cell(1, 1, 1)


@pytest.mark.parametrize(
    ("offers", "cells", "expected"),
    [
        (3, {"views": Cell(50, 20, 1), "likes": LIKES, "comments": COMMENTS}, ("views", 20, 3)),
        (3, {"impressions": Cell(50, 20, 1), "likes": LIKES, "comments": COMMENTS}, ("impressions", 20, 3)),
        (1, {"views": Cell(50, 20, 1), "likes": LIKES, "comments": COMMENTS}, ("views", 20, 2)),
        # views win, also at 0
        (1, {"views": Cell(50, 0, 1), "impressions": Cell(9, 9, 1), "likes": LIKES}, ("views", 0, 2)),
        (3, {"views": Cell(50, 20, 1), "likes": LIKES}, None),  # comments hidden
        (3, {"views": Cell(50, 20, 1), "likes": LIKES, "comments": Cell(1, None, 1)}, None),
        (3, {"views": Cell(50, 20, 1), "likes": LIKES, "comments": Cell(1, 1, 2)}, None),  # another span
        (3, {"views": Cell(50, None, 1), "likes": LIKES, "comments": COMMENTS}, None),
        # views are reported and their gain is unknown: impressions are something else
        (1, {"views": Cell(50, None, 1), "impressions": Cell(90, 30, 1), "likes": LIKES}, None),
        (3, {"reach": Cell(50, 20, 1), "likes": LIKES, "comments": COMMENTS}, None),  # no exposure
        (0, {"views": Cell(50, 20, 1)}, None),  # nothing asked for
    ],
)
def test_a_day_is_rated_where_exposure_and_every_part_asked_for_gained_over_one_span(
    offers: int, cells: Mapping[str, Cell], expected: tuple[str, int, int] | None
) -> None:
    today = booked(Row(5, 4, offers, "api", cells, {}))[5]
    rated = {name: amount for name, amount in today.items() if "rated" in name}
    if expected is None:
        assert rated == {"unrated": 1}
    else:
        base, exposed, engaged = expected
        assert rated == {f"rated_{base}": exposed, "rated_engagements": engaged, f"rated_by_{base}": 1}


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        ({"views": Cell(50, 20, 3), "likes": Cell(4, 2, 3)}, [3, 4, 5]),  # comments hidden
        ({"views": Cell(50, 20, 3), "likes": LIKES, "comments": COMMENTS}, [5]),  # views were away meanwhile
        ({"views": Cell(50, None, 0), "likes": Cell(4, None, 0)}, [5]),
    ],
)
def test_days_without_a_rate_are_counted_as_those_with_one_are(
    cells: Mapping[str, Cell], days: list[int]
) -> None:
    """The days since the reading before, in either case."""
    found = booked(Row(5, 2, 3, "api", cells, {}))
    assert [day for day, bucket in sorted(found.items()) if bucket.get("unrated")] == days


def test_a_rate_is_spread_like_the_gains_it_is_made_of() -> None:
    cells = {"views": Cell(50, 20, 2), "likes": Cell(4, 3, 2), "comments": Cell(4, 3, 2)}
    found = booked(Row(5, 3, 3, "api", cells, {}))
    assert [found[day]["rated_views"] for day in (4, 5)] == [10, 10]
    # ⌊3 ÷ 2⌋ of each part: parts are spread one by one, as they are where they are shown.
    assert [found[day]["rated_engagements"] for day in (4, 5)] == [2, 4]
    assert [found[day]["rated_by_views"] for day in (4, 5)] == [1, 1]


@given(
    st.integers(1, 15),
    st.dictionaries(
        st.sampled_from(["views", "impressions", "likes", "comments", "x_sample_points"]),
        st.one_of(
            st.builds(Cell, st.integers(0, 99), st.integers(-99, 99), st.integers(1, 5)),
            st.builds(Cell, st.integers(0, 99), st.none(), st.just(0)),
        ),
    ),
)
def test_what_is_taken_back_leaves_nothing(offers: int, cells: Mapping[str, Cell]) -> None:
    rollups: dict[int, Bucket] = {}
    row = Row(5, 1, offers, "api", cells, {})
    book(row, 1, rollups)
    book(row, -1, rollups)
    assert not any(amount for bucket in rollups.values() for amount in bucket.values())


@given(
    st.integers(0, 15),
    st.dictionaries(
        st.sampled_from(["views", "impressions", "likes", "comments", "x_sample_points"]), st.integers(1, 5)
    ),
    st.integers(1, 6),
    st.sampled_from([1, -1]),
    st.data(),
)
def test_rows_that_are_alike_are_booked_together_as_they_are_one_by_one(
    offers: int, days: Mapping[str, int], posts: int, sign: int, data: st.DataObject
) -> None:
    gains = {name: data.draw(st.lists(st.integers(-99, 99), min_size=posts, max_size=posts)) for name in days}
    one_by_one: dict[int, Bucket] = {}
    for n in range(posts):
        cells = {name: Cell(100, gains[name][n], covered) for name, covered in days.items()}
        book(Row(9, 1, offers, "api", cells, {}), sign, one_by_one)
    together: dict[int, Bucket] = {}
    columns = {name: Column(100 * posts, gains[name], covered) for name, covered in days.items()}
    book_alike(9, offers, columns, sign * posts, together)
    assert together == one_by_one
