"""The quota: how many posts a month an organisation may read or import, exact under any number of workers.

An act reserves its posts before it begins and settles for what it did. A reservation whose act was killed
ends by itself. What was fetched is never dropped: an act that turned out larger than it said counts in full.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa
from msgspec import Struct

from afterpost.sdk import Act, Deny, Guard, OwnTables, Pass, Reads, Scope, Settlement, Transaction, Verdict
from afterpost_ee.tables import quotas, reservations, usage, written

METERED = frozenset({"collect", "import"})
EXPIRES = timedelta(hours=6)
"""No act takes longer; core closes its runs after as long."""


class Usage(Struct, frozen=True):
    """Posts read and imported in a month (`2026-11`, UTC), reserved ones included; None: no limit."""

    organization_id: int
    month: str
    used: int
    posts_per_month: int | None


class Quota(Guard):
    """Denies what would go over the month's quota."""

    id = "ee-quota"

    def __init__(self, tables: OwnTables, reads: Reads) -> None:
        self._tables = tables
        self._reads = reads

    async def review(self, act: Act) -> Verdict:
        """Reserve the act's posts, or say until when there are none left."""
        if act.kind not in METERED:
            return Pass()
        over = await self._tables.writing(_own(act), act.actor, partial(_reserve, act))
        if over is None:
            return Pass()
        names = ", ".join(await self._reads.organizations(_own(act)))
        return Deny(f"{names} has {over}", retry_at=next_month(act.at))

    async def settle(self, act: Act, settlement: Settlement) -> None:
        """Count what was really done in the place of what was reserved."""
        if act.kind in METERED:
            await self._tables.writing(_own(act), act.actor, partial(_settle, act, settlement))


def _own(act: Act) -> Scope:
    return Scope(organizations=frozenset({act.organization_id}))


def _reserve(act: Act, tx: Transaction) -> str | None:
    """Count the act's posts in; why that can't be, as the rest of a sentence, where it can't."""
    month, amount = month_of(act.at), act.amount or 0
    _give_back_expired(tx, act)
    limit = tx.connection.execute(
        sa.select(quotas.c.posts_per_month).where(quotas.c.organization_id == act.organization_id)
    ).scalar()
    _open_month(tx, act.organization_id, month)
    # One statement decides and counts, so that of two acts at the limit one is denied.
    within = [usage.c.used < limit, usage.c.used + amount <= limit] if limit is not None else []
    counted = tx.connection.execute(
        sa.update(usage).where(*_of(act.organization_id, month), *within).values(used=usage.c.used + amount)
    )
    if not counted.rowcount:
        used = tx.connection.execute(sa.select(usage.c.used).where(*_of(act.organization_id, month))).scalar()
        return f"used or reserved {used:,} of {limit:,} posts of {month}, and this is about {amount:,}."
    tx.connection.execute(
        sa.insert(reservations).values(
            act_id=act.id,
            organization_id=act.organization_id,
            month=month,
            amount=amount,
            expires_at=written(act.at + EXPIRES),
        )
    )
    return None


def _settle(act: Act, settlement: Settlement, tx: Transaction) -> None:
    gone = tx.connection.execute(
        sa.delete(reservations)
        .where(reservations.c.act_id == act.id)
        .returning(reservations.c.month, reservations.c.amount)
    ).first()
    # One that expired was given back already; what was done counts all the same.
    month, reserved = (gone.month, gone.amount) if gone else (month_of(act.at), 0)
    _open_month(tx, act.organization_id, month)
    _add(tx, act.organization_id, month, settlement.amount - reserved)


def _give_back_expired(tx: Transaction, act: Act) -> None:
    expired = tx.connection.execute(
        sa.delete(reservations)
        .where(
            reservations.c.organization_id == act.organization_id,
            reservations.c.expires_at <= written(act.at),
        )
        .returning(reservations.c.month, reservations.c.amount)
    ).all()
    # In order of months, as everybody: two that give back at once must not wait for each other.
    for month, amount in sorted(expired):
        _add(tx, act.organization_id, month, -amount)


def _add(tx: Transaction, organization_id: int, month: str, amount: int) -> None:
    tx.connection.execute(
        sa.update(usage).where(*_of(organization_id, month)).values(used=usage.c.used + amount)
    )


def _of(organization_id: int, month: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return usage.c.organization_id == organization_id, usage.c.month == month


_open = sa.text(
    "INSERT INTO ee_usage (organization_id, month, used) VALUES (:organization_id, :month, 0) "
    "ON CONFLICT (organization_id, month) DO NOTHING"
)


def _open_month(tx: Transaction, organization_id: int, month: str) -> None:
    tx.connection.execute(_open, {"organization_id": organization_id, "month": month})


def month_of(at: datetime) -> str:
    """The month an act counts in: `2026-11`, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m")


def next_month(at: datetime) -> datetime:
    """When the next month begins, in UTC."""
    first = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


_set = sa.text(
    "INSERT INTO ee_quotas (organization_id, posts_per_month) VALUES (:organization_id, :posts) "
    "ON CONFLICT (organization_id) DO UPDATE SET posts_per_month = excluded.posts_per_month"
)


def set_quota(connection: sa.Connection, organization_id: int, posts: int) -> None:
    """Allow an organisation so many posts a month."""
    connection.execute(_set, {"organization_id": organization_id, "posts": posts})


def usage_of(connection: sa.Connection, scope: Scope, month: str) -> list[Usage]:
    """What the scope's organisations used of a month; those with neither use nor quota are absent."""
    this_month = sa.select(usage.c.organization_id, usage.c.used).where(usage.c.month == month)
    used = {row.organization_id: row.used for row in connection.execute(this_month)}
    limits = {row.organization_id: row.posts_per_month for row in connection.execute(sa.select(quotas))}
    return [
        Usage(key, month, used.get(key, 0), limits.get(key))
        for key in sorted(used.keys() | limits.keys())
        if scope.organizations is None or key in scope.organizations
    ]
