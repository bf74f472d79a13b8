"""Telling corrected readings anew at their instants: through `record`, in runs of kind `replay`.

Nothing is taken away: what was told before stands beside it, and both are shown. Each run corrects one
earlier run, and its posts name the same fetches, so that a receipt leads from the number to the payload.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import cast

from afterpost.domain.scope import Actor, Scope
from afterpost.services.archive_corrections import At, Correction, by_instant, counting
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.ingest import BATCH
from afterpost.services.record import Item, Source, record
from afterpost.services.run import begin_run, end_run
from afterpost.storage import posts, replica, runs
from afterpost.storage.replica import Kept
from afterpost.storage.runs import RunItem
from afterpost.storage.transaction import Tx


class Telling:
    """What was told of one organisation's corrections so far."""

    def __init__(self, core: Core, scope: Scope, actor: Actor) -> None:
        self._core = core
        self._scope = scope
        self._actor = actor
        self._stored: dict[int, set[int]] = {}
        self.runs: dict[int, int] = {}
        """Run -> the run that corrects it."""
        self.told = 0
        self.passed_over = 0

    def tell(self, batch: Sequence[Correction]) -> None:
        """Tell a batch in one transaction."""
        for corrected in sorted({each.run_id for each in batch} - self.runs.keys()):
            self.runs[corrected] = begin_run(self._core, self._scope, self._actor, "replay")
        with self._core.transaction(self._scope, self._actor) as tx:
            valid = self._still(tx, batch)
            for run_id in sorted({each.run_id for each in valid}):
                self._record(tx, run_id, [each for each in valid if each.run_id == run_id])
        self.told += len(valid)
        self.passed_over += len(batch) - len(valid)

    def _still(self, tx: Tx, batch: Sequence[Correction]) -> list[Correction]:
        """Those of which nothing else was told since they were found."""
        at: dict[At, list[Kept]] = {}
        for day in {each.day for each in batch}:
            at |= by_instant(tx.connection, tx.scope, day, {each.post_id for each in batch})
        return [
            each for each in batch if counting(at.get((each.post_id, each.observed_at), [])) == each.stored
        ]

    def _record(self, tx: Tx, corrected: int, some: Sequence[Correction]) -> None:
        run_id, organization = self.runs[corrected], self._core.organization(tx.connection, tx.scope)
        owners = posts.get_posts(tx.connection, tx.scope, {each.post_id for each in some})
        stored = self._stored.setdefault(run_id, set())
        # One telling a post at a time: of two at one instant the order is what counts.
        longest = max(len(each.readings) for each in some)
        for n in range(longest):
            items = [
                Item(owners[each.post_id], each.readings[n], cast("Source", each.source))
                for each in some
                if n < len(each.readings)
            ]
            outcome = record(tx, organization, items, run_id)
            stored |= {post_id for post_id, ended in outcome.items() if ended == "stored"}
        behind = replica.fetches_behind(tx.connection, tx.scope, corrected, list(owners))
        for fetch_id in sorted(set(behind.values()), key=lambda key: key or 0):
            items_of = [
                RunItem(key, "stored" if key in stored else "unchanged", None, f"corrects run {corrected}")
                for key in owners
                if behind.get(key) == fetch_id
            ]
            runs.add_items(tx.connection, tx.scope, organization.id, run_id, items_of, fetch_id)

    def end(self, state: str) -> None:
        """Close every run."""
        for corrected, run_id in self.runs.items():
            message = f"corrects run {corrected}"
            end_run(self._core, self._scope, self._actor, run_id, state, message)


async def tell(
    core: Core,
    scope: Scope,
    actor: Actor,
    organization_id: int,
    found: Iterator[Correction],
    amount: int,
    progress: Callable[[str], None],
) -> Telling:
    """Tell an organisation's corrections anew. Guards are asked before: raises Denied or Held."""
    mine = scope.narrowed(organization=organization_id)
    telling = Telling(core, mine, actor)
    subject = f"{amount} {'reading' if amount == 1 else 'readings'} corrected from the archive"
    async with guarded(
        core, mine, actor, "import", subject, organization_id=organization_id, amount=amount
    ) as done:
        state = "failed"
        try:
            while batch := list(islice(found, BATCH)):
                await core.database.writing(telling.tell, batch)
                done.amount = telling.told
                progress("telling")
            state = "done"
        finally:
            await asyncio.shield(core.database.writing(telling.end, state))
    return telling
