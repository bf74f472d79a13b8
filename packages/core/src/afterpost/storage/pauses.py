"""When accounts were not read: stopped until a person acted, or disconnected."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import Shape, values_of, within
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


def disconnections(
    connection: sa.Connection, scope: Scope, begins_at: datetime, ends_at: datetime
) -> Mapping[int, list[tuple[datetime, datetime | None]]]:
    """account id -> when it was disconnected, of what overlaps [begins_at, ends_at).

    A stopped account is not in it: it should have been read, and somebody has to mend it.
    """
    values = {**values_of(scope), "begins_at": begins_at, "ends_at": ends_at}
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    for account_id, began_at, ended_at in connection.execute(_disconnections(Shape.of(scope)), values):
        found.setdefault(account_id, []).append((began_at, ended_at))
    return found


@cache
def _disconnections(shape: Shape) -> sa.Select[Any]:
    began, ended = pauses.c.began_at, pauses.c.ended_at
    begins_at, ends_at = (sa.bindparam(name, type_=began.type) for name in ("begins_at", "ends_at"))
    return sa.select(pauses.c.account_id, began, ended).where(
        pauses.c.state == "disconnected",
        began < ends_at,
        sa.or_(ended.is_(None), ended > begins_at),
        *shape.conditions(pauses),
    )
