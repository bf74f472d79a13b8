"""Units of work: first in every transaction, last before each commit, and an objection undoes the act."""

import pytest
import sqlalchemy as sa

from afterpost.domain.errors import InvalidInput, PolicyUnavailable
from afterpost.domain.events import PostsRegistered, RunEnded, SnapshotsStored
from afterpost.domain.scope import Scope
from afterpost.services.catalogue import add_brand, list_brands
from afterpost.services.core import Core
from afterpost.services.overview import overview
from packages.core.tests.house import ACTOR, EVERYTHING, MakeCore, at, tell, told
from packages.core.tests.plugins.units import Witness, WitnessPlugin
from packages.core.tests.plugins.watcher import WatcherPlugin

FACTS = (
    *("posts", "observations", "post_analytics", "latest", "rollups", "standing", "attendance", "openings"),
    "changes",
)


@pytest.fixture
def plugin() -> WitnessPlugin:
    return WitnessPlugin()


@pytest.fixture
def core(make_core: MakeCore, plugin: WitnessPlugin) -> Core:
    core = make_core(plugins={"witness": plugin, "watcher": WatcherPlugin()})
    plugin.witness.begun.clear()
    plugin.witness.committed.clear()
    return core


def rows(core: Core, *tables: str) -> dict[str, int]:
    """How many rows each table holds."""
    with core.database.read() as connection:
        return {
            table: connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in tables
        }


def test_a_write_is_joined_with_its_scope_and_actor_and_shows_its_facts(
    core: Core, plugin: WitnessPlugin
) -> None:
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    assert plugin.witness.begun == [(EVERYTHING, ACTOR)]
    ((first, *rest),) = plugin.witness.committed
    assert isinstance(first, PostsRegistered)
    assert [type(fact) for fact in rest] == [SnapshotsStored, RunEnded]


def test_a_read_is_joined_by_nobody_acting(core: Core, plugin: WitnessPlugin) -> None:
    scope = Scope(organizations=frozenset({1}))
    overview(core, scope)
    assert plugin.witness.begun
    assert set(plugin.witness.begun) == {(scope, None)}
    assert plugin.witness.committed == []


def test_an_objection_undoes_everything_of_the_act(core: Core, plugin: WitnessPlugin) -> None:
    plugin.witness.objection = RuntimeError("the audit is full")
    with pytest.raises(
        PolicyUnavailable, match=r"Plugin witness .* failed in before_commit \(RuntimeError\)"
    ) as caught:
        tell(core, told("x", at("2026-11-20"), {"views": 5}))
    assert "full" not in caught.value.message
    tables = (*FACTS, "runs", "run_items", "outbox", "deliveries")
    assert rows(core, *tables) == dict.fromkeys(tables, 0)
    with pytest.raises(PolicyUnavailable):
        add_brand(core, EVERYTHING, ACTOR, "North", None)
    plugin.witness.objection = None
    assert list_brands(core, EVERYTHING) == []
    tell(core, told("x", at("2026-11-20"), {"views": 5}))
    assert rows(core, "posts", "post_analytics") == {"posts": 1, "post_analytics": 1}


def test_an_objection_in_words_of_its_own_is_passed_on(core: Core, plugin: WitnessPlugin) -> None:
    plugin.witness.objection = InvalidInput("Not in August.")
    with pytest.raises(InvalidInput, match="Not in August"):
        tell(core, told("x", at("2026-11-20"), {"views": 5}))
    assert rows(core, "posts") == {"posts": 0}


def test_every_transaction_of_a_start_is_joined_too(make_core: MakeCore) -> None:
    plugin = WitnessPlugin()
    make_core(plugins={"witness": plugin})
    assert len(plugin.witness.begun) == 1
    assert isinstance(plugin.witness, Witness)
