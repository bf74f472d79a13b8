"""Every committed fact has an audit row, committed with it or not at all."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterpost.api import post_analytics
from afterpost.domain.errors import PolicyUnavailable
from afterpost.services.connect import connect
from afterpost.services.runner import Runner
from packages.core.tests.house import ACTOR
from packages.ee.tests.place import Place


def test_each_organisation_reads_its_own_trail(place: Place) -> None:
    with place.web() as web:
        web.tell("north", "v1", 5)
        web.tell("south", "v1", 6)
        *trail, made = web.data("north", "/v1/x/ee/audit")
        assert (made["fact"], made["actor"]) == ("organization_created.v1", "system:test")
        assert [entry["fact"] for entry in trail] == [
            "run_ended.v1",
            "snapshots_stored.v1",
            "posts_registered.v1",
        ]
        assert {entry["organization_id"] for entry in trail} == {place.ids["north"]}
        assert {entry["actor"] for entry in trail} == {"key:ee:1"}
        assert trail[1]["body"]["posts"] == 1
        assert len(web.data("north", "/v1/x/ee/audit?limit=1")) == 1
        assert {e["organization_id"] for e in web.data("south", "/v1/x/ee/audit")} == {place.ids["south"]}


def test_an_act_whose_audit_row_can_not_be_written_is_undone(place: Place) -> None:
    with place.database() as connection:
        connection.execute(sa.text("ALTER TABLE ee_audit ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID"))
    with place.web() as web:
        answer = web.tell("north", "v1", 5)
        assert (answer.status_code, answer.json()["code"]) == (503, "policy_unavailable")
        assert "ee_audit" not in answer.text
        assert web.data("north", "/v1/posts") == []
    place.open()
    with place.core.read(place.scope("north")) as connection:
        for table in ("posts", "observations", "post_analytics", "rollups", "changes", "runs", "outbox"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
    with place.core.read(place.scope("north")) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ee_audit")).scalar() == 2  # the organisations
    with place.database() as connection:
        connection.execute(sa.text("ALTER TABLE ee_audit DROP CONSTRAINT full_up"))
    with place.web() as web:
        assert web.tell("north", "v1", 5).status_code == 200


async def test_what_can_not_be_audited_is_not_collected_and_is_read_later(place: Place) -> None:
    place.table.views = {"a": 5}
    await connect(place.core, place.scope("north"), ACTOR, "table", {})
    runner = Runner(place.core)
    await runner.run_due()
    place.table.views["a"] = 6
    place.clock.advance(timedelta(days=1))
    before = facts(place)
    with place.database() as connection:
        connection.execute(sa.text("ALTER TABLE ee_audit ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID"))
    with pytest.raises(PolicyUnavailable):
        await runner.run_due()
    assert facts(place) == before
    with place.core.read(place.scope("north")) as connection:
        ended = connection.execute(sa.text("SELECT outcome, reason FROM run_items WHERE run_id = 2")).all()
    assert [tuple(item) for item in ended] == [("skipped", "policy_unavailable")]
    with place.database() as connection:
        connection.execute(sa.text("ALTER TABLE ee_audit DROP CONSTRAINT full_up"))
    place.clock.advance(timedelta(days=1))
    await runner.run_due()
    with place.core.read(place.scope("north")) as connection:
        post_id = connection.execute(sa.text("SELECT id FROM posts")).scalar_one()
    summary = post_analytics(place.core, place.scope("north"), post_id)[0].summary
    assert summary.metrics["views"] == 6


def facts(place: Place) -> dict[str, int]:
    """How much of everything there is, as North sees it."""
    tables = ("posts", "observations", "post_analytics", "changes", "outbox", "ee_audit")
    with place.core.read(place.scope("north")) as connection:
        return {
            table: connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in tables
        }


def test_what_is_only_read_leaves_no_trail(place: Place) -> None:
    with place.web() as web:
        before = web.data("north", "/v1/x/ee/audit")
        web.data("north", "/v1/analytics/overview")
        assert web.data("north", "/v1/x/ee/audit") == before
