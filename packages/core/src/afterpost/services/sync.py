"""The closed loop: copy complete days from the snapshots into the learning rows.

The change sequence says which snapshots to look at again, never a date; a change leaves it in the
transaction that wrote its row. So running again, at the same time, or after a kill changes nothing.
"""

import asyncio
from datetime import datetime

from msgspec import Struct

from afterpost.domain.events import PerformanceSynced
from afterpost.domain.performance import learned_from
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import local_day_number, zone_of
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.organization import organization_of
from afterpost.services.run import begin_run, end_run
from afterpost.storage import changes, organizations, performance, posts, runs, snapshots
from afterpost.storage.organizations import Organization
from afterpost.storage.runs import Run
from afterpost.storage.transaction import Tx

BATCH = 200
"""Changes taken in one transaction."""


class SyncResult(Struct, frozen=True):
    """What one sync did: its run, and how many learning rows are new or another by it."""

    run_id: int
    rows: int


class SyncStatus(Struct, frozen=True):
    """Where the learning rows stand. `pending`: changes of complete days that are not in them yet."""

    rows: int
    pending: int
    last_change: int
    last_change_at: datetime | None
    last_run: Run | None


async def sync(core: Core, scope: Scope, actor: Actor) -> SyncResult:
    """Write every changed snapshot of a complete day into content_performance.

    Always for the whole organisation: a change of the sequence names posts of every brand and account, and
    leaves it when it was taken. Guards are asked before; raises Denied or Held, and nothing is lost.
    """
    organization = await core.database.reading(organization_of, core, scope)
    scope = Scope(organizations=frozenset({organization.id}))
    async with guarded(
        core,
        scope,
        actor,
        "sync",
        f"organisation {organization.slug}",
        organization_id=organization.id,
        amount=None,
    ) as done:
        run_id = await core.database.writing(begin_run, core, scope, actor, "sync")
        state, message = "failed", "The sync did not reach its end."
        try:
            while True:
                # One transaction a turn: others may write in between, and Ctrl-C is heard.
                taken, rows = await core.database.writing(_sync_some, core, scope, actor, run_id)
                done.amount += rows
                if taken < BATCH:
                    break
            state, message = "done", f"{done.amount} learning rows written"
        finally:
            await asyncio.shield(core.database.writing(end_run, core, scope, actor, run_id, state, message))
    return SyncResult(run_id, done.amount)


def _sync_some(core: Core, scope: Scope, actor: Actor, run_id: int) -> tuple[int, int]:
    """Take some changes; returns how many, and how many rows were written."""
    with core.transaction(scope, actor) as tx:
        return _take(tx, core.organization(tx.connection, tx.scope), run_id)


def _take(tx: Tx, organization: Organization, run_id: int) -> tuple[int, int]:
    """Take some changes; returns how many, and how many rows were written."""
    # Else a sync that read a snapshot before it changed could write after one that read it later.
    organization = organizations.lock(tx.connection, tx.scope, organization.id)
    today = local_day_number(tx.now, zone_of(organization.time_zone))
    taken = changes.pending(tx.connection, tx.scope, organization.id, today, BATCH)
    wanted: dict[int, set[int]] = {}
    for change in taken:
        wanted.setdefault(change.day, set()).update(change.post_ids)
    owners = posts.get_posts(tx.connection, tx.scope, {i for ids in wanted.values() for i in ids})
    rows = []
    for day, ids in wanted.items():
        for post_id, stored in snapshots.on_days(tx.connection, tx.scope, day, ids).items():
            rows.append((owners[post_id], stored.row, learned_from(stored.row), stored.change_seq))
    # A snapshot that changed twice is taken as it is now with the first change: the second adds nothing.
    rows = performance.unlike(tx.connection, tx.scope, rows)
    performance.save(tx.connection, tx.scope, rows)
    changes.consume(tx.connection, tx.scope, taken)
    if rows:
        tx.emit(
            PerformanceSynced(
                organization_id=organization.id,
                run_id=run_id,
                change_seq=organization.change_seq,
                rows=len(rows),
            )
        )
    return len(taken), len(rows)


def sync_status(core: Core, scope: Scope) -> SyncStatus:
    """How many learning rows there are, what is pending, and how the last run went."""
    with core.read(scope) as connection:
        organization = core.organization(connection, scope)
        today = local_day_number(core.now(), zone_of(organization.time_zone))
        last = runs.last_runs(connection, scope, "sync", 1)
        return SyncStatus(
            performance.count(connection, scope),
            changes.count_pending(connection, scope, organization.id, today),
            organization.change_seq,
            organization.changed_at,
            last[0] if last else None,
        )
