"""A refresh that somebody asked for: once an hour a post, once an hour an organisation.

The hour is claimed before anything is asked, in one transaction with the run it belongs to, so that of two
requests at the same time one is made. A refresh that failed gives its hour back.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from afterpost.domain.errors import (
    WAITING,
    Conflict,
    ErrorKind,
    NotFound,
    ProviderError,
    RefreshFailed,
    TooSoon,
)
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.tenancy import Caller
from afterpost.services import collect
from afterpost.services.core import Core
from afterpost.services.guarding import REFUSALS
from afterpost.services.post_summary import Summary, post_analytics
from afterpost.services.run import close_run
from afterpost.storage import accounts, organizations, posts, runs
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Post
from afterpost.storage.runs import Run, RunItem

EVERY = timedelta(hours=1)
"""How often a refresh may be asked for."""
CUT_OFF = "The run was stopped before its end."


class Refreshed(Struct, frozen=True):
    """What a refresh of one post came to: its numbers now, the run, and when it was asked for."""

    summary: Summary
    run: Run
    last_refreshed: datetime


class PostClaim(Struct, frozen=True):
    """The hour of one post: the open run, when it was claimed, and what stood there before."""

    post: Post
    run_id: int
    claimed_at: datetime
    before: datetime | None


class FullClaim(Struct, frozen=True):
    """The hour of an organisation, with the accounts its run is to read."""

    organization_id: int
    run: Run
    account_ids: Sequence[int]
    claimed_at: datetime
    before: datetime | None


async def refresh_post(core: Core, scope: Scope, actor: Actor, post_id: int) -> Refreshed:
    """Read one post now and answer with its new numbers.

    Raises TooSoon within the hour, Conflict for a post without an account, and RefreshFailed where the
    platform gave no numbers; the cause is the ProviderError.
    """
    claim = await core.database.writing(_claim_post, core, scope, actor, post_id)
    try:
        await collect.refresh_post(core, scope, actor, claim.post, claim.run_id)
        await core.database.reading(_raise_failure, core, scope, claim)
    except ProviderError as error:
        await core.database.writing(_give_post_back, core, scope, actor, claim, error.message)
        raise RefreshFailed(
            f"The {claim.post.platform} post {claim.post.external_id} could not be read: {error.message}",
            hint="What was stored before stands; this refresh does not use up the hour.",
        ) from error
    except BaseException as error:
        why = error.message if isinstance(error, REFUSALS) else CUT_OFF
        await core.database.writing(_give_post_back, core, scope, actor, claim, why)
        raise
    return await core.database.writing(_finish_post, core, scope, actor, claim)


def claim_all(core: Core, scope: Scope, actor: Actor) -> FullClaim:
    """Claim the organisation's hour and open the run that `run_all` fills.

    Raises TooSoon within the hour or while every platform asks to wait, and Conflict without an account.
    """
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        _refuse_early(organization.refreshed_at, tx.now, "All posts were refreshed")
        narrowed = scope.narrowed(organization=organization.id)
        connected = [a for a in accounts.list_accounts(tx.connection, narrowed) if a.state != "disconnected"]
        if not connected:
            raise Conflict("There is no connected account to read.", hint="Connect one first.")
        waits = [until for account in connected if (until := waits_until(account, tx.now)) is not None]
        if len(waits) == len(connected):
            raise TooSoon("Every connected platform asked to wait.", retry_at=min(waits))
        organizations.set_refreshed(tx.connection, tx.scope, organization.id, tx.now)
        run_id = runs.start_run(tx.connection, tx.scope, organization.id, "collect", str(actor), tx.now)
        return FullClaim(
            organization.id,
            _run(runs.get_run(tx.connection, tx.scope, run_id), run_id),
            tuple(account.id for account in connected if waits_until(account, tx.now) is None),
            tx.now,
            organization.refreshed_at,
        )


async def run_all(core: Core, scope: Scope, actor: Actor, claim: FullClaim) -> None:
    """Read the claimed accounts; a run that failed, or was cut off, gives the hour back.

    Who asked for it is resolved again, for a key may have been taken away since.
    """
    try:
        job = Caller(door="job", on_behalf_of=actor)
        now_actor, now_scope = await core.resolve(job)
        await collect.refresh_accounts(
            core, now_scope, now_actor, claim.account_ids, claim.run.id, due_only=False
        )
    finally:
        # Shielded: a shutdown that cancels twice must not leave the hour taken.
        await asyncio.shield(core.database.writing(_finish_all, core, scope, actor, claim))


def _claim_post(core: Core, scope: Scope, actor: Actor, post_id: int) -> PostClaim:
    # Read, decide and write in one transaction: writers come one after another (storage/dialect.py).
    with core.transaction(scope, actor) as tx:
        post = posts.get_post(tx.connection, tx.scope, post_id)
        if post is None:
            raise NotFound(f"There is no post {post_id}.")
        account = None
        if post.account_id is not None:
            account = accounts.get_account(tx.connection, tx.scope, post.account_id)
        if account is None or account.state == "disconnected":
            raise Conflict(
                f"Post {post_id} belongs to no connected account, so there is nothing to ask.",
                hint="Send its numbers with POST /v1/ingest, import a file, or connect the account.",
            )
        _refuse_early(post.refreshed_at, tx.now, f"Post {post_id} was refreshed")
        until = waits_until(account, tx.now)
        if until is not None:
            raise TooSoon(f"{account.platform} asked to wait.", retry_at=until)
        posts.update_posts(
            tx.connection, tx.scope, ["refreshed_at"], [{"id": post_id, "refreshed_at": tx.now}]
        )
        run_id = runs.start_run(tx.connection, tx.scope, post.organization_id, "collect", str(actor), tx.now)
        return PostClaim(post, run_id, tx.now, post.refreshed_at)


def _refuse_early(before: datetime | None, now: datetime, what: str) -> None:
    if before is not None and now < before + EVERY:
        raise TooSoon(
            f"{what} at {before.isoformat(timespec='seconds')}; once an hour is allowed.",
            retry_at=before + EVERY,
        )


def waits_until(account: Account, now: datetime) -> datetime | None:
    """Until when the account's platform asked to wait; None when it may be asked now."""
    if account.failure_kind in WAITING and account.parked_until is not None and account.parked_until > now:
        return account.parked_until
    return None


def _raise_failure(core: Core, scope: Scope, claim: PostClaim) -> None:
    """A call that succeeded can still have failed for the post itself."""
    with core.read(scope) as connection:
        failed = runs.items_of(connection, scope, claim.run_id, ["failed"], 1)
    for item in failed:
        raise _error_of(item)


def _error_of(item: RunItem) -> ProviderError:
    return ProviderError(
        ErrorKind(item.reason or ErrorKind.BUG),
        item.detail or "The provider gave no reason.",
        retry_at=item.retry_at,
    )


def _finish_post(core: Core, scope: Scope, actor: Actor, claim: PostClaim) -> Refreshed:
    with core.transaction(scope, actor) as tx:
        close_run(tx, claim.run_id, "done")
        run = _run(runs.get_run(tx.connection, tx.scope, claim.run_id), claim.run_id)
    return Refreshed(post_analytics(core, scope, claim.post.id)[0].summary, run, claim.claimed_at)


def _give_post_back(core: Core, scope: Scope, actor: Actor, claim: PostClaim, message: str) -> None:
    with core.transaction(scope, actor) as tx:
        close_run(tx, claim.run_id, "failed", message)
        post = posts.get_post(tx.connection, tx.scope, claim.post.id)
        if post is not None and post.refreshed_at == claim.claimed_at:
            posts.update_posts(
                tx.connection, tx.scope, ["refreshed_at"], [{"id": post.id, "refreshed_at": claim.before}]
            )


def _finish_all(core: Core, scope: Scope, actor: Actor, claim: FullClaim) -> None:
    with core.transaction(scope, actor) as tx:
        run = runs.get_run(tx.connection, tx.scope, claim.run.id)
        if run is None or run.state == "done":
            return
        close_run(tx, run.id, "failed", run.message or CUT_OFF)
        found = organizations.list_organizations(
            tx.connection, tx.scope.narrowed(organization=claim.organization_id)
        )
        if found and found[0].refreshed_at == claim.claimed_at:
            organizations.set_refreshed(tx.connection, tx.scope, claim.organization_id, claim.before)


def _run(run: Run | None, run_id: int) -> Run:
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run
