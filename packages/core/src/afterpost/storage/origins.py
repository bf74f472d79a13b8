"""Since when origins are read, and whether they still are. An origin is an account, or a brand on a platform
for posts without one."""

from functools import cache, reduce
from operator import add
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.places import by_place
from afterpost.storage.scoping import Shape, values_of
from afterpost.storage.tables import rollups, standing

ORIGIN = ("organization_id", "brand_id", "account_id", "platform")
"""What tells origins apart, of the dimensions of every sum."""
Key = tuple[int, int, int, str]


def origin_of(organization_id: int, brand_id: int, account_id: int, platform: str) -> Key:
    """The origin of posts with these dimensions: of those of an account the brand does not matter."""
    return organization_id, 0 if account_id else brand_id, account_id, platform


class Read(NamedTuple):
    """How an origin was read around the days [start, end]. `before`: already before them; `first`: the first
    day from their start on; `inside`: on one of them; `to_the_end`: on the last one or later."""

    before: bool
    first: int | None
    inside: bool
    to_the_end: bool


def _told(table: sa.Table) -> sa.ColumnElement[int]:
    """How many totals of counters were told."""
    return reduce(add, (table.c[f"{name}_n"] for name in CUMULATIVE))


@cache
def _standing(shape: Shape) -> sa.Select[Any]:
    keys = [standing.c[name] for name in ORIGIN]
    query = sa.select(*keys, sa.func.sum(_told(standing))).where(*shape.conditions(standing))
    return query.group_by(*keys)


@cache
def _since(shape: Shape) -> sa.Select[Any]:
    keys, c = [rollups.c[name] for name in ORIGIN], rollups.c
    seen, end = c.snapshots > 0, sa.bindparam("end", type_=sa.Integer)
    return (
        sa.select(
            *keys,
            sa.func.sum(_told(rollups)),
            sa.func.min(sa.case((seen, c.day))),
            sa.func.sum(sa.case((c.day <= end, c.snapshots), else_=0)),
            sa.func.sum(sa.case((c.day >= end, c.snapshots), else_=0)),
        )
        .select_from(by_place(shape, rollups))
        .where(*shape.conditions(rollups), c.day >= sa.bindparam("start"))
        .group_by(*keys)
    )


def origins(
    connection: sa.Connection, scope: Scope, *, start: int, end: int, platform: str | None = None
) -> dict[Key, Read]:
    """The origins with anything on the days from `start` on.

    Whether one was read before follows from what it told in all and since: as with lifetime totals the cost
    does not grow with the history before.
    """
    selection = Selection(platform)
    shape, values = Shape.of(scope, selection), values_of(scope, selection)
    in_all: dict[Key, int] = {}
    for *key, told in connection.execute(_standing(shape), values):
        own = origin_of(*key)
        in_all[own] = in_all.get(own, 0) + int(told)
    found: dict[Key, Read] = {}
    since: dict[Key, int] = {}
    for *key, told, first, inside, ended in connection.execute(
        _since(shape), {**values, "start": start, "end": end}
    ):
        own = origin_of(*key)
        since[own] = since.get(own, 0) + int(told)
        other = found.get(own)
        days = [day for day in (first, other and other.first) if day is not None]
        found[own] = Read(
            in_all.get(own, 0) > since[own],
            min(days, default=None),
            bool(inside) or (other is not None and other.inside),
            bool(ended) or (other is not None and other.to_the_end),
        )
    return found
