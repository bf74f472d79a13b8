"""What holds for every route: it needs the key, and refuses whatever it does not read."""

import base64
import posixpath
import re
from itertools import product
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from afterpost.http.openapi import described_handlers
from afterpost.http.requests import query_parameters
from packages.core.tests.http.calls import (
    CALLBACK,
    READING,
    VALID,
    came_back,
    connect,
    finished,
    ingest,
    problem,
)
from packages.core.tests.http.toy import BEARER, KEY, Clock

OPEN = {"/health/live", "/health/ready", "/schema/openapi.json", "/v1/sign-in"}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode()}
ROUTES = sorted(VALID)
TAKES_BODY = [route for route in ROUTES if isinstance(VALID[route][1], dict)]
NESTED = "[" * 100_000


@pytest.fixture
def full(client: TestClient[Litestar]) -> TestClient[Litestar]:
    """A client of an installation with an ingested post (1), connected ones (2, 3), and a file (run 3)."""
    ingest(client, READING)
    connect(client)
    started = client.post("/v1/posts/analytics").json()["data"]["run"]
    finished(client, started["id"])
    file = client.post("/v1/content-performance/import/csv", content="platform,post_id,views\ntube,f1,5\n")
    assert file.json()["data"]["run_id"] == 3
    return client


def ask(client: TestClient[Litestar], route: tuple[str, str], **options: Any) -> Any:
    """The valid request of a route, changed by options."""
    path, body = VALID[route]
    if body is not None and not {"content", "json"} & set(options):
        options["content" if isinstance(body, str) else "json"] = body
    options.setdefault("headers", BASIC if path == "/" else BEARER)
    return client.request(route[0], options.pop("path", path), **options)


def test_every_route_is_tried_here(app: Litestar) -> None:
    assert set(described_handlers(app)) == set(VALID)


def test_a_valid_request_succeeds(full: TestClient[Litestar], clock: Clock) -> None:
    clock.forward(hours=2)
    for route in sorted(ROUTES, key=lambda r: r[0], reverse=True):  # what disconnects comes last
        response = ask(full, route, **({"path": came_back(full)} if route == CALLBACK else {}))
        assert response.status_code in {200, 201, 202}, response.text
        kept = "private, no-cache" if "etag" in response.headers else "no-store"
        assert response.headers["cache-control"] == kept
        assert response.headers["x-content-type-options"] == "nosniff"
        if route != ("GET", "/"):
            assert set(response.json()) == {"data", "meta"}


def test_no_route_answers_without_the_key(app: Litestar, client: TestClient[Litestar]) -> None:
    """Over the framework's own table, so that a route nobody described is found as well."""
    seen = set()
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        path = route.path_format.replace("{post_id}", "1").replace("{run_id}", "1")
        path = path.replace("{account_id}", "1").replace("{brand_id}", "1")
        path = path.replace("/connect/{platform}", "/connect/toy").replace("{platform}", "tube")
        path = path.replace("{path}", "openapi.yaml")
        for method in route.methods:
            response = client.request(method, path, headers={"Authorization": ""})
            seen.add(path)
            if path.endswith("/callback"):  # open to whoever brings a state
                assert response.status_code in {204, 400}, (method, path)
            elif path in OPEN:
                assert response.status_code in {200, 204}, (method, path)
            elif path.startswith("/schema"):
                assert response.status_code in {204, 404}, (method, path)
            else:
                problem(response, 401, "unauthenticated")
                scheme = "Basic" if path == "/" else "Bearer"
                assert response.headers["www-authenticate"].split()[0] == scheme
    assert seen >= OPEN | {path for path, _ in VALID.values() if not {"2", "3"} & set(path)}


WRONG = [
    f"Bearer {KEY}x",
    f"Bearer {KEY[:-1]}",
    f"Basic {KEY}",
    f"Token {KEY}",
    KEY,
    "Bearer",
    "Bearer ",
    f"Bearer {KEY} {KEY}",
    "Bearer ÿþ",
    f"Bearer {KEY}, Bearer {KEY}",
    BASIC["Authorization"],
]


def test_only_the_exact_key_opens_the_api(client: TestClient[Litestar]) -> None:
    for given in WRONG:
        response = client.get("/v1/posts", headers={b"authorization": given.encode("latin-1")})
        problem(response, 401, "unauthenticated")


def test_two_authorizations_are_none(client: TestClient[Litestar]) -> None:
    del client.headers["authorization"]
    twice = [("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")]
    problem(client.get("/v1/posts", headers=twice), 401, "unauthenticated")


def test_the_scheme_is_known_in_any_case(client: TestClient[Litestar]) -> None:
    assert client.get("/v1/posts", headers={"Authorization": f"bEARER {KEY}"}).status_code == 200


@pytest.mark.parametrize("query", ["brands=1", "limit%00=1", "__proto__=1", "call=1", "data=1"])
def test_an_unknown_query_parameter_is_refused(full: TestClient[Litestar], query: str) -> None:
    for route in set(ROUTES) - {CALLBACK}:  # platforms add what they like to that
        body = problem(ask(full, route, path=f"{VALID[route][0]}?{query}"), 400, "invalid_input")
        assert "query parameter" in body["detail"]
        assert "call" not in body["hint"]


def test_a_repeated_query_parameter_is_refused(client: TestClient[Litestar]) -> None:
    body = problem(client.get("/v1/posts?limit=1&limit=2"), 400, "invalid_input")
    assert "more than once" in body["detail"]


def test_an_unknown_field_is_refused(full: TestClient[Litestar]) -> None:
    for route in TAKES_BODY:
        body = {**VALID[route][1], "organization_id": 2}
        assert "organization_id" in problem(ask(full, route, json=body), 400, "invalid_input")["detail"]


NO_BODIES = [
    *(b"", b"  ", b"null", b"[]", b'"x"', b"1", b"{", b"\xff\xfe", b'{"a":NaN}', NESTED.encode()),
    b'{"a":' + NESTED.encode(),
    b'{"posts":' + NESTED.encode(),
    b'{"name":{"a":' + NESTED.encode(),
    b'{"brand_id":' + b"9" * 5_000 + b"}",
    b'{"posts":[{"metrics":{"views":' + b"9" * 5_000 + b"}}]}",
]


def test_a_body_that_is_none_is_refused(full: TestClient[Litestar]) -> None:
    for route in TAKES_BODY:
        for content in NO_BODIES:
            problem(ask(full, route, content=content), 400, "invalid_input")


def test_a_route_without_a_body_takes_none(full: TestClient[Litestar]) -> None:
    for route in ROUTES:
        if route[0] != "GET" and VALID[route][1] is None:
            body = problem(ask(full, route, json={"brand_id": 1}), 400, "invalid_input")
            assert "no body" in body["detail"]
            problem(ask(full, route, content=NESTED), 400, "invalid_input")
            problem(ask(full, route, content=b"x" * 2_000_000), 413, "too_large")


def test_a_body_that_is_too_large_is_refused(full: TestClient[Litestar]) -> None:
    for route in TAKES_BODY:
        problem(ask(full, route, content=b"[" + b" " * 11_000_000 + b"]"), 413, "too_large")


def leaves(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of every value inside a body."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, part in inside for path in leaves(part, (*at, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The body with another value there."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: changed(value[key], tuple(rest), new)}
    return [changed(part, tuple(rest), new) if n == key else part for n, part in enumerate(value)]


FIELDS = [(route, path) for route in TAKES_BODY for path in leaves(VALID[route][1]) if path]
HOSTILE = [
    "a\x00b",
    "\x1b[2J",
    "x" * 30_000,
    2**63,
    2**70,
    10**400,
    -1,
    1e308,
    True,
    [],
    {},
    [[]],
    "",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-03-09T10:00:00",
    "<script>alert(1)</script>",
]


DESCRIBING = ("title", "description", "url", "content_type", "published_at")


def test_no_hostile_value_in_a_body_breaks_anything(full: TestClient[Litestar]) -> None:
    for hostile, (route, path) in product(HOSTILE, FIELDS):
        response = ask(full, route, json=changed(VALID[route][1], path, hostile))
        assert response.status_code < 500 or response.json()["code"] == "refresh_failed", (
            route,
            path,
            str(hostile)[:40],
        )
        if response.status_code >= 400:
            problem(response, response.status_code, response.json()["code"])
        elif isinstance(hostile, str) and path[-1] in DESCRIBING and path[0] == "posts":
            # What only describes a post is cleaned and said, for its numbers count all the same.
            told = response.json()["data"]["posts"][path[1]].get("notes", [])
            assert told or not {"\x00", "\x1b"} & set(hostile)
        elif isinstance(hostile, str):
            assert "\x00" not in hostile
            assert "\x1b" not in hostile
    shown = full.get("/v1/posts", params={"limit": 200}).json()["data"]
    assert not [
        post for post in shown if {"\x00", "\x1b"} & set(f"{post['title']}{post['description']}{post['url']}")
    ]
    assert full.get("/v1/analytics/overview").status_code == 200
    assert full.get("/v1/content-performance/summary/weekly").status_code == 200
    assert full.get("/", headers=BASIC).status_code == 200


QUERIES = {
    "cursor": ["", "x", "é", "A" * 33, "A" * 5_000, "\x00", "../..", "AAAA" * 8],
    "limit": ["", "0", "-1", "201", "1e400", "1.5", "9" * 30, "9" * 5_000, "NaN", "\x00", "true"],
    "platform": ["", "tube\n", "Tube", "tube'--", "t" * 33, "\x00", "é", "*"],
    "account_id": ["0", "-1", "9" * 19, "9" * 400, "x", "1e30"],
    "content_type": ["", "video\n", "Video", "v'--", "v" * 33, "\x00", "é"],
    "metric": ["", "reach", "VIEWS", "\x00"],
    "as_of": ["", "x", "2026-02-30", "2026-03-11", "2026-03-10", "9999-12-31T00:00:00Z", "0001-01-01",
              "0001-01-01T00:00:00Z", "2026-03-01T00:00:00", "2026-03-01T00:00:00 01:00", "\x00", "1" * 41,
              "2027-01-01T00:00:00Z"],
    "sort": ["", "likes", "\x00"],
    "group_by": ["", "month", "\x00"],
    "brand_id": ["0", "-1", "9" * 19, "9" * 400, "x", "7"],
    "start_date": ["", "x", "2026-02-30", "2026-13-01", "0001-01-01", "9999-12-31", "2026-03-10T00:00:00Z",
                   "99999-01-01", "-1", "\x00", "20260301", "2026-3-1", "1989-12-31", "2000-01-01"],
    "end_date": ["", "x", "2026-02-30", "0001-01-01", "1989-12-31", "10000-01-01", "\x00"],
    "top_n": ["0", "51", "-1", "x", "9" * 400],
    "worst_n": ["0", "51", "1.5"],
    "before": ["", "x", "2026-02-30", "\x00"],
    "severity": ["", "x", "Warning", "\x00"],
    "days": ["0", "101", "x", "9" * 400],
}  # fmt: skip


def test_no_wrong_query_value_gets_through(app: Litestar, full: TestClient[Litestar]) -> None:
    tried = set()
    for route, handler in described_handlers(app).items():
        for name in set(QUERIES) & set(query_parameters(handler)):
            tried.add(name)
            for value in (*QUERIES[name], "null", "NULL"):
                response = ask(full, route, params={name: value})
                assert 400 <= response.status_code < 500, (route, name, value, response.text)
                problem(response, response.status_code, response.json()["code"])
    assert tried == set(QUERIES)


WRONG_IDS = ["0", "-1", "9" * 19, "9" * 5_000, "x", "1.5", "%00", "1%00", "..", "%2e%2e", "é"]


def test_no_wrong_id_gets_through(full: TestClient[Litestar]) -> None:
    for route in ROUTES:
        if "{" in route[1]:
            for value in WRONG_IDS:
                path = re.sub("{.*}", value, route[1])
                if ".." in value and (route[0], posixpath.normpath(path)) in VALID:
                    continue  # the client takes `..` out before it asks: this is a request for another route
                response = ask(full, route, path=path)
                assert response.status_code in {400, 404, 405}, (route, response.text)
                problem(response, response.status_code, response.json()["code"])


def test_what_is_not_there_is_not_found(full: TestClient[Litestar]) -> None:
    for route in ROUTES:
        if "{" in route[1]:
            problem(ask(full, route, path=re.sub("{.*}", "999", route[1])), 404, "not_found")
