"""Listing: what it brings, and what it brings back."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from afterpost.domain.scope import SYSTEM
from afterpost.services.catalogue import get_post
from afterpost.services.collect import refresh_accounts
from afterpost.services.connect import connect
from afterpost.services.core import Core
from afterpost.services.run import begin_run
from packages.core.tests.house import EVERYTHING, NOW, Clock, MakeCore
from packages.core.tests.plugins.network import NetworkPlugin, Table

DAY = timedelta(days=1)


def collected(core: Core) -> None:
    """Read the account once, as by schedule."""

    async def whole() -> None:
        run_id = await core.database.writing(begin_run, core, EVERYTHING, SYSTEM, "collect")
        await refresh_accounts(core, EVERYTHING, SYSTEM, [1], run_id, due_only=True)
        await core.egress.close()

    asyncio.run(whole())


def absences(core: Core) -> list[tuple[int, bool]]:
    """Each absence: whose, and whether it is over."""
    with core.database.read() as connection:
        query = sa.text("SELECT post_id, ended_at IS NOT NULL FROM absences ORDER BY confirmed_at")
        return [(post_id, bool(over)) for post_id, over in connection.execute(query)]


def test_a_post_that_a_listing_brings_back_is_live_again(make_core: MakeCore, clock: Clock) -> None:
    network = Table()
    core = make_core(plugins={"table": NetworkPlugin(network)})
    network.views = {"a": 100, "b": 50}
    asyncio.run(connect(core, EVERYTHING, SYSTEM, "table", {}))
    collected(core)
    del network.views["b"]
    for _ in range(8):
        clock.advance(DAY)
        collected(core)
    gone = get_post(core, EVERYTHING, 2)
    assert (gone.state, gone.due_at, absences(core)) == ("gone", None, [(2, False)])
    network.views["b"] = 70
    clock.advance(DAY)
    collected(core)
    back = get_post(core, EVERYTHING, 2)
    assert (back.state, back.misses, back.gone_at) == ("live", 0, None)
    assert back.due_at is not None
    assert absences(core) == [(2, True)]
    assert clock.now > NOW + 8 * DAY
    with core.database.read() as connection:
        totals = sa.text("SELECT views_total FROM post_analytics WHERE post_id = 2 ORDER BY day")
        assert list(connection.execute(totals).scalars()) == [50, 70]


def test_a_post_that_stays_away_stays_gone(make_core: MakeCore, clock: Clock) -> None:
    network = Table()
    core = make_core(plugins={"table": NetworkPlugin(network)})
    network.views = {"a": 100, "b": 50}
    asyncio.run(connect(core, EVERYTHING, SYSTEM, "table", {}))
    collected(core)
    del network.views["b"]
    for _ in range(12):
        clock.advance(DAY)
        collected(core)
    assert get_post(core, EVERYTHING, 2).state == "gone"
    assert absences(core) == [(2, False)]
