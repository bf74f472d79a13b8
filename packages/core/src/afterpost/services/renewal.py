"""Renewing an account's token: one at a time in all processes, and stored before it is used.

Two renewals of one rotating refresh token lose the account: the platform takes the second for a theft, or the
token that is stored last is already dead. So whoever renews claims it in the account's row first; everybody
else waits and takes what was stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from msgspec import Struct

from afterpost.domain.errors import ErrorKind, Misconfigured, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.capabilities import Renewal
from afterpost.sdk.credentials import Credential
from afterpost.services.core import Core
from afterpost.storage import accounts
from afterpost.storage.accounts import Account

CLAIM = timedelta(minutes=5)
"""A claim older than that belongs to a process that died. Longer than all tries of a renewal together."""
FIRST_LOOK = 0.005
LAST_LOOK = 0.25
"""Seconds between two looks at whether somebody else's renewal is done; they grow."""


class Held(Struct, frozen=True):
    """A credential with the version under which it is stored."""

    credential: Credential
    version: int


def held(core: Core, scope: Scope, account: Account) -> Held:
    """The account's credential as it is stored now; ProviderError when there is none that opens."""
    with core.read(scope) as connection:
        sealed = accounts.sealed_credential(connection, scope, account.id)
    if sealed.credential is None:
        raise ProviderError(
            ErrorKind.CREDENTIAL_REVOKED, "The account holds no credential; connect it again."
        )
    try:
        return Held(core.sealer.open(sealed.credential, row_of(account)), sealed.version)
    except Misconfigured as error:
        # A matter of this installation's keys and no word of the platform: the account is not stopped.
        raise ProviderError(ErrorKind.BUG, error.message) from error


async def renewed(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    stale: Held,
    refresh: Callable[[Held], Awaitable[Credential]],
) -> Held:
    """A newer credential than `stale`: that of whoever renews it, which may be us.

    `refresh` asks the platform; it is called once here, or not at all. Its ProviderError passes through.
    """
    wait = FIRST_LOOK
    while True:
        claimed_until = core.now() + CLAIM
        if await core.database.writing(_claim, core, scope, actor, account, stale.version, claimed_until):
            return await _renew(core, scope, actor, account, stale, refresh, claimed_until)
        now_stored = await core.database.reading(held, core, scope, account)
        if now_stored.version != stale.version:
            return now_stored
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, LAST_LOOK)


async def _renew(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    stale: Held,
    refresh: Callable[[Held], Awaitable[Credential]],
    claimed_until: datetime,
) -> Held:
    try:
        fresh = await refresh(stale)
        stored = await asyncio.shield(
            core.database.writing(_store, core, scope, actor, account, stale.version, fresh)
        )
    except BaseException:
        await asyncio.shield(
            core.database.writing(_give_up, core, scope, actor, account, stale.version, claimed_until)
        )
        raise
    if not stored:
        # Connected again meanwhile, which is newer than any renewal.
        return await core.database.reading(held, core, scope, account)
    return Held(fresh, stale.version + 1)


def _claim(core: Core, scope: Scope, actor: Actor, account: Account, version: int, until: datetime) -> bool:
    with core.transaction(scope, actor) as tx:
        return accounts.claim_renewal(tx.connection, tx.scope, account.id, version, tx.now, until)


def _give_up(core: Core, scope: Scope, actor: Actor, account: Account, version: int, until: datetime) -> None:
    with core.transaction(scope, actor) as tx:
        accounts.give_up_renewal(tx.connection, tx.scope, account.id, version, until)


def _store(core: Core, scope: Scope, actor: Actor, account: Account, version: int, fresh: Credential) -> bool:
    with core.transaction(scope, actor) as tx:
        renewal = core.providers[account.platform].capabilities.renewal
        values = kept(fresh, renewal, tx.now) | {"credential": core.sealer.seal(fresh, row_of(account))}
        stored = accounts.replace_credential(tx.connection, tx.scope, account.id, version, values)
    # A rotated token that a power cut takes away is lost for ever, and with it the account.
    core.database.settle()
    return stored


def kept(credential: Credential, renewal: Renewal, now: datetime) -> dict[str, object]:
    """What an account's row says in clear of its credential: scopes, and when it is renewed in any case."""
    return {"scopes": " ".join(credential.scopes), "renew_at": renew_at(credential, renewal, now)}


def renew_at(credential: Credential, renewal: Renewal, now: datetime) -> datetime | None:
    """When a credential has to be renewed although nobody reads with it; None: never.

    Half-way to the death of its refresh token, and as long before the end of a long-lived access token as the
    provider says; tokens that end within a day are renewed when they are needed.
    """
    found = []
    if credential.refresh_expires_at is not None:
        found.append(now + (credential.refresh_expires_at - now) / 2)
    if renewal.idle_days is not None:
        found.append(now + timedelta(days=renewal.idle_days) / 2)
    before = timedelta(seconds=renewal.before_seconds)
    if credential.expires_at is not None and before >= timedelta(days=1):
        found.append(credential.expires_at - before)
    return min(found, default=None)


def row_of(account: Account) -> tuple[int, str, str]:
    """What an account's credential is bound to."""
    return (account.organization_id, account.platform, account.external_id)
