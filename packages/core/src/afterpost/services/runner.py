"""Keeping `serve` fresh: a loop that collects what is due, syncs complete days, and delivers events."""

import asyncio
from datetime import datetime, timedelta

from afterpost.domain.errors import Denied, StorageUnavailable
from afterpost.domain.scope import SYSTEM, Actor, Scope
from afterpost.sdk.tenancy import Caller
from afterpost.services import archive_caps, collect, notify
from afterpost.services.batches import RETRY_AFTER
from afterpost.services.catalogue import list_organizations
from afterpost.services.core import Core
from afterpost.services.guarding import REFUSALS
from afterpost.services.run import begin_run
from afterpost.services.sync import sync, sync_status
from afterpost.storage import accounts

EVERY = 30.0
"""Seconds between two looks at what is due."""
TIDY_EVERY = timedelta(hours=1)
"""How often the archive's caps are looked at."""


class Runner:
    """Runs what is due, one organisation after another, each within its own scope.

    `collects`: False to deliver what happened, and do nothing else. It remembers until when a guard does not
    want to be asked for a sync again; an account keeps that itself.
    """

    def __init__(self, core: Core, *, collects: bool = True) -> None:
        self._core = core
        self._collects = collects
        self._sync_after: dict[int, datetime] = {}
        self._tidy_after: dict[int, datetime] = {}

    async def run_due(self) -> int:
        """Collect every account that is due; then sync and deliver. Returns how many accounts."""
        core = self._core
        actor, scope = await core.resolve(Caller(door="job", on_behalf_of=SYSTEM))
        collected = 0
        for organization in await core.database.reading(list_organizations, core, scope):
            own = scope.narrowed(organization=organization.id)
            if self._collects:
                await collect.renew_accounts(core, own, actor)
                collected += await self._collect(own, actor)
                await self._sync(own, actor, organization.id)
                await self._tidy(own, actor, organization.id)
            await notify.deliver(core, own)
        return collected

    async def _collect(self, scope: Scope, actor: Actor) -> int:
        core = self._core

        def due() -> list[int]:
            with core.read(scope) as connection:
                return accounts.due_accounts(connection, scope, core.now())

        found = await core.database.reading(due)
        for account_id in found:
            run_id = await core.database.writing(begin_run, core, scope, actor, "collect")
            await collect.refresh_accounts(core, scope, actor, [account_id], run_id, due_only=True)
        return len(found)

    async def _sync(self, scope: Scope, actor: Actor, organization_id: int) -> None:
        core = self._core
        after = self._sync_after.get(organization_id)
        if after is not None and core.now() < after:
            return
        status = await core.database.reading(sync_status, core, scope)
        if not status.pending:
            return
        try:
            await sync(core, scope, actor)
        except REFUSALS as error:
            retry_at = error.retry_at if isinstance(error, Denied) else None
            self._sync_after[organization_id] = retry_at or core.now() + RETRY_AFTER
            core.log.warning("a sync was refused: %s", error.message)

    async def _tidy(self, scope: Scope, actor: Actor, organization_id: int) -> None:
        """Drop raw payloads past their caps: some at every turn while there are any, else once an hour."""
        core = self._core
        after = self._tidy_after.get(organization_id)
        if after is not None and core.now() < after:
            return
        self._tidy_after[organization_id] = core.now() + TIDY_EVERY
        try:
            more = await archive_caps.tidy(core, scope, actor, organization_id)
        except REFUSALS as error:
            core.log.warning("dropping raw payloads was refused: %s", error.message)
            return
        if more:
            del self._tidy_after[organization_id]


async def keep_fresh(core: Core, every: float = EVERY) -> None:
    """Run what is due, again and again, until cancelled. A failure is logged, the loop goes on."""
    runner = Runner(core, collects=core.settings.collect)
    while True:
        try:
            await runner.run_due()
        except StorageUnavailable as fault:
            core.log.warning("the collection loop waits for the database: %s (%s)", fault, fault.__cause__)
        except Exception:
            core.log.exception("the collection loop failed; it goes on")
        await asyncio.sleep(every)
