"""Registering, listing and showing posts; cursors."""

import base64
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.domain.scope import Scope
from afterpost.http.cursor import Cursors, InvalidCursor
from packages.core.tests.http.calls import READING, ingest, problem


def register(client: TestClient[Litestar], external_id: str, **more: Any) -> Any:
    body = {"platform": "tube", "external_id": external_id, **more}
    response = client.post("/v1/posts", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]


def test_a_registered_post_is_shown_as_given(client: TestClient[Litestar]) -> None:
    brand = client.post("/v1/brands", json={"name": "Nord"}).json()["data"]
    made = register(
        client,
        "n1",
        brand_id=brand["id"],
        title="Ein Anfang",
        description="Erste Zeile\nzweite",
        url="https://example.com/n1",
        content_type="reel",
        published_at="2026-03-09T10:00:00+02:00",
        links={"variant": "b", "hook": "question"},
    )
    assert made == {
        "id": 1,
        "platform": "tube",
        "external_id": "n1",
        "brand_id": brand["id"],
        "account_id": None,
        "title": "Ein Anfang",
        "description": "Erste Zeile\nzweite",
        "url": "https://example.com/n1",
        "content_type": "reel",
        "published_at": "2026-03-09T08:00:00Z",
        "published_on": "2026-03-09",
        "links": {"variant": "b", "hook": "question"},
        "state": "live",
        "gone_at": None,
        "next_due": None,
        "last_refreshed": None,
        "created_at": "2026-03-10T12:00:00Z",
    }
    shown = client.get("/v1/posts/1").json()["data"]
    assert shown["post"] == made
    assert shown["summary"]["metrics"] == {}
    assert shown["summary"]["engagements"] is None
    assert shown["summary"]["as_of_date"] is None


def test_a_post_that_is_known_is_a_conflict(client: TestClient[Litestar]) -> None:
    register(client, "n1")
    body = client.post("/v1/posts", json={"platform": "tube", "external_id": "n1"})
    assert "post 1" in problem(body, 409, "conflict")["hint"]


def test_a_brand_that_is_not_there_is_not_found(client: TestClient[Litestar]) -> None:
    body = {"platform": "tube", "external_id": "n1", "brand_id": 7}
    problem(client.post("/v1/posts", json=body), 404, "not_found")
    for path in ("/v1/analytics/overview", "/v1/content-performance/summary/weekly"):
        problem(client.get(path, params={"brand_id": 7}), 404, "not_found")


def test_the_summary_stands_beside_the_post(client: TestClient[Litestar]) -> None:
    ingest(client, READING)
    summary = client.get("/v1/posts/1").json()["data"]["summary"]
    assert summary["metrics"] == {"views": 1000, "likes": 50, "comments": 5, "shares": 2}
    assert summary["engagements"] == 57
    assert summary["engagement_rate"] is None  # saves were asked for and not reported


def test_every_post_is_listed_once(client: TestClient[Litestar]) -> None:
    for n in range(7):
        register(client, f"n{n}")
    seen, cursor, pages = [], None, 0
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/posts", params=params).json()
        seen += [post["id"] for post in page["data"]]
        if pages == 0:
            register(client, "late")  # a post that is new does not move the pages
        pages += 1
        cursor = page["meta"]["next_cursor"]
        if cursor is None:
            break
    assert (seen, pages) == ([7, 6, 5, 4, 3, 2, 1], 3)


def test_filters_narrow_the_list(client: TestClient[Litestar]) -> None:
    register(client, "n1")
    register(client, "n2", platform="other")
    listed = client.get("/v1/posts", params={"platform": "other"}).json()["data"]
    assert [post["external_id"] for post in listed] == ["n2"]
    assert client.get("/v1/posts", params={"account_id": 5}).json()["data"] == []


def test_a_cursor_belongs_to_its_filters(client: TestClient[Litestar]) -> None:
    for n in range(3):
        register(client, f"n{n}")
    cursor = client.get("/v1/posts", params={"limit": 1}).json()["meta"]["next_cursor"]
    assert client.get("/v1/posts", params={"cursor": cursor}).status_code == 200
    for more in ({"platform": "tube"}, {"account_id": 1}):
        problem(client.get("/v1/posts", params={"cursor": cursor, **more}), 400, "invalid_cursor")


def test_no_changed_cursor_is_taken() -> None:
    cursors = Cursors(b"s" * 32)
    cursor = cursors.make(5, Scope.default(), "posts", None)
    assert cursors.open(cursor, int, Scope.default(), "posts", None) == 5
    raw = base64.urlsafe_b64decode(cursor)
    changed = {
        base64.urlsafe_b64encode(raw[:n] + bytes([raw[n] ^ 1 << bit]) + raw[n + 1 :]).decode()
        for n in range(len(raw))
        for bit in range(8)
    }
    changed |= {cursor[:n] + other + cursor[n + 1 :] for n in range(len(cursor)) for other in "A_=é\n"}
    changed |= {cursor[:-1], cursor + "A", cursor + "=", cursor + "\n", " " + cursor, ""}
    for other in changed - {cursor}:
        with pytest.raises(InvalidCursor):
            cursors.open(other, int, Scope.default(), "posts", None)


def test_a_cursor_opens_in_its_own_scope_and_installation_only() -> None:
    cursors = Cursors(b"s" * 32)
    narrow = Scope(organizations=frozenset({1, 2}))
    cursor = cursors.make(5, narrow, "posts")
    assert cursors.open(cursor, int, Scope(organizations=frozenset({2, 1})), "posts") == 5
    for scope in (Scope.default(), Scope(organizations=frozenset({1})), Scope(brands=frozenset({1, 2}))):
        with pytest.raises(InvalidCursor):
            cursors.open(cursor, int, scope, "posts")
    with pytest.raises(InvalidCursor):
        Cursors(b"t" * 32).open(cursor, int, narrow, "posts")


def test_a_patch_gives_brand_and_title_and_leaves_the_rest(client: TestClient[Litestar]) -> None:
    ingest(client, READING)
    client.post("/v1/brands", json={"name": "Nord"})
    before = client.get("/v1/posts/1").json()["data"]["post"]
    answer = client.patch("/v1/posts/1", json={"brand": "nord"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {**before, "brand_id": 1}
    again = client.patch("/v1/posts/1", json={"brand": None, "title": "Another"}).json()["data"]
    assert again == {**before, "title": "Another"}
    assert client.get("/v1/posts", params={"without_brand": "true"}).json()["data"] == [again]
    assert client.get("/v1/posts", params={"brand_id": 1}).json()["data"] == []


def test_a_patch_that_can_not_be_is_a_problem(client: TestClient[Litestar]) -> None:
    ingest(client, READING)
    problem(client.patch("/v1/posts/1", json={}), 400, "invalid_input")
    problem(client.patch("/v1/posts/1", json={"likes": 5}), 400, "invalid_input")
    problem(client.patch("/v1/posts/1", json={"brand": 5}), 400, "invalid_input")
    problem(client.patch("/v1/posts/1", json={"brand": "nobody"}), 404, "not_found")
    problem(client.patch("/v1/posts/9", json={"title": "x"}), 404, "not_found")
    for slug in ("a", "b"):
        client.post("/v1/brands", json={"name": "Twin", "slug": slug})
    problem(client.patch("/v1/posts/1", json={"brand": "Twin"}), 409, "conflict")
