"""A refresh that is asked for: one an hour, and a failed one does not count."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.domain.errors import ErrorKind, ProviderError, TooSoon
from afterpost.domain.scope import Actor, Scope
from afterpost.http import build_app
from afterpost.services import refresh
from afterpost.services.connect import connect as connect_account
from afterpost.services.core import Core
from afterpost.services.standing import recent_runs
from packages.core.tests.http.calls import READING, connect, finished, ingest, problem
from packages.core.tests.http.toy import BEARER, NOON, Clock, Network

ME = Actor("key", "default")
ALL = Scope.default()
POST = "/v1/posts/1/refresh-analytics"
EVERY = "/v1/posts/analytics"


@pytest.fixture
def connected(client: TestClient[Litestar], network: Network, clock: Clock) -> TestClient[Litestar]:
    """A client of an installation whose two posts were read two hours ago."""
    connect(client)
    finished(client, client.post(EVERY).json()["data"]["run"]["id"])
    clock.forward(hours=2)
    network.asked.clear()
    network.entered.clear()
    return client


def test_a_post_is_read_now(connected: TestClient[Litestar], network: Network) -> None:
    network.views["t1"] = 175
    response = connected.post(POST)
    assert response.status_code == 200
    data = response.json()["data"]
    assert network.asked == [("t1",)]
    assert data["summary"]["metrics"] == {"views": 175, "likes": 17}
    assert data["last_refreshed"] == "2026-03-10T14:00:00Z"
    assert (data["run"]["state"], data["run"]["kind"], data["run"]["stored"]) == ("done", "collect", 1)
    assert connected.get("/v1/posts/1").json()["data"]["post"]["last_refreshed"] == data["last_refreshed"]


def test_a_post_is_read_once_an_hour(connected: TestClient[Litestar], network: Network, clock: Clock) -> None:
    assert connected.post(POST).status_code == 200
    network.asked.clear()
    clock.forward(minutes=59, seconds=58.5)
    response = connected.post(POST)
    body = problem(response, 429, "too_soon")
    assert (response.headers["retry-after"], body["retry_at"]) == ("2", "2026-03-10T15:00:00Z")
    assert network.asked == []
    assert connected.post("/v1/posts/2/refresh-analytics").status_code == 200  # each post has its own hour
    clock.forward(seconds=1.5)
    assert connected.post(POST).status_code == 200


def test_a_failed_refresh_does_not_use_up_the_hour(connected: TestClient[Litestar], network: Network) -> None:
    network.failure = ProviderError(ErrorKind.BAD_REQUEST, "Not like this.")
    response = connected.post(POST)
    assert "Not like this." in problem(response, 502, "refresh_failed")["detail"]
    assert "retry-after" not in response.headers
    assert connected.get("/v1/posts/1").json()["data"]["post"]["last_refreshed"] is None
    run = connected.get("/v1/runs/2").json()["data"]
    assert (run["run"]["state"], run["run"]["message"]) == ("failed", "Not like this.")
    assert run["items"][0]["reason"] == "bad_request"
    network.failure = None
    assert connected.post(POST).status_code == 200
    network.failure = ProviderError(ErrorKind.BAD_REQUEST, "Not like this.")
    problem(connected.post(POST), 429, "too_soon")


def test_a_post_that_fails_alone_is_a_failed_refresh(
    connected: TestClient[Litestar], network: Network
) -> None:
    network.post_failure = ProviderError(ErrorKind.PERMISSION_MISSING, "That one is private.")
    assert "private" in problem(connected.post(POST), 502, "refresh_failed")["detail"]
    network.post_failure = None
    network.gone.add("t1")
    for _ in range(2):
        problem(connected.post(POST), 502, "refresh_failed")  # not there; it may come back
    confirmed = connected.post(POST).json()["data"]
    assert (confirmed["run"]["skipped"], confirmed["summary"]["metrics"]["views"]) == (1, 100)
    assert connected.get("/v1/posts/1").json()["data"]["post"]["state"] == "gone"


def test_a_platform_that_asks_to_wait_is_left_alone(
    connected: TestClient[Litestar], network: Network, clock: Clock
) -> None:
    wait = clock.now + timedelta(minutes=10)
    network.failure = ProviderError(ErrorKind.RATE_LIMITED, "Slow down.", retry_at=wait)
    response = connected.post(POST)
    problem(response, 502, "refresh_failed")
    assert response.headers["retry-after"] == "600"
    network.failure = None
    network.asked.clear()
    for path in (POST, "/v1/posts/2/refresh-analytics", EVERY):
        response = connected.post(path)
        problem(response, 429, "too_soon")
        assert response.headers["retry-after"] == "600"
    assert network.asked == []
    clock.forward(minutes=10)
    assert connected.post(POST).status_code == 200


def test_a_post_without_an_account_has_nobody_to_ask(client: TestClient[Litestar]) -> None:
    ingest(client, READING)
    problem(client.post(POST), 409, "conflict")
    assert len(client.get("/v1/runs/1").json()["data"]["items"]) == 0
    problem(client.get("/v1/runs/2"), 404, "not_found")  # and no run was begun


def test_of_many_requests_at_once_one_asks_the_platform(
    connected: TestClient[Litestar], network: Network
) -> None:
    network.hold = threading.Event()
    network.asked.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(connected.post, POST) for _ in range(8)]
        for early, _ in zip(as_completed(waiting), range(7), strict=False):
            problem(early.result(), 429, "too_soon")
        network.hold.set()
        answers = sorted(each.result().status_code for each in waiting)
    assert answers == [200] + 7 * [429]
    assert network.asked == [("t1",)]


def test_all_posts_are_read_once_an_hour(
    connected: TestClient[Litestar], network: Network, clock: Clock
) -> None:
    response = connected.post(EVERY)
    assert response.status_code == 202
    assert response.json()["data"]["last_refreshed"] == "2026-03-10T14:00:00Z"
    finished(connected, response.json()["data"]["run"]["id"])
    network.asked.clear()
    clock.forward(minutes=30)
    again = connected.post(EVERY)
    problem(again, 429, "too_soon")
    assert again.headers["retry-after"] == "1800"
    assert network.asked == []
    assert connected.post(POST).status_code == 200  # a single post has an hour of its own


def test_all_posts_answer_before_the_platform_does(connected: TestClient[Litestar], network: Network) -> None:
    network.hold = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        answers = sorted(each.status_code for each in pool.map(lambda _: connected.post(EVERY), range(8)))
    assert answers == [202] + 7 * [429]
    assert connected.get("/v1/runs/2").json()["data"]["run"]["state"] == "running"
    network.hold.set()
    assert finished(connected, 2)["state"] == "done"


def test_a_failed_run_gives_the_hour_back(connected: TestClient[Litestar], network: Network) -> None:
    network.failure = ProviderError(ErrorKind.BAD_REQUEST, "Not like this.")
    finished(connected, connected.post(EVERY).json()["data"]["run"]["id"])
    network.failure = None
    for _ in range(200):
        response = connected.post(EVERY)
        if response.status_code != 429:  # the hour is given back right after the run ends
            break
    assert response.status_code == 202
    assert finished(connected, 3)["state"] == "done"


def test_a_shutdown_ends_the_run_and_gives_the_hour_back(
    open_here: Callable[..., Core], network: Network
) -> None:
    with TestClient(build_app(open_here())) as client:
        client.headers.update(BEARER)
        connect(client)
        network.hold = threading.Event()
        client.post(EVERY)
        assert network.entered.wait(20)
        # Frees the thread of the fake, long after the shutdown has cancelled the run.
        threading.Timer(1.5, network.hold.set).start()
    network.hold = None
    with TestClient(build_app(open_here())) as client:
        client.headers.update(BEARER)
        run = client.get("/v1/runs/1").json()["data"]["run"]
        assert (run["state"], run["message"]) == ("failed", refresh.CUT_OFF)
        assert client.post(EVERY).status_code == 202


async def test_a_cancelled_refresh_gives_the_hour_back(core: Core, network: Network) -> None:
    await connect_account(core, ALL, ME, "toy", {"token": "open-sesame"})
    claim = await core.database.writing(refresh.claim_all, core, ALL, ME)
    await refresh.run_all(core, ALL, ME, claim)
    network.hold = threading.Event()
    network.entered.clear()
    task = asyncio.create_task(refresh.refresh_post(core, ALL, ME, 1))
    await asyncio.to_thread(network.entered.wait, 20)
    with pytest.raises(TooSoon) as early:
        await refresh.refresh_post(core, ALL, ME, 1)
    assert early.value.retry_at == NOON + refresh.EVERY
    task.cancel()
    network.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recent_runs(core, ALL, 1)[0].message == refresh.CUT_OFF
    network.hold = None
    assert (await refresh.refresh_post(core, ALL, ME, 1)).run.state == "done"
    await core.egress.close()


async def test_a_foreign_post_is_not_there(core: Core) -> None:
    await connect_account(core, ALL, ME, "toy", {"token": "open-sesame"})
    claim = await core.database.writing(refresh.claim_all, core, ALL, ME)
    await refresh.run_all(core, ALL, ME, claim)
    messages = set()
    for scope, post_id in (
        (Scope(brands=frozenset({9})), 1),
        (Scope(accounts=frozenset({9})), 1),
        (ALL, 999),
    ):
        with pytest.raises(Exception, match="There is no post") as raised:
            await refresh.refresh_post(core, scope, ME, post_id)
        messages.add(str(raised.value).replace(str(post_id), "N"))
    assert messages == {"There is no post N."}
    await core.egress.close()
