"""What was spent of limits, by bucket. They belong to the installation: a scope narrows nothing here."""

from datetime import datetime

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage.tables import spending


def lock(connection: sa.Connection, scope: Scope, bucket: str) -> None:
    """Make everyone else who counts this bucket wait until this transaction ends.

    On SQLite there is one writer anyway. Lock several buckets in the order of their names.
    """
    if connection.dialect.name == "postgresql":
        key = sa.func.hashtextextended(bucket, 0)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def spent(connection: sa.Connection, scope: Scope, bucket: str, now: datetime) -> list[tuple[datetime, int]]:
    """(until when it counts, how much) of what still counts."""
    query = sa.select(spending.c.ends_at, spending.c.spent).where(
        spending.c.bucket == bucket, spending.c.ends_at > now
    )
    return [(ends_at, amount) for ends_at, amount in connection.execute(query)]


def book(
    connection: sa.Connection,
    scope: Scope,
    bucket: str,
    period: tuple[datetime, datetime],
    amount: int,
    now: datetime,
) -> None:
    """Add to the bucket's period (begins, ends); what no longer counts leaves. The bucket is locked."""
    begins_at, ends_at = period
    connection.execute(sa.delete(spending).where(spending.c.bucket == bucket, spending.c.ends_at <= now))
    added = connection.execute(
        sa.update(spending)
        .where(spending.c.bucket == bucket, spending.c.begins_at == begins_at)
        .values(spent=spending.c.spent + amount)
    )
    if not added.rowcount:
        connection.execute(
            sa.insert(spending).values(bucket=bucket, begins_at=begins_at, ends_at=ends_at, spent=amount)
        )
