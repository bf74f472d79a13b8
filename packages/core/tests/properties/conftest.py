"""Databases of the property tests; each is emptied for every example."""

import asyncio
from collections.abc import Iterator

import pytest

from afterpost.loading import build_plugins
from afterpost.services.core import open_core
from packages.core.tests.house import Clock, settings_in
from packages.core.tests.properties.bench import Bench


def _bench(factory: pytest.TempPathFactory) -> Iterator[Bench]:
    settings, clock = settings_in(factory.mktemp("bench")), Clock()
    core = open_core(settings, build_plugins(settings, {}, installed=[]), clock=clock)
    yield Bench(core, clock)
    asyncio.run(core.close())


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A database to play a history in."""
    yield from _bench(tmp_path_factory)


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A second one, to play it in another way."""
    yield from _bench(tmp_path_factory)
