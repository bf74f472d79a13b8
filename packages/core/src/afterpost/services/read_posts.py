"""Reading an account's posts the cheapest way, batch by batch."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from types import MappingProxyType

from afterpost.domain.errors import STOPPING, WAITING, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.spend import Operation, Price, newest_by_list
from afterpost.domain.windows import day_date, day_start, zone_of
from afterpost.sdk.capabilities import Capabilities
from afterpost.sdk.provider import Call, Failed, Outcome, Provider
from afterpost.services.archive import Prepared, about, prepared
from afterpost.services.batches import store_batch
from afterpost.services.core import Core
from afterpost.services.exchange import Exchange
from afterpost.services.guarding import Done
from afterpost.services.listing import Found, read_by_list
from afterpost.storage import posts
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Post

STORED_TOGETHER = 100
"""Posts whose readings were at hand, in one transaction."""


async def read_posts(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    exchange: Exchange,
    wanted: Sequence[Post],
    run_id: int,
    done: Done,
    measured: Mapping[str, Found] = MappingProxyType({}),
) -> None:
    """Read posts the cheapest way: from readings at hand (`measured`), off its list, or by
    their ids. Each batch is stored in one transaction, and `done` knows how many were."""
    known = dict(measured)
    if exchange.provider.capabilities.list_carries_metrics and len(wanted) > 1:
        missing = [post for post in wanted if post.external_id not in known]
        reach = await core.database.reading(_reach, core, scope, account, exchange.provider, missing)
        if reach is not None:
            known.update(await read_by_list(exchange, *reach))
    outcomes = {key: found.outcome for key, found in known.items()}
    for batch, page in _at_hand(wanted, known):
        fetch = None if page is None else about(page, [post.external_id for post in batch])
        await core.database.writing(
            store_batch, core, scope, actor, batch, outcomes, run_id, fetch, "list_metrics"
        )
        done.amount += len(batch)
    asked = [post for post in wanted if post.external_id not in known]
    await _fetch_posts(core, scope, actor, exchange, asked, run_id, done)


def _at_hand(
    wanted: Sequence[Post], known: Mapping[str, Found]
) -> Iterator[tuple[list[Post], Prepared | None]]:
    """Posts whose readings are at hand, in batches of one page, or of any where pages are not kept."""
    by_page: dict[int, list[Post]] = {}
    for post in wanted:
        if (found := known.get(post.external_id)) is not None:
            by_page.setdefault(id(found.page), []).append(post)
    for together in by_page.values():
        page = known[together[0].external_id].page
        for start in range(0, len(together), STORED_TOGETHER):
            yield together[start : start + STORED_TOGETHER], page


def _reach(
    core: Core, scope: Scope, account: Account, provider: Provider, wanted: Sequence[Post]
) -> tuple[datetime, int] | None:
    """(since, how many posts) that are cheapest read off the account's list; None: none."""
    due = {post.id: post.published_day for post in wanted if post.published_day is not None}
    if not due:
        return None
    oldest = min(due.values())
    with core.read(scope) as connection:
        zone = zone_of(core.organization_of(connection, scope, account).time_zone)
        known = posts.publications(connection, scope, account.id)
        out = list(takewhile(lambda each: each.published_day >= oldest, known))
    declared = provider.capabilities
    newest = newest_by_list(
        [each.id in due for each in out],
        _price(declared, "list_posts", declared.page_size),
        _price(declared, "fetch_metrics", declared.batch_size),
    )
    if not newest:
        return None
    last = out[newest - 1]
    # It may have come out at any time of its day.
    return last.published_at or day_start(day_date(last.published_day), zone), newest


def _price(declared: Capabilities, operation: Operation, size: int) -> Price:
    call = declared.cost(operation)
    return Price(call, declared.cost(operation, 1) + call * -1, max(1, size))


async def _fetch_posts(
    core: Core,
    scope: Scope,
    actor: Actor,
    exchange: Exchange,
    wanted: Sequence[Post],
    run_id: int,
    done: Done,
) -> None:
    size = max(1, exchange.provider.capabilities.batch_size)
    for start in range(0, len(wanted), size):
        batch = wanted[start : start + size]
        ids = [post.external_id for post in batch]

        async def one_batch(call: Call, ids: Sequence[str] = ids) -> dict[str, Outcome]:
            answer: object = await exchange.provider.fetch_metrics(call, list(ids))
            if not isinstance(answer, Mapping):
                raise TypeError(f"answered with {type(answer).__name__}, not a mapping")
            # A copy: what a plugin does to its own afterwards is its matter.
            return dict(answer)

        outcomes, heard = await exchange.ask("fetch_metrics", one_batch, dict, items=len(ids))
        fetch = None if heard is None else await asyncio.to_thread(prepared, heard, posts=ids)
        await core.database.writing(store_batch, core, scope, actor, batch, outcomes, run_id, fetch)
        done.amount += len(batch)
        # What was read is kept; a wait or a refusal of one post is one of the account.
        for outcome in outcomes.values():
            error = outcome.error if isinstance(outcome, Failed) else None
            if isinstance(error, ProviderError) and error.kind in WAITING | STOPPING:
                raise error
