"""Connecting, showing and disconnecting accounts; brands."""

from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.domain.errors import ErrorKind, ProviderError
from packages.core.tests.http.calls import connect, finished, problem
from packages.core.tests.http.toy import NOON, Clock, Network


def test_an_account_is_shown_without_its_credential(client: TestClient[Litestar]) -> None:
    account = connect(client, brand="Nord")
    assert account == {
        "id": 1,
        "platform": "toy",
        "external_id": "u1",
        "brand_id": 1,
        "handle": "ada",
        "name": "Ada",
        "state": "active",
        "last_refresh": None,
        "next_due": "2026-03-10T12:00:00Z",
        "last_failure": None,
        "scopes": [],
        "missing": None,
        "created_at": "2026-03-10T12:00:00Z",
    }
    listed = client.get("/v1/accounts")
    assert listed.json()["data"] == [account]
    assert "open-sesame" not in listed.text


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"platform": "toy"}, 400, "invalid_input", "token is missing"),
        ({"platform": "toy", "credential": {"token": ""}}, 400, "invalid_input", "token is missing"),
        (
            {"platform": "toy", "credential": {"token": "a", "b": "c"}},
            400,
            "invalid_input",
            "b is not known",
        ),
        ({"platform": "nowhere", "credential": {}}, 400, "invalid_input", "nowhere"),
        ({"platform": "toy", "credential": {"token": "hunter2"}}, 502, "refresh_failed", "opens nothing"),
        (
            {"platform": "toy", "credential": {"token": "open-sesame"}, "brand_id": 9},
            404,
            "not_found",
            "brand 9",
        ),
        (
            {"platform": "toy", "credential": {"token": "open-sesame"}, "brand_id": 1, "brand": "a"},
            400,
            "invalid_input",
            "not both",
        ),
    ],
)
def test_a_wrong_connection_keeps_nothing(
    client: TestClient[Litestar], body: dict[str, object], status: int, code: str, says: str
) -> None:
    response = client.post("/v1/accounts", json=body)
    assert says in problem(response, status, code)["detail"]
    assert "hunter2" not in response.text
    assert client.get("/v1/accounts").json()["data"] == []


def test_a_refreshed_account_says_when_it_is_read_next(client: TestClient[Litestar], clock: Clock) -> None:
    connect(client)
    started = client.post("/v1/posts/analytics").json()["data"]
    assert (started["accounts"], started["run"]["state"]) == (1, "running")
    run = finished(client, started["run"]["id"])
    assert (run["state"], run["stored"], run["posts"]) == ("done", 2, 2)
    (account,) = client.get("/v1/accounts").json()["data"]
    assert account["last_refresh"] == "2026-03-10T12:00:00Z"
    assert account["next_due"] > account["last_refresh"]


def test_a_failed_account_says_why(client: TestClient[Litestar], network: Network) -> None:
    connect(client)
    network.failure = ProviderError(
        ErrorKind.RATE_LIMITED, "Slow down.", retry_at=NOON + timedelta(minutes=40)
    )
    run = finished(client, client.post("/v1/posts/analytics").json()["data"]["run"]["id"])
    assert (run["state"], run["failed"]) == ("failed", 2)
    assert "Slow down." in run["message"]
    (account,) = client.get("/v1/accounts").json()["data"]
    assert account["state"] == "active"
    assert account["next_due"] == "2026-03-10T12:40:00Z"
    assert account["last_failure"] == {
        "kind": "rate_limited",
        "message": "Slow down.",
        "at": "2026-03-10T12:00:00Z",
    }
    items = client.get(f"/v1/runs/{run['id']}").json()["data"]["items"]
    assert items[0] == {
        "post_id": 1,
        "outcome": "failed",
        "reason": "rate_limited",
        "detail": "Slow down.",
        "retry_at": "2026-03-10T12:40:00Z",
    }
    assert len(client.get(f"/v1/runs/{run['id']}?limit=1").json()["data"]["items"]) == 1


def test_a_disconnected_account_keeps_its_posts(client: TestClient[Litestar], clock: Clock) -> None:
    connect(client)
    finished(client, client.post("/v1/posts/analytics").json()["data"]["run"]["id"])
    clock.forward(hours=1)
    gone = client.delete("/v1/accounts/1").json()["data"]
    assert (gone["state"], gone["next_due"]) == ("disconnected", None)
    assert len(client.get("/v1/posts").json()["data"]) == 2
    problem(client.post("/v1/posts/1/refresh-analytics"), 409, "conflict")
    problem(client.post("/v1/posts/analytics"), 409, "conflict")
    assert connect(client)["state"] == "active"


def test_a_brand_has_a_slug_of_its_own(client: TestClient[Litestar]) -> None:
    made = client.post("/v1/brands", json={"name": "Über Nord"})
    assert made.status_code == 201
    assert made.json()["data"]["slug"] == "uber-nord"
    problem(client.post("/v1/brands", json={"name": "Other", "slug": "uber-nord"}), 409, "conflict")
    for slug in ("Nord", "a b", "", "-a", "x" * 64, "a\x00"):
        problem(client.post("/v1/brands", json={"name": "N", "slug": slug}), 400, "invalid_input")
    for name in ("", "x" * 201, "a\x00", None, 5):
        problem(client.post("/v1/brands", json={"name": name}), 400, "invalid_input")
    client.post("/v1/brands", json={"name": "Alt"})
    assert [brand["name"] for brand in client.get("/v1/brands").json()["data"]] == ["Alt", "Über Nord"]
