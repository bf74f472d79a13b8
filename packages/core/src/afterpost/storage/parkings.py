"""Apps that a platform asked to wait. They belong to the installation: a scope narrows nothing here."""

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.dialect import insert_new
from afterpost.storage.tables import parkings


class Parking(Struct, frozen=True):
    """Until when all accounts of an app rest, and why (`kind`: an ErrorKind)."""

    until: datetime
    kind: str
    message: str


def park(connection: sa.Connection, scope: Scope, platform: str, app: str, parking: Parking) -> None:
    """Let an app rest; of two waits the longer one counts."""
    values = {"until": parking.until, "kind": parking.kind, "message": parking.message}
    connection.execute(
        sa.update(parkings)
        .where(parkings.c.platform == platform, parkings.c.app == app, parkings.c.until < parking.until)
        .values(values)
    )
    connection.execute(insert_new(connection, parkings), {"platform": platform, "app": app} | values)


def parked(connection: sa.Connection, scope: Scope, platform: str, app: str, now: datetime) -> Parking | None:
    """Why an app rests; None when it may be asked."""
    row = connection.execute(
        sa.select(parkings.c.until, parkings.c.kind, parkings.c.message).where(
            parkings.c.platform == platform, parkings.c.app == app, parkings.c.until > now
        )
    ).first()
    return Parking(*row) if row else None
