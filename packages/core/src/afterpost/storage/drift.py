"""Whether what is derived still is what it is derived from, and when anything was last recorded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import (
    DIMENSIONS,
    STANDING_COUNTERS,
    openings,
    organizations,
    post_analytics,
    posts,
    rollups,
    runs,
    standing,
)

_NONE: sa.ColumnElement[int] = sa.literal_column("0", sa.Integer())
"""No brand, no account. Not a bound value: PostgreSQL takes two of those for two expressions, one of them
not in GROUP BY."""


class Drift(Struct, frozen=True):
    """Rows of one group whose sums are not those of the facts; `counters` names what differs."""

    dimensions: tuple[int, int, int, str, str]
    counters: tuple[str, ...]


def newest_change(connection: sa.Connection, scope: Scope) -> datetime | None:
    """The latest instant anything was recorded at: a change of the facts, or a run that began or ended."""
    instants = []
    for table, column in (
        (organizations, organizations.c.changed_at),
        (runs, runs.c.started_at),
        (runs, runs.c.ended_at),
    ):
        query = sa.select(sa.type_coerce(sa.func.max(column), column.type)).where(*within(scope, table))
        instants.append(connection.execute(query).scalar())
    return max((instant for instant in instants if instant is not None), default=None)


_OPENED = tuple(f"{name}_{what}" for name in CUMULATIVE for what in ("late", "late_total"))
"""Per counter how many posts opened late, and the sum of their first totals."""
Counters = dict[tuple[Any, ...], dict[str, int]]
"""Group -> counters."""


def rollup_drift(connection: sa.Connection, scope: Scope) -> list[Drift]:
    """Groups whose standing sums or late openings are not those of their snapshots, or whose daily rollups do
    not add up to them. Empty when rollups equal facts, as they must at every commit."""
    held = _counters(connection, standing, within(scope, standing))
    facts = _facts(connection, scope)
    by_group: dict[tuple[Any, ...], set[str]] = {}
    for names, ours, theirs in (
        (STANDING_COUNTERS, held, _counters(connection, rollups, within(scope, rollups))),
        (STANDING_COUNTERS, held, facts),
        (_OPENED, _opened(connection, scope), facts),
    ):
        for group in ours.keys() | theirs.keys():
            mine, yours = ours.get(group, {}), theirs.get(group, {})
            wrong = {name for name in names if mine.get(name, 0) != yours.get(name, 0)}
            if wrong:
                by_group.setdefault(group, set()).update(wrong)
    return [Drift(group, tuple(sorted(wrong))) for group, wrong in sorted(by_group.items())]


def _counters(connection: sa.Connection, table: sa.Table, where: list[sa.ColumnElement[bool]]) -> Counters:
    dimensions = [table.c[name] for name in DIMENSIONS]
    columns = [sa.func.sum(table.c[name]).label(name) for name in STANDING_COUNTERS]
    query = sa.select(*dimensions, *columns).where(*where).group_by(*dimensions)
    return _by_group(connection, query, STANDING_COUNTERS)


def _opened(connection: sa.Connection, scope: Scope) -> Counters:
    """Late openings by group, as they are booked."""
    dimensions = [openings.c[name] for name in DIMENSIONS]
    sums = (sa.func.sum(openings.c.posts), sa.func.sum(openings.c.total))
    query = sa.select(*dimensions, openings.c.metric, *sums).where(*within(scope, openings))
    found: Counters = {}
    for *group, metric, late, total in connection.execute(query.group_by(*dimensions, openings.c.metric)):
        found.setdefault(tuple(group), {}).update(
            {f"{metric}_late": int(late), f"{metric}_late_total": int(total)}
        )
    return found


def _facts(connection: sa.Connection, scope: Scope) -> Counters:
    """The same counters from the snapshots: posts that reported a metric, by how much it moved, and which
    first totals are no gain."""
    dimensions = [
        posts.c.organization_id.label("organization_id"),
        sa.func.coalesce(posts.c.brand_id, _NONE).label("brand_id"),
        sa.func.coalesce(posts.c.account_id, _NONE).label("account_id"),
        posts.c.platform.label("platform"),
        posts.c.content_type.label("content_type"),
    ]
    columns: list[sa.ColumnElement[Any]] = []
    for name in CUMULATIVE:
        total, gain = post_analytics.c[f"{name}_total"], post_analytics.c[f"{name}_gain"]
        columns.append(sa.func.count(total).label(f"{name}_n"))
        columns.append(
            sa.func.coalesce(sa.func.sum(sa.func.coalesce(gain, total)), 0).label(f"{name}_change")
        )
        late = sa.case((gain.is_(None), total))
        columns.append(sa.func.count(late).label(f"{name}_late"))
        columns.append(sa.func.coalesce(sa.func.sum(late), 0).label(f"{name}_late_total"))
    query = (
        sa.select(*dimensions, *columns)
        .select_from(post_analytics)
        .join(posts, posts.c.id == post_analytics.c.post_id)
        .where(*within(scope, posts))
        .group_by(*dimensions)
    )
    return _by_group(connection, query, (*STANDING_COUNTERS, *_OPENED))


def _by_group(connection: sa.Connection, query: sa.Select[Any], names: Sequence[str]) -> Counters:
    return {
        tuple(row[name] for name in DIMENSIONS): {name: int(row[name]) for name in names}
        for row in connection.execute(query).mappings()
    }
