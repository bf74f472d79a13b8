"""The installation that tests of the command line run against; see `kit.py`."""

import os
from pathlib import Path

import pytest

from packages.core.tests.cli.kit import Cli
from packages.core.tests.house import Clock


@pytest.fixture
def cli(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """An installation in an empty folder, and no setting from outside."""
    for name in [name for name in os.environ if name.startswith("AFTERPOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "data"
    return Cli(folder, clock)
