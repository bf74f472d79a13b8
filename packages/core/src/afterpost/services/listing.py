"""Finding an account's posts by themselves: page by page, newest first, until nothing is new."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec import Struct

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.provider import Call, Measured, Page, PostInfo
from afterpost.services import archive, dues
from afterpost.services.archive import Prepared, prepared
from afterpost.services.catalogue import add_posts, new_post
from afterpost.services.core import Core
from afterpost.services.exchange import Exchange
from afterpost.services.record import move
from afterpost.storage import accounts, posts
from afterpost.storage.accounts import Account
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Tx

LIST_EVERY = timedelta(hours=1)
"""How often an account is asked for new posts."""
MAX_MEASURED = 5_000
"""Readings that a listing keeps in memory for the posts that are due; others are asked for again."""
MAX_PAGES = 2_000
"""Pages of one listing; more means that a cursor goes in circles."""


class Found(NamedTuple):
    """A reading that came with a page of a list, and what is kept of that page."""

    outcome: Measured
    page: Prepared | None


class Listed(Struct, frozen=True):
    """What a listing came to: how many posts were new, and readings that came with it, by external id."""

    added: int
    measured: Mapping[str, Found]


async def list_posts(
    core: Core, scope: Scope, actor: Actor, account: Account, exchange: Exchange, run_id: int
) -> Listed:
    """Store the account's posts that are new, and call those live again that are back; stops at the first
    page without either, once all were listed."""
    if not exchange.provider.capabilities.lists_posts:
        return Listed(0, {})
    since = await core.database.reading(_newest, core, scope, account) if account.listed else None
    added = 0
    measured: dict[str, Found] = {}
    async for page, kept in _pages(exchange, since):
        end = page.cursor is None
        new, back = await core.database.writing(
            _store_listed, core, scope, actor, account, page.posts, end, run_id, kept
        )
        added += new
        if len(measured) < MAX_MEASURED:
            measured.update({key: Found(each, kept) for key, each in page.measured.items()})
        if account.listed and page.posts and not new + back:
            break
    return Listed(added, measured)


async def read_by_list(exchange: Exchange, since: datetime, newest: int) -> Mapping[str, Found]:
    """Readings of the account's `newest` posts, off its list, published at `since` or after."""
    measured: dict[str, Found] = {}
    seen = 0
    async for page, kept in _pages(exchange, since):
        measured.update({key: Found(each, kept) for key, each in page.measured.items()})
        seen += len(page.posts)
        if seen >= newest:
            break
    return measured


async def _pages(exchange: Exchange, since: datetime | None) -> AsyncIterator[tuple[Page, Prepared | None]]:
    capabilities = exchange.provider.capabilities
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        at = cursor

        async def one_page(call: Call, at: str | None = at) -> Page:
            page = await exchange.provider.list_posts(call, at)
            # Structs check nothing when they are made; half-right ones would fail deep in a transaction.
            # Readings are checked where every reading is.
            bare = msgspec.structs.replace(page, measured={})
            whole = msgspec.json.decode(msgspec.json.encode(bare), type=Page)
            return msgspec.structs.replace(whole, measured=dict(page.measured))

        page, heard = await exchange.ask(
            "list_posts",
            one_page,
            Page,
            items=capabilities.page_size,
            came=lambda page: len(page.posts),
            since=since,
        )
        yield page, None if heard is None else await asyncio.to_thread(prepared, heard, cursor=at)
        cursor = page.cursor
        if cursor is None:
            return
        if cursor in seen or len(seen) >= MAX_PAGES:
            raise ProviderError(ErrorKind.UPSTREAM_MALFORMED, "The list of posts goes in circles.")
        seen.add(cursor)


def _newest(core: Core, scope: Scope, account: Account) -> datetime | None:
    with core.read(scope) as connection:
        # Of one without an hour nobody knows what came out after it, and before, on its day.
        known = (each.published_at for each in posts.publications(connection, scope, account.id))
        return next((at for at in known if at is not None), None)


def _store_listed(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    listed: Sequence[PostInfo],
    end: bool,
    run_id: int,
    kept: Prepared | None,
) -> tuple[int, int]:
    """Store a page; returns how many of its posts were new, and how many are back."""
    with core.transaction(scope, actor) as tx:
        ids = list(dict.fromkeys(info.external_id for info in listed))
        known = posts.find_posts(tx.connection, tx.scope, account.organization_id, account.platform, ids)
        infos = {info.external_id: info for info in listed}
        fresh = [infos[key] for key in ids if key not in known]
        organization = core.organization(tx.connection, tx.scope)
        add_posts(
            tx,
            organization,
            account.platform,
            [
                new_post(
                    organization,
                    account.platform,
                    info.external_id,
                    tx.now,
                    brand_id=account.brand_id,
                    account_id=account.id,
                    title=info.title,
                    description=info.description,
                    url=info.url,
                    content_type=info.content_type,
                    published=info.published_at,
                    due_at=tx.now,
                )
                for info in fresh
            ],
        )
        # A post that was ingested or imported before its account was connected now belongs to it.
        adopted = [post for post in known.values() if post.account_id is None]
        for post in adopted:
            move(tx, organization, post, account_id=account.id, brand_id=account.brand_id)
            posts.update_posts(tx.connection, tx.scope, ["due_at"], [{"id": post.id, "due_at": tx.now}])
        back = [post for post in known.values() if post.state == "gone" and post.account_id == account.id]
        if back:
            _revive(core, tx, organization, back)
        # A page that brought nothing, as nearly all do, is not worth keeping.
        brought = (*(info.external_id for info in fresh), *(post.external_id for post in (*adopted, *back)))
        if kept is not None and brought:
            archive.keep(
                *(tx, organization.id, run_id, "list_posts", archive.about(kept, brought)),
                account_id=account.id,
                platform=account.platform,
            )
        values: dict[str, object] = {"next_list_at": tx.now + LIST_EVERY}
        if end:
            values["listed"] = True
        accounts.update_account(tx.connection, tx.scope, account.id, values)
    return len(fresh), len(back)


def _revive(core: Core, tx: Tx, organization: Organization, back: Sequence[Post]) -> None:
    """Call posts live that counted as gone and were listed: they are due, and their absence is over."""
    for post in back:
        posts.end_absence(tx.connection, tx.scope, post, tx.now)
    dues.replan(core, tx, organization, [dues.Plan(post, "live", 0, None, tx.now) for post in back])
