"""Fixtures for every test of core. What they hand out is described in `house.py`."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from afterpost.loading import build_plugins
from afterpost.services.core import Core, open_core
from packages.core.tests.databases import lay_schema
from packages.core.tests.house import Clock, MakeCore, settings_in


@pytest.fixture
def clock() -> Clock:
    """The clock of every core of this test."""
    return Clock()


@pytest.fixture
def make_core(tmp_path: Path, clock: Clock) -> Iterator[MakeCore]:
    """Opens cores; see `MakeCore`."""
    opened: list[Core] = []

    def make(name: str = "core", *, plugins: Mapping[str, object] | None = None, zone: str = "UTC") -> Core:
        settings = settings_in(tmp_path, name, zone=zone)
        lay_schema(settings.database_url)
        opened.append(open_core(settings, build_plugins(settings, plugins or {}, installed=[]), clock=clock))
        return opened[-1]

    yield make
    for core in opened:
        asyncio.run(core.close())


@pytest.fixture
def core(make_core: MakeCore) -> Core:
    """A core without plugins, days cut in UTC."""
    return make_core()
