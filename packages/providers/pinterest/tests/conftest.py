"""An emulated Pinterest over a shelf of pins, and a client that reaches it."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator
from afterpost.sdk import Call
from afterpost_pinterest import Pinterest
from afterpost_pinterest.emulator import PinterestDialect
from packages.providers.pinterest.tests.shelf import NOW, Shelf
from packages.providers.pinterest.tests.wiring import ToEmulator, call

PINS = 620


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
    return Shelf(PINS)


@pytest.fixture
def emulator(shelf: Shelf, clock: Clock) -> Iterator[Emulator]:
    with Emulator(PinterestDialect(shelf), clock=clock) as running:
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
def pinterest() -> Pinterest:
    return Pinterest()
