"""The run of an imported file: which file it was, its lines with their outcomes, and its end."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from afterpost.domain.errors import NotFound, PluginError
from afterpost.domain.ids import plain_id
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.formats import FileFormat, FileRecord
from afterpost.services import archive
from afterpost.services.archive import Prepared
from afterpost.services.core import Core
from afterpost.services.import_tally import Tally, line_of
from afterpost.services.ingest import Entry, put
from afterpost.services.run import close_run
from afterpost.storage import archive as archived
from afterpost.storage import imports, posts, runs
from afterpost.storage.engine import Connection
from afterpost.storage.imports import ImportFile, ImportLine
from afterpost.storage.posts import Post
from afterpost.storage.runs import Token


class FileFacts(Struct, frozen=True, kw_only=True):
    """What is kept of an imported file: its name, the part of an archive or workbook that was read, its
    format, when lines that don't say it were read, and its fingerprint (None where a pipe was read)."""

    name: str
    format: str
    observed_at: datetime
    part: str = ""
    sha256: str | None = None
    bytes: int | None = None

    @property
    def subject(self) -> str:
        """The file as guards and people are told of it."""
        inside = f", {self.part}" if self.part else ""
        return f"{self.name}{inside} ({self.format})"


class Into(Struct, frozen=True):
    """Where the records of a file go: its run, what is kept of the file (None: nothing), and the brand of new
    posts."""

    run_id: int
    fetch_id: int | None
    brand: str | None


def file_formats(core: Core) -> list[FileFormat]:
    """Every file format of every provider; PluginError names a provider that fails to tell."""
    found: list[FileFormat] = []
    for platform, provider in sorted(core.providers.items()):
        try:
            found.extend(provider.file_formats)
        except Exception as error:
            raise PluginError(
                f"The provider {platform} failed to tell its file formats: {type(error).__name__}: {error}",
                hint="Block its plugin with AFTERPOST_BLOCK.",
            ) from error
    return found


def begin(
    core: Core, scope: Scope, actor: Actor, file: FileFacts, brand: str | None, fetch: Prepared | None
) -> Into:
    """Open the run of a file, and keep the file."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        token = None if file.sha256 is None else Token(f"file:{file.sha256}")
        run_id = runs.start_run(tx.connection, tx.scope, organization.id, "import", str(actor), tx.now, token)
        told = ImportFile(
            run_id=run_id,
            name=file.name,
            part=file.part,
            format=file.format,
            sha256=file.sha256,
            bytes=file.bytes,
            observed_at=file.observed_at,
        )
        imports.add_file(tx.connection, tx.scope, organization.id, told)
        return Into(run_id, archive.keep(tx, organization.id, run_id, "import", fetch), brand)


def end(core: Core, scope: Scope, actor: Actor, run_id: int, state: str, message: str, tally: Tally) -> None:
    """Close the run of a file, with the lines that are not written down yet and the counts of all."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        imports.add_lines(tx.connection, tx.scope, organization.id, run_id, tally.waiting)
        imports.count_lines(tx.connection, tx.scope, run_id, tally.counts)
        close_run(tx, run_id, state, message)
    tally.waiting.clear()


def put_batches(
    core: Core,
    scope: Scope,
    actor: Actor,
    batches: Iterable[Sequence[FileRecord]],
    tally: Tally,
    into: Into,
) -> None:
    """Store records and note how their lines ended, in one transaction. When it is refused, the tally is as
    it was before."""
    done = []
    run_id, upto = into.run_id, tally.read
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        for batch in batches:
            known = known_posts(tx.connection, scope, organization.id, batch)
            _, ended = put(
                *(core, tx, entries_of(batch), "csv"),
                run_id=run_id, brand=into.brand, fetch_id=into.fetch_id,
            )  # fmt: skip
            lines = [line_of(record.line, one) for record, one in zip(batch, ended, strict=True)]
            imports.add_lines(tx.connection, tx.scope, organization.id, run_id, lines)
            upto += len(batch)
            done.append((batch, ended, known))
        imports.add_lines(tx.connection, tx.scope, organization.id, run_id, tally.waiting)
        if into.fetch_id is not None:
            archived.set_records(tx.connection, tx.scope, into.fetch_id, upto)
    for batch, ended, known in done:
        tally.end(batch, ended, known)
    tally.waiting.clear()


def known_posts(
    connection: Connection, scope: Scope, organization_id: int, batch: Iterable[FileRecord]
) -> dict[tuple[str, str], Post]:
    """The posts of those records that are there already, by platform and external id."""
    asked: dict[str, set[str]] = {}
    for record in batch:
        asked.setdefault(record.platform, set()).add(plain_id(record.external_id))
    return {
        (platform, external_id): post
        for platform, ids in asked.items()
        for external_id, post in posts.find_posts(connection, scope, organization_id, platform, ids).items()
    }


def entries_of(batch: Iterable[FileRecord]) -> list[Entry]:
    """The records as what is ingested."""
    return [
        Entry(
            platform=record.platform,
            external_id=record.external_id,
            reading=record.reading,
            title=record.title,
            description=record.description,
            url=record.url,
            content_type=record.content_type,
            notes=record.notes,
        )
        for record in batch
    ]


def observed_before(core: Core, scope: Scope, sha256: str) -> datetime | None:
    """When a file of those very bytes was said to be of, the first time it was imported."""
    with core.read(scope) as connection:
        organization = core.organization(connection, scope)
        return imports.first_observed(connection, scope, organization.id, sha256)


def file_of_run(core: Core, scope: Scope, run_id: int) -> ImportFile | None:
    """The file a run read; None for a run of another kind."""
    with core.read(scope) as connection:
        return imports.get_file(connection, scope, run_id)


def lines_of_run(
    core: Core,
    scope: Scope,
    run_id: int,
    *,
    after: int = 0,
    limit: int,
    outcome: str | None = None,
    post_id: int | None = None,
) -> list[ImportLine]:
    """How lines of an imported file ended, in order, behind the line `after`; none where the run read no
    file. Raises NotFound for a run that is not there."""
    with core.read(scope) as connection:
        if runs.get_run(connection, scope, run_id) is None:
            raise NotFound(f"There is no run {run_id}.")
        return imports.lines_of(
            connection, scope, run_id, after=after, limit=limit, outcome=outcome, post_id=post_id
        )
