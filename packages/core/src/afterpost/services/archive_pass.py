"""One pass over the archive: each fetch through the code that once read it, into a fresh database."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby, islice
from typing import Protocol

import httpx
import msgspec
from msgspec import Struct

from afterpost.domain.errors import AfterpostError, InvalidInput
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.domain.windows import zone_of
from afterpost.sdk.formats import FileContext, FileItem
from afterpost.sdk.provider import AccountReading, Call, Outcome, Page
from afterpost.services.account_numbers import store_account
from afterpost.services.archive import unpacked
from afterpost.services.archive_replies import replying
from afterpost.services.batches import store_batch
from afterpost.services.core import Core
from afterpost.services.daily import store_daily
from afterpost.services.exchange import called, provider_for
from afterpost.services.import_run import FileFacts
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import Entry
from afterpost.services.ingest import store as store_sent
from afterpost.services.record import Item, Source, record
from afterpost.services.redaction import stand_in_credential
from afterpost.services.replay import Clock
from afterpost.services.run import begin_run
from afterpost.storage import account_metrics, accounts, posts, replica, runs
from afterpost.storage.accounts import Account
from afterpost.storage.archive import Fetch, Part
from afterpost.storage.engine import Connection
from afterpost.storage.posts import Post


class Readers(Protocol):
    """How what came to us is read: the doors know, and hand it down."""

    def file(
        self, body: bytes, context: FileContext, format_name: str
    ) -> AbstractContextManager[Iterable[FileItem]]:
        """The records of a file."""

    def sent(self, body: bytes, now: datetime) -> tuple[Sequence[Entry], Source]:
        """The entries of an ingest call's body, and what they count as."""

    def typed(self, body: bytes) -> tuple[Sequence[Entry], Source]:
        """The same of a body of numbers that were typed by hand."""


class Gap(Struct, frozen=True):
    """A fetch that can't be derived again: why, and the external ids it was about."""

    fetch_id: int
    run_id: int
    platform: str
    operation: str
    recorded_at: datetime
    reason: str
    posts: tuple[str, ...]


class Trouble(Struct, frozen=True):
    """A fetch whose payloads are all there and that today's code does not read as it was read then."""

    fetch_id: int
    run_id: int
    platform: str
    operation: str
    message: str


class Pass:
    """One pass over the archive of `source`, with the clock set to each fetch's own instants."""

    def __init__(self, fresh: Core, clock: Clock, source: Connection, scope: Scope, readers: Readers) -> None:
        self._fresh = fresh
        self._clock = clock
        self._source = source
        self._scope = scope
        self._readers = readers
        self._runs: dict[int, int] = {}
        self.derived = 0
        self.taken_over = 0
        self.taken_over_of: set[int] = set()
        self.account_values_taken_over = 0
        self.gaps: list[Gap] = []
        self.troubles: list[Trouble] = []

    def take_over(self) -> None:
        """Store the readings whose payload is not there as they were stored."""
        readings = replica.unaccounted_readings(self._source, self._scope)
        for organization_id, kept in groupby(readings, key=lambda each: each.organization_id):
            while some := list(islice(kept, replica.ROWS_AT_ONCE)):
                self._store_as_they_were(organization_id, some)

    def take_over_accounts(self) -> None:
        """Store numbers of accounts whose payload is not there as they were stored.

        Last of all: of each day one value is kept, and these are the ones that were.
        """
        values = replica.unaccounted_account_values(self._source, self._scope)
        for organization_id, kept in groupby(values, key=lambda each: each.organization_id):
            scope, _ = self._within(organization_id)
            while some := [each.value for each in islice(kept, replica.ROWS_AT_ONCE)]:
                with self._fresh.transaction(scope, SYSTEM) as tx:
                    account_metrics.put(tx.connection, tx.scope, organization_id, some)
                self.account_values_taken_over += len(some)

    def _store_as_they_were(self, organization_id: int, some: Sequence[replica.Kept]) -> None:
        scope, run_id = self._within(organization_id)
        with self._fresh.transaction(scope, SYSTEM) as tx:
            organization = self._fresh.organization(tx.connection, tx.scope)
            owners = posts.get_posts(tx.connection, tx.scope, {each.post_id for each in some})
            items = [
                Item(owners[each.post_id], each.reading, msgspec.convert(each.source, Source))
                for each in some
            ]
            record(tx, organization, items, run_id)
        self.taken_over += len(some)
        self.taken_over_of |= set(owners)

    def _within(self, organization_id: int) -> tuple[Scope, int]:
        """The scope of an organisation, and the run that stands for all of its."""
        scope = self._scope.narrowed(organization=organization_id)
        if organization_id not in self._runs:
            self._runs[organization_id] = begin_run(self._fresh, scope, SYSTEM, "collect")
        return scope, self._runs[organization_id]

    async def derive(self, fetch: Fetch, parts: Sequence[Part]) -> None:
        """One fetch through the code that once read it."""
        reason = _why_not(parts)
        if reason is not None:
            self.gaps.append(
                Gap(
                    *(fetch.id, fetch.run_id, fetch.platform, fetch.operation, fetch.recorded_at, reason),
                    fetch.asked.posts,
                )
            )
            return
        self._clock.now = fetch.recorded_at
        try:
            match fetch.operation:
                case "metrics":
                    await self._metrics(fetch, parts)
                case "list_metrics":
                    await self._by_list(fetch, parts)
                case "list_posts":
                    await self._listing(fetch, parts)
                case "daily":
                    await self._daily(fetch, parts)
                case "account":
                    await self._account(fetch, parts)
                case "import":
                    await self._import(fetch, _body(parts))
                case "ingest":
                    self._ingest(fetch, *self._readers.sent(_body(parts), fetch.asked_at))
                case "manual":
                    self._ingest(fetch, *self._readers.typed(_body(parts)))
        except AfterpostError as error:
            self._fail(fetch, error.message)
            return
        except msgspec.MsgspecError as error:
            self._fail(fetch, f"The body is not taken any more: {error}.")
            return
        self.derived += 1

    def _fail(self, fetch: Fetch, message: str) -> None:
        self.troubles.append(Trouble(fetch.id, fetch.run_id, fetch.platform, fetch.operation, message))

    async def _metrics(self, fetch: Fetch, parts: Sequence[Part]) -> None:
        provider = provider_for(self._fresh, fetch.platform)
        ids = list(fetch.asked.posts)

        async def ask(call: Call) -> dict[str, Outcome]:
            return dict(await provider.fetch_metrics(call, ids))

        async with replying(parts) as client:
            outcomes = await called(ask, self._call(fetch, client), dict)
        self._store(fetch, outcomes)

    async def _by_list(self, fetch: Fetch, parts: Sequence[Part]) -> None:
        self._store(fetch, (await self._page(fetch, parts)).measured)

    def _store(self, fetch: Fetch, outcomes: Mapping[str, Outcome]) -> None:
        scope, run_id = self._within(fetch.organization_id)
        store_batch(self._fresh, scope, SYSTEM, self._batch(fetch, scope), outcomes, run_id)

    def _batch(self, fetch: Fetch, scope: Scope) -> list[Post]:
        """The posts that a fetch was about, in the order they were asked for."""
        ids = fetch.asked.posts
        with self._fresh.read(scope) as connection:
            known = posts.find_posts(connection, scope, fetch.organization_id, fetch.platform, ids)
        return [known[key] for key in ids if key in known]

    async def _daily(self, fetch: Fetch, parts: Sequence[Part]) -> None:
        provider, asked = provider_for(self._fresh, fetch.platform), fetch.asked
        start, end = asked.start, asked.end
        if start is None or end is None:
            raise InvalidInput("It is not known which days were asked for.")

        async def ask(call: Call) -> dict[str, Outcome]:
            return dict(await provider.fetch_daily(call, list(asked.posts), start, end))

        async with replying(parts) as client:
            outcomes = await called(ask, self._call(fetch, client), dict)
        scope, run_id = self._within(fetch.organization_id)
        if batch := self._batch(fetch, scope):
            store_daily(self._fresh, scope, SYSTEM, batch, outcomes, run_id)

    async def _account(self, fetch: Fetch, parts: Sequence[Part]) -> None:
        provider = provider_for(self._fresh, fetch.platform)
        async with replying(parts) as client:
            reading = await called(provider.fetch_account, self._call(fetch, client), AccountReading)
        scope, run_id = self._within(fetch.organization_id)
        if (account := self._account_of(fetch)) is not None:
            store_account(self._fresh, scope, SYSTEM, account, reading, run_id)

    def _account_of(self, fetch: Fetch) -> Account | None:
        if fetch.account_id is None:
            return None
        with self._fresh.read(self._scope) as connection:
            return accounts.get_account(connection, self._scope, fetch.account_id)

    async def _page(self, fetch: Fetch, parts: Sequence[Part]) -> Page:
        provider = provider_for(self._fresh, fetch.platform)

        async def ask(call: Call) -> Page:
            return await provider.list_posts(call, fetch.asked.cursor)

        async with replying(parts) as client:
            return await called(ask, self._call(fetch, client), Page)

    async def _listing(self, fetch: Fetch, parts: Sequence[Part]) -> None:
        page = await self._page(fetch, parts)
        listed = {info.external_id for info in page.posts}
        if lost := [key for key in fetch.asked.posts if key not in listed]:
            raise InvalidInput(
                f"The page listed {lost[0]} then, and {len(lost)} such posts are not on it now."
            )

    def _call(self, fetch: Fetch, client: httpx.AsyncClient) -> Call:
        account, asked = self._account_of(fetch), fetch.asked
        return Call(
            client=client,
            credential=stand_in_credential(asked.secrets, asked.fields, asked.scopes),
            now=fetch.asked_at,
            since=asked.since,
            account_id="" if account is None else account.external_id,
        )

    async def _import(self, fetch: Fetch, body: bytes) -> None:
        scope, _ = self._within(fetch.organization_id)
        asked = fetch.asked
        context = FileContext(
            observed_at=asked.observed_at or fetch.asked_at,
            platform=asked.default_platform,
            time_zone=None if asked.time_zone is None else zone_of(asked.time_zone),
        )
        # Known by its bytes as it was then: the same file again tells nothing anew.
        facts = FileFacts(
            name=asked.file,
            format=asked.format,
            observed_at=context.observed_at,
            sha256=hashlib.sha256(body).hexdigest(),
        )
        run = runs.get_run(self._source, self._scope, fetch.run_id)
        # An import that came to the end of its file came to the end of whatever is in it by today's code.
        first = None if run is not None and run.state == "done" else fetch.records
        with self._readers.file(body, context, asked.format) as items:
            await import_records(self._fresh, scope, SYSTEM, items, facts, Order(), first=first)

    def _ingest(self, fetch: Fetch, entries: Sequence[Entry], source: Source) -> None:
        scope, run_id = self._within(fetch.organization_id)
        store_sent(self._fresh, scope, SYSTEM, entries, source, run_id=run_id)


def _why_not(parts: Sequence[Part]) -> str | None:
    """Why a fetch can't be derived again; None when it can."""
    if not parts:
        return "unheard"
    return next((part.missing or part.dropped or "lost" for part in parts if part.body is None), None)


def _body(parts: Sequence[Part]) -> bytes:
    """The one payload of what came to us."""
    (part,) = parts
    return unpacked(part.body or b"")
