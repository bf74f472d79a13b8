"""Fixtures: two organisations on a real PostgreSQL server, as a role that row security holds back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.core.tests.house import Clock
from packages.core.tests.plugins.network import Table
from packages.ee.tests.place import Place


@pytest.fixture
def clock() -> Clock:
    """The clock of every installation of this test."""
    return Clock()


@pytest.fixture
def table() -> Table:
    """The network whose accounts are connected."""
    return Table()


@pytest.fixture
def place(tmp_path: Path, clock: Clock, table: Table) -> Iterator[Place]:
    """An installation on PostgreSQL with the organisations North (2) and South (3), a key each."""
    made = Place(tmp_path, clock, table)
    made.open()
    made.found("North")
    made.found("South")
    yield made
    for core in made.cores:
        asyncio.run(core.close())
