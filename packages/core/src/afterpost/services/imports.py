"""Records read from a file become facts: in batches, in one run; a line that fails harms no other."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Literal

from msgspec import Struct

from afterpost.domain.errors import AfterpostError, InvalidInput
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.formats import FileRecord, LineError
from afterpost.services import archive
from afterpost.services.archive import Prepared
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.ingest import BATCH, Ended, Entry, FilePart, rehearse, store
from afterpost.services.organization import organization_of
from afterpost.services.run import end_run
from afterpost.storage import posts, runs

KEPT_ERRORS = 1_000
"""Line errors kept in full; further ones are counted alone, so that a broken file fills no memory."""

State = Literal["done", "failed"]


class Imported(Struct, frozen=True):
    """What an import came to, by lines of the file.

    `stored` and `unchanged` add up to the lines that are in the database now: a line counts as stored when
    its batch changed a number of its post. `new`: posts that were not known before. `failed`: lines that
    could not be read or stored; `errors` holds the first `KEPT_ERRORS` of them by line. `notes` concern the
    file as a whole. `run_id` is None for a rehearsal, which writes nothing.
    """

    run_id: int | None
    new: int
    stored: int
    unchanged: int
    failed: int
    errors: tuple[LineError, ...]
    notes: tuple[str, ...]

    @property
    def lines(self) -> int:
        """The lines that held a record, readable or not."""
        return self.stored + self.unchanged + self.failed


class _Tally:
    """Counts while the file is read."""

    def __init__(self) -> None:
        self.outcomes = {"stored": 0, "unchanged": 0}
        self.made: set[tuple[str, str]] = set()
        self.failed = 0
        self.errors: list[LineError] = []
        self.notes: list[str] = []
        self.read = 0
        """Records of the file whose end is known: stored, unchanged or refused."""

    @property
    def done(self) -> int:
        """Lines that are in the database now."""
        return self.outcomes["stored"] + self.outcomes["unchanged"]

    def fail(self, error: LineError) -> None:
        # The first line is the header's: what is said of it is said of the file, and no record is lost.
        if error.line <= 1:
            self.notes.append(error.message)
            return
        self.failed += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(error)

    def result(self, run_id: int | None) -> Imported:
        errors = sorted(self.errors, key=lambda error: error.line)
        return Imported(
            run_id, len(self.made), **self.outcomes, failed=self.failed, errors=tuple(errors),
            notes=tuple(self.notes),
        )  # fmt: skip


async def import_records(
    core: Core,
    scope: Scope,
    actor: Actor,
    items: Iterable[FileRecord | LineError],
    *,
    name: str,
    brand: str | None = None,
    dry_run: bool = False,
    progress: Callable[[], None] = lambda: None,
    fetch: Prepared | None = None,
    first: int | None = None,
) -> Imported:
    """Store the records of a file called `name` as one run of kind `import`; all of it can be repeated.

    New posts get the brand. `fetch`: the file itself, which is kept; `first`: only so many records of it.
    `dry_run` rehearses each batch by itself and writes nothing. `progress` is
    called after each batch. An error that ends the file early is raised when what came before is stored and
    the run is closed as failed. Guards are asked before the first line is stored: raises Denied or Held.
    """
    tally = _Tally()
    batches = _batches(islice(_readable(core, items, tally), first))
    if dry_run:
        nowhere = _Into(0, None, brand)
        for batch in batches:
            await core.database.writing(_store, core, scope, actor, batch, tally, nowhere)
            progress()
        return tally.result(None)
    organization = await core.database.reading(organization_of, core, scope)
    async with guarded(
        core, scope, actor, "import", name, organization_id=organization.id, amount=None
    ) as done:
        into = await core.database.writing(_begin, core, scope, actor, fetch, brand)
        run_id = into.run_id
        state: State = "failed"
        message = f"{name}: the import did not reach the end of the file"
        try:
            for batch in batches:
                await core.database.writing(_store, core, scope, actor, batch, tally, into)
                done.amount = tally.done
                progress()
            state = "failed" if tally.failed and not tally.done else "done"
            failed = f": {tally.failed} of {tally.done + tally.failed} lines failed" if tally.failed else ""
            message = name + failed
        finally:
            await asyncio.shield(core.database.writing(end_run, core, scope, actor, run_id, state, message))
    return tally.result(run_id)


class _Into(Struct, frozen=True):
    """Where the records of a file go: its run (0: nowhere, it is rehearsed), what is kept of the file, and
    the brand of new posts."""

    run_id: int
    fetch_id: int | None
    brand: str | None


def _begin(core: Core, scope: Scope, actor: Actor, fetch: Prepared | None, brand: str | None) -> _Into:
    """Open the run, and keep the file."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        run_id = runs.start_run(tx.connection, tx.scope, organization.id, "import", str(actor), tx.now)
        return _Into(run_id, archive.keep(tx, organization.id, run_id, "import", fetch), brand)


def _readable(
    core: Core, items: Iterable[FileRecord | LineError], tally: _Tally
) -> Iterator[FileRecord]:  # fmt: skip
    """The records that can be stored; the other lines are tallied as failed."""
    now = core.now()
    stream = iter(items)
    last = 1
    while True:
        try:
            item = next(stream)
        except StopIteration:
            return
        except AfterpostError:
            raise
        except Exception as error:
            # A format comes from a plugin, which may fail in any way.
            core.log.exception("a file format failed")
            raise InvalidInput(
                f"The file's format failed after line {last}: {type(error).__name__}: {error}",
                hint="Lines before it are stored. Tell whoever made the plugin of this format.",
            ) from error
        last = item.line
        if isinstance(item, LineError):
            tally.fail(item)
        elif item.reading.observed_at > now:
            moment = item.reading.observed_at.isoformat()
            tally.fail(LineError(item.line, f"Observed at {moment}, which is in the future."))
        else:
            yield item


def _batches(records: Iterator[FileRecord]) -> Iterator[list[FileRecord]]:
    batch: list[FileRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _store(
    core: Core,
    scope: Scope,
    actor: Actor,
    batch: list[FileRecord],
    tally: _Tally,
    into: _Into,
) -> None:
    """Store a batch; when it is refused, each line by itself, to find the ones to blame."""
    known = _known(core, scope, batch)
    try:
        ended = _ingest(core, scope, actor, batch, into, tally.read + len(batch))
    except AfterpostError as error:
        if len(batch) == 1:
            tally.fail(LineError(batch[0].line, error.message))
            tally.read += 1
            return
        for record in batch:
            _store(core, scope, actor, [record], tally, into)
        return
    tally.read += len(batch)
    for end in ended:
        tally.outcomes[end.outcome] += 1
        if end.external_id not in known.get(end.platform, ()):
            tally.made.add((end.platform, end.external_id))


def _ingest(
    core: Core, scope: Scope, actor: Actor, batch: list[FileRecord], into: _Into, upto: int
) -> list[Ended]:
    entries = [
        Entry(
            platform=record.platform,
            external_id=record.external_id,
            reading=record.reading,
            title=record.title,
            description=record.description,
            url=record.url,
            content_type=record.content_type,
        )
        for record in batch
    ]
    if not into.run_id:
        return rehearse(core, scope, actor, entries, "csv", brand=into.brand)
    part = None if into.fetch_id is None else FilePart(into.fetch_id, upto)
    return store(core, scope, actor, entries, "csv", run_id=into.run_id, brand=into.brand, part=part)[1]


def _known(core: Core, scope: Scope, batch: list[FileRecord]) -> Mapping[str, frozenset[str]]:
    """platform -> ids of the posts that are there already."""
    asked: dict[str, set[str]] = {}
    for record in batch:
        asked.setdefault(record.platform, set()).add(record.external_id)
    with core.read(scope) as connection:
        organization = core.organization(connection, scope)
        return {
            platform: frozenset(posts.find_posts(connection, scope, organization.id, platform, ids))
            for platform, ids in asked.items()
        }
