"""Two organisations on one installation: each sees its own, and what is another's is not there."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterpost.sdk import Actor, Caller, Unauthenticated
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
    with place.web() as web:
        web.tell("north", "v1", 100)
        (mine,) = web.data("north", "/v1/posts")
        for path in ("/v1/posts/{}", "/v1/posts/{}/analytics", "/v1/posts/{}/observations", "/v1/runs/{}"):
            foreign, missing = (web.ask("south", path.format(key)) for key in (mine["id"], 999))
            assert (foreign.status_code, missing.status_code) == (404, 404)
            assert foreign.text.replace(str(mine["id"]), "N") == missing.text.replace("999", "N")
            assert web.ask("north", path.format(mine["id"])).status_code == 200


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
