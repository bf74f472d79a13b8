"""The change sequence: which snapshots changed since the learning rows were last written."""

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import changes


class Change(Struct, frozen=True):
    """Snapshots of one day that changed under one number of the sequence."""

    organization_id: int
    seq: int
    day: int
    post_ids: tuple[int, ...]


def add(
    connection: sa.Connection, scope: Scope, organization_id: int, seq: int, days: Mapping[int, Sequence[int]]
) -> None:
    """Note changed snapshots: day -> post ids."""
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("a change of an organisation outside the scope")
    rows = [
        {
            "organization_id": organization_id,
            "seq": seq,
            "day": day,
            "post_ids": msgspec.json.encode(sorted(ids)).decode(),
        }
        for day, ids in days.items()
    ]
    if rows:
        connection.execute(sa.insert(changes), rows)


def pending(
    connection: sa.Connection, scope: Scope, organization_id: int, before_day: int, limit: int
) -> list[Change]:
    """The oldest changes of complete days (before `before_day`) that are still to be synced."""
    query = (
        sa.select(changes)
        .where(
            changes.c.organization_id == organization_id,
            changes.c.day < before_day,
            *within(scope, changes),
        )
        .order_by(changes.c.seq, changes.c.day)
        .limit(limit)
    )
    decode = msgspec.json.Decoder(tuple[int, ...]).decode
    return [
        Change(row.organization_id, row.seq, row.day, decode(row.post_ids))
        for row in connection.execute(query)
    ]


def consume(connection: sa.Connection, scope: Scope, done: Sequence[Change]) -> None:
    """Take out changes that the learning rows now hold."""
    for change in done:
        connection.execute(
            sa.delete(changes).where(
                changes.c.organization_id == change.organization_id,
                changes.c.seq == change.seq,
                changes.c.day == change.day,
                *within(scope, changes),
            )
        )


def count_pending(connection: sa.Connection, scope: Scope, organization_id: int, before_day: int) -> int:
    """How many changes of complete days are still to be synced."""
    query = (
        sa.select(sa.func.count())
        .select_from(changes)
        .where(
            changes.c.organization_id == organization_id,
            changes.c.day < before_day,
            *within(scope, changes),
        )
    )
    return connection.execute(query).scalar_one()
