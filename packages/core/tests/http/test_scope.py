"""What a caller may not see is not there: the same answer, to the byte, as for what does not exist."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost import hookimpl
from afterpost.domain.errors import Unauthenticated
from afterpost.domain.scope import Actor, Scope
from afterpost.http import build_app
from afterpost.sdk import Caller, TenantPolicy
from afterpost.services.core import Core
from packages.core.tests.http.calls import READING, connect, finished, ingest, problem
from packages.core.tests.http.toy import Clock


class ByToken(TenantPolicy):
    """`all` sees everything, `north` and `south` one brand each."""

    scopes: ClassVar = {
        "all": Scope.default(),
        "north": Scope(brands=frozenset({1})),
        "south": Scope(brands=frozenset({2})),
    }

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        who = caller.token or (caller.on_behalf_of.id if caller.on_behalf_of else "")
        scope = self.scopes.get(who)
        if scope is None:
            raise Unauthenticated("Who are you?")
        return Actor("key", who), scope

    @hookimpl
    def tenant_policy(self) -> TenantPolicy:
        return self


@pytest.fixture
def both(open_here: Callable[..., Core], clock: Clock) -> Iterator[TestClient[Litestar]]:
    """Two brands: north has post 1, south has posts 2 to 4, two of them of its account."""
    with TestClient(build_app(open_here(tenancy=ByToken())), raise_server_exceptions=False) as client:
        be(client, "all")
        ingest(client, READING, brand="north")
        ingest(client, {**READING, "external_id": "v2", "metrics": {"views": 7}}, brand="south")
        connect(client, brand_id=2)
        finished(client, client.post("/v1/posts/analytics").json()["data"]["run"]["id"])
        clock.forward(hours=2)
        yield client


def be(client: TestClient[Litestar], who: str) -> None:
    client.headers["authorization"] = f"Bearer {who}"


def test_foreign_ids_are_answered_like_unknown_ones(both: TestClient[Litestar]) -> None:
    be(both, "north")
    for method, path, foreign in (
        ("GET", "/v1/posts/{}", 2),
        ("GET", "/v1/posts/{}/analytics", 2),
        ("GET", "/v1/posts/{}/observations", 2),
        ("POST", "/v1/posts/{}/refresh-analytics", 3),
        ("DELETE", "/v1/accounts/{}", 1),
        ("GET", "/v1/analytics/overview?brand_id={}", 2),
        ("GET", "/v1/content-performance/summary/weekly?brand_id={}", 2),
    ):
        answers = [both.request(method, path.format(key)) for key in (foreign, 999)]
        for answer in answers:
            problem(answer, 404, "not_found")
        assert answers[0].text.replace(str(foreign), "N") == answers[1].text.replace("999", "N")
        assert dict(answers[0].headers) | {"content-length": ""} == dict(answers[1].headers) | {
            "content-length": ""
        }
    be(both, "all")
    assert both.get("/v1/accounts").json()["data"][0]["state"] == "active"


def test_lists_and_sums_hold_only_what_is_seen(both: TestClient[Litestar]) -> None:
    seen = {}
    for who in ("all", "north", "south"):
        be(both, who)
        seen[who] = (
            [post["id"] for post in both.get("/v1/posts").json()["data"]],
            [brand["name"] for brand in both.get("/v1/brands").json()["data"]],
            len(both.get("/v1/accounts").json()["data"]),
            both.get("/v1/analytics/overview").json()["data"]["earned"]["views"],
        )
    assert seen["north"] == ([1], ["north"], 0, 1000)
    assert seen["south"] == ([4, 3, 2], ["south"], 1, 82)
    assert seen["all"] == ([4, 3, 2, 1], ["north", "south"], 1, 1082)


def test_filters_and_cursors_of_others_open_nothing(both: TestClient[Litestar]) -> None:
    be(both, "south")
    cursor = both.get("/v1/posts", params={"limit": 1}).json()["meta"]["next_cursor"]
    be(both, "north")
    problem(both.get("/v1/posts", params={"cursor": cursor}), 400, "invalid_cursor")
    assert both.get("/v1/posts", params={"account_id": 1}).json()["data"] == []
    problem(both.post("/v1/posts/analytics"), 409, "conflict")  # it has no account of its own
    body = {"platform": "tube", "external_id": "n9", "brand_id": 2}
    problem(both.post("/v1/posts", json=body), 404, "not_found")
