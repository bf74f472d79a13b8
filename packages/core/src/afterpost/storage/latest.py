"""Where each post's history stands: one row a post, so that a normal batch touches no history."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import First, Known, State
from afterpost.domain.windows import local_day_number, zone_of
from afterpost.storage.dialect import Value, bulk, given, one_of
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import Shape, values_of
from afterpost.storage.tables import latest, posts
from afterpost.storage.types import to_micros

COLUMNS = (
    "post_id",
    "organization_id",
    "first_day",
    "last_day",
    "first_at",
    "published_at",
    "known",
    "behind",
    "offers",
)
totals_of = msgspec.json.Decoder(dict[str, int]).decode
"""metric -> last known total, of a `known` as stored."""
_encode = msgspec.json.Encoder(order="deterministic").encode


def load(connection: sa.Connection, scope: Scope, post_ids: Iterable[int], zone: str) -> dict[int, State]:
    """post id -> state, of those that have one."""
    found: dict[int, State] = {}
    cut = zone_of(zone)
    query, values = _states(Shape.of(scope)), values_of(scope)
    for some in chunks(post_ids):
        for row in connection.execute(query, {**values, "ids": some}):
            published = None if row.published_at is None else local_day_number(row.published_at, cut)
            first = First(row.first_at, row.published_at, published)
            behind = totals_of(row.behind) if row.behind else {}
            known = {
                n: Known(total, behind.get(n, row.last_day)) for n, total in totals_of(row.known).items()
            }
            found[row.post_id] = State(first, row.first_day, row.last_day, known, row.offers)
    return found


@cache
def _states(shape: Shape) -> sa.Select[Any]:
    mine = latest.c.post_id.in_(sa.bindparam("ids", expanding=True))
    query = sa.select(latest).join(posts, posts.c.id == latest.c.post_id)
    return query.where(mine, *shape.conditions(posts, named=True))


def save(connection: sa.Connection, scope: Scope, states: Sequence[tuple[int, int, State]]) -> None:
    """Write states: (post id, organisation id, state)."""
    rows: list[tuple[Value, ...]] = []
    for post_id, organization_id, state in states:
        if scope.organizations is not None and organization_id not in scope.organizations:
            raise ValueError("a post of an organisation outside the scope")
        published = None if state.first.published_at is None else to_micros(state.first.published_at)
        known = {name: total for name, (total, _) in state.known.items()}
        behind = {name: day for name, (_, day) in state.known.items() if day != state.last_day}
        rows.append(
            (
                post_id,
                organization_id,
                state.first_day,
                state.last_day,
                to_micros(state.first.at),
                published,
                _encode(known).decode(),
                _encode(behind).decode() if behind else None,
                state.offers,
            )
        )
    put(connection, scope, rows)


def put(connection: sa.Connection, scope: Scope, rows: Sequence[tuple[Value, ...]]) -> None:
    """Write rows (tuples of `COLUMNS`) of posts that the scope was asked for."""
    bulk(connection, latest, COLUMNS, rows, mode="replace")


_ENDS = (
    sa.select(
        posts.c.id,
        posts.c.organization_id,
        sa.func.coalesce(posts.c.brand_id, 0),
        sa.func.coalesce(posts.c.account_id, 0),
        posts.c.platform,
        posts.c.content_type,
        latest.c.first_day,
        latest.c.last_day,
        sa.type_coerce(latest.c.first_at, sa.BigInteger),
        sa.type_coerce(latest.c.published_at, sa.BigInteger),
        latest.c.known,
        latest.c.offers,
    )
    .join_from(posts, latest, latest.c.post_id == posts.c.id)
    .where(latest.c.behind.is_(None), posts.c.published_at.is_not(None))
)


def ends(connection: sa.Connection, scope: Scope, post_ids: Iterable[int]) -> dict[int, Any]:
    """The ends of histories by post id, where the publication is known and the last snapshot has every
    counter that was ever known.

    As stored, instants in microseconds: post id, the five dimensions (`Post.dimensions`), first and last day,
    first reading, the publication it gave, `known`, engagement parts ever asked for.
    """
    backend = connection.dialect.name
    values = {**values_of(scope), **given(backend, post_ids)}
    return {row[0]: row for row in connection.execute(_ends(Shape.of(scope), backend), values).all()}


@cache
def _ends(shape: Shape, backend: str) -> sa.Select[Any]:
    return _ENDS.where(one_of(backend, posts.c.id), *shape.conditions(posts, named=True))
