"""A plugin's own tables: made by its migrations, reached through core's transactions, written once."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterpost.domain.errors import Forbidden
from afterpost.domain.scope import SYSTEM, Actor, Scope
from afterpost.sdk import Transaction
from afterpost.services import notify
from afterpost.services.catalogue import add_organization
from afterpost.services.connect import connect
from afterpost.services.core import Core
from afterpost.services.runner import Runner
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, tell, told
from packages.core.tests.plugins.ledger_plugin import LedgerPlugin, entries, said
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.plugins.units import WitnessPlugin


@pytest.fixture
def plugin() -> LedgerPlugin:
    return LedgerPlugin()


@pytest.fixture
def core(make_core: MakeCore, plugin: LedgerPlugin) -> Core:
    return make_core(plugins={"ledger": plugin})


def book(core: Core) -> list[str]:
    """What the observer wrote."""
    with core.read(EVERYTHING) as connection:
        return said(connection)


async def test_what_an_observer_writes_is_committed_once_with_its_receipt(
    core: Core, plugin: LedgerPlugin
) -> None:
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    plugin.bookkeeper.stumbles_over = {"SnapshotsStored"}
    for _ in range(3):
        # The event before the one it stumbles over does not wait for it; those after do.
        await notify.deliver(core, EVERYTHING)
        assert book(core) == ["PostsRegistered"]
    plugin.bookkeeper.stumbles_over = set()
    assert await notify.deliver(core, EVERYTHING) == 2
    assert await notify.deliver(core, EVERYTHING) == 0
    assert book(core) == ["PostsRegistered", "SnapshotsStored", "RunEnded"]
    with core.read(EVERYTHING) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM outbox")).scalar() == 0
        ids = list(connection.execute(sa.select(entries.c.event_id)).scalars())
    assert len(set(ids)) == 3


async def test_an_observer_that_stumbles_touches_no_fact_and_is_counted(
    core: Core, plugin: LedgerPlugin
) -> None:
    plugin.bookkeeper.stumbles_over = {"PostsRegistered"}
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    await notify.deliver(core, EVERYTHING)
    await notify.deliver(core, EVERYTHING)
    with core.read(EVERYTHING) as connection:
        attempts = connection.execute(sa.text("SELECT attempts FROM deliveries ORDER BY event_id")).scalars()
        # A batch, then the event alone, twice.
        assert list(attempts) == [4, 0, 0]
        assert connection.execute(sa.text("SELECT count(*) FROM post_analytics")).scalar() == 1


async def test_a_plugin_reads_and_writes_them_within_cores_transactions(make_core: MakeCore) -> None:
    plugin, witness = LedgerPlugin(), WitnessPlugin()
    core = make_core(plugins={"ledger": plugin, "witness": witness})
    assert plugin.tables is not None
    witness.witness.begun.clear()

    def write(tx: Transaction) -> None:
        tx.connection.execute(sa.insert(entries).values(said="key:bob"))

    def fail(tx: Transaction) -> None:
        write(tx)
        raise ZeroDivisionError

    await plugin.tables.writing(EVERYTHING, ACTOR, write)
    with pytest.raises(ZeroDivisionError):
        await plugin.tables.writing(EVERYTHING, ACTOR, fail)
    assert await plugin.tables.reading(EVERYTHING, said) == ["key:bob"]
    assert witness.witness.begun == [(EVERYTHING, ACTOR), (EVERYTHING, ACTOR), (EVERYTHING, None)]
    await core.permit(Actor("key", "ann"), "read", EVERYTHING)
    with pytest.raises(Forbidden):
        await core.permit(Actor("key", "bob"), "read", EVERYTHING)


async def test_events_of_several_organisations_come_each_in_its_own_scope(
    make_core: MakeCore, clock: Clock
) -> None:
    table, plugin, witness = Table(), LedgerPlugin(), WitnessPlugin()
    table.views = {"a": 1}
    core = make_core(plugins={"net": NetworkPlugin(table), "ledger": plugin, "witness": witness})
    other = add_organization(core, EVERYTHING, SYSTEM, "Other")
    scopes = [Scope(organizations=frozenset({key})) for key in (1, other.id)]
    for scope in scopes:
        await connect(core, scope, SYSTEM, "table", {})
    clock.advance(timedelta(minutes=1))
    await Runner(core).run_due()
    witness.witness.begun.clear()
    for scope in scopes:
        await connect(core, scope, SYSTEM, "table", {})
    await notify.deliver(core, EVERYTHING)
    # Whoever delivers acts for one organisation at a time.
    delivering = [scope for scope, actor in witness.witness.begun[-4:] if actor == SYSTEM]
    assert set(delivering) == set(scopes)
