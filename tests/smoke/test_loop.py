"""Ingest today, see it at once, learn from it tomorrow: through the real server, the clock set by hand."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from afterpost.app import create_app, open_installation
from afterpost.settings import load_settings
from tests.running import client_of, environment, get, post
from tests.smoke import bakery

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PUBLISHED = NOON - timedelta(hours=30)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def live(data_dir: Path, clock: Clock) -> Iterator[httpx.Client]:
    """The real server in a thread of this process, over an installation with that clock."""
    core = open_installation(load_settings(environment(data_dir)), clock=clock)
    server = uvicorn.Server(uvicorn.Config(create_app(core), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with client_of(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        assert not thread.is_alive(), "the server did not stop"
        asyncio.run(core.close())


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[httpx.Client]:
    with live(tmp_path, clock) as client:
        yield client


def test_a_post_ingested_today_is_seen_at_once_and_learned_from_tomorrow(
    client: httpx.Client, clock: Clock, tmp_path: Path
) -> None:
    weekly = "/v1/content-performance/summary/weekly"
    sync = "/v1/content-performance/analytics-sync"

    (stored,) = post(client, "/v1/ingest", bakery.entry("7301", PUBLISHED))["data"]["posts"]
    assert stored["outcome"] == "stored"
    analytics = f"/v1/posts/{stored['post_id']}/analytics"

    summary = get(client, analytics)["data"]["summary"]
    assert summary["metrics"] == bakery.METRICS
    assert (summary["engagements"], summary["engagement_rate"]) == (bakery.ENGAGEMENTS, bakery.RATE)
    assert (summary["as_of_date"], summary["partial_day"]) == ("2026-03-10", True)

    today = get(client, weekly)
    assert today["meta"]["window"]["end_date"] == "2026-03-09"
    assert bakery.ranked(today) == {}
    # Published yesterday, so half of what it has is yesterday's. Today's half is not in.
    half = {name: total // 2 for name, total in bakery.METRICS.items()}
    assert today["data"]["earned"] == half | {"engagements": bakery.ENGAGEMENTS // 2}
    assert post(client, f"{sync}/run")["data"]["rows"] == 0
    assert bakery.learned(tmp_path) == {}

    clock.now += timedelta(days=1)

    tomorrow = get(client, weekly)
    assert tomorrow["meta"]["window"]["end_date"] == "2026-03-10"
    assert list(bakery.ranked(tomorrow)) == ["7301"]
    row = bakery.ranked(tomorrow)["7301"]
    assert row["post_id"] == stored["post_id"]
    assert bakery.has_the_numbers(row)
    assert tomorrow["data"]["earned"] == bakery.METRICS | {"engagements": bakery.ENGAGEMENTS}
    assert get(client, analytics)["data"]["summary"]["partial_day"] is False

    assert get(client, f"{sync}/status")["data"]["pending"] > 0
    assert post(client, f"{sync}/run")["data"]["rows"] == 1
    assert bakery.learned(tmp_path) == {("7301", date(2026, 3, 10)): bakery.LEARNED}

    assert post(client, f"{sync}/run")["data"]["rows"] == 0
    assert (status := get(client, f"{sync}/status")["data"])["pending"] == 0
    assert status["rows"] == 1
    assert bakery.learned(tmp_path) == {("7301", date(2026, 3, 10)): bakery.LEARNED}


def test_the_same_call_again_changes_nothing(client: httpx.Client, clock: Clock) -> None:
    body = bakery.entry("7301", PUBLISHED, NOON)
    first = post(client, "/v1/ingest", body)["data"]["posts"]
    clock.now += timedelta(hours=1)
    again = post(client, "/v1/ingest", body)["data"]["posts"]
    assert [each["outcome"] for each in (*first, *again)] == ["stored", "unchanged"]
    assert len(get(client, f"/v1/posts/{first[0]['post_id']}/observations")["data"]) == 1
