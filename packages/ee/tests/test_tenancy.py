"""Two organisations on one installation: each sees its own, and what is another's is not there."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from afterpost.api import create_app
from afterpost.sdk import Actor, Caller, Unauthenticated
from afterpost.services import refresh
from afterpost.services.connect import connect
from afterpost.services.runner import Runner
from afterpost.services.sync import sync_status
from afterpost_ee import keys
from packages.core.tests.house import ACTOR, NOW
from packages.ee.tests.place import EVERYTHING, Place, Web


def views(web: Web, slug: str, post_id: int) -> int:
    """The lifetime views of a post as that organisation is told them."""
    count: int = web.data(slug, f"/v1/posts/{post_id}/analytics")["summary"]["metrics"]["views"]
    return count


def test_the_same_post_of_two_organisations_is_two_posts(place: Place) -> None:
    with place.web() as web:
        assert web.tell("north", "v1", 100).status_code == 200
        assert web.tell("south", "v1", 7).status_code == 200
        assert web.tell("south", "v2", 8).status_code == 200
        seen = {
            slug: [
                (post["external_id"], views(web, slug, post["id"])) for post in web.data(slug, "/v1/posts")
            ]
            for slug in ("north", "south")
        }
    assert seen == {
        "north": [("v1", 100)],
        "south": [("v2", 8), ("v1", 7)],
    }


def test_what_is_anothers_is_not_there_to_the_byte(place: Place) -> None:
    place.table.views = {"a": 1}
    requests: list[tuple[str, str, dict[str, Any] | None]] = [
        (method, path, {"title": "Rye"} if method == "PATCH" else None)
        for path, item in create_app(place.core).openapi_schema.to_schema()["paths"].items()
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if "_id}" in path and method.lower() in item
    ]
    assert len(requests) >= 8
    new = {"platform": "tube", "external_id": "new"}
    requests += [
        ("GET", "/v1/analytics/overview?brand_id={brand_id}", None),
        ("POST", "/v1/posts", new | {"brand_id": "brand_id"}),
        ("POST", "/v1/accounts", {"platform": "table", "brand_id": "brand_id"}),
    ]
    with place.web() as web:
        account = web.data("north", "/v1/accounts", method="POST", json={"platform": "table"})
        told = web.tell("north", "v1", 100, brand="Loaves").json()["data"]
        (post,) = web.data("north", "/v1/posts")
        ids = {"post_id": post["id"], "account_id": account["id"], "run_id": told["run_id"]}
        ids["brand_id"] = post["brand_id"]
        assert 9 not in ids.values()

        def ask(slug: str, method: str, path: str, body: dict[str, Any] | None, known: dict[str, int]) -> Any:
            sent = (
                None if body is None else {key: known.get(str(value), value) for key, value in body.items()}
            )
            return web.ask(slug, path.format(platform="tube", **known), method=method, json=sent)

        for method, path, body in requests:
            foreign = ask("south", method, path, body, ids)
            missing = ask("south", method, path, body, dict.fromkeys(ids, 9))
            assert (foreign.status_code, missing.status_code) == (404, 404), path
            named = next(name for name in ids if name in path + str(body))
            assert re.sub(rf"\b{ids[named]}\b", "9", foreign.text) == missing.text, path
            assert foreign.headers == missing.headers, path
            if method == "GET":
                assert ask("north", method, path, body, ids).status_code == 200, path


def test_no_answer_holds_a_word_of_another_organisation(place: Place) -> None:
    place.table.views = {"a": 1}
    paths = [
        path
        for path, item in create_app(place.core).openapi_schema.to_schema()["paths"].items()
        if "get" in item and "{" not in path
    ]
    with place.web() as web:
        web.data("north", "/v1/accounts", method="POST", json={"platform": "table"})
        assert web.tell("north", "rye-1", 987_654, brand="Rye", title="Rye").status_code == 200
        assert web.tell("south", "oat-1", 3).status_code == 200
        words = ("north", "rye", "987654", "987,654", "@me")
        shown = {
            slug: {path for path in paths if any(w in web.ask(slug, path).text.lower() for w in words)}
            for slug in ("north", "south")
        }
    assert shown["south"] == set()
    assert {
        "/v1/posts",
        "/v1/brands",
        "/v1/accounts",
        "/v1/analytics/organizations/leaderboard",
    } <= shown["north"]


def test_what_one_has_is_not_taken_for_the_other(place: Place) -> None:
    place.table.views = {"a": 1}
    with place.web() as web:
        for slug in ("north", "south"):
            for path, body in (
                ("/v1/brands", {"name": "Rye", "slug": "rye"}),
                ("/v1/accounts", {"platform": "table"}),
                ("/v1/posts", {"platform": "tube", "external_id": "v1"}),
            ):
                assert web.ask(slug, path, method="POST", json=body).status_code == 201, (slug, path)


def test_the_operator_acts_for_one_organisation_alone(place: Place) -> None:
    with place.web() as web:
        web.tell("north", "v1", 100)
        key = "a-key-only-tests-know"
        assert web.data(key, "/v1/posts") == []
        assert web.tell(key, "v9", 1).status_code == 200
        assert [post["external_id"] for post in web.data(key, "/v1/posts")] == ["v9"]
        assert [post["external_id"] for post in web.data("north", "/v1/posts")] == ["v1"]


async def test_the_settings_name_the_operators_organisation(place: Place) -> None:
    core = place.open(sections={"ee": {"organization": "south"}})
    for caller in (Caller(door="cli"), Caller(door="http", token=core.settings.api_key)):
        _, scope = await core.resolve(caller)
        assert scope == place.scope("south")
    nobody = place.open(sections={"ee": {"organization": "nowhere"}})
    _, scope = await nobody.resolve(Caller(door="cli"))
    assert scope.organizations == frozenset({0})


async def test_nobody_from_outside_is_given_everything(place: Place) -> None:
    callers = [
        Caller(door="cli"),
        Caller(door="http", token=place.core.settings.api_key),
        Caller(door="mcp", token=place.tokens["north"]),
        Caller(door="job", on_behalf_of=Actor("key", "default")),
        Caller(door="job", on_behalf_of=Actor("key", "ee:1")),
    ]
    for caller in callers:
        _, scope = await place.core.resolve(caller)
        assert scope.organizations is not None
        assert len(scope.organizations) == 1


async def test_a_key_that_was_revoked_opens_nothing_and_its_jobs_stop(place: Place) -> None:
    actor, _ = await place.core.resolve(Caller(door="http", token=place.tokens["north"]))
    job = Caller(door="job", on_behalf_of=actor)
    assert (await place.core.resolve(job))[1] == place.scope("north")
    with place.core.transaction(EVERYTHING, ACTOR) as tx:
        assert keys.revoke(tx.connection, int(actor.id.removeprefix("ee:")), tx.now) is not None
    with pytest.raises(Unauthenticated, match="revoked"):
        await place.core.resolve(job)
    with place.web() as web:
        assert web.ask("north", "/v1/posts").status_code == 401
        assert web.ask("south", "/v1/posts").status_code == 200


async def test_a_refresh_whose_key_was_revoked_asks_no_platform(place: Place) -> None:
    place.table.views = {"a": 1}
    core = place.core
    actor, scope = await core.resolve(Caller(door="http", token=place.tokens["north"]))
    await connect(core, scope, actor, "table", {})
    claim = await core.database.writing(refresh.claim_all, core, scope, actor)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        keys.revoke(tx.connection, int(actor.id.removeprefix("ee:")), tx.now)
    with pytest.raises(Unauthenticated, match="revoked"):
        await refresh.run_all(core, scope, actor, claim)
    assert place.table.asked == []
    with core.read(scope) as connection:
        found = connection.execute(sa.text("SELECT state, stored FROM runs")).all()
    assert [tuple(run) for run in found] == [("failed", 0)]
    # The organisation's hour is not used up: another of its keys may ask at once.
    assert (
        await core.database.writing(refresh.claim_all, core, scope, ACTOR)
    ).account_ids == claim.account_ids


def test_a_revoked_key_keeps_the_time_it_was_revoked_at(place: Place) -> None:
    found = []
    for _ in range(2):
        with place.core.transaction(EVERYTHING, ACTOR) as tx:
            found.append(keys.revoke(tx.connection, 1, tx.now))
        place.clock.advance(timedelta(days=1))
    first, again = found
    assert first == again
    assert first is not None
    assert (first.revoked_at or "").startswith(NOW.date().isoformat())


def test_no_token_is_kept(place: Place) -> None:
    with place.database() as connection:
        kept = str(list(connection.execute(sa.text("SELECT * FROM ee_keys"))))
    assert all(token not in kept for token in place.tokens.values())


def test_a_policy_that_fails_shows_nothing(place: Place) -> None:
    with place.database() as connection:
        connection.execute(sa.text("ALTER TABLE ee_keys RENAME COLUMN digest TO lost"))
    with place.web() as web:
        for method, path in (("GET", "/v1/posts"), ("GET", "/v1/analytics/overview"), ("POST", "/v1/brands")):
            answer = web.ask("north", path, method=method)
            assert (answer.status_code, answer.json()["code"]) == (503, "policy_unavailable")
            assert "digest" not in answer.text


def test_a_scope_of_one_organisation_is_what_a_run_belongs_to(place: Place) -> None:
    with place.web() as web:
        run = web.tell("south", "v1", 7).json()["data"]["run_id"]
        assert web.ask("south", f"/v1/runs/{run}").status_code == 200
        assert web.ask("north", f"/v1/runs/{run}").status_code == 404


async def test_the_loop_serves_both_each_in_its_own_scope(place: Place) -> None:
    place.table.views = {"a": 1}
    for slug in ("north", "south"):
        await connect(place.core, place.scope(slug), ACTOR, "table", {})
    runner = Runner(place.core)
    assert await runner.run_due() == 2
    place.clock.advance(timedelta(days=1))
    await runner.run_due()
    for slug in ("north", "south"):
        status = sync_status(place.core, place.scope(slug))
        assert (status.rows, status.pending) == (1, 0)
        with place.core.read(place.scope(slug)) as connection:
            own = connection.execute(
                sa.text("SELECT kind, stored, unchanged FROM runs WHERE organization_id = :key ORDER BY id"),
                {"key": place.ids[slug]},
            ).all()
        assert [tuple(run) for run in own] == [("collect", 1, 0), ("collect", 1, 0), ("sync", 0, 0)]
