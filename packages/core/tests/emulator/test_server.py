"""The emulator as a server: dispatch, log, life cycle."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import httpx
import pytest

from afterpost.emulator import Emulator, FaultDial
from packages.core.tests.emulator.toy import NOW, ToyDialect, ToyWorld


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "afterpost-emulator"}


def test_routes_lead_every_host_to_the_loopback_server(emulator: Emulator) -> None:
    assert emulator.routes == {"api.toy.example": emulator.url, "login.toy.example": emulator.url}
    assert emulator.url.startswith("http://127.0.0.1:")


def test_a_request_arrives_as_it_was_sent(client: httpx.Client) -> None:
    sent = {"host": "LOGIN.toy.example:8080"}
    echo = client.post("/echo", params={"q": ["é&=", ""]}, data={"a": "b c", "d": ""}, headers=sent).json()
    assert echo["host"] == "login.toy.example"
    assert echo["method"] == "POST"
    assert echo["query"] == [["q", "é&="], ["q", ""]]
    assert (echo["q"], echo["all"]) == ("é&=", ["é&=", ""])
    assert echo["form"] == {"a": "b c", "d": ""}
    assert echo["json"] is None
    assert client.post("/echo", json={"ids": ["p1"]}).json()["json"] == {"ids": ["p1"]}


def test_a_path_is_decoded(emulator: Emulator, client: httpx.Client) -> None:
    client.get("/a%20b/%C3%A9")
    assert emulator.requests[-1].path == "/a b/é"


def test_an_unknown_host_is_told_so(client: httpx.Client) -> None:
    assert client.get("/posts", headers={"Host": "elsewhere.example"}).status_code == 421


def test_the_clock_is_asked_once_a_request() -> None:
    hours = count()
    with (
        Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW + timedelta(hours=next(hours))) as emulator,
        httpx.Client(base_url=emulator.url, headers={"Host": "api.toy.example"}, trust_env=False) as client,
    ):
        told = [client.get("/echo").json()["now"] for _ in range(3)]
    assert told == ["2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"]
    assert [request.at.hour for request in emulator.requests] == [9, 10, 11]


def test_the_log_names_requests_and_no_secret(emulator: Emulator, client: httpx.Client) -> None:
    secrets = {"access_token": "s3cret", "key": "s3cret", "client_secret": "s3cret", "code": "s3cret"}
    client.post("/echo", params={**secrets, "pageToken": "CAU", "id": "p1"}, data={"refresh_token": "s3cret"})
    client.get("/posts", headers={"Authorization": "Bearer s3cret"})
    first, second = emulator.requests
    assert (first.host, first.method, first.path, first.status) == ("api.toy.example", "POST", "/echo", 200)
    assert dict(first.query) == dict.fromkeys(secrets, "***") | {"pageToken": "CAU", "id": "p1"}
    assert (second.status, second.fault) == (401, None)
    assert "s3cret" not in repr(emulator.requests)
    emulator.forget()
    assert emulator.requests == ()


def test_the_log_keeps_the_last_requests_only() -> None:
    with (
        Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW, keep_requests=2) as emulator,
        httpx.Client(base_url=emulator.url, headers={"Host": "api.toy.example"}, trust_env=False) as client,
    ):
        for path in ("/a", "/b", "/c"):
            client.get(path)
    assert [request.path for request in emulator.requests] == ["/b", "/c"]


def test_a_body_beyond_reason_is_refused(client: httpx.Client) -> None:
    assert client.post("/echo", content=b"x" * 1_000_001).status_code == 413


def test_many_clients_at_once(emulator: Emulator) -> None:
    def ask(number: int) -> bool:
        headers = {"Host": "api.toy.example"}
        with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False) as client:
            return all(
                client.get("/echo", params={"q": f"{number}/{turn}"}).json()["q"] == f"{number}/{turn}"
                for turn in range(20)
            )

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))
    assert len(emulator.requests) == 16 * 20


def test_stopping_ends_thread_and_port() -> None:
    before = threads()
    emulator = Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW)
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.url
    url = emulator.start().url
    assert emulator.start().url == url
    assert threads() > before
    emulator.stop()
    emulator.stop()
    assert threads() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_it_can_start_again_and_remembers_its_faults() -> None:
    dial = FaultDial("unavailable")
    emulator = Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW, dial=dial)
    for _ in range(2):
        with emulator:
            url = f"{emulator.url}/echo"
            assert httpx.get(url, headers={"Host": "api.toy.example"}, trust_env=False).status_code == 503
    assert dial.fired("unavailable") == 2


def test_stopping_does_not_wait_for_a_client_that_hangs() -> None:
    emulator = Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW, dial=FaultDial("hang")).start()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            httpx.get(emulator.url, headers={"Host": "api.toy.example"}, trust_env=False, timeout=30)
        except httpx.HTTPError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not emulator.requests:
        pass
    emulator.stop()
    asking.join(timeout=10)
    (failure,) = failures
    assert not isinstance(failure, httpx.TimeoutException), "cut off, not given up"
    assert emulator.requests[0].status == 0


def run_into_a_bug(*, then: Exception | None = None) -> None:
    with Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW) as emulator:
        url = f"{emulator.url}/bug"
        assert httpx.get(url, headers={"Host": "api.toy.example"}, trust_env=False).status_code == 500
        if then is not None:
            raise then


def test_a_bug_of_a_dialect_is_not_taken_for_an_outage() -> None:
    with pytest.raises(RuntimeError, match="dialect failed") as raised:
        run_into_a_bug()
    assert isinstance(raised.value.__cause__, KeyError)


def test_a_bug_of_a_dialect_hides_no_other_error() -> None:
    with pytest.raises(ZeroDivisionError):
        run_into_a_bug(then=ZeroDivisionError())


def test_two_dialects_for_one_host_are_refused() -> None:
    world = ToyWorld()
    with pytest.raises(ValueError, match=r"api\.toy\.example"):
        Emulator(ToyDialect(world), ToyDialect(world), clock=lambda: NOW)


@pytest.fixture
def server_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, "uvicorn.error"):
        yield caplog


def test_it_leaves_the_application_servers_log_alone(server_log: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("uvicorn.error")
    with Emulator(ToyDialect(ToyWorld()), clock=lambda: NOW, dial=FaultDial("disconnect")) as emulator:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(emulator.url, headers={"Host": "api.toy.example"}, trust_env=False)
        logger.warning("from another server")
    assert [record.getMessage() for record in server_log.records if record.name == "uvicorn.error"] == [
        "from another server"
    ]
    assert logger.filters == []
