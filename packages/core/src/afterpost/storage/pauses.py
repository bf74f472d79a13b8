"""When accounts were not read: stopped until a person acted, or disconnected."""

from datetime import datetime

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import pauses


def note_state(
    connection: sa.Connection, scope: Scope, organization_id: int, account_id: int, state: str, now: datetime
) -> None:
    """Keep that an account is in this state from now on: what was before ends, a pause begins."""
    open_ones = (pauses.c.account_id == account_id, pauses.c.ended_at.is_(None), *within(scope, pauses))
    now_in = connection.execute(sa.select(pauses.c.state).where(*open_ones)).scalar()
    if now_in == state:
        return
    connection.execute(sa.update(pauses).where(*open_ones).values(ended_at=now))
    if state != "active":
        connection.execute(
            sa.insert(pauses).values(
                organization_id=organization_id, account_id=account_id, state=state, began_at=now
            )
        )


Pause = tuple[datetime, datetime | None]
"""Since when, until when."""


def of_account(connection: sa.Connection, scope: Scope, account_id: int, since: datetime) -> list[Pause]:
    """The account's pauses that were not over at an instant."""
    query = sa.select(pauses.c.began_at, pauses.c.ended_at).where(
        pauses.c.account_id == account_id,
        sa.or_(pauses.c.ended_at.is_(None), pauses.c.ended_at > since),
        *within(scope, pauses),
    )
    return [(began, ended) for began, ended in connection.execute(query)]
