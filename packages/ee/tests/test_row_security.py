"""The second wall: SQL that forgot the scope still sees one organisation's snapshots alone."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterpost.api import Misconfigured
from afterpost.sdk import Scope
from afterpost_ee.row_security import DETACH
from packages.core.tests.databases import ROLE, make_role
from packages.core.tests.house import ACTOR, Clock
from packages.ee.tests.place import EVERYTHING, Place

COUNT = sa.text("SELECT organization_id, count(*) FROM post_analytics GROUP BY organization_id")
PASSING_BY = "afterpost_tests_passing_by"
STEAL = sa.text("UPDATE post_analytics SET organization_id = :other")


@pytest.fixture
def filled(place: Place) -> Place:
    """One snapshot of North, two of South."""
    with place.web() as web:
        for slug, external_id in (("north", "v1"), ("south", "v1"), ("south", "v2")):
            assert web.tell(slug, external_id, 5).status_code == 200
    place.open()
    return place


def counted(connection: sa.Connection) -> dict[int, int]:
    """Organisation -> snapshots, by SQL that knows no scope."""
    return {row[0]: row[1] for row in connection.execute(COUNT)}


def test_without_a_context_there_is_no_row(filled: Place) -> None:
    with filled.database() as connection:
        assert counted(connection) == {}


@pytest.mark.parametrize(("slug", "rows"), [("north", 1), ("south", 2)])
def test_with_a_context_there_are_the_rows_of_that_organisation(filled: Place, slug: str, rows: int) -> None:
    with filled.core.read(filled.scope(slug)) as connection:
        assert counted(connection) == {filled.ids[slug]: rows}
    with filled.core.transaction(filled.scope(slug), ACTOR) as tx:
        assert counted(tx.connection) == {filled.ids[slug]: rows}


@pytest.mark.parametrize(("slug", "rows"), [("north", 1), ("south", 2)])
def test_what_was_known_has_the_same_walls(filled: Place, clock: Clock, slug: str, rows: int) -> None:
    """The tables of an earlier instant hold no row of another organisation, whoever forgot the scope."""
    instant = clock.now
    clock.advance(timedelta(seconds=1))
    with filled.core.as_of(instant).read(filled.scope(slug)) as connection:
        assert counted(connection) == {filled.ids[slug]: rows}
        # The real table behind the shadow stays closed as well.
        behind = sa.text("SELECT organization_id, count(*) FROM public.post_analytics GROUP BY 1")
        assert {row[0]: row[1] for row in connection.execute(behind)} == {filled.ids[slug]: rows}
    with filled.core.as_of(instant).read(Scope(organizations=frozenset())) as connection:
        assert counted(connection) == {}


def test_cores_own_jobs_see_everything_and_an_empty_scope_nothing(filled: Place) -> None:
    with filled.core.read(EVERYTHING) as connection:
        assert counted(connection) == {filled.ids["north"]: 1, filled.ids["south"]: 2}
    with filled.core.read(Scope(organizations=frozenset())) as connection:
        assert counted(connection) == {}


def test_a_row_can_not_be_written_into_another_organisation(filled: Place) -> None:
    with (
        pytest.raises(sa.exc.ProgrammingError, match="row-level security"),
        filled.core.transaction(filled.scope("north"), ACTOR) as tx,
    ):
        tx.connection.execute(STEAL, {"other": filled.ids["south"]})
    # The same statement is fine where the row stays.
    with filled.core.transaction(filled.scope("north"), ACTOR) as tx:
        assert tx.connection.execute(STEAL, {"other": filled.ids["north"]}).rowcount == 1


def test_a_pooled_connection_forgets_whose_it_was(filled: Place) -> None:
    with filled.core.transaction(filled.scope("south"), ACTOR) as tx:
        assert counted(tx.connection)
    # The same connection of the pool, with no unit of work to tell it anything.
    with filled.core.database.writer.connect() as connection, connection.begin():
        assert counted(connection) == {}


@pytest.mark.parametrize("role", ["postgres", PASSING_BY])
def test_a_role_that_passes_row_security_by_is_refused(filled: Place, role: str) -> None:
    filled.open()
    make_role(PASSING_BY, "BYPASSRLS", member_of=ROLE)
    with pytest.raises(Misconfigured, match="superuser or BYPASSRLS"):
        filled.open(role=role)


def test_a_policy_that_shows_what_ours_hides_is_refused(filled: Place) -> None:
    open_to_all = "CREATE POLICY lax ON post_analytics AS {} USING (true)"
    with filled.database() as connection:
        connection.execute(sa.text(open_to_all.format("RESTRICTIVE")))
    filled.open()  # one that hides more is anybody's right
    with filled.database() as connection:
        connection.execute(sa.text("DROP POLICY lax ON post_analytics"))
        connection.execute(sa.text(open_to_all.format("PERMISSIVE")))
    with pytest.raises(Misconfigured, match="Another policy of post_analytics, lax, shows") as caught:
        filled.open()
    statement = (caught.value.hint or "").rpartition(": ")[2]
    with filled.database() as connection:
        connection.execute(sa.text(statement.rstrip(";")))
    filled.open()


@pytest.mark.parametrize(
    "taken",
    [
        ("DROP POLICY ee_tenant ON post_analytics",),
        ("ALTER TABLE post_analytics DISABLE ROW LEVEL SECURITY",),
        ("ALTER TABLE post_analytics NO FORCE ROW LEVEL SECURITY",),
        DETACH,
    ],
)
def test_row_security_that_somebody_took_away_is_noticed(filled: Place, taken: Sequence[str]) -> None:
    with filled.database() as connection:
        for statement in taken:
            connection.execute(sa.text(statement))
    with pytest.raises(Misconfigured, match="was taken away") as caught:
        filled.open()
    statement = (caught.value.hint or "").rpartition(": ")[2]
    with filled.database() as connection:
        connection.execute(sa.text(statement.rstrip(";")))
    with filled.open().read(filled.scope("north")) as connection:
        assert counted(connection) == {filled.ids["north"]: 1}


def test_removed_without_detaching_core_refuses_to_start_and_says_why(filled: Place) -> None:
    with pytest.raises(Misconfigured) as caught:
        filled.open(installed=[])
    assert "post_analytics (policies: ee_tenant)" in caught.value.message
    assert "detach" in (caught.value.hint or "")
