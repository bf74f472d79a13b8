"""The version of an organisation's data: a number that is another one after every commit that an answer may
show, so that an answer of that number is still the answer.

It moves by itself, with whatever table is written, and not because somebody remembered to move it: names,
moves between brands, posts that came or went and settings change answers as snapshots do. Only what no answer
shows is named here. A number that moves in vain costs a query; one that does not would cost the truth.
"""

import re
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import Shape, values_of
from afterpost.storage.tables import deliveries, organizations, outbox, run_items, runs, spending, versions

UNSEEN = frozenset(table.name for table in (versions, outbox, deliveries, runs, run_items, spending))
"""Tables that no versioned answer shows: queues, how runs ended, and what calls were booked."""

_WRITES = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)
_READS = re.compile(
    r"\s*(?:SELECT|PRAGMA|SAVEPOINT|RELEASE|CREATE\s+TEMP|TRUNCATE\s+pg_temp)\b", re.IGNORECASE
)
_MOVED = "afterpost_moved"


def watch(engine: sa.Engine) -> None:
    """Note on each connection of a writing engine whether its transaction wrote what an answer may show."""

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.info[_MOVED] = False

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _execute(connection: sa.Connection, _: Any, statement: str, *__: Any) -> None:
        written = _WRITES.match(statement)
        if written[1] not in UNSEEN if written else _READS.match(statement) is None:
            connection.info[_MOVED] = True


def wrote(connection: sa.Connection) -> bool:
    """Whether the transaction of a watched connection wrote what an answer may show."""
    return bool(connection.info.get(_MOVED, False))


def move(connection: sa.Connection, scope: Scope) -> None:
    """Move the versions of the scope's organisations if this transaction wrote what an answer may show.

    The last statement of a transaction: whoever waits for a version's lock holds it no longer than a commit
    takes, and in the order of the ids.
    """
    if not wrote(connection):
        return
    whose = scope.organizations
    keys = connection.execute(_EVERYBODY).scalars().all() if whose is None else sorted(whose)
    for key in keys:
        if not connection.execute(_RAISED, {"key": key}).rowcount:
            connection.execute(_BEGUN, {"key": key})


_KEY = sa.bindparam("key", type_=sa.BigInteger)
_EVERYBODY = sa.select(organizations.c.id).order_by(organizations.c.id)
_RAISED = sa.update(versions).where(versions.c.organization_id == _KEY).values(number=versions.c.number + 1)
_BEGUN = sa.insert(versions).from_select(
    ["organization_id", "number"],
    sa.select(organizations.c.id, sa.literal(1, sa.BigInteger)).where(organizations.c.id == _KEY),
)


@cache
def _current(shape: Shape) -> sa.Select[Any]:
    return (
        sa.select(organizations.c.id, sa.func.coalesce(versions.c.number, 0), organizations.c.time_zone)
        .outerjoin(versions, versions.c.organization_id == organizations.c.id)
        .where(*shape.conditions(organizations))
        .order_by(organizations.c.id)
    )


class Version(NamedTuple):
    """Where an organisation's data stands. Its zone decides which days are over."""

    organization_id: int
    number: int
    time_zone: str


def current(connection: sa.Connection, scope: Scope) -> tuple[Version, ...]:
    """The versions of the scope's organisations, by id; 0 where nothing was ever written."""
    found = connection.execute(_current(Shape.of(scope)), values_of(scope))
    return tuple(Version(*row) for row in found)
