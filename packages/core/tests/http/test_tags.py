"""ETags: who has the answer hears so, and nobody is told so of an answer that changed."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from afterpost.domain.scope import SYSTEM, Scope
from afterpost.http import build_app
from afterpost.sdk import Capabilities, MetricSpec
from afterpost.services.core import Core
from afterpost.services.kept import Kept
from afterpost.services.record import move
from afterpost.storage import outbox, posts, runs
from afterpost.storage.tables import brands, organizations
from packages.core.tests.http.calls import READING as SOME
from packages.core.tests.http.calls import ingest
from packages.core.tests.http.toy import BEARER, Clock
from packages.core.tests.plugins.network import NetworkPlugin, Table

EVERYTHING = Scope.default()
READING = {**SOME, "metrics": {"views": 1000, "likes": 50, "comments": 5, "shares": 2, "saves": 1}}
"""With every part of engagements, so that the post is ranked."""
ROUTES = (
    "/v1/analytics/overview?start_date=2026-03-01&end_date=2026-03-09",
    "/v1/analytics/brands/leaderboard?start_date=2026-03-01&end_date=2026-03-09",
    "/v1/analytics/top?start_date=2026-03-01&end_date=2026-03-09",
    "/v1/content-performance/summary/weekly?start_date=2026-03-01&end_date=2026-03-09",
    "/v1/analytics/overview",
)


def asked(client: httpx.Client, route: str, tag: str | None = None) -> httpx.Response:
    return client.request("GET", route, headers={} if tag is None else {"If-None-Match": tag})


def told(response: httpx.Response) -> Any:
    """The answer without the instant it was given at."""
    body = response.json()
    del body["meta"]["as_of"]
    return body


def new_reading(core: Core, client: httpx.Client, _: Clock) -> None:
    later = {"observed_at": "2026-03-09T18:00:00Z", "metrics": {"views": 2000}}
    ingest(client, {**READING, **later}, brand="Nord")


def new_post(core: Core, client: httpx.Client, _: Clock) -> None:
    ingest(client, {**READING, "external_id": "v2"}, brand="Nord")


def new_brand(core: Core, client: httpx.Client, _: Clock) -> None:
    assert client.request("POST", "/v1/brands", json={"name": "Another"}).status_code == 201


def new_title(core: Core, client: httpx.Client, _: Clock) -> None:
    ingest(client, {**READING, "title": "How to end"}, brand="Nord")


def renamed(core: Core, client: httpx.Client, _: Clock) -> None:
    with core.transaction(EVERYTHING, SYSTEM) as tx:
        tx.connection.execute(sa.update(brands).values(name="Renamed"))


def moved(core: Core, client: httpx.Client, _: Clock) -> None:
    new_brand(core, client, _)
    with core.transaction(EVERYTHING, SYSTEM) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        post = posts.get_post(tx.connection, EVERYTHING, 1)
        assert post is not None
        move(tx, organization, post, brand_id=2)


def gone(core: Core, client: httpx.Client, _: Clock) -> None:
    with core.transaction(EVERYTHING, SYSTEM) as tx:
        row = {"id": 1, "state": "gone", "gone_at": tx.now}
        posts.update_posts(tx.connection, EVERYTHING, ["state", "gone_at"], [row])


def another_zone(core: Core, client: httpx.Client, _: Clock) -> None:
    with core.transaction(EVERYTHING, SYSTEM) as tx:
        tx.connection.exec_driver_sql("UPDATE organizations SET time_zone = 'Asia/Tokyo'")


def next_day(core: Core, client: httpx.Client, clock: Clock) -> None:
    clock.now += timedelta(days=1)


Change = Callable[[Core, httpx.Client, Clock], None]


@pytest.mark.parametrize(
    "change",
    [new_reading, new_post, new_brand, new_title, renamed, moved, gone, another_zone, next_day],
)
def test_no_change_is_missed(
    core: Core, client: httpx.Client, clock: Clock, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    ingest(client, READING, brand="Nord")
    before = {route: asked(client, route) for route in ROUTES}
    for route, answer in before.items():
        assert asked(client, route, answer.headers["etag"]).status_code == 304
    change(core, client, clock)
    differing = 0
    for route, answer in before.items():
        kept = asked(client, route)
        with monkeypatch.context() as nothing_kept:
            nothing_kept.setattr(Kept, "get", lambda *_: None)
            after = asked(client, route)
        assert told(kept) == told(after)
        if told(after) != told(answer):
            differing += 1
            assert asked(client, route, answer.headers["etag"]).status_code == 200, route
            assert after.headers["etag"] != answer.headers["etag"]
    assert differing or change in (new_brand, new_title, gone, another_zone)


def test_an_answer_is_worked_out_once_and_again_after_a_change(
    core: Core, client: httpx.Client, clock: Clock
) -> None:
    ingest(client, READING, brand="Nord")
    first = asked(client, ROUTES[0])
    clock.now += timedelta(seconds=5)
    again = asked(client, ROUTES[0])
    assert (again.status_code, again.content) == (200, first.content)
    same = ("etag", "cache-control", "vary", "content-type", "content-length")
    assert [again.headers[name] for name in same] == [first.headers[name] for name in same]
    new_reading(core, client, clock)
    assert asked(client, ROUTES[0]).json()["meta"]["as_of"] > first.json()["meta"]["as_of"]


def test_an_unchanged_answer_has_no_body_and_says_how_long_it_may_be_kept(client: httpx.Client) -> None:
    first = asked(client, ROUTES[0])
    again = asked(client, ROUTES[0], f'"another", {first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    for response in (first, again):
        assert response.headers["etag"].startswith('W/"')
        assert response.headers["cache-control"] == "private, no-cache"
        assert response.headers["vary"] == "Authorization"


def test_another_question_has_another_tag(client: httpx.Client) -> None:
    ingest(client, READING, brand="Nord")
    routes = (*ROUTES, ROUTES[0] + "&platform=tube", ROUTES[0] + "&brand_id=1", "/v1/brands/1/analytics")
    tags = {asked(client, route).headers["etag"] for route in routes}
    assert len(tags) == len(routes)


def test_the_order_of_parameters_is_none_of_the_question(client: httpx.Client) -> None:
    tag = asked(client, "/v1/analytics/overview?start_date=2026-03-01&end_date=2026-03-09").headers["etag"]
    other = "/v1/analytics/overview?end_date=2026-03-09&start_date=2026-03-01"
    assert asked(client, other, tag).status_code == 304


def test_a_tag_opens_nothing(client: httpx.Client) -> None:
    tag = asked(client, ROUTES[0]).headers["etag"]
    client.headers["Authorization"] = "Bearer wrong"
    refused = asked(client, ROUTES[0], tag)
    assert refused.status_code == 401
    assert "etag" not in refused.headers


def test_a_problem_and_a_route_of_another_kind_have_no_tag(client: httpx.Client) -> None:
    for route in ("/v1/analytics/overview?brand_id=99", "/v1/posts", "/v1/runs/1"):
        response = asked(client, route)
        assert "etag" not in response.headers
        assert response.headers["cache-control"] == "no-store"


def test_what_no_answer_shows_moves_nothing(core: Core, client: httpx.Client) -> None:
    ingest(client, READING, brand="Nord")
    tag = asked(client, ROUTES[0]).headers["etag"]
    with core.transaction(EVERYTHING, SYSTEM) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        runs.start_run(tx.connection, EVERYTHING, organization.id, "sync", "test", tx.now)
        outbox.add(tx.connection, EVERYTHING, [], tx.now, [])
    assert asked(client, ROUTES[0], tag).status_code == 304


def test_a_change_that_was_undone_moves_nothing(core: Core, client: httpx.Client) -> None:
    tag = asked(client, ROUTES[0]).headers["etag"]
    with contextlib.suppress(RuntimeError), core.transaction(EVERYTHING, SYSTEM) as tx:
        tx.connection.execute(sa.update(organizations).values(name="Never"))
        raise RuntimeError
    assert asked(client, ROUTES[0], tag).status_code == 304


class Late(Table):
    """A platform whose views are final after 30 hours."""

    @property
    def capabilities(self) -> Capabilities:
        views = MetricSpec(name="views", native="views", latency_hours=30)
        return msgspec.structs.replace(super().capabilities, metrics=(views,))


def test_a_day_that_becomes_complete_in_the_middle_of_another_is_no_old_answer(
    open_here: Callable[..., Core], clock: Clock
) -> None:
    clock.now = datetime(2026, 3, 11, 5, 59, tzinfo=UTC)
    with TestClient(build_app(open_here(late=NetworkPlugin(Late())))) as client:
        client.headers.update(BEARER)
        ingest(client, {**READING, "platform": "table"})
        before = asked(client, ROUTES[0])
        clock.now += timedelta(minutes=2)
        after = asked(client, ROUTES[0], before.headers["etag"])
    assert (before.json()["meta"]["complete_through"], after.status_code) == ({"table": "2026-03-08"}, 200)
    assert after.json()["meta"]["complete_through"] == {"table": "2026-03-09"}
