"""Where each post's history stands: one row a post, so that a normal batch touches no history."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from afterpost.domain.publication import Exposed, Heard
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import First, Known, State
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
    "first_whole_day",
    "exposed_at",
    "exposed_on",
    "told_rank",
    "told_apart",
    "known",
    "behind",
    "offers",
)
totals_of = msgspec.json.Decoder(dict[str, int]).decode
"""metric -> last known total, of a `known` as stored."""
_encode = msgspec.json.Encoder(order="deterministic").encode


class Standing(NamedTuple):
    """Where a post stands: its state, and what was heard of its publication."""

    state: State
    heard: Heard


def load(connection: sa.Connection, scope: Scope, post_ids: Iterable[int]) -> dict[int, Standing]:
    """post id -> where it stands, of those that were ever read."""
    found: dict[int, Standing] = {}
    query, values = _states(Shape.of(scope)), values_of(scope)
    for some in chunks(post_ids):
        for row in connection.execute(query, {**values, "ids": some}):
            first = First(
                row.first_at, row.published_at, row.published_day, row.first_day, row.first_whole_day
            )
            behind = totals_of(row.behind) if row.behind else {}
            known = {
                n: Known(total, behind.get(n, row.last_day)) for n, total in totals_of(row.known).items()
            }
            state = State(first, row.first_day, row.last_day, known, row.offers)
            heard = Heard(Exposed(row.exposed_at, row.exposed_on), row.told_rank, row.told_apart)
            found[row.post_id] = Standing(state, heard)
    return found


@cache
def _states(shape: Shape) -> sa.Select[Any]:
    mine = latest.c.post_id.in_(sa.bindparam("ids", expanding=True))
    query = sa.select(latest, posts.c.published_at, posts.c.published_day).join(
        posts, posts.c.id == latest.c.post_id
    )
    return query.where(mine, *shape.conditions(posts, named=True))


def save(connection: sa.Connection, scope: Scope, states: Sequence[tuple[int, int, State, Heard]]) -> None:
    """Write states: (post id, organisation id, state, what was heard of the publication)."""
    rows: list[tuple[Value, ...]] = []
    for post_id, organization_id, state, heard in states:
        if scope.organizations is not None and organization_id not in scope.organizations:
            raise ValueError("a post of an organisation outside the scope")
        known = {name: total for name, (total, _) in state.known.items()}
        behind = {name: day for name, (_, day) in state.known.items() if day != state.last_day}
        exposed = heard.exposed
        rows.append(
            (
                post_id,
                organization_id,
                state.first_day,
                state.last_day,
                to_micros(state.first.at),
                state.first.whole_day,
                None if exposed.at is None else to_micros(exposed.at),
                exposed.on,
                heard.rank,
                heard.apart,
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
        latest.c.known,
        sa.type_coerce(posts.c.published_at, sa.BigInteger),
        latest.c.offers,
        posts.c.due_day,
        posts.c.due_prev,
        sa.type_coerce(latest.c.first_at, sa.BigInteger),
        latest.c.first_whole_day,
        sa.type_coerce(latest.c.exposed_at, sa.BigInteger),
        latest.c.exposed_on,
        latest.c.told_rank,
        latest.c.told_apart,
    )
    .join_from(posts, latest, latest.c.post_id == posts.c.id)
    .where(latest.c.behind.is_(None), posts.c.state != "gone")
)


def ends(connection: sa.Connection, scope: Scope, post_ids: Iterable[int]) -> dict[int, Any]:
    """The ends of histories by post id, of live posts whose last snapshot has every counter that was ever
    known.

    As stored, instants in microseconds: post id, the five dimensions (`Post.dimensions`), first and last day,
    `known`, the publication, engagement parts ever asked for, the last two days a read was due on, and from
    `first_at` to `told_apart` what a step leaves as it is.
    """
    backend = connection.dialect.name
    values = {**values_of(scope), **given(backend, post_ids)}
    return {row[0]: row for row in connection.execute(_ends(Shape.of(scope), backend), values).all()}


@cache
def _ends(shape: Shape, backend: str) -> sa.Select[Any]:
    return _ENDS.where(one_of(backend, posts.c.id), *shape.conditions(posts, named=True))
