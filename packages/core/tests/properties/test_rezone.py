"""Days cut in another zone: as if they had always been cut there, and the way back leads to the same rows."""

import asyncio
import re
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from afterpost.services.dump import canonical
from afterpost.services.rezone import Rezone, rezone, rezone_plan
from afterpost.services.run import end_run
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, synced
from packages.core.tests.properties.bench import Bench
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import ANCHORS, arrivals, histories
from packages.core.tests.properties.test_past import TICK, Wanted, play, told_by, wanted

ZONES = (*ANCHORS, "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns")
"""Fourteen hours ahead, eleven behind, and one that set its clocks back at 00:01."""


def cut(bench: Bench, zone: str) -> Rezone:
    """Rezone, which has to do what its plan said."""
    plan = rezone_plan(bench.core, EVERYTHING, zone)
    done = asyncio.run(rezone(bench.core, EVERYTHING, ACTOR, zone))
    assert (plan.before, plan.after, plan.moved) == (done.before, done.after, done.moved)
    return done


def dumped(bench: Bench) -> bytes:
    """The canonical dump, with the learning rows brought up to date."""
    synced(bench.core)
    return b"".join(canonical(bench.core, EVERYTHING))


def uncounted(answers: bytes) -> bytes:
    """Answers without the number of the last change, which tells how often and not what."""
    return re.sub(rb'"change_seq":\d+', b"", answers)


def told_now_and_then(bench: Bench, want: Wanted, instant: datetime) -> tuple[object, bytes, object, bytes]:
    """What is answered now, but for how often something changed, and what is answered of an instant."""
    facts, answers = told_by(bench.core, bench.ids, want)
    return facts, uncounted(answers), *told_by(bench.core.as_of(instant), bench.ids, want)


@given(st.data())
@effort(0.1)
def test_a_zone_chosen_late_is_as_good_as_one_chosen_first(
    bench: Bench, other: Bench, data: st.DataObject
) -> None:
    """The dump, what is answered now, and what is answered of an earlier instant; and back again."""
    history = data.draw(histories())
    zone = data.draw(st.sampled_from(ZONES))
    batches = data.draw(arrivals(history))
    known = data.draw(st.integers(0, len(batches)))
    want = data.draw(wanted(history))
    for each, in_zone in ((bench, history.zone), (other, zone)):
        each.clock.now = NOW
        each.begin(in_zone, history.posts)
        instant = play(each, batches[:known])
        each.clock.advance(TICK)
        play(each, batches[known:])
        each.clock.advance(TICK)
        end_run(each.core, EVERYTHING, ACTOR, each.run_id, "done")
    first, told_first = dumped(bench), told_now_and_then(bench, want, instant)

    cut(bench, zone)
    assert dumped(bench) == dumped(other)
    *told, then = told_now_and_then(bench, want, instant)
    *told_other, then_other = told_now_and_then(other, want, instant)
    # How often something had changed by then is history too: what was new in one zone was none in the other.
    assert [*told, uncounted(then)] == [*told_other, uncounted(then_other)]

    cut(bench, history.zone)
    assert dumped(bench) == first
    assert told_now_and_then(bench, want, instant) == told_first


@given(st.data())
@effort(0.1)
def test_a_day_that_is_not_over_waits_for_its_end(bench: Bench, other: Bench, data: st.DataObject) -> None:
    """What one zone calls today another calls yesterday: learning rows come with the end of the day there."""
    history = data.draw(histories())
    # A cut in the zone there is does nothing, and so takes back nothing of a clock that went on.
    zone = data.draw(st.sampled_from([name for name in ZONES if name != history.zone]))
    batches = data.draw(arrivals(history))
    now = max(one.reading.observed_at for one in history.said) + timedelta(hours=2)
    for each, in_zone in ((bench, history.zone), (other, zone)):
        each.clock.now = now
        each.begin(in_zone, history.posts)
        each.play(batches)
        end_run(each.core, EVERYTHING, ACTOR, each.run_id, "done")
    first = dumped(bench)
    cut(bench, zone)
    # Nothing of a complete day was left for the sync.
    assert synced(bench.core).rows == 0
    assert dumped(bench) == dumped(other)
    for each in (bench, other):
        each.clock.advance(timedelta(days=2))
    assert dumped(bench) == dumped(other)
    bench.clock.now = now
    cut(bench, history.zone)
    assert dumped(bench) == first
