"""Statements that name posts by id go to those posts, however many others their organisation has; those about
all that came out in a span of time go to no post at all, for an index says what they ask."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from afterpost.domain.performance import learned_from
from afterpost.domain.scope import Scope
from afterpost.domain.selection import EVERY_POST
from afterpost.services.core import Core
from afterpost.services.equal_age import born_as
from afterpost.storage import (
    coverage,
    dues,
    early_readings,
    latest,
    performance,
    posts,
    quality,
    replica,
    snapshots,
)
from afterpost.storage.standings import CameOut, count_unknown_publication, standings
from packages.core.tests.databases import POSTGRESQL
from packages.core.tests.house import EVERYTHING, at, tell, told

pytestmark = pytest.mark.skipif(POSTGRESQL, reason="what SQLite does: PostgreSQL goes by its statistics")


UTC = ZoneInfo("UTC")


def young(connection: sa.Connection, scope: Scope, ids: list[int]) -> list[early_readings.Born]:
    """The posts as comparisons at equal age see them."""
    found = [born_as(post, UTC) for post in posts.get_posts(connection, scope, ids).values()]
    return [each for each in found if each is not None]


Ask = Callable[[sa.Connection, Scope, list[int]], Any]
ASKED: dict[str, Ask] = {
    "posts": posts.get_posts,
    "texts": posts.texts,
    "places": posts.places,
    "names": replica.posts_named,
    "states": lambda connection, scope, ids: latest.load(connection, scope, ids),
    "ends": latest.ends,
    "histories": lambda connection, scope, ids: snapshots.since(connection, scope, ids, 0),
    "a day": lambda connection, scope, ids: snapshots.on_days(connection, scope, 20_002, ids),
    "young": lambda connection, scope, ids: early_readings.read_while_young(
        connection, scope, ids, timedelta(days=2)
    ),
    "due": dues.heads,
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
    tell(core, *(told(f"d{n}", days[1], {"views": n}, published_on=date(2024, 10, 6)) for n in range(9)))
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


ALIASES = {"posts": ("peer",)}
"""Other names that statements give a table."""


def entered(connection: sa.Connection, ask: Callable[[], Any], table: str = "posts") -> tuple[Any, list[str]]:
    """The answer, and how its statements come to the rows of a table, in SQLite's words."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    answer = ask()
    sa.event.remove(connection, "before_cursor_execute", note)
    return answer, [
        step[3]
        for statement, parameters in asked
        for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        if step[3].startswith(
            tuple(f"{how} {who}" for how in ("SEARCH", "SCAN") for who in (table, *ALIASES.get(table, ())))
        )
    ]


@pytest.mark.parametrize("name", ASKED)
def test_posts_named_by_id_are_not_sought_among_all_of_their_organisation(
    few: tuple[sa.Connection, Scope, list[int]], name: str
) -> None:
    connection, scope, ids = few
    answer, steps = entered(connection, lambda: ASKED[name](connection, scope, ids))
    assert answer
    assert set(steps) <= {"SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)"}


def test_a_learning_row_is_sought_by_its_whole_key(few: tuple[sa.Connection, Scope, list[int]]) -> None:
    connection, scope, ids = few
    owners = posts.get_posts(connection, scope, ids)
    rows = [
        (owners[key], stored.row, learned_from(stored.row), stored.change_seq)
        for key, stored in snapshots.on_days(connection, scope, 20_002, ids).items()
    ]
    found, steps = entered(
        connection, lambda: performance.unlike(connection, scope, rows), "content_performance"
    )
    assert found == rows  # nothing was synced yet
    assert steps == [
        "SEARCH content_performance USING PRIMARY KEY (post_id=? AND platform=? AND measured_on=?)"
    ]


FROM, UNTIL = at("2024-10-01"), at("2024-10-30")


def covered(connection: sa.Connection, scope: Scope) -> list[coverage.Attended]:
    """The coverage of a week."""
    return coverage.attended(
        connection, scope, EVERY_POST, start=20_002, end=20_008, ends_at=at("2024-10-13 00:00")
    )


SPANS: dict[str, Callable[[sa.Connection, Scope], Any]] = {
    "born": lambda connection, scope: early_readings.born(connection, scope, EVERY_POST, UTC, 19_997, 20_025),
    "standings": lambda connection, scope: standings(
        connection, scope, EVERY_POST, CameOut(19_980, UNTIL, 20_016)
    ),
    "unknown publication": lambda connection, scope: count_unknown_publication(
        connection, scope, EVERY_POST, 20_000, 20_016
    ),
    "coverage": covered,
    "coverage of a brand": lambda connection, scope: covered(connection, scope.narrowed(brand=1)),
    "coverage of an account": lambda connection, scope: covered(connection, scope.narrowed(account=1)),
}


@pytest.mark.parametrize(("pool", "bounds"), [("account", 5), ("platform", 3)])
def test_what_a_post_is_compared_with_is_told_by_an_index(
    few: tuple[sa.Connection, Scope, list[int]], pool: early_readings.PoolOf, bounds: int
) -> None:
    connection, scope, ids = few
    born = young(connection, scope, ids)
    for ask, kinds in (
        (lambda: early_readings.reaches(connection, scope, born, pool), 2),
        (lambda: early_readings.between(connection, scope, born[-1], pool, FROM, UNTIL), 1),
        (lambda: early_readings.on_days(connection, scope, born[-1], pool, UTC, 19_000, 20_025), 1),
    ):
        answer, steps = entered(connection, ask)
        assert answer
        found = [step for step in steps if "rowid" not in step]
        assert len(found) == kinds
        index = {"account": "ix_posts_alike", "platform": "ix_posts_platform"}[pool]
        for step in found:
            assert f"USING COVERING INDEX {index} " in step
            # By all that the posts have in common, and from when on: nothing is passed over.
            assert len(re.findall(r"[=<>]\?", step)) >= bounds, step


@pytest.mark.parametrize("name", SPANS)
def test_what_came_out_in_a_span_of_time_is_told_by_an_index(
    few: tuple[sa.Connection, Scope, list[int]], name: str
) -> None:
    connection, scope, _ = few
    _, steps = entered(connection, lambda: SPANS[name](connection, scope))
    assert steps
    assert all("USING COVERING INDEX" in step and "=?" in step for step in steps), steps
    # Coverage asks no post but those with a read that came and was not made.
    column = "published_" if name in ("born", "standings", "unknown publication") else "due_at"
    assert sum(column in step for step in steps) == 1, steps


def test_posts_whose_publication_is_doubted_are_told_by_their_own_index(
    core: Core, few: tuple[sa.Connection, Scope, list[int]]
) -> None:
    tell(core, told("wrong", at("2024-10-20"), {"views": 5}, published_at=at("2025-10-20")))
    _, scope, _ = few
    with core.read(EVERYTHING) as connection:
        for whose in (EVERYTHING, scope):
            ask = partial(quality.doubted, connection, whose, EVERY_POST, 20_010, 20_016)
            found, steps = entered(connection, ask)
            assert [(each.day, each.posts) for each in found] == [(20_016, 1)]
            (step,) = steps
            assert "USING COVERING INDEX ix_posts_doubted" in step
