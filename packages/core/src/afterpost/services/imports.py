"""Records read from a file become facts: in batches, in one run; a line that fails harms no other, unless
the caller wants all or nothing."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from msgspec import Struct

from afterpost.domain.errors import AfterpostError, InvalidInput
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import zone_of
from afterpost.sdk.formats import FileItem, FileRecord, LineError, LineSkipped
from afterpost.services.archive import Prepared
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.import_run import FileFacts, Into, begin, end, entries_of, known_posts, put_batches
from afterpost.services.import_spool import Compared, compared
from afterpost.services.import_tally import Imported, Tally
from afterpost.services.ingest import BATCH, is_future, rehearse
from afterpost.services.organization import organization_of

WHOLE = 50_000
"""Lines at most where all or none are stored: they are held in memory, and stored in one transaction."""

CONTRADICTION = "contradiction"
"""Why a line fails that another line of the file contradicts."""

State = Literal["done", "failed"]


class Order(Struct, frozen=True, kw_only=True):
    """How a file is to be imported.

    `brand`: of new posts. `all_or_nothing`: one line that fails keeps every other from being stored.
    `dry_run`: rehearse, and write nothing. `amount`: how many lines guards are told of, None where nobody
    knows before.
    """

    brand: str | None = None
    all_or_nothing: bool = False
    dry_run: bool = False
    amount: int | None = None


async def import_records(
    core: Core,
    scope: Scope,
    actor: Actor,
    items: Iterable[FileItem],
    file: FileFacts,
    order: Order,
    progress: Callable[[], None] = lambda: None,
    fetch: Prepared | None = None,
    first: int | None = None,
) -> Imported:
    """Store the records of a file as one run of kind `import`; all of it can be repeated.

    A file is read to its end before anything is stored, a pipe is not: lines that contradict each other fail.
    `fetch`: the file itself, which is kept; `first`: only so many records of it. `progress` is called after
    each batch. An error that ends the file early is raised when what came before is stored and the run is
    closed as failed. Guards are asked before the first line is stored: raises Denied or Held.
    """
    organization = await core.database.reading(organization_of, core, scope)
    zone = zone_of(organization.time_zone)
    tally = Tally(zone, named_brand=order.brand is not None)
    now = core.now()
    with compared(
        items, lambda record: not is_future(record.reading, now, zone), whole=file.sha256 is not None
    ) as told:
        batches = _batches(islice(_readable(core, told, tally), first))
        if order.all_or_nothing:
            batches = iter(_held(batches))
        if order.dry_run:
            for batch in batches:
                await core.database.writing(_rehearse, core, scope, actor, batch, tally, order.brand)
                progress()
                if not order.all_or_nothing:
                    tally.waiting.clear()
            if order.all_or_nothing and tally.failed:
                tally.give_up()
            return tally.result(None)
        held = list(batches) if order.all_or_nothing else None
        amount = order.amount if held is None else sum(map(len, held))
        async with guarded(
            core, scope, actor, "import", file.subject, organization_id=organization.id, amount=amount
        ) as done:
            into = await core.database.writing(begin, core, scope, actor, file, order.brand, fetch)
            state: State = "failed"
            message = f"{file.subject}: the import did not reach the end of the file"
            try:
                if held is not None:
                    await _all_or_nothing(core, scope, actor, held, tally, into, progress)
                else:
                    for batch in batches:
                        await core.database.writing(_store, core, scope, actor, batch, tally, into)
                        done.amount = tally.done
                        progress()
                done.amount = tally.done
                state = "failed" if tally.failed and not tally.done else "done"
                message = _message(file, tally)
            finally:
                await asyncio.shield(
                    core.database.writing(end, core, scope, actor, into.run_id, state, message, tally)
                )
        return tally.result(into.run_id)


def _message(file: FileFacts, tally: Tally) -> str:
    if not tally.failed:
        return file.subject
    lines = sum(tally.counts.values())
    return f"{file.subject}: {tally.failed} of {lines} lines failed"


async def _all_or_nothing(
    core: Core,
    scope: Scope,
    actor: Actor,
    batches: Sequence[Sequence[FileRecord]],
    tally: Tally,
    into: Into,
    progress: Callable[[], None],
) -> None:
    """Rehearse, which finds every line to blame; then store the whole in one transaction, or nothing."""
    for batch in batches:
        await core.database.writing(_rehearse, core, scope, actor, batch, tally, into.brand)
        progress()
    if tally.failed:
        tally.give_up()
        return
    tally.again()
    await core.database.writing(put_batches, core, scope, actor, batches, tally, into)


def _readable(core: Core, items: Iterator[Compared], tally: Tally) -> Iterator[FileRecord]:
    """The records that can be stored; the other lines are tallied as failed or skipped."""
    now = core.now()
    last = 1
    while True:
        try:
            item, contradiction = next(items)
        except StopIteration:
            return
        except AfterpostError:
            raise
        except Exception as error:
            # A format comes from a plugin, which may fail in any way.
            core.log.exception("a file format failed")
            raise InvalidInput(
                f"The file's format failed after line {last}: {type(error).__name__}: {error}",
                hint="Lines before it are stored, unless it was all or nothing. Tell whoever made the plugin "
                "of this format.",
            ) from error
        last = item.line
        if isinstance(item, LineError):
            tally.fail(item)
        elif isinstance(item, LineSkipped):
            tally.skip(item)
        elif is_future(item.reading, now, tally.zone):
            moment = (item.reading.observed_on or item.reading.observed_at).isoformat()
            tally.fail(LineError(item.line, f"Observed at {moment}, which is in the future.", "future"))
        elif contradiction:
            tally.fail(LineError(item.line, contradiction, CONTRADICTION))
        else:
            yield item


def _batches(records: Iterator[FileRecord]) -> Iterator[list[FileRecord]]:
    while True:
        batch: list[FileRecord] = []
        failed: AfterpostError | None = None
        try:
            batch.extend(islice(records, BATCH))
        except AfterpostError as error:
            failed = error
        if batch:
            yield batch
        if failed is not None:
            raise failed
        if len(batch) < BATCH:
            return


def _held(batches: Iterator[list[FileRecord]]) -> list[list[FileRecord]]:
    held = list(islice(batches, WHOLE // BATCH + 1))
    if sum(map(len, held)) > WHOLE:
        raise InvalidInput(
            f"All or nothing is for files of at most {WHOLE:,} lines.",
            hint="Split the file, or let each line be stored by itself.",
        )
    return held


def _store(
    core: Core,
    scope: Scope,
    actor: Actor,
    batch: Sequence[FileRecord],
    tally: Tally,
    into: Into,
) -> None:
    """Store a batch; when it is refused, each line by itself, to find the ones to blame."""
    try:
        put_batches(core, scope, actor, [batch], tally, into)
    except AfterpostError as error:
        if len(batch) == 1:
            tally.refuse(LineError(batch[0].line, error.message, error.code))
            return
        for record in batch:
            _store(core, scope, actor, [record], tally, into)


def _rehearse(
    core: Core, scope: Scope, actor: Actor, batch: Sequence[FileRecord], tally: Tally, brand: str | None
) -> None:
    """What `_store` would do, in a transaction that is rolled back."""
    with core.read(scope) as connection:
        known = known_posts(connection, scope, core.organization(connection, scope).id, batch)
    try:
        ended = rehearse(core, scope, actor, entries_of(batch), "csv", brand=brand)
    except AfterpostError as error:
        if len(batch) == 1:
            tally.refuse(LineError(batch[0].line, error.message, error.code))
            return
        for record in batch:
            _rehearse(core, scope, actor, [record], tally, brand)
        return
    tally.end(batch, ended, known)
