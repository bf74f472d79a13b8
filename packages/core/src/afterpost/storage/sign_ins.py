"""Sign-ins under way: each is used once."""

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import sign_ins


class SignIn(Struct, frozen=True):
    """A sign-in that was begun: on which platform, for whom, and what is needed to end it, sealed."""

    organization_id: int
    platform: str
    sealed: bytes
    ends_at: datetime


def begin(connection: sa.Connection, scope: Scope, state: bytes, sign_in: SignIn, now: datetime) -> None:
    """Keep a sign-in under the digest of its state; those that are over leave."""
    if scope.organizations is not None and sign_in.organization_id not in scope.organizations:
        raise ValueError("a sign-in of an organisation outside the scope")
    connection.execute(sa.delete(sign_ins).where(sign_ins.c.ends_at <= now, *within(scope, sign_ins)))
    connection.execute(
        sa.insert(sign_ins).values(
            state=state,
            organization_id=sign_in.organization_id,
            platform=sign_in.platform,
            sealed=sign_in.sealed,
            ends_at=sign_in.ends_at,
        )
    )


def take(connection: sa.Connection, scope: Scope, state: bytes, now: datetime) -> SignIn | None:
    """The sign-in of that state, which is gone from now on: of two who take it, one gets it."""
    row = connection.execute(
        sa.delete(sign_ins)
        .where(sign_ins.c.state == state, *within(scope, sign_ins))
        .returning(sign_ins.c.organization_id, sign_ins.c.platform, sign_ins.c.sealed, sign_ins.c.ends_at)
    ).first()
    found = SignIn(*row) if row else None
    return found if found is not None and found.ends_at > now else None


def look(connection: sa.Connection, scope: Scope, state: bytes, now: datetime) -> SignIn | None:
    """The sign-in of that state, which stays."""
    row = connection.execute(
        sa.select(
            sign_ins.c.organization_id, sign_ins.c.platform, sign_ins.c.sealed, sign_ins.c.ends_at
        ).where(sign_ins.c.state == state, sign_ins.c.ends_at > now, *within(scope, sign_ins))
    ).first()
    return SignIn(*row) if row else None
