"""Making the demo: connect every made-up account and collect ninety days, ending now."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from afterpost.builtin.demo.network import DemoState, worlds
from afterpost.builtin.demo.provider import PLATFORMS, DemoDialect
from afterpost.domain.scope import Actor, Scope
from afterpost.services import collect
from afterpost.services.core import Core
from afterpost.services.replay import NOON, Clock, connect_world
from afterpost.services.run import begin_run
from afterpost.services.sync import sync

DAYS = 90


def first_day_for(now: datetime) -> date:
    """The first day of a demo made now."""
    return now.date() - timedelta(days=DAYS)


def instants(state: DemoState, now: datetime) -> list[datetime]:
    """When the demo is collected: noon UTC of each day from the first one on, then now."""
    days = (now.date() - state.first_day).days
    noons = [datetime.combine(state.first_day + timedelta(days=n), NOON) for n in range(days)]
    return [*noons, now]


async def seed(
    core: Core,
    scope: Scope,
    actor: Actor,
    clock: Clock,
    state: DemoState,
    now: datetime,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Collect the demo's history through HTTP, day by day, then sync; returns how many posts there are.

    `clock` is the one that core and the demo networks go by. `progress` hears how many days are done.
    """
    found = worlds(state, now.date())
    connected = [
        await connect_world(
            core,
            scope,
            actor,
            platform,
            DemoDialect(PLATFORMS[platform], world),
            world.accounts(),
            world.brands(),
        )
        for platform, world in found.items()
    ]
    accounts = [account for group in connected for account in group.values()]
    # A demo that was made before, or was cut off, goes on where the account that is furthest behind stands.
    reached = [account.last_refresh_at for account in accounts]
    behind = None if None in reached else min(at for at in reached if at is not None)
    for done, instant in enumerate(instants(state, now), start=1):
        if behind is not None and instant <= behind:
            continue
        clock.now = instant
        run_id = await core.database.writing(begin_run, core, scope, actor, "collect")
        await collect.refresh_accounts(
            core, scope, actor, [account.id for account in accounts], run_id, due_only=False
        )
        progress(done)
    await sync(core, scope, actor)
    return sum(len(world.posts(a.id, now)) for world in found.values() for a in world.accounts())
