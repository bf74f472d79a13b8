"""Health: live as long as the process answers, ready as long as the database does."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.http import build_app, health
from afterpost.services.core import Core
from packages.core.tests.databases import on_a_file
from packages.core.tests.http.calls import problem
from packages.core.tests.http.toy import BEARER, Clock, Network


def test_a_whole_installation_is_ready(client: TestClient[Litestar]) -> None:
    assert client.get("/health/live").json() == {"data": {"status": "live"}, "meta": {}}
    assert client.get("/health/ready").json() == {
        "data": {"status": "ready", "degraded": []},
        "meta": {},
    }


@on_a_file
def test_a_schema_that_is_behind_is_not_ready(client: TestClient[Litestar], tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "afterpost.db") as other:
        other.execute("DELETE FROM alembic_version")
    other.close()
    body = problem(client.get("/health/ready"), 503, "unavailable")
    assert "afterpost" in body["detail"]
    assert client.get("/health/live").status_code == 200


def test_a_database_that_does_not_answer_is_not_ready(
    core: Core, client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = asyncio.Event()

    async def never(*_: object) -> None:
        await slow.wait()

    with monkeypatch.context() as held:
        # Short for the database that never answers alone: a real one may take its time on a busy machine.
        held.setattr(health, "PATIENCE", 0.05)
        held.setattr(type(core.database), "reading", never)
        problem(client.get("/health/ready"), 503, "unavailable")
        assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200


@on_a_file
def test_a_broken_database_says_nothing_about_itself(client: TestClient[Litestar], tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "afterpost.db") as other:
        other.execute("ALTER TABLE alembic_version RENAME COLUMN version_num TO gone")
    other.close()
    body = problem(client.get("/health/ready"), 503, "unavailable")
    assert body["detail"] == "The database does not answer."
    assert str(tmp_path) not in str(body)


def test_the_server_keeps_itself_fresh(
    open_here: Callable[..., Core], network: Network, clock: Clock
) -> None:
    """With `collect` on, connected accounts are read without anybody asking."""
    core = open_here(collect=False)
    with TestClient(build_app(core)) as client:
        client.headers.update(BEARER)
        client.post("/v1/accounts", json={"platform": "toy", "credential": {"token": "open-sesame"}})
    assert network.asked == []
    with TestClient(build_app(open_here(collect=True))) as client:
        client.headers.update(BEARER)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            (account,) = client.get("/v1/accounts").json()["data"]
            if account["last_refresh"] is not None:
                break
            time.sleep(0.01)
        assert account["last_refresh"] == "2026-03-10T12:00:00Z"
    assert network.asked == [("t2", "t1")] or network.asked == [("t1", "t2")]
