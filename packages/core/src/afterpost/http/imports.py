"""Numbers that somebody has in a file, or types by hand."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, BinaryIO, NamedTuple, TypeAlias

import msgspec
from litestar import Request, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from afterpost.builtin.imports.export_file import fingerprint, open_export
from afterpost.domain.errors import InvalidInput, TooLarge
from afterpost.domain.ids import ShortText
from afterpost.domain.windows import zone_of
from afterpost.http.errors import problems
from afterpost.http.ingest import (
    BODY_BYTES,
    MAX_POSTS,
    IngestAnswer,
    IngestedView,
    IngestPost,
    brand_of,
    entry_of,
)
from afterpost.http.instants import Aware, instant
from afterpost.http.params import OptionalPlatform
from afterpost.http.requests import STREAMED, ApiRequest
from afterpost.http.scope import Call
from afterpost.http.uploads import NAME, FileOperation, named, uploaded
from afterpost.http.views import NoMeta
from afterpost.sdk.formats import FileContext, FileFormat, FileItem, FileRecord
from afterpost.services.archive import came, upload_kept
from afterpost.services.import_run import FileFacts, file_formats, observed_before
from afterpost.services.import_view import ImportAnswer, import_answer
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import Entry, ingest
from afterpost.services.record import Source

SOURCE: Source = "manual"
FILE_BYTES = 10 * 1024 * 1024
MAX_LINES = 50_000
"""Lines of a file over HTTP, where they are read before the first is stored; the command line takes any."""
DEFINITION = "manual"
"""The definition of every metric that was typed by hand."""
UNNAMED = "upload"

Day: TypeAlias = date
"""The type, beside a field of that name."""
Name: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=NAME, description="The file's name; a form brings its own")
]
BrandName: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=200, description="The brand of new posts; made when there is none"
    ),
]
ObservedAt: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        description="When the numbers were read, with offset; default: when these bytes first came, else now",
    ),
]
FormatName: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=80, description="The file's format, where it fits several")
]
ZoneName: TypeAlias = Annotated[
    str | None,
    QueryParameter(max_length=80, description="The account's zone, where the file writes local times"),
]
AllOrNothing: TypeAlias = Annotated[
    bool, QueryParameter(description="Store nothing when a line fails, instead of the other lines")
]
DryRun: TypeAlias = Annotated[bool, QueryParameter(description="Say what would happen and write nothing")]


class ImportedFileAnswer(Struct, frozen=True):
    """What became of the lines."""

    data: ImportAnswer
    meta: NoMeta = NoMeta()


class ManualPost(IngestPost, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A post's numbers as somebody typed them: as in ingest, but `observed_at`, or `date` where only the day
    is known, says when they were read."""

    date: Day | None = None


class ManualBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 500 posts. `brand`: slug or name of the brand new posts get, made when there is none."""

    posts: Annotated[list[ManualPost], Meta(min_length=1, max_length=MAX_POSTS)]
    brand: ShortText | None = None


@post(
    "/content-performance/import/csv",
    status_code=200,
    opt={"action": "import", STREAMED: True},
    request_max_body_size=FILE_BYTES,
    operation_class=FileOperation,
    summary="Import a file",
    responses=problems("not_found", "conflict", "too_large", "denied", "held"),
)
async def import_csv(
    request: Request[Any, Any, Any],
    call: Call,
    name: Name = None,
    platform: OptionalPlatform = None,
    brand: BrandName = None,
    observed_at: ObservedAt = None,
    format: FormatName = None,
    time_zone: ZoneName = None,
    all_or_nothing: AllOrNothing = False,
    dry_run: DryRun = False,
) -> ImportedFileAnswer:
    """Store the numbers of a file, a generic CSV or an export of a network; its header says which it is."""
    given = _instant(observed_at)
    zone = None if time_zone is None else zone_of(time_zone)
    async with uploaded(request) as upload:
        sha256, length = await asyncio.to_thread(fingerprint, upload.file)
        moment = given or await call.reading(observed_before, sha256 or "") or call.core.now()
        if moment > call.core.now():
            raise InvalidInput(
                f"The numbers can't have been read at {moment.isoformat()}: that is in the future."
            )
        context = FileContext(observed_at=moment, platform=platform, time_zone=zone)
        formats = file_formats(call.core)
        file = await asyncio.to_thread(_read, upload.file, formats, context, format)
        called = upload.name or named(name or "") or UNNAMED
        fetch = None
        if call.core.settings.archive and not dry_run:
            upload.file.seek(0)
            told = (called, context, file.format.name, call.core.settings, call.core.now())
            fetch = await asyncio.to_thread(upload_kept, upload.file.read(), *told)
    facts = FileFacts(
        name=called,
        part=file.part,
        format=file.format.name,
        observed_at=moment,
        sha256=sha256,
        bytes=length,
    )
    amount = sum(isinstance(item, FileRecord) for item in file.items)
    order = Order(brand=brand, all_or_nothing=all_or_nothing, dry_run=dry_run, amount=amount)
    found = await call.doing(import_records, _replayed(file), facts, order, fetch=fetch)
    return ImportedFileAnswer(import_answer(facts, file.format, found, file=facts.name, dry_run=dry_run))


@post(
    "/content-performance/import/manual",
    status_code=200,
    opt={"action": "import"},
    request_max_body_size=BODY_BYTES,
    summary="Type in numbers",
    responses=problems("not_found", "conflict", "too_large", "denied", "held"),
)
async def import_manual(call: Call, request: ApiRequest, data: JSONBody[ManualBody]) -> IngestAnswer:
    """Store numbers that somebody read off a page, all or nothing, each of them once."""
    entries = typed_entries(data)
    settings, fetch = call.core.settings, None
    if settings.archive:
        fetch = await asyncio.to_thread(came, await request.body(), settings, call.core.now())
    brand = brand_of(data.posts, data.brand)
    run_id, ended = await call.doing(ingest, entries, SOURCE, brand=brand, fetch=fetch)
    return IngestAnswer(IngestedView(run_id, ended))


def typed_entries(body: ManualBody) -> list[Entry]:
    """The readings of a body that was typed by hand. InvalidInput says which can't be."""
    return [entry_of(n, _dated(f"posts[{n}]", given), None, DEFINITION) for n, given in enumerate(body.posts)]


class _ReadFile(NamedTuple):
    """A file that was read to its end, or to the error that ended it."""

    format: FileFormat
    part: str
    items: Sequence[FileItem]
    error: Exception | None


def _read(
    source: BinaryIO, formats: Sequence[FileFormat], context: FileContext, format_name: str | None
) -> _ReadFile:
    items: list[FileItem] = []
    failed: Exception | None = None
    with open_export(source, formats, context, format_name=format_name) as export:
        try:
            items.extend(islice(export.items, MAX_LINES + 1))
        except Exception as error:  # told by `import_records`, when what came before is stored
            failed = error
    if len(items) > MAX_LINES:
        raise TooLarge(
            f"The file has more than {MAX_LINES:,} lines.",
            hint="Split it, or import it with `afterpost import`.",
        )
    return _ReadFile(export.format, export.part, items, failed)


def _replayed(file: _ReadFile) -> Iterator[FileItem]:
    yield from file.items
    if file.error is not None:
        raise file.error


def _instant(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        return instant("observed_at", msgspec.convert(written, Aware))
    except msgspec.ValidationError as error:
        raise InvalidInput(f"observed_at: {written!r} is no instant such as 2026-03-09T18:30:00Z.") from error


def _dated(where: str, given: ManualPost) -> ManualPost:
    """The post with its `date` as what it is in ingest."""
    told = [each for each in (given.observed_at, given.observed_on, given.date) if each is not None]
    if len(told) != 1:
        raise InvalidInput(
            f"{where} must say once when its numbers were read: give observed_at, or date.",
            hint="`date` is a day, and has no hour; give observed_at where the hour is known.",
        )
    return msgspec.structs.replace(given, observed_on=given.date or given.observed_on)
