"""An installation with afterpost-ee as its tests meet it: opened again and again, asked over HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.api import Core, Settings, add_organization, build_plugins, create_app, open_core
from afterpost.sdk import Scope
from afterpost_ee import keys, quota
from packages.core.tests.databases import ROLE, server_url
from packages.core.tests.house import ACTOR, Clock, settings_in
from packages.core.tests.plugins.network import NetworkPlugin, Table

EVERYTHING = Scope.default()
(EE,) = entry_points(group="afterpost.plugins", name="ee")


class Place:
    """One database, and cores opened on it. `tokens`: slug -> the key of that organisation."""

    def __init__(self, folder: Path, clock: Clock, table: Table) -> None:
        self.folder = folder
        self.clock = clock
        self.table = table
        self.cores: list[Core] = []
        self.ids: dict[str, int] = {}
        self.tokens: dict[str, str] = {}

    def settings(self, *, role: str = ROLE, **more: Any) -> Settings:
        """Settings of this database."""
        url = server_url(self.folder, "ee", role)
        return msgspec.structs.replace(
            settings_in(self.folder, "ee"), database_url=url, collect=False, **more
        )

    def open(self, installed: Sequence[EntryPoint] = (EE,), *, role: str = ROLE, **more: Any) -> Core:
        """Open it, with afterpost-ee unless `installed` says otherwise."""
        settings = self.settings(role=role, **more)
        plugins = build_plugins(settings, {"network": NetworkPlugin(self.table)}, installed=installed)
        self.cores.append(open_core(settings, plugins, clock=self.clock))
        return self.cores[-1]

    @property
    def core(self) -> Core:
        """The core opened last."""
        return self.cores[-1]

    def found(self, name: str) -> None:
        """Make an organisation and a key of it."""
        made = add_organization(self.core, EVERYTHING, ACTOR, name)
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            _, token = keys.add(tx.connection, made.id, f"key of {name}", tx.now)
        self.ids[made.slug], self.tokens[made.slug] = made.id, token

    def scope(self, slug: str) -> Scope:
        """What that organisation's key sees."""
        return Scope(organizations=frozenset({self.ids[slug]}))

    def limit(self, slug: str, posts: int) -> None:
        """Set its quota."""
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            quota.set_quota(tx.connection, self.ids[slug], posts)

    @contextmanager
    def web(self) -> Iterator["Web"]:
        """The web app over the core opened last, which it closes."""
        core = self.cores.pop()
        with TestClient(create_app(core), raise_server_exceptions=False) as client:
            yield Web(client, self.tokens)

    @contextmanager
    def database(self) -> Iterator[sa.Connection]:
        """The database itself, as the role that owns it, with nobody's context."""
        url = self.settings().database_url.replace("postgresql:", "postgresql+psycopg:", 1)
        engine = sa.create_engine(url)
        try:
            with engine.connect() as connection, connection.begin():
                yield connection
        finally:
            engine.dispose()


class Web:
    """Requests as one organisation or another."""

    def __init__(self, client: TestClient[Litestar], tokens: dict[str, str]) -> None:
        self.client = client
        self._tokens = tokens

    def ask(self, slug: str, path: str, *, method: str = "GET", **options: Any) -> Any:
        """The answer to a request with that organisation's key."""
        headers = {"Authorization": f"Bearer {self._tokens.get(slug, slug)}"}
        return self.client.request(method, path, headers=headers, **options)

    def data(self, slug: str, path: str, **options: Any) -> Any:
        """What stands in `data`; the request has to succeed."""
        answer = self.ask(slug, path, **options)
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()["data"]

    def tell(self, slug: str, external_id: str, views: int, **more: Any) -> Any:
        """Send one reading."""
        post = {"platform": "tube", "external_id": external_id, "metrics": {"views": views}, **more}
        return self.ask(slug, "/v1/ingest", method="POST", json={"posts": [post]})
