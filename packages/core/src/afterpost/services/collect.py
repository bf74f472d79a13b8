"""Collecting: list an account's posts, read their metrics in batches, store each batch in one transaction.

Every post asked for ends in the run as stored, unchanged, skipped (reason) or failed (class, retry time).
Network calls are never made inside a transaction.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from msgspec import Struct

from afterpost.domain.errors import (
    STOPPING,
    WAITING,
    AfterpostError,
    Denied,
    ErrorKind,
    NotFound,
    ProviderError,
)
from afterpost.domain.events import AccountStopped
from afterpost.domain.scope import Actor, Scope
from afterpost.services.account_numbers import read_account
from afterpost.services.batches import RETRY_AFTER
from afterpost.services.budgets import OverBudget
from afterpost.services.core import Core
from afterpost.services.daily import read_daily
from afterpost.services.dues import resume, settle
from afterpost.services.exchange import Exchange
from afterpost.services.guarding import REFUSALS, Done, guarded
from afterpost.services.listing import Listed, list_posts
from afterpost.services.read_posts import read_posts
from afterpost.services.run import end_run
from afterpost.storage import accounts, parkings, pauses, posts, runs
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Post
from afterpost.storage.runs import RunItem
from afterpost.storage.transaction import Tx


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
    reading to those external ids, and nothing else of the account is read. An error that concerns the account
    is kept with it and returned, not raised. A disconnected account is left alone.
    """
    now = core.now()
    account = await core.database.reading(_load, core, scope, account_id)
    scope = scope.narrowed(organization=account.organization_id)
    if account.state == "disconnected":
        return Counts(0, f"{_shown(account)} is disconnected.")
    due_by = now if due_only else None
    listed = Listed(0, {})
    wanted = await core.database.reading(_wanted, core, scope, account.id, due_by, only)
    try:
        exchange = Exchange(core, scope, actor, account)
        async with _allowed(core, scope, actor, account, len(wanted)) as done:
            if not due_only or account.next_list_at is None or account.next_list_at <= now:
                listed = await list_posts(core, scope, actor, account, exchange, run_id)
            await read_posts(core, scope, actor, account, exchange, wanted, run_id, done, listed.measured)
        # What was just listed is an act of its own, for nobody knew how many posts it would be.
        known = {post.id for post in wanted}
        found = await core.database.reading(_wanted, core, scope, account.id, due_by, only)
        new = [post for post in found if post.id not in known]
        if new:
            wanted = [*wanted, *new]
            async with _allowed(core, scope, actor, account, len(new)) as done:
                await read_posts(core, scope, actor, account, exchange, new, run_id, done, listed.measured)
        if only is None:
            await read_account(core, scope, actor, account, exchange, run_id)
            await read_daily(core, scope, actor, account, exchange, run_id)
    except REFUSALS as error:
        await core.database.writing(_account_refused, core, scope, actor, account, error, run_id, wanted)
        return Counts(listed.added, f"{_shown(account)}: {error.message}")
    except ProviderError as error:
        await core.database.writing(_account_failed, core, scope, actor, account, error, run_id, wanted)
        return Counts(listed.added, f"{_shown(account)}: {error.message}")
    except AfterpostError:
        raise
    except Exception as error:
        # Neither a plugin nor a bug of ours may keep the accounts after this one from being read.
        core.log.exception("collecting %s failed", _shown(account))
        bug = ProviderError(ErrorKind.BUG, f"Afterpost failed: {type(error).__name__}; the log says more.")
        await core.database.writing(_account_failed, core, scope, actor, account, bug, run_id, wanted)
        return Counts(listed.added, f"{_shown(account)}: {bug.message}")
    await core.database.writing(_account_done, core, scope, actor, account)
    return Counts(listed.added, None)


def _shown(account: Account) -> str:
    return f"{account.platform} account {account.handle}"


def _allowed(
    core: Core, scope: Scope, actor: Actor, account: Account, amount: int
) -> AbstractAsyncContextManager[Done]:
    """The act of reading so many posts of an account."""
    return guarded(
        core,
        scope,
        actor,
        "collect",
        _shown(account),
        organization_id=account.organization_id,
        amount=amount,
    )


async def refresh_post(core: Core, scope: Scope, actor: Actor, post: Post, run_id: int) -> None:
    """Read one post into the run; raises ProviderError when its account can't be read, Denied, Held or
    PolicyUnavailable when a guard refuses."""
    if post.account_id is None:
        raise NotFound(
            f"Post {post.id} belongs to no connected account, so there is nothing to ask.",
            hint="Send its numbers with POST /v1/ingest or import a file.",
        )

    account = await core.database.reading(_load, core, scope, post.account_id)
    scope = scope.narrowed(organization=account.organization_id)
    try:
        exchange = Exchange(core, scope, actor, account)
        async with _allowed(core, scope, actor, account, 1) as done:
            await read_posts(core, scope, actor, account, exchange, [post], run_id, done)
    except REFUSALS as error:
        await core.database.writing(_skipped, core, scope, actor, error, run_id, [post])
        raise
    except ProviderError as error:
        await core.database.writing(_account_failed, core, scope, actor, account, error, run_id, [post])
        raise


def _load(core: Core, scope: Scope, account_id: int) -> Account:
    with core.read(scope) as connection:
        account = accounts.get_account(connection, scope, account_id)
    if account is None:
        raise NotFound(f"There is no account {account_id}.")
    return account


def _wanted(
    core: Core, scope: Scope, account_id: int, due_by: datetime | None, only: frozenset[str] | None
) -> list[Post]:
    with core.read(scope) as connection:
        return posts.due_posts(connection, scope, account_id, due_by, only)


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
            resume(tx, account.id)
            pauses.note_state(tx.connection, tx.scope, account.organization_id, account.id, "active", tx.now)
        accounts.update_account(tx.connection, tx.scope, account.id, values)


def _account_failed(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    error: ProviderError,
    run_id: int | None,
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
            settle(core, tx, core.organization(tx.connection, tx.scope), account.id)
            pauses.note_state(tx.connection, tx.scope, account.organization_id, account.id, "stopped", tx.now)
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
        if isinstance(error, OverBudget):
            _end_rest(tx, run_id, wanted, "skipped", "budget", error.message, retry_at)
            return
        if error.scope == "app" and error.kind in WAITING and retry_at is not None:
            parking = parkings.Parking(retry_at, error.kind, error.message)
            parkings.park(tx.connection, tx.scope, account.platform, account.app, parking)
        _end_rest(tx, run_id, wanted, "failed", error.kind, error.message, retry_at)


def _account_refused(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    error: AfterpostError,
    run_id: int,
    wanted: Sequence[Post],
) -> None:
    """Keep why a guard refused; the account is asked about again later, and its posts stay due."""
    with core.transaction(scope, actor) as tx:
        retry_at = _retry_at(error) or tx.now + RETRY_AFTER
        values: dict[str, object] = {
            "failure_kind": error.code,
            "failure_message": error.message,
            "failed_at": tx.now,
            "parked_until": retry_at,
        }
        accounts.update_account(tx.connection, tx.scope, account.id, values)
        _end_rest(tx, run_id, wanted, "skipped", error.code, error.message, retry_at)


def _skipped(
    core: Core, scope: Scope, actor: Actor, error: AfterpostError, run_id: int, wanted: Sequence[Post]
) -> None:
    """End posts that a guard refused; nothing else changes."""
    with core.transaction(scope, actor) as tx:
        _end_rest(tx, run_id, wanted, "skipped", error.code, error.message, _retry_at(error))


def _retry_at(error: AfterpostError) -> datetime | None:
    return error.retry_at if isinstance(error, Denied) else None


def _end_rest(
    tx: Tx,
    run_id: int | None,
    wanted: Sequence[Post],
    outcome: str,
    reason: str,
    message: str,
    retry_at: datetime | None,
) -> None:
    """Note how the posts ended that the run did not reach; without a run there are none."""
    if run_id is None:
        return
    ended = runs.ended_posts(tx.connection, tx.scope, run_id)
    left = [post for post in wanted if post.id not in ended]
    if left:
        items = [RunItem(post.id, outcome, reason, message, retry_at) for post in left]
        runs.add_items(tx.connection, tx.scope, left[0].organization_id, run_id, items)


async def renew_accounts(core: Core, scope: Scope, actor: Actor) -> None:
    """Renew the credentials that would die unused. One that can't be renewed fails its account alone."""

    def due() -> list[int]:
        with core.read(scope) as connection:
            return accounts.to_renew(connection, scope, core.now())

    for account_id in await core.database.reading(due):
        account = await core.database.reading(_load, core, scope, account_id)
        try:
            await Exchange(core, scope, actor, account).renew()
        except ProviderError as error:
            await core.database.writing(_account_failed, core, scope, actor, account, error, None, [])


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
