"""Pages of posts, brands and snapshots over HTTP: each once, and a cursor only for its own question."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from packages.core.tests.http.calls import ingest, problem
from packages.core.tests.http.toy import Clock

POSTS = [
    {
        "platform": "tube",
        "external_id": f"v{n}",
        "observed_at": "2026-03-06T10:00:00Z",
        "published_at": "2026-03-05T09:00:00Z",
        "metrics": {"views": 100 * (n + 1), "likes": 7 * (5 - n), "comments": 1, "shares": 0},
        "title": f"Post {n}",
    }
    for n in range(5)
]


def external_ids(data: Any) -> list[str]:
    """The posts of a ranking."""
    return [post["external_id"] for post in data["posts"]]


PAGED: dict[str, Callable[[Any], list[Any]]] = {
    "/v1/analytics/top": external_ids,
    "/v1/analytics/worst": external_ids,
    "/v1/content-performance/summary/top-performers": external_ids,
    "/v1/content-performance/summary/worst-performers": external_ids,
    "/v1/analytics/brands": lambda data: [brand["slug"] for brand in data],
    "/v1/analytics/organizations": lambda data: [one["slug"] for one in data],
    "/v1/analytics/receipt": lambda data: [entry["post_id"] for entry in data["entries"]],
}


@pytest.fixture
def filled(client: TestClient[Litestar], clock: Clock) -> TestClient[Litestar]:
    """Five posts of two brands."""
    ingest(client, *POSTS[:3], brand="North")
    ingest(client, *POSTS[3:], brand="South")
    return client


@pytest.mark.parametrize("path", PAGED)
def test_every_page_follows_the_one_before(filled: TestClient[Litestar], path: str) -> None:
    read = PAGED[path]
    whole = read(filled.get(path, params={"limit": 50}).json()["data"])
    assert whole
    found, query = [], {"limit": "1"}
    while True:
        answer = filled.get(path, params=query).json()
        found += read(answer["data"])
        if answer["meta"]["next_cursor"] is None:
            break
        query["cursor"] = answer["meta"]["next_cursor"]
    assert found == whole
    if "organizations" not in path:
        assert len(found) > 1


@pytest.mark.parametrize("path", [path for path in PAGED if "organizations" not in path])
def test_a_cursor_is_good_for_its_question_alone(filled: TestClient[Litestar], path: str) -> None:
    cursor = filled.get(path, params={"limit": 1}).json()["meta"]["next_cursor"]
    for more in ({"platform": "tube"}, {"brand_id": 1}, {"end_date": "2026-03-08"}):
        problem(filled.get(path, params={"cursor": cursor, **more}), 400, "invalid_cursor")
    for other in PAGED:
        if other.rpartition("/")[2].split("-")[0] != path.rpartition("/")[2].split("-")[0]:
            problem(filled.get(other, params={"cursor": cursor}), 400, "invalid_cursor")
    problem(filled.get(path, params={"cursor": cursor[:-2] + "AA"}), 400, "invalid_cursor")
