"""Talking to a provider on behalf of one account: credential, deadline, retries, renewed tokens.

Whatever a provider raises leaves here as a ProviderError, so that a plugin can fail an account's call and
nothing else.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import httpx
import msgspec
import stamina

from afterpost.domain.errors import TRANSIENT, WAITING, ErrorKind, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.spend import Operation, Spend
from afterpost.sdk.credentials import Credential
from afterpost.sdk.provider import Call, Provider
from afterpost.services.archive import Heard
from afterpost.services.budgets import charge, give_back, refuse_parked
from afterpost.services.capture import Answer, capturing
from afterpost.services.closed import contained
from afterpost.services.core import Core
from afterpost.services.failures import clean, traceback_of
from afterpost.services.renewal import Held, held, renewed
from afterpost.storage.accounts import Account

DEADLINE = 60.0
"""Seconds one call of a provider method may take in all."""
ATTEMPTS = 3

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
    except ProviderError as error:
        harmless = clean(error, call.credential)
        if harmless is error:
            raise
        raise harmless from None
    except TimeoutError:
        raise ProviderError(ErrorKind.NETWORK, f"No answer within {DEADLINE:.0f} s.") from None
    # Causes are not chained: what httpx says may quote a URL, and a URL a token.
    except httpx.TransportError as error:
        raise ProviderError(ErrorKind.NETWORK, f"The connection failed: {type(error).__name__}.") from None
    except httpx.HTTPError as error:
        raise ProviderError(
            ErrorKind.UPSTREAM_MALFORMED, f"The answer can't be read: {type(error).__name__}."
        ) from None
    except Exception as error:
        raise _failed(error, call.credential) from None


async def client_for(core: Core, provider: Provider, credential: Credential, key: str) -> httpx.AsyncClient:
    """The client under a key, for the declared hosts and those that the credential names.

    ProviderError where the provider can't name them.
    """

    async def named() -> tuple[str, ...]:
        hosts = tuple(provider.hosts_for(credential))
        if not all(isinstance(host, str) for host in hosts):
            raise TypeError("a host that is no text")
        return hosts

    try:
        hosts = await contained(named, DEADLINE)
    except ProviderError as error:
        raise clean(error, credential) from None
    except Exception as error:
        raise _failed(error, credential) from None
    declared = provider.capabilities.hosts
    return await core.egress.client(key, declared, tuple(host for host in hosts if host not in declared))


def _failed(error: Exception, credential: Credential) -> ProviderError:
    """What a provider did that no provider may, as an error of its own kind."""
    log.error("a provider raised something else than ProviderError\n%s", traceback_of(error, credential))
    return ProviderError(ErrorKind.BUG, f"The provider plugin failed: {type(error).__name__}.")


class Answered(NamedTuple, Generic[T]):
    """What a provider method answered, and what it heard for it; None where nothing is archived."""

    value: T
    heard: Heard | None


class Exchange:
    """One account's side of the conversation. `ask` calls a provider method with all that it needs."""

    def __init__(self, core: Core, scope: Scope, actor: Actor, account: Account) -> None:
        self._core = core
        self._scope = scope
        self._actor = actor
        self._account = account
        self._held: Held | None = None
        self.provider = provider_for(core, account.platform)

    async def ask(
        self,
        operation: Operation,
        method: Callable[[Call], Awaitable[T]],
        kind: type[T],
        *,
        items: int = 0,
        came: Callable[[T], int] | None = None,
        since: datetime | None = None,
    ) -> Answered[T]:
        """Call, try passing failures again with back-off, renew an ended token once.

        `items`: the posts it is about, at most, for what the call costs; `came`: how many an answer really
        had, where that is another number. What the try that worked heard comes with the answer; what a
        renewal hears is never listened to. Raises ProviderError; OverBudget when a
        limit leaves no room, and when the app rests because a platform asked it to.
        """
        now_held = await self._credential()
        if self._ends_soon(now_held.credential):
            now_held = await self._renewed_early(now_held)
        try:
            return await self._retried(operation, method, now_held.credential, kind, items, came, since)
        except ProviderError as error:
            if error.kind is not ErrorKind.TOKEN_EXPIRED:
                raise
        now_held = await self._renewed(now_held)
        return await self._retried(operation, method, now_held.credential, kind, items, came, since)

    async def renew(self) -> None:
        """Renew the token although it has not ended."""
        await self._renewed(await self._credential())

    async def _retried(
        self,
        operation: Operation,
        method: Callable[[Call], Awaitable[T]],
        credential: Credential,
        kind: type[T],
        items: int = 0,
        came: Callable[[T], int] | None = None,
        since: datetime | None = None,
    ) -> Answered[T]:
        listening = self._core.settings.archive and operation != "refresh"
        async for attempt in stamina.retry_context(
            on=_passes, attempts=ATTEMPTS, wait_initial=0.2, wait_max=5.0, timeout=None
        ):
            with attempt:
                await self._admitted(operation, items)
                call = await self._call(credential)
                if since is not None:
                    call = msgspec.structs.replace(call, since=since)
                with capturing() if listening else nullcontext() as answers:
                    answer = await called(method, call, kind)
                if came is not None:
                    await self._given_back(operation, items - came(answer), call.now)
                return Answered(answer, None if answers is None else self._heard(call, answers))
        raise AssertionError("stamina raises after the last attempt")

    def _heard(self, call: Call, answers: list[Answer]) -> Heard:
        return Heard(
            asked_at=call.now,
            since=call.since,
            credential=call.credential,
            fields=tuple(self.provider.credential_fields),
            answers=tuple(answers),
        )

    async def _admitted(self, operation: Operation, items: int) -> None:
        """Nothing is asked for an app that rests, nor beyond a limit."""
        core, account = self._core, self._account
        capabilities = self.provider.capabilities
        if capabilities.limits or core.settings.monthly_dollars is not None:
            cost = capabilities.cost(operation, items)
            await core.database.writing(charge, core, self._scope, self._actor, account, operation, cost)
        else:
            await core.database.reading(refuse_parked, core, self._scope, account)

    async def _given_back(self, operation: Operation, items: int, booked_at: datetime) -> None:
        """What was booked for posts that the answer did not have."""
        core, capabilities = self._core, self.provider.capabilities
        cost = capabilities.cost(operation, max(items, 0)) + capabilities.cost(operation) * -1
        if cost != Spend():
            await core.database.writing(
                give_back, core, self._scope, self._actor, self._account, operation, cost, booked_at
            )

    async def _call(self, credential: Credential) -> Call:
        account = self._account
        client = await client_for(self._core, self.provider, credential, f"account {account.id}")
        return Call(
            client=client, credential=credential, now=self._core.now(), account_id=account.external_id
        )

    async def _credential(self) -> Held:
        if self._held is None:
            self._held = await self._core.database.reading(held, self._core, self._scope, self._account)
        return self._held

    def _ends_soon(self, credential: Credential) -> bool:
        before = timedelta(seconds=self.provider.capabilities.renewal.before_seconds)
        return credential.expires_at is not None and credential.expires_at - self._core.now() < before

    async def _renewed_early(self, stale: Held) -> Held:
        """A renewed credential; while the old one still lives, a failure that passes costs nothing."""
        ends = stale.credential.expires_at
        try:
            return await self._renewed(stale)
        except ProviderError as error:
            if error.kind not in TRANSIENT | WAITING or ends is None or ends <= self._core.now():
                raise
            log.warning("account %s: its token could not be renewed yet: %s", self._account.id, error.message)
            return stale

    async def _renewed(self, stale: Held) -> Held:
        """A newer credential, which is stored before it is used."""

        async def refresh(stale: Held) -> Credential:
            answered = await self._retried("refresh", self.provider.refresh, stale.credential, Credential)
            return answered.value

        self._held = await renewed(self._core, self._scope, self._actor, self._account, stale, refresh)
        return self._held
