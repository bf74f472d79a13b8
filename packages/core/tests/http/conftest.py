"""An installation in a temporary directory, its web app, and a client that holds the key."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.builtin import imports
from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.services.core import Core, open_core
from afterpost.settings import Settings
from packages.core.tests.databases import database_url, lay_schema
from packages.core.tests.http.toy import BEARER, KEY, Clock, Network, ToyPlugin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def open_here(tmp_path: Path, clock: Clock, network: Network) -> Iterator[Callable[..., Core]]:
    """Opens the installation, with plugins beside the toy network."""
    opened: list[Core] = []

    def open_it(*, time_zone: str = "UTC", collect: bool = False, **plugins: object) -> Core:
        settings = Settings(
            data_dir=tmp_path,
            database_url=database_url(tmp_path),
            api_key=KEY,
            secret_key=base64.b64encode(b"k" * 32).decode(),
            time_zone=time_zone,
            collect=collect,
            sections={"toy": {"client_id": "app-1"}},
        )
        lay_schema(settings.database_url)
        builtin: dict[str, object] = {"toy": ToyPlugin(network), "imports": imports, **plugins}
        opened.append(open_core(settings, build_plugins(settings, builtin, installed=[]), clock=clock))
        return opened[-1]

    yield open_it
    for core in opened:
        core.database.close()


@pytest.fixture
def core(open_here: Callable[..., Core]) -> Core:
    return open_here()


@pytest.fixture
def app(core: Core) -> Litestar:
    return build_app(core)


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers.update(BEARER)
        yield client
