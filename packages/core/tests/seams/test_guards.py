"""Guards: asked before each act, told afterwards, and what one refuses has not begun."""

from datetime import timedelta

import pytest

from afterpost.domain.errors import Conflict, Denied, Held
from afterpost.domain.scope import SYSTEM
from afterpost.sdk import Deny, FileRecord, Hold, Pass, Reading, Settlement, Verdict
from afterpost.services import dump
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core
from afterpost.services.import_run import FileFacts
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import ingest
from afterpost.services.refresh import refresh_post
from afterpost.services.reports import run_report
from afterpost.services.runner import Runner
from afterpost.services.sync import sync, sync_status
from afterpost.storage import posts, runs
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, Clock, MakeCore, at, synced, tell, told
from packages.core.tests.plugins.guards import Gate, GatePlugin
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.plugins.pages import PagesPlugin

FACTS = FileFacts(name="file.csv", format="toy", observed_at=NOW)
LATER = NOW + timedelta(hours=3)


@pytest.fixture
def table() -> Table:
    table = Table()
    table.views = {"a": 1, "b": 2, "c": 3}
    return table


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def core(make_core: MakeCore, table: Table, gate: Gate) -> Core:
    return make_core(plugins={"net": NetworkPlugin(table), "gate": GatePlugin(gate), "pages": PagesPlugin()})


def settled(gate: Gate) -> list[tuple[str, int]]:
    """How each act was settled; every one that passed exactly once, in order."""
    assert [key for key, _ in gate.settled] == [act.id for act in gate.asked]
    assert len({act.id for act in gate.asked}) == len(gate.asked)
    return [(each.state, each.amount) for _, each in gate.settled]


async def test_every_act_is_asked_about_and_settled_with_what_was_done(
    core: Core, gate: Gate, clock: Clock
) -> None:
    await connect(core, EVERYTHING, SYSTEM, "table", {})
    await Runner(core).run_due()
    clock.advance(timedelta(days=1))
    await sync(core, EVERYTHING, ACTOR)
    await ingest(core, EVERYTHING, ACTOR, [told("x", at("2026-11-20"), {"views": 5})], "webhook")
    reading = Reading(observed_at=NOW, values={"views": 1}, definitions={})
    line = FileRecord(line=2, platform="t", external_id="f", reading=reading)
    await import_records(core, EVERYTHING, ACTOR, [line], FACTS, Order())
    await run_report(core, EVERYTHING, ACTOR, "squares")
    lines: list[bytes] = []
    await dump.export(core, EVERYTHING, ACTOR, lines.append)

    kinds = ["collect", "collect", "sync", "import", "import", "report", "export"]
    assert [act.kind for act in gate.asked] == kinds
    # Nobody knew how many posts there were before they were listed: they are an act of their own.
    assert [act.amount for act in gate.asked] == [0, 3, None, 1, None, None, None]
    assert [act.organization_id for act in gate.asked] == [1] * 7
    assert [act.subject for act in gate.asked][:3] == ["table account @me"] * 2 + ["organisation default"]
    count = b"".join(lines).count(b"\n")
    assert count > 5
    expected = [("done", n) for n in (0, 3, 3, 1, 1, 2, count)]
    assert settled(gate) == expected


async def test_a_rehearsal_is_no_act(core: Core, gate: Gate) -> None:
    await import_records(core, EVERYTHING, ACTOR, [], FACTS, Order(dry_run=True))
    assert gate.asked == []


@pytest.mark.parametrize(
    ("verdict", "code", "retry_at"),
    [
        (Deny("no quota left", LATER), "denied", LATER),
        (Deny("never"), "denied", None),
        (Hold("somebody looks at it"), "held", None),
    ],
)
async def test_what_is_refused_is_not_fetched_and_not_lost(
    core: Core, gate: Gate, table: Table, clock: Clock, verdict: Verdict, code: str, retry_at: object
) -> None:
    await connect(core, EVERYTHING, SYSTEM, "table", {})
    await Runner(core).run_due()
    table.asked.clear()
    table.views = {"a": 10, "b": 20, "c": 30}
    clock.advance(timedelta(hours=2))
    gate.verdict = verdict
    await Runner(core).run_due()
    assert table.asked == []
    with core.read(EVERYTHING) as connection:
        run = runs.last_runs(connection, EVERYTHING, "collect", 1)[0]
        items = runs.items_of(connection, EVERYTHING, run.id, runs.OUTCOMES, 10)
        due = posts.due_posts(connection, EVERYTHING, 1, clock.now)
    until = retry_at or clock.now + timedelta(minutes=30)
    assert (run.state, run.skipped, run.failed) == ("failed", 3, 0)
    assert {(item.outcome, item.reason, item.retry_at) for item in items} == {("skipped", code, until)}
    (account,) = list_accounts(core, EVERYTHING)
    assert (account.state, account.failure_kind, account.parked_until) == ("active", code, until)
    assert len(due) == 3

    gate.verdict = Pass()
    clock.now = account.parked_until or clock.now
    await Runner(core).run_due()
    assert sorted(key for asked in table.asked for key in asked) == ["a", "b", "c"]
    assert list_accounts(core, EVERYTHING)[0].failure_kind is None


async def test_a_refresh_that_is_refused_gives_its_hour_back(core: Core, gate: Gate, table: Table) -> None:
    await connect(core, EVERYTHING, SYSTEM, "table", {})
    await Runner(core).run_due()
    table.asked.clear()
    gate.verdict = Deny("not now")
    for _ in range(2):
        with pytest.raises(Denied, match="The guard gate denies this collect: not now"):
            await refresh_post(core, EVERYTHING, ACTOR, 1)
    assert table.asked == []
    gate.verdict = Pass()
    assert (await refresh_post(core, EVERYTHING, ACTOR, 1)).run.state == "done"


async def test_other_acts_that_are_refused_have_not_begun(core: Core, gate: Gate, clock: Clock) -> None:
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    gate.verdict = Hold("wait")
    acts = (
        lambda: sync(core, EVERYTHING, ACTOR),
        lambda: ingest(core, EVERYTHING, ACTOR, [told("y", at("2026-11-20"), {"views": 5})], "api"),
        lambda: import_records(core, EVERYTHING, ACTOR, [], FACTS, Order()),
        lambda: run_report(core, EVERYTHING, ACTOR, "squares"),
        lambda: dump.export(core, EVERYTHING, ACTOR, print),
    )
    for act in acts:
        with pytest.raises(Held, match="wait"):
            await act()
    assert gate.settled == []
    assert sync_status(core, EVERYTHING).pending == 1
    with core.read(EVERYTHING) as connection:
        assert runs.last_runs(connection, EVERYTHING, None, 10)[0].kind == "ingest"
        assert set(posts.find_posts(connection, EVERYTHING, 1, "youtube", ["x", "y"])) == {"x"}


async def test_the_loop_waits_as_long_as_a_guard_says_before_it_asks_for_a_sync_again(
    core: Core, gate: Gate, clock: Clock
) -> None:
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    gate.verdict = Deny("later", clock.now + timedelta(hours=3))
    runner = Runner(core)
    for _ in range(3):
        await runner.run_due()
    assert [act.kind for act in gate.asked] == ["sync"]
    gate.verdict = Pass()
    clock.advance(timedelta(hours=3))
    await runner.run_due()
    assert sync_status(core, EVERYTHING).pending == 0


async def test_a_guard_that_passed_is_told_when_another_refuses(make_core: MakeCore) -> None:
    first, second = Gate("a-first"), Gate("b-second")
    second.verdict = Deny("no")
    core = make_core(plugins={"gates": GatePlugin(first, second)})
    with pytest.raises(Denied):
        await sync(core, EVERYTHING, ACTOR)
    assert [each for _, each in first.settled] == [Settlement("refused", 0)]
    assert second.settled == []


async def test_a_guard_is_told_when_the_act_fails(core: Core, gate: Gate) -> None:
    tell(core, told("x", at("2026-11-20"), {"views": 5}), brand="One")
    entry = told("x", at("2026-11-21"), {"views": 6})
    with pytest.raises(Conflict):
        await ingest(core, EVERYTHING, ACTOR, [entry], "api", brand="Two")
    assert settled(gate) == [("failed", 0)]


def test_without_guards_nothing_is_asked(make_core: MakeCore) -> None:
    core = make_core()
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    assert synced(core).rows == 1
