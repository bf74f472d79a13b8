"""What keeps `serve` fresh: collect what is due, sync what is complete, deliver what happened."""

from dataclasses import replace
from datetime import timedelta

import msgspec

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.events import (
    AccountConnected,
    PerformanceSynced,
    PostsRegistered,
    RunEnded,
    SnapshotsStored,
)
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.services import notify
from afterpost.services.catalogue import add_organization
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core
from afterpost.services.post_summary import post_analytics
from afterpost.services.runner import Runner
from afterpost.services.sync import sync_status
from afterpost.storage import posts, runs
from packages.core.tests.house import Clock, MakeCore
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.plugins.watcher import WatcherPlugin

ALL = Scope.default()


async def run_due(core: Core) -> int:
    """One round of the loop."""
    return await Runner(core).run_due()


async def joined(make_core: MakeCore, table: Table, watcher: WatcherPlugin | None = None) -> Core:
    plugins: dict[str, object] = {"network": NetworkPlugin(table)}
    if watcher is not None:
        plugins["watcher"] = watcher
    core = make_core(plugins=plugins)
    await connect(core, ALL, SYSTEM, "table", {})
    return core


async def test_a_new_account_is_listed_and_read_at_once(make_core: MakeCore) -> None:
    table = Table()
    table.views = {"a": 1, "b": 2, "c": 3}
    core = await joined(make_core, table)
    assert await run_due(core) == 1
    # Two posts a batch.
    assert sorted(len(asked) for asked in table.asked) == [1, 2]


async def test_nothing_is_asked_before_it_is_due(make_core: MakeCore, clock: Clock) -> None:
    table = Table()
    table.views = {"a": 1}
    core = await joined(make_core, table)
    await run_due(core)
    clock.advance(timedelta(minutes=50))
    assert await run_due(core) == 0
    # A new post is read hourly; the jitter is at most a tenth of that.
    clock.advance(timedelta(minutes=17))
    assert await run_due(core) == 1
    assert len(table.asked) == 2


async def test_a_parked_account_rests_until_the_provider_allows(make_core: MakeCore, clock: Clock) -> None:
    table = Table()
    table.views = {"a": 1}
    core = await joined(make_core, table)
    until = clock.now + timedelta(hours=5)
    table.error = ProviderError(ErrorKind.RATE_LIMITED, "slow down", retry_at=until)
    await run_due(core)
    assert list_accounts(core, ALL)[0].parked_until == until
    clock.now = until - timedelta(seconds=1)
    assert await run_due(core) == 0
    clock.now, table.error = until, None
    assert await run_due(core) == 1
    assert list_accounts(core, ALL)[0].failure_kind is None


async def test_a_failing_plugin_fails_its_items_and_nothing_else(make_core: MakeCore) -> None:
    table, other = Table(), Table("other")
    table.views, other.views = {"a": 1}, {"b": 5}
    table.error = ZeroDivisionError("a bug in the plugin")
    core = make_core(plugins={"one": NetworkPlugin(table), "two": NetworkPlugin(other)})
    await connect(core, ALL, SYSTEM, "table", {})
    await connect(core, ALL, SYSTEM, "other", {})
    assert await run_due(core) == 2
    kinds = {account.platform: account.failure_kind for account in list_accounts(core, ALL)}
    assert kinds == {"table": "bug", "other": None}


async def test_complete_days_are_synced_by_themselves(make_core: MakeCore, clock: Clock) -> None:
    table = Table()
    table.views = {"a": 1}
    core = await joined(make_core, table)
    await run_due(core)
    assert sync_status(core, ALL).rows == 0
    clock.advance(timedelta(days=1))
    await run_due(core)
    status = sync_status(core, ALL)
    assert (status.rows, status.pending) == (1, 0)


async def test_an_observer_hears_each_event_once_it_succeeds(make_core: MakeCore, clock: Clock) -> None:
    table, plugin = Table(), WatcherPlugin()
    table.views = {"a": 1}
    core = await joined(make_core, table, plugin)
    # Each round tries a batch, then the oldest event alone.
    plugin.watcher.failures_left = 4
    await run_due(core)
    assert plugin.watcher.heard == []
    assert await notify.deliver(core, ALL) == 0
    assert await notify.deliver(core, ALL) == 4
    clock.advance(timedelta(days=1))
    await run_due(core)
    kinds = [type(delivery.event) for delivery in plugin.watcher.heard]
    assert kinds == [
        *(AccountConnected, PostsRegistered, SnapshotsStored, RunEnded),
        *(SnapshotsStored, RunEnded),
        *(PerformanceSynced, RunEnded),
    ]
    ids = [delivery.event_id for delivery in plugin.watcher.heard]
    assert len(set(ids)) == len(ids)
    assert await notify.deliver(core, ALL) == 0


async def test_each_organisation_is_collected_and_synced_within_its_own_scope(
    make_core: MakeCore, clock: Clock
) -> None:
    table = Table()
    table.views = {"a": 1}
    core = await joined(make_core, table)
    other = add_organization(core, ALL, SYSTEM, "Other")
    theirs = Scope(organizations=frozenset({other.id}))
    await connect(core, theirs, SYSTEM, "table", {})
    assert await run_due(core) == 2
    clock.advance(timedelta(days=1))
    await run_due(core)
    for scope in (Scope(organizations=frozenset({1})), theirs):
        assert (sync_status(core, scope).rows, sync_status(core, scope).pending) == (1, 0)
        with core.read(scope) as connection:
            found = runs.last_runs(connection, scope, None, 10)
        assert sorted(run.kind for run in found) == ["collect", "collect", "sync"]
        assert [run.posts for run in found if run.kind == "collect"] == [1, 1]


async def test_a_schedule_that_fails_falls_back_on_the_ladder(make_core: MakeCore, clock: Clock) -> None:
    from afterpost import hookimpl
    from afterpost.sdk import CollectionSchedule, PluginContext, ScheduledPost

    class Broken(CollectionSchedule):
        def next_due(self, post: ScheduledPost, now: object) -> None:
            raise RuntimeError("no idea")

    class Plugin:
        @hookimpl
        def collection_schedule(self, context: PluginContext) -> CollectionSchedule:
            return Broken()

    table = Table()
    table.views = {"a": 1}
    core = make_core(plugins={"network": NetworkPlugin(table), "schedule": Plugin()})
    await connect(core, ALL, SYSTEM, "table", {})
    await run_due(core)
    clock.advance(timedelta(hours=1, minutes=7))
    await run_due(core)
    assert len(table.asked) == 2


async def test_a_number_that_can_not_be_true_is_left_out_and_named(make_core: MakeCore) -> None:
    table = Table()
    table.views = {"a": -5, "b": 2**63, "c": 7}
    core = await joined(make_core, table)
    await run_due(core)
    with core.database.read() as connection:
        run = runs.last_runs(connection, ALL, "collect", 1)[0]
        items = runs.items_of(connection, ALL, run.id, runs.OUTCOMES, 10)
        ids = {post.id: key for key, post in posts.find_posts(connection, ALL, 1, "table", "abc").items()}
    details = {ids[item.post_id]: item.detail for item in items}
    assert details == {"a": "not reported: views", "b": "not reported: views", "c": None}
    metrics = {key: post_analytics(core, ALL, post_id)[0].summary.metrics for post_id, key in ids.items()}
    assert metrics == {"a": {}, "b": {}, "c": {"views": 7}}


async def test_events_are_delivered_where_nothing_is_collected(make_core: MakeCore) -> None:
    table, plugin = Table(), WatcherPlugin()
    table.views = {"a": 1}
    core = await joined(make_core, table, plugin)
    off = replace(core, settings=msgspec.structs.replace(core.settings, collect=False))
    assert await run_due(off) == 0
    assert [type(delivery.event) for delivery in plugin.watcher.heard] == [AccountConnected]
    assert table.asked == []
