"""The audit trail: one row for each committed fact, committed with it or not at all."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.sdk import Event, Scope, Transaction
from afterpost_ee.tables import audit, written

MOST = 1_000
"""Rows that are read at once."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class AuditEntry(Struct, frozen=True):
    """A committed fact: its name and version, what it says as JSON, when it was, and who acted."""

    id: int
    organization_id: int
    at: str
    actor: str
    fact: str
    body: msgspec.Raw


def write(tx: Transaction, facts: Sequence[Event]) -> None:
    """Note facts in the transaction that commits them."""
    rows = [
        {
            "organization_id": fact.organization_id,
            "at": written(tx.now),
            "actor": str(tx.actor),
            "fact": fact.__struct_config__.tag,
            "body": _encode(fact).decode(),
        }
        for fact in facts
    ]
    if rows:
        tx.connection.execute(sa.insert(audit), rows)


def note(tx: Transaction, organization_id: int, fact: str, **body: object) -> None:
    """Note an act of this distribution's own, in its transaction."""
    tx.connection.execute(
        sa.insert(audit).values(
            organization_id=organization_id,
            at=written(tx.now),
            actor=str(tx.actor),
            fact=fact,
            body=_encode(body).decode(),
        )
    )


def newest(connection: sa.Connection, scope: Scope, limit: int) -> list[AuditEntry]:
    """The newest entries of the scope's organisations, newest first."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(min(limit, MOST))
    if scope.organizations is not None:
        query = query.where(audit.c.organization_id.in_(sorted(scope.organizations)))
    return [
        AuditEntry(row.id, row.organization_id, row.at, row.actor, row.fact, msgspec.Raw(row.body.encode()))
        for row in connection.execute(query)
    ]
