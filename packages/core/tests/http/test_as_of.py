"""Every route that takes `as_of` answers the same to the byte, whatever comes in afterwards."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.http.openapi import described_handlers
from afterpost.http.requests import query_parameters
from packages.core.tests.http.calls import VALID, ingest
from packages.core.tests.http.toy import Clock


def reading(key: str, when: str, views: int, **more: Any) -> dict[str, Any]:
    """A reading of a post published on the 5th."""
    metrics = {"views": views, "likes": views // 10, "comments": 1, "shares": 0}
    return {
        "platform": "tube",
        "external_id": key,
        "observed_at": f"2026-03-{when}:00:00Z",
        "published_at": "2026-03-05T09:00:00Z",
        "metrics": metrics,
        "title": f"Post {key}",
        **more,
    }


@pytest.fixture
def filled(client: TestClient[Litestar], clock: Clock) -> TestClient[Litestar]:
    """Two posts of one brand, read twice with a gap between; then two hours pass."""
    for key, views in (("a", 100), ("b", 500)):
        ingest(client, reading(key, "05T12", views), reading(key, "08T12", 3 * views), brand="North")
    clock.forward(hours=2)
    return client


def asked(app: Litestar, client: TestClient[Litestar], as_of: str) -> dict[str, bytes]:
    """The answer of each route that takes `as_of`."""
    found = {}
    for route, handler in described_handlers(app).items():
        if "as_of" in query_parameters(handler):
            response = client.get(VALID[route][0], params={"as_of": as_of})
            assert response.status_code == 200, response.text
            found[route[1]] = response.content
    return found


@pytest.mark.parametrize("as_of", ["2026-03-10T13:00:00Z", "2026-03-10T14:30:00+01:00"])
def test_later_readings_change_no_answer_of_then(
    app: Litestar, filled: TestClient[Litestar], clock: Clock, as_of: str
) -> None:
    before = asked(app, filled, as_of)
    assert len(before) >= 20
    now = {path: filled.get(VALID["GET", path][0]).content for path in before}
    clock.forward(days=1)
    ingest(filled, reading("a", "08T12", 290))  # the same instant told anew
    ingest(filled, reading("a", "06T12", 150))  # in the gap
    ingest(filled, reading("b", "09T12", 1_700), reading("c", "06T12", 10_000), brand="North")
    ingest(filled, reading("d", "06T12", 77), brand="South")
    assert asked(app, filled, as_of) == before
    changed = {path for path in before if filled.get(VALID["GET", path][0]).content != now[path]}
    assert changed == set(before)


def test_the_instant_stands_for_now(filled: TestClient[Litestar]) -> None:
    answer = filled.get("/v1/analytics/overview", params={"as_of": "2026-03-10T13:00:00Z"}).json()
    assert answer["meta"]["as_of"] == "2026-03-10T13:00:00Z"
    assert answer["meta"]["window"]["end_date"] == "2026-03-09"
    assert answer["data"]["earned"]["views"] == 1_800
    early = filled.get("/v1/analytics/overview", params={"as_of": "2026-03-10T11:00:00Z"}).json()
    assert early["data"]["earned"]["views"] is None
    day = filled.get("/v1/analytics/overview", params={"as_of": "2026-03-09"}).json()
    assert day["meta"]["as_of"] == "2026-03-10T00:00:00Z"
