"""Over a real socket: uvicorn on the loopback interface, from a number sent to a number learned."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from litestar import Litestar

from afterpost.http import build_app
from afterpost.services.core import Core
from packages.core.tests.http.calls import READING, connect, finished, ingest, problem
from packages.core.tests.http.toy import BEARER, KEY, Clock, Network


@contextmanager
def served(app: Litestar) -> Iterator[str]:
    """The app on a free port; the base URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert not thread.is_alive()


@pytest.fixture
def web(app: Litestar) -> Iterator[httpx.Client]:
    with served(app) as url, httpx.Client(base_url=url, headers=BEARER, trust_env=False) as client:
        yield client


def test_from_a_number_sent_to_a_number_learned(web: httpx.Client) -> None:
    posts = [
        {
            **READING,
            "external_id": f"v{n}",
            "observed_at": f"2026-03-0{day}T12:00:00Z",
            "published_at": "2026-03-05T09:00:00Z",
            "title": f"Opening {n}. And more.",
            "content_type": "video",
            "metrics": {"views": views * n, "likes": views * n // (10 * n), "comments": 0, "shares": 0},
        }
        for n in (1, 2, 3)
        for day, views in ((6, 400), (7, 1000), (9, 1600))
    ]
    sent = ingest(web, *posts, brand="Nord")
    assert [each["outcome"] for each in sent["posts"]] == 9 * ["stored"]

    listed = web.get("/v1/posts", params={"platform": "tube"}).json()
    assert [post["external_id"] for post in listed["data"]] == ["v3", "v2", "v1"]

    post = web.get(f"/v1/posts/{sent['posts'][0]['post_id']}").json()["data"]
    assert post["summary"]["metrics"] == {"views": 1600, "likes": 160, "comments": 0, "shares": 0}
    assert post["summary"]["engagement_rate"] == 10.0

    overview = web.get("/v1/analytics/overview", params={"brand_id": 1}).json()
    assert overview["data"]["earned"]["views"] == 1600 * 6
    assert overview["data"]["lifetime"]["views"] == 1600 * 6
    assert overview["data"]["growth"]["views"] is None
    assert overview["data"]["earned"]["saves"] is None
    assert overview["meta"]["receipt"]["snapshots"] == 9

    weekly = web.get("/v1/content-performance/summary/weekly", params={"top_n": 1, "worst_n": 2}).json()
    assert [each["external_id"] for each in weekly["data"]["top"]] == ["v1"]
    assert [each["external_id"] for each in weekly["data"]["worst"]] == ["v3", "v2"]
    assert weekly["data"]["hooks"][0]["text"] == "Opening 1"

    before = web.get("/v1/content-performance/analytics-sync/status").json()["data"]
    assert (before["rows"], before["pending"], before["last_run"]) == (0, 3, None)
    synced = web.post("/v1/content-performance/analytics-sync/run").json()["data"]
    assert synced["rows"] == 9
    after = web.get("/v1/content-performance/analytics-sync/status").json()["data"]
    assert (after["rows"], after["pending"], after["last_run"]["id"]) == (9, 0, synced["run_id"])
    assert web.post("/v1/content-performance/analytics-sync/run").json()["data"]["rows"] == 0


def test_the_page_and_the_key(web: httpx.Client) -> None:
    del web.headers["authorization"]
    problem(web.get("/v1/posts"), 401, "unauthenticated")
    problem(web.get("/"), 401, "unauthenticated")
    password = base64.b64encode(f"me:{KEY}".encode()).decode()
    assert "<h1>Afterpost</h1>" in web.get("/", headers={"Authorization": f"Basic {password}"}).text
    assert web.get("/health/ready").status_code == 200
    assert web.get("/schema/openapi.json").status_code == 200


def test_a_body_that_grows_too_large_is_cut_off(web: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 100_000

    for path in ("/v1/brands", "/v1/ingest"):
        try:
            response = web.post(path, content=endless())
        except (httpx.WriteError, httpx.ReadError):
            continue  # the server answered and hung up while the client was still sending
        problem(response, 413, "too_large")
    assert web.get("/v1/brands").status_code == 200


def test_a_client_that_hangs_up_harms_nobody(web: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection((web.base_url.host, web.base_url.port or 0)) as raw:
        head = f"POST /v1/ingest HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        raw.sendall(head.encode() + b'Content-Length: 1000\r\n\r\n{"posts":')
    assert web.get("/v1/posts").json()["data"] == []
    assert "failed" not in caplog.text


def test_many_refreshes_at_once_ask_the_platform_once(
    web: httpx.Client, network: Network, clock: Clock
) -> None:
    connect(web)
    finished(web, web.post("/v1/posts/analytics").json()["data"]["run"]["id"])
    clock.forward(hours=2)
    network.asked.clear()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: web.post("/v1/posts/1/refresh-analytics"), range(10)))
    assert sorted(each.status_code for each in answers) == [200] + 9 * [429]
    assert len(network.asked) == 1
    assert {each.headers.get("retry-after") for each in answers} == {None, "3600"}


def test_reads_go_on_beside_a_write(web: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        writes = [
            pool.submit(ingest, web, *[{**READING, "external_id": f"{part}-{n}"} for n in range(100)])
            for part in range(4)
        ]
        reads = [pool.submit(web.get, "/v1/analytics/overview") for _ in range(40)]
        assert {each.result().status_code for each in reads} == {200}
        assert sum(len(each.result()["posts"]) for each in writes) == 400
    assert web.get("/v1/analytics/overview").json()["data"]["posts"] == 400


def test_a_restart_keeps_everything(open_here: Callable[..., Core]) -> None:
    for expected in ("stored", "unchanged"):
        with (
            served(build_app(open_here())) as url,
            httpx.Client(base_url=url, headers=BEARER, trust_env=False) as client,
        ):
            assert ingest(client, READING)["posts"][0]["outcome"] == expected
