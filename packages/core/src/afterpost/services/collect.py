"""Collecting: list an account's posts, read their metrics in batches, store each batch in one transaction.

Every post asked for ends in the run as stored, unchanged, skipped (reason) or failed (class, retry time).
Network calls are never made inside a transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from afterpost.domain.ages import next_read
from afterpost.domain.errors import STOPPING, ErrorKind, NotFound, ProviderError
from afterpost.domain.events import AccountStopped, PostGone
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.domain.readings import checked
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.provider import Call, Failed, Gone, Measured, Outcome, PostInfo
from afterpost.sdk.schedule import ScheduledPost
from afterpost.services.catalogue import new_post
from afterpost.services.core import Core
from afterpost.services.exchange import Exchange
from afterpost.services.record import Item, move, record
from afterpost.storage import accounts, posts, runs
from afterpost.storage.accounts import Account
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.runs import RunItem
from afterpost.storage.transaction import Tx

LIST_EVERY = timedelta(hours=1)
"""How often an account is asked for new posts."""
RETRY_AFTER = timedelta(minutes=30)
"""When a post that failed for a passing reason is read again."""
MAX_PAGES = 2_000
"""Pages of one listing; more means that a cursor goes in circles."""
CONFIRMATIONS = 3
"""Reads in a row that must not find a post before it counts as gone."""


class Counts(Struct, frozen=True):
    """What one refresh of an account came to."""

    listed: int
    """Posts that were new."""
    error: str | None
    """Why the account could not be read to the end, as a sentence."""


async def refresh_account(
    core: Core,
    scope: Scope,
    actor: Actor,
    account_id: int,
    run_id: int,
    *,
    due_only: bool,
    only: frozenset[str] | None = None,
) -> Counts:
    """List the account's new posts, then read its live posts into the run.

    `due_only` reads what the schedule asks for and lists only when that is due; `only` restricts the
    reading to those external ids. An error that concerns the account is kept with it and returned, not
    raised. A disconnected account is left alone.
    """
    now = core.now()
    account = await core.database.reading(_load, core, scope, account_id)
    if account.state == "disconnected":
        return Counts(0, f"{account.platform} account {account.handle} is disconnected.")
    listed = 0
    wanted: list[Post] = []
    try:
        exchange = Exchange(core, scope, actor, account)
        if not due_only or account.next_list_at is None or account.next_list_at <= now:
            listed = await _list_posts(core, scope, actor, account, exchange)
        wanted = await core.database.reading(
            _wanted, core, scope, account.id, now if due_only else None, only
        )
        await _read_posts(core, scope, actor, account, exchange, wanted, run_id)
    except ProviderError as error:
        await core.database.writing(_account_failed, core, scope, actor, account, error, run_id, wanted)
        return Counts(listed, f"{account.platform} account {account.handle}: {error.message}")
    await core.database.writing(_account_done, core, scope, actor, account)
    return Counts(listed, None)


async def refresh_post(core: Core, scope: Scope, actor: Actor, post: Post, run_id: int) -> None:
    """Read one post into the run; raises ProviderError when its account can't be read."""
    if post.account_id is None:
        raise NotFound(
            f"Post {post.id} belongs to no connected account, so there is nothing to ask.",
            hint="Send its numbers with POST /v1/ingest or import a file.",
        )

    account = await core.database.reading(_load, core, scope, post.account_id)
    try:
        exchange = Exchange(core, scope, actor, account)
        await _read_posts(core, scope, actor, account, exchange, [post], run_id)
    except ProviderError as error:
        await core.database.writing(_account_failed, core, scope, actor, account, error, run_id, [post])
        raise


def _load(core: Core, scope: Scope, account_id: int) -> Account:
    with core.database.read() as connection:
        account = accounts.get_account(connection, scope, account_id)
    if account is None:
        raise NotFound(f"There is no account {account_id}.")
    return account


def _wanted(
    core: Core, scope: Scope, account_id: int, due_by: datetime | None, only: frozenset[str] | None
) -> list[Post]:
    with core.database.read() as connection:
        live = posts.due_posts(connection, scope, account_id, due_by)
    return live if only is None else [post for post in live if post.external_id in only]


async def _list_posts(core: Core, scope: Scope, actor: Actor, account: Account, exchange: Exchange) -> int:
    """Store the account's posts that are new; stops at the first page without one, once all were listed."""
    if not exchange.provider.capabilities.lists_posts:
        return 0
    cursor: str | None = None
    seen: set[str] = set()
    added = 0
    while True:
        at = cursor

        async def one_page(call: Call, at: str | None = at) -> tuple[Sequence[PostInfo], str | None]:
            page = await exchange.provider.list_posts(call, at)
            return page.posts, page.cursor

        listed, cursor = await exchange.ask(one_page)
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
        posts.add_posts(
            tx.connection,
            tx.scope,
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


async def _read_posts(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    exchange: Exchange,
    wanted: Sequence[Post],
    run_id: int,
) -> None:
    size = max(1, exchange.provider.capabilities.batch_size)
    for start in range(0, len(wanted), size):
        batch = wanted[start : start + size]
        ids = [post.external_id for post in batch]

        async def one_batch(call: Call, ids: Sequence[str] = ids) -> Mapping[str, Outcome]:
            return await exchange.provider.fetch_metrics(call, ids)

        outcomes = await exchange.ask(one_batch)
        await core.database.writing(_store_batch, core, scope, actor, account, batch, outcomes, run_id)


def _store_batch(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    batch: Sequence[Post],
    outcomes: Mapping[str, Outcome],
    run_id: int,
) -> None:
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        items: list[RunItem] = []
        changes: list[dict[str, object]] = []
        readings: list[Item] = []
        for post in batch:
            outcome = outcomes.get(
                post.external_id,
                Failed(ProviderError(ErrorKind.BUG, "The provider gave no outcome for this post.")),
            )
            current = post
            if isinstance(outcome, Measured):
                outcome = _believable(outcome)
                current = _adopt(tx, organization, post, outcome.post)
                readings.append(Item(current, outcome.reading, "api"))
            item, state = _ended(core, tx, current, outcome)
            items.append(item)
            changes.append({"id": post.id, **state})
        recorded = record(tx, organization, readings, run_id)
        runs.add_items(
            tx.connection,
            tx.scope,
            organization.id,
            run_id,
            [
                RunItem(item.post_id, recorded[item.post_id], item.reason, item.detail)
                if item.post_id in recorded
                else item
                for item in items
            ],
        )
        posts.update_posts(tx.connection, tx.scope, ["state", "misses", "gone_at", "due_at"], changes)


def _believable(outcome: Measured) -> Measured:
    """The outcome without numbers that can't be true; a plugin's slip costs that number alone."""
    reading, refused = checked(outcome.reading)
    return msgspec.structs.replace(outcome, reading=reading, partial=(*outcome.partial, *refused))


def _adopt(tx: Tx, organization: Organization, post: Post, info: PostInfo | None) -> Post:
    """Take over what the provider says about the post now; its publication is the readings' matter."""
    if info is None:
        return post
    texts = {
        name: getattr(info, name)
        for name in ("title", "description", "url")
        if getattr(info, name) and getattr(info, name) != getattr(post, name)
    }
    if texts:
        posts.update_posts(tx.connection, tx.scope, list(texts), [{"id": post.id, **texts}])
    if post.content_type == UNKNOWN_TYPE != info.content_type:
        return move(tx, organization, post, content_type=info.content_type)
    return post


def _ended(core: Core, tx: Tx, post: Post, outcome: Outcome) -> tuple[RunItem, dict[str, object]]:
    """How the post ended, and its new collection state."""
    if isinstance(outcome, Measured):
        partial = "not reported: " + ", ".join(outcome.partial) if outcome.partial else None
        published = post.published_at or outcome.reading.published_at
        state = {"state": "live", "misses": 0, "gone_at": None, "due_at": _due(core, post, published, tx.now)}
        return RunItem(post.id, "stored", None, partial), state
    if isinstance(outcome, Gone):
        misses = post.misses + 1
        since = post.gone_at or tx.now
        if misses < CONFIRMATIONS:
            again = _due(core, post, post.published_at, tx.now)
            state = {"state": "live", "misses": misses, "gone_at": since, "due_at": again}
            return RunItem(post.id, "failed", ErrorKind.NOT_FOUND, outcome.reason, again), state
        if post.state != "gone":
            tx.emit(PostGone(organization_id=post.organization_id, post_id=post.id, since=since))
        state = {"state": "gone", "misses": misses, "gone_at": since, "due_at": None}
        return RunItem(post.id, "skipped", "gone", outcome.reason), state
    error = outcome.error
    retry_at = error.retry_at or tx.now + RETRY_AFTER
    state = {"state": post.state, "misses": post.misses, "gone_at": post.gone_at, "due_at": retry_at}
    return RunItem(post.id, "failed", error.kind, error.message, retry_at), state


def _due(core: Core, post: Post, published_at: datetime | None, now: datetime) -> datetime | None:
    subject = ScheduledPost(
        organization_id=post.organization_id,
        platform=post.platform,
        external_id=post.external_id,
        published_at=published_at,
    )
    try:
        return core.schedule.next_due(subject, now)
    except Exception:
        core.log.exception("the collection schedule failed; the age ladder stands in")
        return next_read(f"{post.platform}/{post.external_id}", published_at, now)


def _account_done(core: Core, scope: Scope, actor: Actor, account: Account) -> None:
    with core.transaction(scope, actor) as tx:
        values: dict[str, object] = {
            "last_refresh_at": tx.now,
            "parked_until": None,
            "failure_kind": None,
            "failure_message": None,
            "failed_at": None,
        }
        if account.state == "stopped":
            values["state"] = "active"
        accounts.update_account(tx.connection, tx.scope, account.id, values)


def _account_failed(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    error: ProviderError,
    run_id: int,
    wanted: Sequence[Post],
) -> None:
    """Keep the account's failure, and end every post that the run did not reach as failed."""
    with core.transaction(scope, actor) as tx:
        stopping = error.kind in STOPPING
        retry_at = None if stopping else error.retry_at or tx.now + RETRY_AFTER
        values: dict[str, object] = {
            "failure_kind": error.kind,
            "failure_message": error.message,
            "failed_at": tx.now,
        }
        if stopping:
            values["state"] = "stopped"
            if account.state != "stopped":
                tx.emit(
                    AccountStopped(
                        organization_id=account.organization_id,
                        account_id=account.id,
                        kind=error.kind,
                        message=error.message,
                    )
                )
        else:
            values["parked_until"] = retry_at
        accounts.update_account(tx.connection, tx.scope, account.id, values)
        ended = runs.ended_posts(tx.connection, tx.scope, run_id)
        left = [post for post in wanted if post.id not in ended]
        runs.add_items(
            tx.connection,
            tx.scope,
            account.organization_id,
            run_id,
            [RunItem(post.id, "failed", error.kind, error.message, retry_at) for post in left],
        )


def begin_run(core: Core, scope: Scope, actor: Actor, kind: str) -> int:
    """Open a run of the caller's organisation; returns its id."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        return runs.start_run(tx.connection, tx.scope, organization.id, kind, str(actor), tx.now)


def end_run(
    core: Core, scope: Scope, actor: Actor, run_id: int, state: str, message: str | None = None
) -> None:
    """Close a run with its counts."""
    with core.transaction(scope, actor) as tx:
        runs.end_run(tx.connection, tx.scope, run_id, state, tx.now, message)


async def refresh_accounts(
    core: Core, scope: Scope, actor: Actor, account_ids: Sequence[int], run_id: int, *, due_only: bool
) -> None:
    """Refresh several accounts one after another into one run, and close it.

    The run is `failed` when no account could be read; its message names each account that could not.
    """
    troubles: list[str] = []
    state = "failed"
    try:
        for account_id in account_ids:
            counts = await refresh_account(core, scope, actor, account_id, run_id, due_only=due_only)
            if counts.error is not None:
                troubles.append(counts.error)
        state = "failed" if troubles and len(troubles) == len(account_ids) else "done"
    finally:
        await core.database.writing(end_run, core, scope, actor, run_id, state, "; ".join(troubles) or None)


def active_accounts(core: Core, scope: Scope) -> list[Account]:
    """The accounts that are collected: connected and not stopped."""
    with core.database.read() as connection:
        return [a for a in accounts.list_accounts(connection, scope) if a.state != "disconnected"]
