"""Snapshots, states and rollups of random histories against the numbers worked out another way."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.metrics import CUMULATIVE
from afterpost.storage.tables import ATTENDANCE_COUNTERS
from packages.core.tests.properties import model, recount
from packages.core.tests.properties.bench import Bench, micros, number
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import PARTS, History, arrivals, histories


def snapshot_of(row: Mapping[str, Any], zone: str) -> model.Day:
    """A stored snapshot in the model's words."""
    other = {} if row["other"] is None else msgspec.json.decode(row["other"])
    cells = {n: (row[f"{n}_total"], row[f"{n}_gain"], row[f"{n}_days"]) for n in CUMULATIVE}
    cells |= {n: tuple(cell) for n, cell in other.items() if isinstance(cell, list)}
    today = calendar(row["day"])
    return model.Day(
        before=None if row["prev_day"] is None else calendar(row["prev_day"]),
        facts={
            name: model.Fact(
                total,
                gain,
                ()
                if gain is None
                else model.until(date.fromordinal(today.toordinal() - days + 1), today, ZoneInfo(zone)),
                today,
                days if gain is None else 0,
            )
            for name, (total, gain, days) in cells.items()
            if total is not None
        },
        levels={n: level for n, level in other.items() if not isinstance(level, list)},
        asked=frozenset(part for part in PARTS if row["offers"] & recount.BITS[part]),
        source=row["source"],
    )


def calendar(day_number: int) -> date:
    """The date of a stored day."""
    return date.fromordinal(day_number + date(1970, 1, 1).toordinal())


def check_rollups(bench: Bench, zone: str) -> None:
    """Rollups, standing sums, attendance and openings are those of the snapshots; no row is empty."""
    snapshots = bench.rows("post_analytics")
    posts = {row["id"]: row for row in bench.rows("posts")}
    assert recount.stored(bench.rows("rollups"), recount.ROLLUP_COUNTERS, "day") == recount.rollups(
        snapshots, posts, zone
    )
    assert recount.stored(bench.rows("standing"), recount.STANDING_COUNTERS) == recount.standing(
        snapshots, posts
    )
    assert recount.stored(bench.rows("attendance"), ATTENDANCE_COUNTERS, "day", "gap") == recount.attendance(
        snapshots, posts, bench.rows("due_reads")
    )
    opened = recount.stored(bench.rows("openings"), ["posts", "total"], "day", "metric", "span")
    assert opened == recount.openings(snapshots, posts)


@given(st.data())
@effort()
@pytest.mark.invariant
def test_facts_equal_the_model_and_rollups_equal_facts_at_every_commit(
    bench: Bench, data: st.DataObject
) -> None:
    history = data.draw(histories())
    bench.begin(history.zone, history.posts)
    for batch in data.draw(arrivals(history)):
        bench.record(batch)
        check_rollups(bench, history.zone)
    check_snapshots(bench, history)
    check_states(bench, history)
    check_telescoping(bench)
    check_absence(bench, history)


def check_snapshots(bench: Bench, history: History) -> None:
    """The stored snapshots are what all readings together say."""
    found: dict[int, dict[date, model.Day]] = {n: {} for n, _ in enumerate(bench.ids)}
    for row in bench.rows("post_analytics"):
        post = bench.ids.index(row["post_id"])
        found[post][calendar(row["day"])] = snapshot_of(row, history.zone)
        assert row["platform"] == history.posts[post].platform
    assert found == {post: model.history_of(post, history) for post in found}


def check_states(bench: Bench, history: History) -> None:
    """The kept state of a post is the end of its history."""
    states = {bench.ids.index(row["post_id"]): row for row in bench.rows("latest")}
    assert set(states) == {one.post for one in history.said}
    for post, state in states.items():
        days = model.history_of(post, history)
        mine = [one.reading for one in history.said if one.post == post]
        first = model.earliest(mine, ZoneInfo(history.zone))
        last_known: dict[str, list[int]] = {}
        for day in sorted(days):
            for name, fact in days[day].facts.items():
                last_known[name] = [fact.total, number(day.toordinal())]
        behind = msgspec.json.decode(state["behind"] or "{}")
        stored = {
            name: [total, behind.get(name, state["last_day"])]
            for name, total in msgspec.json.decode(state["known"]).items()
        }
        assert stored == last_known
        # What is not behind is not said to be: one set of readings, one text.
        assert all(day < state["last_day"] for day in behind.values())
        assert (calendar(state["first_day"]), calendar(state["last_day"])) == (min(days), max(days))
        asked = {part for day in days.values() for part in day.asked}
        assert {part for part in PARTS if state["offers"] & recount.BITS[part]} == asked
        assert state["first_at"] == micros(first.observed_at)
        assert bool(state["first_whole_day"]) == (first.observed_on is not None)
    check_publications(bench, history)


def check_publications(bench: Bench, history: History) -> None:
    """Posts were published when the readings say, and the day is that of the instant where there is one."""
    for post, row in enumerate(bench.rows("posts")):
        at, on = model.publication(post, history)
        assert row["published_at"] == (at and micros(at))
        assert row["published_day"] == (None if on is None else number(on.toordinal()))


def check_telescoping(bench: Bench) -> None:
    """The gains of a counter add up to what it moved by: on the stored rows alone."""
    rows = sorted(bench.rows("post_analytics"), key=lambda row: row["day"])
    for post_id in bench.ids:
        for metric in CUMULATIVE:
            mine = [r for r in rows if r["post_id"] == post_id and r[f"{metric}_total"] is not None]
            if mine:
                opening, gain = mine[0][f"{metric}_total"], mine[0][f"{metric}_gain"]
                assert gain in (None, opening)
                gains = sum(row[f"{metric}_gain"] for row in mine[1:])
                assert gains == mine[-1][f"{metric}_total"] - opening


def check_absence(bench: Bench, history: History) -> None:
    """What nobody reported on a day has no value that day, and what somebody did has one."""
    zone = ZoneInfo(history.zone)
    for row in bench.rows("post_analytics"):
        said = {
            name
            for one in history.said
            if bench.ids[one.post] == row["post_id"]
            and model.day_of(one.reading, zone) == calendar(row["day"])
            for name in one.reading.values
        }
        for metric in CUMULATIVE:
            cells = [row[f"{metric}_{what}"] for what in ("total", "gain", "days")]
            assert cells[0] is not None if metric in said else cells == [None, None, None]
