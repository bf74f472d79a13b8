"""Collecting from a platform that misbehaves: every post of every run ends, with the right class."""

import asyncio
import base64
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stamina

import afterpost_youtube
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.emulator import Emulator, Fault
from afterpost.emulator.scenario import Scenario
from afterpost.loading import build_plugins
from afterpost.services import batches, collect, read_posts
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core, open_core
from afterpost.services.post_summary import post_analytics, post_observations
from afterpost.services.replay import Clock
from afterpost.services.run import begin_run
from afterpost.settings import Settings
from afterpost.storage import posts, runs
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Post, Wanted
from afterpost.storage.runs import Run, RunItem
from afterpost_youtube.emulator import YouTubeDialect
from packages.core.tests.databases import database_url

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
ALL = Scope.default()


@dataclass
class Station:
    """A core with one connected YouTube account of a made-up world, and the dial of its faults."""

    core: Core
    emulator: Emulator
    clock: Clock
    account_id: int

    def collect(self, *, due_only: bool = False) -> tuple[Run, dict[int, RunItem]]:
        """Collect once; the run, and how each post of it ended."""

        async def go() -> int:
            run_id = await self.core.database.writing(begin_run, self.core, ALL, SYSTEM, "collect")
            await collect.refresh_accounts(
                self.core, ALL, SYSTEM, [self.account_id], run_id, due_only=due_only
            )
            return run_id

        run_id = in_loop(go)
        with self.core.database.read() as connection:
            run = runs.get_run(connection, ALL, run_id)
            items = runs.items_of(connection, ALL, run_id, runs.OUTCOMES, 10_000)
        assert run is not None
        return run, {item.post_id: item for item in items}

    def account(self) -> Account:
        """The account as it stands."""
        return list_accounts(self.core, ALL)[0]

    def posts(self) -> dict[int, Post]:
        """Every post by id."""
        with self.core.database.read() as connection:
            found = posts.page_of_posts(connection, ALL, after=None, limit=10_000, wanted=Wanted())
        return {post.id: post for post in found}


def in_loop(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(function())


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """120 videos, connected, not yet collected."""
    world = Scenario(
        seed=7,
        start=date(2026, 4, 1),
        days=60,
        accounts=1,
        posts_per_week=17,
        metrics=("views", "likes", "comments"),
    )
    clock = Clock(NOW)
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url(tmp_path),
        api_key="k" * 20,
        secret_key=base64.b64encode(b"s" * 32).decode(),
    )
    dialect = YouTubeDialect(world)
    stamina.set_testing(True, attempts=2)
    with Emulator(dialect, clock=clock) as emulator:
        plugins = build_plugins(settings, {"youtube": afterpost_youtube}, installed=[])
        core = open_core(settings, plugins, clock=clock, emulated=emulator.routes)

        async def join() -> int:
            account = await connect(
                core, ALL, SYSTEM, "youtube", dialect.credential(world.accounts()[0]), brand="Brand"
            )
            # The client's connections belong to this loop; the next one opens its own.
            await core.egress.close()
            return account.id

        account_id: int = in_loop(join)
        yield Station(core, emulator, clock, account_id)
        asyncio.run(core.close())
    stamina.set_testing(False)


@pytest.fixture(autouse=True)
def _one_loop_a_collection(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """`in_loop` starts a loop each time, so the clients of the last one are closed before it ends."""

    async def closing(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await function()
        finally:
            await station.core.egress.close()

    def run(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(closing(function))

    monkeypatch.setitem(globals(), "in_loop", run)


def test_a_collection_finds_the_posts_by_itself_and_stores_each(station: Station) -> None:
    run, items = station.collect()
    assert run.state == "done"
    assert run.posts == len(items) == len(station.posts()) > 100
    assert {item.outcome for item in items.values()} == {"stored"}
    assert station.account().failure_kind is None


def test_the_same_instant_again_leaves_every_post_unchanged(station: Station) -> None:
    station.collect()
    run, items = station.collect()
    assert run.unchanged == len(items)


def test_a_full_quota_parks_the_account_until_pacific_midnight_and_keeps_what_was_read(
    station: Station,
) -> None:
    station.collect()
    station.clock.now = NOW + timedelta(days=1)
    station.emulator.dial.set(Fault("quota", path="/youtube/v3/videos"))
    run, items = station.collect()
    assert {(item.outcome, item.reason) for item in items.values()} == {("failed", "quota_exhausted")}
    # 2026-05-21 12:00 UTC is 05:00 in Los Angeles; the quota begins anew at 07:00 UTC of the 22nd.
    midnight = datetime(2026, 5, 22, 7, tzinfo=UTC)
    assert {item.retry_at for item in items.values()} == {midnight}
    assert station.account().parked_until == midnight
    assert station.account().state == "active"
    assert run.state == "failed"


def test_a_rate_limit_after_the_first_batch_keeps_that_batch(station: Station) -> None:
    station.collect()
    station.clock.now = NOW + timedelta(days=1)
    seen = len([r for r in station.emulator.requests if r.path.endswith("/videos")])

    # The dial has no "after n requests": the first batch is asked for with the dial at rest.
    original = batches.store_batch

    def then_limited(*args: Any) -> None:
        original(*args)
        station.emulator.dial.set(Fault("rate_limited", path="/youtube/v3/videos", retry_after="120"))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(read_posts, "store_batch", then_limited)
        _, items = station.collect()
    asked = len([r for r in station.emulator.requests if r.path.endswith("/videos")]) - seen
    assert asked == 2
    outcomes = [item.outcome for item in items.values()]
    assert outcomes.count("stored") == 50
    assert outcomes.count("failed") == len(items) - 50
    failed = next(item for item in items.values() if item.outcome == "failed")
    assert (failed.reason, failed.retry_at) == ("rate_limited", station.clock.now + timedelta(seconds=120))


def test_a_server_error_is_tried_again_and_a_lasting_one_fails_the_posts(station: Station) -> None:
    station.emulator.dial.set(Fault("unavailable", times=1))
    run, _ = station.collect()
    assert run.state == "done"
    station.clock.now = NOW + timedelta(days=1)
    station.emulator.dial.set(Fault("unavailable", path="/youtube/v3/videos"))
    _, items = station.collect()
    assert {item.reason for item in items.values()} == {"upstream_unavailable"}
    assert all(item.retry_at and item.retry_at > station.clock.now for item in items.values())


@pytest.mark.parametrize("kind", ["html", "truncated", "empty", "huge", "redirect"])
def test_nonsense_from_the_platform_is_never_a_number(station: Station, kind: Any) -> None:
    station.collect()
    station.clock.now = NOW + timedelta(days=1)
    station.emulator.dial.set(Fault(kind, path="/youtube/v3/videos"))
    _, items = station.collect()
    assert {item.outcome for item in items.values()} == {"failed"}
    assert {item.reason for item in items.values()} <= {"upstream_malformed", "bad_request"}
    read_before = min(station.posts())
    observed, _ = post_observations(station.core, ALL, read_before, before=None, days=10)
    assert len(observed) == 1


def test_a_hidden_count_is_absent_and_no_zero(station: Station) -> None:
    station.emulator.dial.set(Fault("absent_field", fields=("likes",)))
    station.collect()
    for post in list(station.posts().values())[:20]:
        analytics, _ = post_analytics(station.core, ALL, post.id)
        assert "views" in analytics.summary.metrics
        assert "likes" not in analytics.summary.metrics
        assert analytics.summary.engagement_rate is None


def test_a_post_is_gone_after_three_reads_that_miss_it_and_not_before(station: Station) -> None:
    station.collect()
    missing = next(iter(station.posts().values()))
    station.emulator.dial.set(Fault("missing_id", ids=(missing.external_id,)))
    for day in (1, 2):
        station.clock.now = NOW + timedelta(days=day)
        _, items = station.collect()
        assert (items[missing.id].outcome, items[missing.id].reason) == ("failed", "not_found")
        assert items[missing.id].retry_at is not None
        assert station.posts()[missing.id].state == "live"
    station.clock.now = NOW + timedelta(days=3)
    _, items = station.collect()
    assert (items[missing.id].outcome, items[missing.id].reason) == ("skipped", "gone")
    gone = station.posts()[missing.id]
    assert (gone.state, gone.gone_at) == ("gone", NOW + timedelta(days=1))
    station.clock.now = NOW + timedelta(days=4)
    _, items = station.collect()
    assert missing.id not in items


def test_a_revoked_grant_stops_the_account_and_says_so(station: Station) -> None:
    station.collect()
    station.clock.now = NOW + timedelta(days=1)
    station.emulator.dial.set("unauthorized", "revoked")
    _, items = station.collect()
    account = station.account()
    assert (account.state, account.failure_kind) == ("stopped", "credential_revoked")
    assert account.failure_message
    assert {(item.outcome, item.retry_at) for item in items.values()} <= {("failed", None)}


def test_a_missing_permission_stops_the_account(station: Station) -> None:
    station.emulator.dial.set("forbidden")
    station.collect()
    assert station.account().failure_kind == "permission_missing"
    assert station.account().state == "stopped"


def test_no_secret_shows_in_any_failure(station: Station) -> None:
    secret = "token-"
    for kind in ("quota", "unavailable", "unauthorized", "revoked", "forbidden", "html", "truncated"):
        station.emulator.dial.set(kind)
        run, items = station.collect()
        shown = f"{run} {items} {station.account()}"
        assert secret not in shown
