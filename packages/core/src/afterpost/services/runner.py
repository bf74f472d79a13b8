"""Keeping `serve` fresh: a loop that collects what is due, syncs complete days, and delivers events."""

import asyncio

from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk.tenancy import Caller
from afterpost.services import collect, notify
from afterpost.services.core import Core
from afterpost.services.sync import sync, sync_status
from afterpost.storage import accounts

EVERY = 30.0
"""Seconds between two looks at what is due."""


async def run_due(core: Core) -> int:
    """Collect every account that is due, one after another; then sync and deliver. Returns how many."""
    actor, scope = await core.resolve(Caller(door="job", on_behalf_of=SYSTEM))

    def due() -> list[int]:
        with core.database.read() as connection:
            return accounts.due_accounts(connection, scope, core.now())

    due_ids = await core.database.reading(due)
    for account_id in due_ids:
        run_id = await core.database.writing(collect.begin_run, core, scope, actor, "collect")
        await collect.refresh_accounts(core, scope, actor, [account_id], run_id, due_only=True)
    status = await core.database.reading(sync_status, core, scope)
    if status.pending:
        await core.database.writing(sync, core, scope, actor)
    await notify.deliver(core, Scope.default())
    return len(due_ids)


async def keep_fresh(core: Core, every: float = EVERY) -> None:
    """Run what is due, again and again, until cancelled. A failure is logged, the loop goes on."""
    while True:
        try:
            await run_due(core)
        except Exception:
            core.log.exception("the collection loop failed; it goes on")
        await asyncio.sleep(every)
