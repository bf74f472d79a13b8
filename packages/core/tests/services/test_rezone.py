"""Cutting days in another zone: refusals, what is cut off, organisations beside it, accounts' own numbers."""

import asyncio
import threading
from collections.abc import Mapping

import pytest

from afterpost.domain.errors import Conflict, Forbidden, Held, InvalidInput
from afterpost.domain.events import Rezoned
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.domain.windows import local_day_number, zone_of
from afterpost.sdk import Hold
from afterpost.services import notify
from afterpost.services.account_numbers import account_numbers
from afterpost.services.catalogue import add_organization
from afterpost.services.connect import connect
from afterpost.services.core import Core
from afterpost.services.dump import canonical
from afterpost.services.ingest import store
from afterpost.services.organization import organization_of
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.record import Item, record
from afterpost.services.rezone import Rezone, rezone, rezone_plan
from afterpost.services.run import begin_run, end_run
from afterpost.storage import account_metrics, posts
from afterpost.storage.account_metrics import AccountMetric
from packages.core.tests.house import ACTOR, EVERYTHING, MakeCore, at, day, synced, tell, told
from packages.core.tests.plugins.guards import Gate, GatePlugin
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.plugins.watcher import WatcherPlugin

KATHMANDU = "Asia/Kathmandu"


def told_something(core: Core) -> None:
    """Two posts read in the evening of UTC, which is the night of Kathmandu, at 05:45 ahead."""
    for n in range(1, 5):
        tell(
            core,
            told("a", at(f"2026-11-1{n + 4} 20:00"), {"views": 100 * n}, published_at=at("2026-11-15")),
            told("b", at(f"2026-11-1{n + 4} 10:00"), {"views": 7 * n}),
            brand="B",
        )
    synced(core)


def cut(core: Core, zone: str, scope: Scope = EVERYTHING) -> Rezone:
    return asyncio.run(rezone(core, scope, ACTOR, zone))


def dumped(core: Core) -> bytes:
    return b"".join(canonical(core, EVERYTHING))


def test_the_plan_counts_and_changes_nothing(core: Core) -> None:
    told_something(core)
    before = dumped(core)
    steps: list[int] = []
    plan = rezone_plan(core, EVERYTHING, KATHMANDU, begin=steps.append, progress=steps.append)
    # Every reading of "a" moves to the day after; each post still has one a day.
    assert (plan.readings, plan.moved, plan.done) == (8, 4, False)
    assert (plan.before.snapshots, plan.before.posts, plan.before.days) == (8, 2, 4)
    assert (plan.after.snapshots, plan.after.posts, plan.after.days) == (8, 2, 5)
    assert steps[0] == sum(steps[1:]) == 8
    assert dumped(core) == before


def test_earned_moves_with_the_days(core: Core) -> None:
    told_something(core)
    one_day = Question(start=day("2026-11-16"), end=day("2026-11-16"))
    assert overview(core, EVERYTHING, one_day)[0].earned.views == 100 + 7
    steps: list[int] = []
    found = asyncio.run(rezone(core, EVERYTHING, ACTOR, KATHMANDU, begin=steps.append, progress=steps.append))
    assert steps[0] == sum(steps[1:]) == 2 * 8
    assert (found.done, found.moved, found.time_zone_before, found.time_zone) == (True, 4, "UTC", KATHMANDU)
    # What was read of "a" in the evening of the 15th, and covers the day it was published on, is of the 16th.
    answer, meta = overview(core, EVERYTHING, one_day)
    assert (answer.earned.views, meta.window.time_zone) == (50 + 7, KATHMANDU)
    assert meta.receipt.snapshots == 2


def test_the_same_zone_is_nothing_to_do(core: Core) -> None:
    told_something(core)
    before, seq = dumped(core), organization_of(core, EVERYTHING).change_seq
    found = cut(core, "UTC")
    assert (found.needless, found.done, found.moved) == (True, False, 0)
    assert (dumped(core), organization_of(core, EVERYTHING).change_seq) == (before, seq)


def test_a_zone_that_there_is_not_is_named(core: Core) -> None:
    with pytest.raises(InvalidInput, match="There is no time zone 'Europe/Bern'"):
        rezone_plan(core, EVERYTHING, "Europe/Bern")
    with pytest.raises(InvalidInput, match="There is no time zone 'Europe/Bern'"):
        cut(core, "Europe/Bern")


def test_it_waits_for_no_run_but_is_refused_while_one_is_open(core: Core) -> None:
    told_something(core)
    before = dumped(core)
    run_id = begin_run(core, EVERYTHING, ACTOR, "collect")
    with pytest.raises(Conflict, match=rf"Run {run_id} \(collect\) is open since 2026-11-22"):
        cut(core, KATHMANDU)
    assert dumped(core) == before
    end_run(core, EVERYTHING, ACTOR, run_id, "done")
    assert cut(core, KATHMANDU).done


def test_whoever_may_see_a_part_may_not(core: Core) -> None:
    told_something(core)
    for scope in (Scope(brands=frozenset({1})), Scope(accounts=frozenset({1}))):
        with pytest.raises(Forbidden, match="only a part of it"):
            cut(core, KATHMANDU, scope)
        with pytest.raises(Forbidden, match="only a part of it"):
            rezone_plan(core, scope, KATHMANDU)


def test_a_guard_can_hold_it(make_core: MakeCore) -> None:
    gate = Gate()
    core = make_core(plugins={"gate": GatePlugin(gate)})
    told_something(core)
    before = dumped(core)
    gate.verdict = Hold("Legal hold 7.")
    with pytest.raises(Held, match=r"Legal hold 7\."):
        cut(core, KATHMANDU)
    assert dumped(core) == before
    assert gate.asked[-1].subject == f"organisation default, its days cut in {KATHMANDU}"


@pytest.mark.parametrize("steps", [1, 3, 6, 9])
def test_what_is_cut_off_changed_nothing(core: Core, steps: int) -> None:
    """Wherever it breaks: while readings move, and while snapshots are made anew."""
    told_something(core)
    before = dumped(core)
    left = steps

    def progress(readings: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError, match="lights"):
        asyncio.run(rezone(core, EVERYTHING, ACTOR, KATHMANDU, progress=progress))
    assert dumped(core) == before
    assert cut(core, KATHMANDU).done


async def test_cancelled_it_changed_nothing(core: Core) -> None:
    await asyncio.to_thread(told_something, core)
    before = await asyncio.to_thread(dumped, core)
    reached, go_on = threading.Event(), threading.Event()

    def progress(readings: int) -> None:
        reached.set()
        go_on.wait(10)

    task = asyncio.create_task(rezone(core, EVERYTHING, ACTOR, KATHMANDU, progress=progress))
    assert await asyncio.to_thread(reached.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    # The writer's thread is free again only when it is over with it.
    await core.database.writing(lambda: None)
    assert await asyncio.to_thread(dumped, core) == before


def test_an_organisation_beside_it_keeps_its_days(core: Core) -> None:
    told_something(core)
    other = add_organization(core, EVERYTHING, ACTOR, "Other Ltd", None)
    scope = Scope(organizations=frozenset({other.id}))
    entry = told("o", at("2026-11-16 20:00"), {"views": 3}, published_at=at("2026-11-15"))
    store(core, scope, ACTOR, [entry], "api")
    beside = b"".join(canonical(core, scope))
    mine = b"".join(canonical(core, Scope(organizations=frozenset({1}))))
    cut(core, KATHMANDU)
    assert b"".join(canonical(core, scope)) == beside
    assert b"".join(canonical(core, Scope(organizations=frozenset({1})))) != mine
    cut(core, KATHMANDU, scope)
    assert b"".join(canonical(core, scope)) != beside


def test_whoever_read_the_zone_before_it_was_another_records_in_the_new_one(core: Core) -> None:
    """A batch that waited for the lock was given the organisation as it stood before."""
    told_something(core)
    stale = organization_of(core, EVERYTHING)
    cut(core, KATHMANDU)
    run_id = begin_run(core, EVERYTHING, ACTOR, "ingest")
    with core.transaction(EVERYTHING, ACTOR) as tx:
        owner = posts.get_posts(tx.connection, tx.scope, [1])[1]
        reading = told("a", at("2026-11-20 20:00"), {"views": 900}).reading
        record(tx, stale, [Item(owner, reading, "api")], run_id)
    with core.database.read() as connection:
        (last,) = connection.exec_driver_sql("SELECT last_day FROM latest WHERE post_id = 1").one()
    assert last == (day("2026-11-21") - day("1970-01-01")).days


def test_it_is_a_fact_that_others_hear_of(make_core: MakeCore) -> None:
    plugin = WatcherPlugin()
    core = make_core(plugins={"watcher": plugin})
    told_something(core)
    cut(core, KATHMANDU)
    asyncio.run(notify.deliver(core, EVERYTHING))
    assert plugin.watcher.heard[-1].event == Rezoned(
        organization_id=1, change_seq=5, time_zone_before="UTC", time_zone=KATHMANDU, snapshots=8
    )


def account_in(make_core: MakeCore) -> Core:
    """A core with one connected account."""
    core = make_core(plugins={"net": NetworkPlugin(Table())})
    asyncio.run(connect(core, EVERYTHING, SYSTEM, "table", {}))
    return core


def read_account(core: Core, text: str, zone: str, value: int) -> None:
    """Its followers and posts, as read at an instant while days were cut in a zone."""
    instant = at(text)
    number = local_day_number(instant, zone_of(zone))
    with core.transaction(EVERYTHING, ACTOR) as tx:
        rows = [AccountMetric(1, number, name, value, "1", instant) for name in ("followers", "posts")]
        account_metrics.put(tx.connection, tx.scope, 1, rows)


def account_rows(core: Core) -> list[tuple[object, ...]]:
    """As stored."""
    with core.database.read() as connection:
        found = connection.exec_driver_sql("SELECT * FROM account_metrics ORDER BY account_id, day, metric")
        return [tuple(row) for row in found]


def followers(core: Core) -> Mapping[str, object]:
    """Day of November -> followers, as shown."""
    found = account_numbers(core, EVERYTHING, 1, day("2026-11-01"), day("2026-11-21"))
    return {str(each.date)[-2:]: each.values["followers"] for each in found.days}


def test_numbers_of_accounts_follow_their_instants_and_none_is_lost(make_core: MakeCore) -> None:
    core = account_in(make_core)
    # Connected in the afternoon, then read after each midnight of UTC.
    for n, text in enumerate(("10 15:00", "11 00:01", "12 00:01", "13 00:01")):
        read_account(core, f"2026-11-{text}", "UTC", 100 + n)
    assert followers(core) == {"10": 100, "11": 101, "12": 102, "13": 103}
    # Eight hours behind: 15:00 and 00:01 are one day, of which the later one counts.
    cut(core, "America/Los_Angeles")
    assert followers(core) == {"10": 101, "11": 102, "12": 103}
    for text, value, shown in (("13 08:00", 104, 104), ("13 20:00", 105, 105)):
        read_account(core, f"2026-11-{text}", "America/Los_Angeles", value)
        assert followers(core) == {"10": 101, "11": 102, "12": 103, "13": shown}
    cut(core, "UTC")
    # The 13th of UTC has two values now, and the later one is shown.
    assert followers(core) == {"10": 100, "11": 101, "12": 102, "13": 105}
    cut(core, "America/Los_Angeles")
    assert followers(core) == {"10": 101, "11": 102, "12": 103, "13": 105}


def test_there_and_back_an_account_keeps_its_rows(make_core: MakeCore) -> None:
    core = account_in(make_core)
    for text in ("01 23:30", "02 00:30", "03 12:00", "04 00:30", "05 01:30"):
        read_account(core, f"2026-11-{text}", "UTC", 7)
    first = account_rows(core)
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati", KATHMANDU):
        cut(core, zone)
        assert len(account_rows(core)) == len(first)
    cut(core, "UTC")
    assert account_rows(core) == first


def test_before_anything_is_stored_the_zone_is_taken_and_stays(make_core: MakeCore) -> None:
    core = make_core()
    found = cut(core, KATHMANDU)
    assert (found.done, found.readings, found.after.snapshots) == (True, 0, 0)
    # The next start finds another zone in the settings, and leaves the one that was chosen.
    again = make_core()
    assert organization_of(again, EVERYTHING).time_zone == KATHMANDU
