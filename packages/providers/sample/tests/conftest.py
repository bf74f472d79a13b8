"""A fake Sample on a real port, and a call to it as core would make one. A copy changes its name alone."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime

import httpx
import msgspec
import pytest

from afterpost.emulator import Dialect, Emulator, Scenario, World, WorldAccount
from afterpost.sdk import Call, Credential, Provider, Secret
from afterpost_sample import Sample

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""The only time there is: tests never look at the clock."""


class Detour(httpx.AsyncHTTPTransport):
    """Stands in for core's client: declared hosts only, over HTTPS, and all of them lead to the emulator."""

    def __init__(self, provider: Provider, emulator: Emulator) -> None:
        super().__init__()
        self._declared = provider.capabilities.hosts
        self._emulator = httpx.URL(emulator.url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert (request.url.scheme, request.url.port) == ("https", None)
        assert request.url.host in self._declared
        # The Host header stays: by it the emulator knows which platform is meant.
        request.url = request.url.copy_with(scheme="http", host=self._emulator.host, port=self._emulator.port)
        return await super().handle_async_request(request)


@pytest.fixture
def provider() -> Provider:
    return Sample()


@pytest.fixture
def world() -> World:
    """Two accounts that publish daily for seven weeks; some posts hide a count, some are deleted again."""
    return Scenario(seed=2, start=date(2026, 2, 1), days=49, accounts=2, posts_per_week=10)


@pytest.fixture
def account(world: World) -> WorldAccount:
    return world.accounts()[0]


@pytest.fixture
def dialect(provider: Provider, world: World) -> Dialect:
    emulated = provider.emulate(world)
    assert emulated is not None
    return emulated


@pytest.fixture
def emulator(dialect: Dialect) -> Iterator[Emulator]:
    with Emulator(dialect, clock=lambda: NOW) as running:
        yield running


@pytest.fixture
async def typed(
    provider: Provider, dialect: Dialect, emulator: Emulator, account: WorldAccount
) -> AsyncIterator[Call]:
    """A call with nothing but what a person typed to connect the account."""
    secrets = {name: Secret(value) for name, value in dialect.credential(account).items()}
    async with httpx.AsyncClient(transport=Detour(provider, emulator)) as client:
        yield Call(client=client, credential=Credential(secrets=secrets), now=NOW)


@pytest.fixture
async def call(provider: Provider, emulator: Emulator, typed: Call, account: WorldAccount) -> Call:
    """A call for the connected account, signed in as `connect` does it, with no request made since."""
    credential = await provider.sign_in(typed)
    emulator.forget()
    return msgspec.structs.replace(typed, credential=credential, account_id=account.id)
