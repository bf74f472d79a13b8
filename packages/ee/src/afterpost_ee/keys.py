"""Keys: each opens one organisation. Kept as digests; the key itself is shown once."""

import hashlib
import secrets
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from afterpost_ee.tables import keys, written

PREFIX = "apk_"
"""Keys of ours begin with it, so that one found in a log is recognised."""


class Key(Struct, frozen=True):
    """A key as people see it. `revoked_at`: since when it opens nothing."""

    id: int
    organization_id: int
    name: str
    created_at: str
    revoked_at: str | None


_COLUMNS = [keys.c[name] for name in Key.__struct_fields__]


def digest(token: str) -> str:
    """What is kept of a key. It is random and long, so a plain digest can't be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(connection: sa.Connection, organization_id: int, name: str, now: datetime) -> tuple[Key, str]:
    """A new key, and the token itself, which nobody can ask for again."""
    token = PREFIX + secrets.token_urlsafe(32)
    values = {
        "organization_id": organization_id,
        "name": name,
        "digest": digest(token),
        "created_at": written(now),
    }
    row = connection.execute(sa.insert(keys).values(values).returning(*_COLUMNS)).one()
    return Key(*row), token


def revoke(connection: sa.Connection, key_id: int, now: datetime) -> Key | None:
    """Close a key for good; None when there is none. One that is closed keeps its time."""
    connection.execute(
        sa.update(keys)
        .where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
        .values(revoked_at=written(now))
    )
    row = connection.execute(sa.select(*_COLUMNS).where(keys.c.id == key_id)).first()
    return Key(*row) if row else None


def listed(connection: sa.Connection) -> list[Key]:
    """Every key, oldest first."""
    return [Key(*row) for row in connection.execute(sa.select(*_COLUMNS).order_by(keys.c.id))]


def by_token(connection: sa.Connection, token: str) -> Key | None:
    """The open key of that token."""
    return _open(connection, keys.c.digest == digest(token))


def by_id(connection: sa.Connection, key_id: int) -> Key | None:
    """The open key of that id."""
    return _open(connection, keys.c.id == key_id)


def _open(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Key | None:
    row = connection.execute(sa.select(*_COLUMNS).where(which, keys.c.revoked_at.is_(None))).first()
    return Key(*row) if row else None
