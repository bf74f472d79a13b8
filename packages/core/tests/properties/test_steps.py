"""The way most readings take stores what the way of all others stores, byte for byte."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.readings import Reading
from afterpost.services import record, steps
from packages.core.tests.house import NOW
from packages.core.tests.properties.bench import FACTS, Bench
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import Batches, Plan, Said, histories, in_order

TABLES = (*FACTS, "observations", "posts", "organizations", "changes")


@contextmanager
def without_steps() -> Iterator[None]:
    """Every reading takes the long way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(record, "take", lambda tx, organization, items, run_id, change: list(items))
        yield


@given(st.data())
@effort()
def test_steps_are_stored_as_everything_else_is(bench: Bench, other: Bench, data: st.DataObject) -> None:
    history = data.draw(histories())
    batches: Batches = in_order(history)
    if data.draw(st.booleans()):  # the posts of an instant together
        together: dict[datetime, list[Said]] = {}
        for (said,) in batches:
            together.setdefault(said.reading.observed_at, []).append(said)
        batches = tuple(tuple(batch) for batch in together.values())
    for each in (bench, other):
        each.clock.now = NOW  # another test may have moved one of them
        each.begin(history.zone, history.posts)
    for batch in batches:
        outcome = bench.record(batch)
        with without_steps():
            assert other.record(batch) == outcome
    assert bench.dump(*TABLES) == other.dump(*TABLES)


def test_a_next_reading_is_a_step(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all of the above would be said of nothing."""
    left: list[int] = []
    real = steps.take

    def counting(*args: object) -> list[steps.Item]:
        rest = real(*args)  # type: ignore[arg-type]
        left.append(len(rest))
        return rest

    monkeypatch.setattr(record, "take", counting)
    plan = Plan(None, None, "youtube", "video")
    bench.begin("UTC", [plan])
    for day in range(3):
        reading = Reading(
            observed_at=NOW + timedelta(days=day),
            values={"views": 5 - day, "likes": day, "x_sample_points": 2 * day},
            definitions={"likes": "1"},
            published_at=NOW,
        )
        bench.record([Said(0, reading, "api")])
    assert left == [1, 0, 0]
