"""Statements that name posts by id go to those posts, however many others their organisation has."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.equal_age import born_as
from afterpost.storage import early_readings, latest, posts, replica, snapshots
from packages.core.tests.databases import POSTGRESQL
from packages.core.tests.house import EVERYTHING, at, tell, told

pytestmark = pytest.mark.skipif(POSTGRESQL, reason="what SQLite does: PostgreSQL goes by its statistics")


def young(connection: sa.Connection, scope: Scope, ids: list[int]) -> list[early_readings.Born]:
    """The posts as comparisons at equal age see them."""
    found = [born_as(post) for post in posts.get_posts(connection, scope, ids).values()]
    return [each for each in found if each is not None]


Ask = Callable[[sa.Connection, Scope, list[int]], Any]
ASKED: dict[str, Ask] = {
    "posts": posts.get_posts,
    "places": posts.places,
    "names": replica.posts_named,
    "states": lambda connection, scope, ids: latest.load(connection, scope, ids, "UTC"),
    "ends": latest.ends,
    "histories": lambda connection, scope, ids: snapshots.since(connection, scope, ids, 0),
    "a day": lambda connection, scope, ids: snapshots.on_days(connection, scope, 20_002, ids),
    "young": lambda connection, scope, ids: early_readings.read_while_young(
        connection, scope, young(connection, scope, ids), timedelta(days=2)
    ),
    "observed": lambda connection, scope, ids: snapshots.observed_of(connection, scope, ids, 20_000, 20_006),
    "gains": lambda connection, scope, ids: snapshots.gains_inside(
        connection, scope, ids, 20_000, 20_006, ["views"]
    ),
    "edges": lambda connection, scope, ids: list(
        snapshots.across_edges(connection, scope, ids, 20_000, 20_006, ["views"])
    ),
}


@pytest.fixture
def few(core: Core) -> Iterator[tuple[sa.Connection, Scope, list[int]]]:
    """A connection, the scope of the one organisation, and some of its posts."""
    days = (at("2024-10-06"), at("2024-10-20"))  # 20,002 and 20,016
    tell(core, *(told(f"p{n}", day, {"views": n}, published_at=days[0]) for n in range(40) for day in days))
    with core.read(EVERYTHING) as connection:
        organization = core.organization(connection, EVERYTHING)
        named = posts.find_posts(
            connection, EVERYTHING, organization.id, "youtube", [f"p{n}" for n in range(40)]
        )
        yield (
            connection,
            Scope(organizations=frozenset({organization.id})),
            [post.id for post in named.values()],
        )


@pytest.mark.parametrize("name", ASKED)
def test_posts_named_by_id_are_not_sought_among_all_of_their_organisation(
    few: tuple[sa.Connection, Scope, list[int]], name: str
) -> None:
    connection, scope, ids = few
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    assert ASKED[name](connection, scope, ids)
    sa.event.remove(connection, "before_cursor_execute", note)
    for statement, parameters in asked:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        entered = [step[3] for step in plan if step[3].startswith(("SEARCH posts", "SCAN posts"))]
        assert all(step == "SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)" for step in entered), statement
