"""The networks through core as it is: connect, list, collect and renew, on a real database and real HTTP."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import stamina

import afterpost_bluesky
import afterpost_instagram
import afterpost_pinterest
import afterpost_tiktok
import afterpost_x
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.emulator import Dialect, Emulator, Fault, NumericIds, Scenario, World
from afterpost.loading import build_plugins
from afterpost.services import collect
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core, open_core
from afterpost.services.replay import Clock
from afterpost.services.run import begin_run
from afterpost.settings import Settings
from afterpost.storage import runs
from afterpost.storage.runs import Run, RunItem
from afterpost_bluesky.emulator import BlueskyDialect
from afterpost_instagram.emulator import InstagramDialect
from afterpost_pinterest.emulator import PinterestDialect
from afterpost_tiktok.emulator import TikTokDialect
from afterpost_x.emulator import XDialect
from packages.core.tests.databases import database_url

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
ALL = Scope.default()
NETWORKS: dict[str, tuple[ModuleType, Callable[[World], Dialect]]] = {
    "bluesky": (afterpost_bluesky, partial(BlueskyDialect, server="morel.host.bsky.network")),
    "instagram": (afterpost_instagram, InstagramDialect),
    "pinterest": (afterpost_pinterest, PinterestDialect),
    "tiktok": (afterpost_tiktok, TikTokDialect),
    "x": (afterpost_x, XDialect),
}
TYPES = {"instagram": ("image", "reel", "carousel"), "tiktok": ("video",)}
EXTERNAL_ID = {"bluesky": "did:plc:{0.id}", "instagram": "{0.id}", "tiktok": "{0.id}"}
"""The account's id as the platform writes it; where it has digits alone, the emulator makes them."""
METRICS = (
    "views",
    "impressions",
    "reach",
    "likes",
    "comments",
    "shares",
    "saves",
    "follows",
    "watch_time_seconds",
)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


async def collected(core: Core, account_id: int, *, due_only: bool = False) -> tuple[Run, list[RunItem]]:
    """One collection of the account, and how each post of it ended."""
    run_id = await core.database.writing(begin_run, core, ALL, SYSTEM, "collect")
    await collect.refresh_accounts(core, ALL, SYSTEM, [account_id], run_id, due_only=due_only)
    with core.database.read() as connection:
        run = runs.get_run(connection, ALL, run_id)
        items = runs.items_of(connection, ALL, run_id, runs.OUTCOMES, 10_000)
    assert run is not None
    return run, list(items)


@pytest.mark.parametrize("platform", sorted(NETWORKS))
def test_a_network_is_connected_collected_and_renewed(platform: str, tmp_path: Path) -> None:
    plugin, dialect_of = NETWORKS[platform]
    world = Scenario(
        seed=7,
        start=date(2026, 4, 1),
        days=60,
        accounts=1,
        posts_per_week=6,
        metrics=METRICS,
        content_types=TYPES.get(platform, ("image", "video")),
    )
    clock = Clock(NOW)
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url(tmp_path),
        api_key="k" * 20,
        secret_key=base64.b64encode(b"s" * 32).decode(),
    )
    dialect = dialect_of(world)

    async def go(emulator: Emulator) -> None:
        plugins = build_plugins(settings, {platform: plugin}, installed=[])
        core = open_core(settings, plugins, clock=clock, emulated=emulator.routes)
        try:
            owner = world.accounts()[0]
            account = await connect(core, ALL, SYSTEM, platform, dialect.credential(owner), brand="Brand")
            told = EXTERNAL_ID.get(platform, NumericIds(world).of(owner.id))
            assert account.external_id == told.format(owner)
            run, items = await collected(core, account.id)
            assert {item.outcome for item in items} == {"stored"}
            assert len(items) == len(world.posts(owner.id, NOW)) > 30

            # Longer than an access token lives on either platform, or nearly so: it is renewed first.
            clock.now = NOW + timedelta(days=55)
            emulator.forget()
            run, items = await collected(core, account.id)
            assert run.state == "done"
            assert any(
                "token" in request.path or "refreshSession" in request.path for request in emulator.requests
            )
            outcomes = [item.outcome for item in items]
            # A few of the posts were deleted meanwhile.
            assert outcomes.count("stored") > 0.9 * len(outcomes)

            # One page that can't be read costs nothing once it is read.
            emulator.dial.set(Fault("deep", times=1))
            run, items = await collected(core, account.id)
            assert run.state == "done"
            assert list_accounts(core, ALL)[0].failure_kind is None
        finally:
            await core.close()

    with Emulator(dialect, clock=clock) as emulator:
        asyncio.run(go(emulator))
