"""Talking to a provider on behalf of one account: credential, deadline, retries, renewed tokens.

Whatever a provider raises leaves here as a ProviderError, so that a plugin can fail an account's call and
nothing else.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import httpx
import stamina

from afterpost.domain.errors import TRANSIENT, ErrorKind, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.credentials import Credential
from afterpost.sdk.provider import Call, Provider
from afterpost.services.closed import contained
from afterpost.services.core import Core
from afterpost.storage import accounts
from afterpost.storage.accounts import Account

DEADLINE = 60.0
"""Seconds one call of a provider method may take in all."""
ATTEMPTS = 3
RENEW_BEFORE = timedelta(seconds=60)
"""An access token that ends sooner is renewed before it is used."""

T = TypeVar("T")
log = logging.getLogger("afterpost.exchange")


def _passes(error: Exception) -> bool:
    return isinstance(error, ProviderError) and error.kind in TRANSIENT


def provider_for(core: Core, platform: str) -> Provider:
    """The provider of a platform; ProviderError when no loaded plugin brings it."""
    provider = core.providers.get(platform)
    if provider is None:
        raise ProviderError(
            ErrorKind.BUG, f"No plugin for {platform} is installed; install afterpost-{platform}."
        )
    return provider


async def called(method: Callable[[Call], Awaitable[T]], call: Call, kind: type[T]) -> T:
    """One call within the deadline; anything raised, or answered that is no `kind`, is a ProviderError."""
    try:
        answer: object = await contained(lambda: method(call), DEADLINE)
        if not isinstance(answer, kind):
            raise TypeError(f"answered with {type(answer).__name__}, not {kind.__name__}")
        return answer
    except ProviderError:
        raise
    except TimeoutError as error:
        raise ProviderError(ErrorKind.NETWORK, f"No answer within {DEADLINE:.0f} s.") from error
    except httpx.TransportError as error:
        raise ProviderError(ErrorKind.NETWORK, f"The connection failed: {type(error).__name__}.") from error
    except Exception as error:
        log.exception("a provider raised something else than ProviderError")
        raise ProviderError(ErrorKind.BUG, f"The provider plugin failed: {type(error).__name__}.") from error


class Exchange:
    """One account's side of the conversation. `ask` calls a provider method with all that it needs."""

    def __init__(self, core: Core, scope: Scope, actor: Actor, account: Account) -> None:
        self._core = core
        self._scope = scope
        self._actor = actor
        self._account = account
        self._credential: Credential | None = None
        self.provider = provider_for(core, account.platform)

    async def ask(self, method: Callable[[Call], Awaitable[T]], kind: type[T]) -> T:
        """Call, try passing failures again with back-off, renew an ended token once."""
        call = await self._call()
        ends = call.credential.expires_at
        if ends is not None and ends - call.now < RENEW_BEFORE:
            call = await self._renewed()
        try:
            return await self._retried(method, call, kind)
        except ProviderError as error:
            if error.kind is not ErrorKind.TOKEN_EXPIRED:
                raise
        return await self._retried(method, await self._renewed(), kind)

    async def _retried(self, method: Callable[[Call], Awaitable[T]], call: Call, kind: type[T]) -> T:
        async for attempt in stamina.retry_context(
            on=_passes, attempts=ATTEMPTS, wait_initial=0.2, wait_max=5.0, timeout=None
        ):
            with attempt:
                return await called(method, call, kind)
        raise AssertionError("stamina raises after the last attempt")

    async def _call(self) -> Call:
        account = self._account
        if self._credential is None:
            self._credential = await self._core.database.reading(self._open)
        client = await self._core.egress.client(f"account {account.id}", self.provider.capabilities.hosts)
        return Call(
            client=client,
            credential=self._credential,
            now=self._core.now(),
            account_id=account.external_id,
        )

    async def _renewed(self) -> Call:
        """A call with a new access token, which is stored before it is used."""
        renewed = await self._retried(self.provider.refresh, await self._call(), Credential)
        sealed = self._core.sealer.seal(renewed, self._row)

        def store() -> None:
            with self._core.transaction(self._scope, self._actor) as tx:
                accounts.update_account(tx.connection, tx.scope, self._account.id, {"credential": sealed})

        await self._core.database.writing(store)
        self._credential = renewed
        return await self._call()

    @property
    def _row(self) -> tuple[int, str, str]:
        return (self._account.organization_id, self._account.platform, self._account.external_id)

    def _open(self) -> Credential:
        with self._core.read(self._scope) as connection:
            sealed = accounts.sealed_credential(connection, self._scope, self._account.id)
        if sealed is None:
            raise ProviderError(
                ErrorKind.CREDENTIAL_REVOKED, "The account holds no credential; connect it again."
            )
        return self._core.sealer.open(sealed, self._row)
