"""Finding an account's posts by themselves: page by page, newest first, until nothing is new."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.provider import Call, Page, PostInfo
from afterpost.services.catalogue import add_posts, new_post
from afterpost.services.core import Core
from afterpost.services.exchange import Exchange
from afterpost.services.record import move
from afterpost.storage import accounts, posts
from afterpost.storage.accounts import Account

LIST_EVERY = timedelta(hours=1)
"""How often an account is asked for new posts."""
MAX_PAGES = 2_000
"""Pages of one listing; more means that a cursor goes in circles."""


async def list_posts(core: Core, scope: Scope, actor: Actor, account: Account, exchange: Exchange) -> int:
    """Store the account's posts that are new; stops at the first page without one, once all were listed."""
    if not exchange.provider.capabilities.lists_posts:
        return 0
    cursor: str | None = None
    seen: set[str] = set()
    added = 0
    while True:
        at = cursor

        async def one_page(call: Call, at: str | None = at) -> Page:
            page = await exchange.provider.list_posts(call, at)
            # Structs check nothing when they are made; half-right ones would fail deep in a transaction.
            return msgspec.json.decode(msgspec.json.encode(page), type=Page)

        page = await exchange.ask(one_page, Page)
        listed, cursor = page.posts, page.cursor
        end = cursor is None
        new = await core.database.writing(_store_listed, core, scope, actor, account, listed, end)
        added += new
        if end or (account.listed and listed and not new):
            return added
        if cursor is None or cursor in seen or len(seen) >= MAX_PAGES:
            raise ProviderError(ErrorKind.UPSTREAM_MALFORMED, "The list of posts goes in circles.")
        seen.add(cursor)


def _store_listed(
    core: Core, scope: Scope, actor: Actor, account: Account, listed: Sequence[PostInfo], end: bool
) -> int:
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
                    published_at=info.published_at,
                    due_at=tx.now,
                )
                for info in fresh
            ],
        )
        # A post that was ingested or imported before its account was connected now belongs to it.
        for post in known.values():
            if post.account_id is None:
                move(tx, organization, post, account_id=account.id, brand_id=account.brand_id)
                posts.update_posts(tx.connection, tx.scope, ["due_at"], [{"id": post.id, "due_at": tx.now}])
        values: dict[str, object] = {"next_list_at": tx.now + LIST_EVERY}
        if end:
            values["listed"] = True
        accounts.update_account(tx.connection, tx.scope, account.id, values)
    return len(fresh)
