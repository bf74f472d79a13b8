"""The fault dial over real HTTP."""

import re
from typing import get_args

import httpx
import pytest

from afterpost.emulator import FAULT_KINDS, Emulator, Fault, FaultDial, FaultKind
from afterpost.emulator.faults import PlatformFault
from afterpost.emulator.server import HUGE_BODY


def ids(response: httpx.Response) -> list[str]:
    return [post["id"] for post in response.json()["posts"]]


@pytest.mark.parametrize("kind", sorted(get_args(PlatformFault)))
def test_the_dialect_words_what_the_platform_says(
    kind: PlatformFault, emulator: Emulator, client: httpx.Client
) -> None:
    emulator.dial.set(kind)
    response = client.get("/posts", headers={"Host": "login.toy.example"})
    assert response.json() == {"error": kind}
    assert emulator.requests[-1].fault == kind
    assert emulator.dial.fired(kind) == emulator.dial.fired() == 1


def test_a_fault_that_does_not_concern_a_request_does_not_fire(
    emulator: Emulator, client: httpx.Client
) -> None:
    emulator.dial.set(Fault("revoked", times=1))
    assert client.get("/posts").status_code == 200
    assert emulator.dial.fired() == 0
    assert client.get("/posts", headers={"Host": "login.toy.example"}).status_code == 400
    assert client.get("/posts", headers={"Host": "login.toy.example"}).status_code == 200


def test_a_fault_is_used_up_after_its_times(emulator: Emulator, client: httpx.Client) -> None:
    emulator.dial.set(Fault("unavailable", times=2, status=502))
    assert [client.get("/posts").status_code for _ in range(3)] == [502, 502, 200]
    assert emulator.dial.fired("unavailable") == 2


@pytest.mark.parametrize("path", ["/po", re.compile("sts$")])
def test_a_fault_can_be_for_some_paths(
    path: str | re.Pattern[str], emulator: Emulator, client: httpx.Client
) -> None:
    emulator.dial.set(Fault("quota", path=path))
    assert (client.get("/posts").status_code, client.get("/echo").status_code) == (400, 200)


def test_a_fault_can_be_for_one_host(emulator: Emulator, client: httpx.Client) -> None:
    emulator.dial.set(Fault("quota", host="login.toy.example"))
    assert client.get("/posts").status_code == 200
    assert client.get("/posts", headers={"Host": "login.toy.example"}).status_code == 400


def test_a_fault_can_be_for_one_account(emulator: Emulator, client: httpx.Client) -> None:
    emulator.dial.set(Fault("rate_limited", account="ada"))
    assert client.get("/posts").status_code == 400
    assert client.get("/posts", headers={"Authorization": "Bearer t-bob"}).status_code == 200


def test_a_field_can_be_absent_by_either_name(emulator: Emulator, client: httpx.Client) -> None:
    for fields, gone in (
        ((), "hearts"),
        (("likes",), "hearts"),
        (("hearts",), "hearts"),
        (("views",), "views"),
    ):
        emulator.dial.set(Fault("absent_field", fields=fields))
        posts = client.get("/posts").json()["posts"]
        assert [sorted({"id", "hearts", "views"} - post.keys()) for post in posts] == [[gone], [gone]]


def test_ids_can_be_missing(emulator: Emulator, client: httpx.Client) -> None:
    assert ids(client.get("/posts")) == ["p2", "p1"]
    emulator.dial.set(Fault("missing_id", ids=("p1", "p7")))
    assert ids(client.get("/posts")) == ["p2"]
    emulator.dial.set(Fault("missing_id"))
    assert ids(client.get("/posts")) == ["p1"]
    emulator.dial.set(Fault("missing_id", ids=("p7",), times=1), Fault("absent_field", fields=("shares",)))
    fired = emulator.dial.fired()
    assert ids(client.get("/posts")) == ["p2", "p1"]
    assert emulator.dial.fired() == fired


def test_what_is_left_out_adds_up(emulator: Emulator, client: httpx.Client) -> None:
    emulator.dial.set(Fault("missing_id", ids=("p1",)), Fault("absent_field"))
    assert client.get("/posts").json() == {"posts": [{"id": "p2", "views": 1}]}


def test_answers_with_status_200_that_are_none(emulator: Emulator, client: httpx.Client) -> None:
    whole = client.get("/posts").content
    emulator.dial.set("html")
    page = client.get("/posts")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    emulator.dial.set("empty")
    assert client.get("/posts").content == b""
    emulator.dial.set("truncated")
    assert client.get("/posts").content == whole[: len(whole) // 2]
    emulator.dial.set("huge")
    assert len(client.get("/posts").content) > HUGE_BODY
    emulator.dial.set("gzip_bomb")
    with client.stream("GET", "/posts") as packed:
        assert int(packed.headers["content-length"]) < HUGE_BODY / 100
        assert len(packed.read()) > HUGE_BODY
    emulator.dial.set("deep")
    with pytest.raises(RecursionError):
        client.get("/posts").json()
    emulator.dial.set("redirect")
    assert client.get("/posts").headers["location"] == "https://elsewhere.invalid/"
    emulator.dial.clear()
    assert client.get("/posts").content == whole


@pytest.mark.parametrize("kind", ["dead_metric", "foreign_post"])
def test_what_a_platform_does_not_have_does_not_fire(
    kind: FaultKind, emulator: Emulator, client: httpx.Client
) -> None:
    """No metric is asked for by name here, and no list has posts of others."""
    whole = client.get("/posts").content
    emulator.dial.set(kind)
    assert client.get("/posts").content == whole
    assert emulator.dial.fired() == 0


def test_connections_that_break(emulator: Emulator, client: httpx.Client) -> None:
    emulator.dial.set("disconnect")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/posts")
    emulator.dial.set("hang")
    with pytest.raises(httpx.ReadTimeout):
        client.get("/posts", timeout=0.1)
    emulator.dial.clear()
    assert client.get("/posts").status_code == 200


def test_a_fault_that_was_taken_off_can_not_be_spent() -> None:
    once, other = Fault("quota", times=1), Fault("quota")
    dial = FaultDial(once)
    assert dial.spend(once)
    assert not dial.spend(once)
    dial.set(other)
    assert not dial.spend(once)
    assert dial.spend(other)
    assert dial.fired("quota") == 2


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="rate_limited") as raised:
        Fault("earthquake")  # type: ignore[arg-type]
    assert all(kind in str(raised.value) for kind in FAULT_KINDS)
