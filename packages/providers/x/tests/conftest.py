"""An emulated X over a shelf of posts, and a client that reaches it."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator
from afterpost.sdk import Call
from afterpost_x import X
from afterpost_x.emulator import XDialect
from packages.providers.x.tests.shelf import NOW, Shelf
from packages.providers.x.tests.wiring import ToEmulator, call

POSTS = 320


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(POSTS)


@pytest.fixture
def emulator(shelf: Shelf, clock: Clock) -> Iterator[Emulator]:
    with Emulator(XDialect(shelf), clock=clock) as running:
        yield running


@pytest.fixture
def transport(emulator: Emulator) -> ToEmulator:
    return ToEmulator(emulator.routes)


@pytest.fixture
async def client(transport: ToEmulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        yield client


@pytest.fixture
def ask(client: httpx.AsyncClient, clock: Clock) -> Callable[[], Call]:
    """A call as ada at the clock's time."""
    return lambda: call(client, now=clock.now)


@pytest.fixture
def x() -> X:
    return X()
