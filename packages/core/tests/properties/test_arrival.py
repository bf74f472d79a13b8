"""Order and repetition of arrival, gaps, moves and syncs: the same facts give the same tables."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.performance import performance_of
from afterpost.services.record import move
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, synced
from packages.core.tests.properties import model, recount
from packages.core.tests.properties.bench import FACTS, Bench
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import (
    History,
    Plan,
    Said,
    arrivals,
    histories,
    in_order,
    plans,
)

EPOCH = date(1970, 1, 1).toordinal()


@given(st.data())
@effort()
@pytest.mark.invariant
def test_any_order_and_any_repetition_of_arrival_gives_the_same_bytes(
    bench: Bench, other: Bench, data: st.DataObject
) -> None:
    history = data.draw(histories())
    bench.begin(history.zone, history.posts)
    bench.play(in_order(history))
    other.begin(history.zone, history.posts)
    other.play(data.draw(arrivals(history)))
    assert other.dump() == bench.dump()
    assert [row["published_at"] for row in other.rows("posts")] == [
        row["published_at"] for row in bench.rows("posts")
    ]


@given(st.data())
@effort(0.4)
def test_observations_are_appended_once_and_what_is_on_record_changes_nothing(
    bench: Bench, data: st.DataObject
) -> None:
    history = data.draw(histories())
    bench.begin(history.zone, history.posts)
    kept: set[Any] = set()
    for batch in data.draw(arrivals(history)):
        bench.record(batch)
        now = {tuple(row.values()) for row in bench.rows("observations")}
        assert now >= kept
        kept = now
    assert len(kept) == len({(one.post, *model.rank(one.reading)) for one in history.said})

    tables = (*FACTS, "observations", "changes", "posts", "organizations")
    before = bench.dump(*tables)
    for batch in data.draw(arrivals(history)):
        assert set(bench.record(batch).values()) == {"unchanged"}
    assert bench.dump(*tables) == before


@given(st.data())
@effort(0.4)
def test_a_moved_post_looks_as_if_it_had_been_there_from_the_start(
    bench: Bench, other: Bench, data: st.DataObject
) -> None:
    history = data.draw(histories())
    batches = data.draw(arrivals(history))
    target = data.draw(st.integers(0, len(history.posts) - 1))
    origin = history.posts[target]
    place = data.draw(plans)
    # Nothing is ever moved to "no brand", and a post stays on its platform.
    place = place._replace(platform=origin.platform, brand=0 if place.brand is None else place.brand)
    place = place._replace(account=1 if place.account is None else place.account)
    place = place._replace(announced=origin.announced)
    when = data.draw(st.integers(0, len(batches)))

    bench.begin(history.zone, history.posts)
    bench.play(batches[:when])
    shift(bench, target, place)
    bench.play(batches[when:])
    there = tuple(place if n == target else plan for n, plan in enumerate(history.posts))
    other.begin(history.zone, there)
    other.play(batches)
    assert bench.dump() == other.dump()


def shift(bench: Bench, post: int, place: Plan) -> None:
    """Move a post there."""
    with bench.core.transaction(EVERYTHING, ACTOR) as tx:
        known = bench.posts(tx.connection)[post]
        assert place.brand is not None
        assert place.account is not None
        move(
            tx,
            bench.organization(tx.connection),
            known,
            brand_id=place.brand + 1,
            account_id=place.account + 1,
            content_type=place.content_type,
        )


@given(st.data())
@effort(0.75)
def test_learning_rows_are_the_complete_days_whenever_and_however_often_they_are_synced(
    bench: Bench, data: st.DataObject
) -> None:
    history = data.draw(histories())
    bench.begin(history.zone, history.posts)
    first = min(one.reading.observed_at for one in history.said)
    synced_at = []

    def sync_now() -> int:
        bench.clock.now = first + timedelta(days=data.draw(st.integers(-2, 45)))
        synced_at.append(bench.clock.now)
        return synced(bench.core).rows

    for batch in data.draw(arrivals(history)):
        bench.record(batch)
        if data.draw(st.integers(0, 3)) == 3:
            sync_now()
    if data.draw(st.booleans()):
        shift(bench, 0, Plan(1, 1, history.posts[0].platform, "article"))
    sync_now()
    cut = ZoneInfo(history.zone)
    check_learning(bench, [model.local(instant, cut).toordinal() - EPOCH for instant in synced_at])
    again = bench.rows("content_performance")
    assert synced(bench.core).rows == 0
    assert bench.rows("content_performance") == again
    bench.clock.now = NOW


def check_learning(bench: Bench, synced_on: list[int]) -> None:
    """All complete days are learned from, no day that was not over at any sync, and no row is stale."""
    today = synced_on[-1]
    posts = {row["id"]: row for row in bench.rows("posts")}
    snapshots = {(row["post_id"], row["day"]): row for row in bench.rows("post_analytics")}
    learned = {(row["post_id"], row["measured_on"]): row for row in bench.rows("content_performance")}
    assert {key for key in snapshots if key[1] < today} == {key for key in learned if key[1] < today}
    assert all(key[1] < max(synced_on) for key in learned)
    for key, row in learned.items():
        if key[1] >= today:  # Synced when the clock stood later; what changed since waits for its day.
            continue
        snapshot, post = snapshots[key], posts[key[0]]
        totals = {name: snapshot[f"{name}_total"] for name in CUMULATIVE}
        asked = frozenset(part for part, bit in recount.BITS.items() if snapshot["offers"] & bit)
        derived = msgspec.structs.asdict(performance_of(totals, asked))
        kind = {"video": "video", "article": "article"}.get(post["content_type"], "caption")
        expected = {
            **totals,
            **derived,
            "platform": post["platform"],
            "organization_id": post["organization_id"],
            "brand_id": post["brand_id"],
            "account_id": post["account_id"],
            "content_type": kind,
            "links": post["links"],
            "source": snapshot["source"],
            "change_seq": snapshot["change_seq"],
        }
        assert {name: row[name] for name in expected} == expected


@given(st.data())
@effort()
@pytest.mark.invariant
def test_silence_makes_no_spikes_and_loses_nothing(bench: Bench, data: st.DataObject) -> None:
    """One post that always reports its views; then some of the days inside its history are not known.

    They tell nothing that the others do not: a publication is another matter than a gain.
    """
    history = data.draw(histories(max_posts=1))
    history = history._replace(posts=tuple(plan._replace(announced=None) for plan in history.posts))
    zone = ZoneInfo(history.zone)
    first = model.day_of(model.earliest((one.reading for one in history.said), zone), zone)
    published = data.draw(st.sampled_from([None, first, first - timedelta(days=60)]))
    days: dict[date, Said] = {}
    for one in history.said:
        said = one._replace(
            reading=msgspec.structs.replace(
                one.reading,
                values={"views": data.draw(st.integers(0, 10_000))},
                kinds={},
                published_at=None,
                published_on=published,
            )
        )
        days[model.day_of(one.reading, zone)] = said
    order = sorted(days)
    assume(len(order) > 2)
    inner = order[1:-1]
    silent = data.draw(st.sets(st.sampled_from(inner), min_size=1))
    full = played(bench, history, [days[day] for day in order])
    rest = [day for day in order if day not in silent]
    gaps = played(bench, history, [days[day] for day in rest])
    assert sum(full.values()) == sum(gaps.values())
    known = [day.toordinal() - EPOCH for day in rest]
    for day, amount in gaps.items():
        before = max((n for n in known if n < day), default=None)
        gap = range(before + 1, min(n for n in known if n >= day) + 1) if before is not None else [day]
        assert abs(amount) <= max(abs(full[n]) for n in gap if n in full) + 1  # a zone may lack a day


def played(bench: Bench, history: History, said: list[Said]) -> dict[int, int]:
    """Day number -> views booked to it."""
    bench.begin(history.zone, history.posts)
    bench.play(in_order(history._replace(said=tuple(said))))
    return {row["day"]: row["views_gain"] for row in bench.rows("rollups") if row["views_covered"]}
