"""A running emulator of the toy platform, and a client that is signed in as ada."""

from collections.abc import Iterator

import httpx
import pytest

from afterpost.emulator import Emulator
from packages.core.tests.emulator.toy import NOW, ToyDialect, ToyWorld


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW) as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": "api.toy.example", "Authorization": "Bearer t-ada"}
    with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False) as client:
        yield client
