"""An emulated TikTok over a shelf of videos, and a client that reaches it."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from afterpost.emulator import Emulator
from afterpost.sdk import Call
from afterpost_tiktok import TikTok
from afterpost_tiktok.emulator import TikTokDialect
from packages.providers.tiktok.tests.shelf import NOW, Shelf
from packages.providers.tiktok.tests.wiring import ToEmulator, call

VIDEOS = 120


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
    return Shelf(VIDEOS)


@pytest.fixture
def emulator(shelf: Shelf, clock: Clock) -> Iterator[Emulator]:
    with Emulator(TikTokDialect(shelf), clock=clock) as running:
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
def tiktok() -> TikTok:
    return TikTok()
