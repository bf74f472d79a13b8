"""Connected accounts: who they are, how they stand, and their sealed credentials."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import accounts, parkings, posts


class Account(Struct, frozen=True):
    """An account. `state`: active, stopped (a person must act; `failure_message` says why), disconnected."""

    id: int
    organization_id: int
    brand_id: int | None
    platform: str
    external_id: str
    handle: str
    name: str
    state: str
    listed: bool
    next_list_at: datetime | None
    parked_until: datetime | None
    last_refresh_at: datetime | None
    failure_kind: str | None
    failure_message: str | None
    failed_at: datetime | None
    created_at: datetime
    app: str
    scopes: str
    next_account_at: datetime | None
    next_daily_at: datetime | None


_COLUMNS = [accounts.c[name] for name in Account.__struct_fields__]


def list_accounts(connection: sa.Connection, scope: Scope) -> list[Account]:
    """The accounts of the scope, oldest first."""
    query = sa.select(*_COLUMNS).where(*within(scope, accounts)).order_by(accounts.c.id)
    return [Account(*row) for row in connection.execute(query)]


def get_account(connection: sa.Connection, scope: Scope, account_id: int) -> Account | None:
    """One account of the scope."""
    query = sa.select(*_COLUMNS).where(accounts.c.id == account_id, *within(scope, accounts))
    row = connection.execute(query).first()
    return Account(*row) if row else None


def find_account(
    connection: sa.Connection, scope: Scope, organization_id: int, platform: str, external_id: str
) -> Account | None:
    """The account a platform knows by that id."""
    query = sa.select(*_COLUMNS).where(
        accounts.c.organization_id == organization_id,
        accounts.c.platform == platform,
        accounts.c.external_id == external_id,
        *within(scope, accounts),
    )
    row = connection.execute(query).first()
    return Account(*row) if row else None


def platforms(connection: sa.Connection, scope: Scope) -> set[str]:
    """The platforms the scope's accounts are on."""
    query = sa.select(accounts.c.platform).distinct().where(*within(scope, accounts))
    return set(connection.execute(query).scalars())


def add_account(connection: sa.Connection, scope: Scope, values: Mapping[str, Any]) -> int:
    """Insert an account; returns its id."""
    if scope.organizations is not None and values["organization_id"] not in scope.organizations:
        raise ValueError("an account of an organisation outside the scope")
    insert = sa.insert(accounts).values(**values).returning(accounts.c.id)
    key: int = connection.execute(insert).scalar_one()
    return key


def update_account(
    connection: sa.Connection, scope: Scope, account_id: int, values: Mapping[str, Any]
) -> None:
    """Change columns of an account."""
    connection.execute(
        sa.update(accounts).where(accounts.c.id == account_id, *within(scope, accounts)).values(**values)
    )


class Sealed(Struct, frozen=True):
    """An account's encrypted credential and its version: one more each time it is replaced."""

    credential: bytes | None
    version: int


def sealed_credential(connection: sa.Connection, scope: Scope, account_id: int) -> Sealed:
    """The account's encrypted credential; none, too, for an account that is not there."""
    row = connection.execute(
        sa.select(accounts.c.credential, accounts.c.credential_version).where(
            accounts.c.id == account_id, *within(scope, accounts)
        )
    ).first()
    return Sealed(*row) if row else Sealed(None, 0)


class SealedRow(Struct, frozen=True):
    """A sealed credential with what it is bound to, and its version."""

    id: int
    organization_id: int
    platform: str
    external_id: str
    credential: bytes
    credential_version: int


def sealed_rows(connection: sa.Connection, scope: Scope) -> list[SealedRow]:
    """Every credential of the scope."""
    query = sa.select(*(accounts.c[name] for name in SealedRow.__struct_fields__)).where(
        accounts.c.credential.is_not(None), *within(scope, accounts)
    )
    return [SealedRow(*row) for row in connection.execute(query.order_by(accounts.c.id))]


def reseal_credential(connection: sa.Connection, scope: Scope, row: SealedRow, sealed: bytes) -> bool:
    """Put the same credential under another key in its place; False when it was replaced meanwhile."""
    changed = connection.execute(
        sa.update(accounts)
        .where(
            accounts.c.id == row.id,
            accounts.c.credential_version == row.credential_version,
            *within(scope, accounts),
        )
        .values(credential=sealed)
    )
    return changed.rowcount == 1


def claim_renewal(
    connection: sa.Connection, scope: Scope, account_id: int, version: int, now: datetime, until: datetime
) -> bool:
    """Become the one who renews this version of the credential; False when somebody is, or has done it.

    One statement that changes the row or does not: of two processes one gets True.
    """
    changed = connection.execute(
        sa.update(accounts)
        .where(
            accounts.c.id == account_id,
            accounts.c.credential_version == version,
            sa.or_(accounts.c.renewing_until.is_(None), accounts.c.renewing_until <= now),
            *within(scope, accounts),
        )
        .values(renewing_until=until)
    )
    return changed.rowcount == 1


def replace_credential(
    connection: sa.Connection, scope: Scope, account_id: int, version: int, values: Mapping[str, Any]
) -> bool:
    """Store a renewed credential in the place of this version, and end the claim; False, and nothing is
    changed, when it was replaced meanwhile."""
    changed = connection.execute(
        sa.update(accounts)
        .where(
            accounts.c.id == account_id,
            accounts.c.credential_version == version,
            *within(scope, accounts),
        )
        .values(credential_version=version + 1, renewing_until=None, **values)
    )
    return changed.rowcount == 1


def connect_again(
    connection: sa.Connection, scope: Scope, account_id: int, values: Mapping[str, Any]
) -> None:
    """Change an account together with its credential: whoever is renewing the one before does it in vain."""
    connection.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id, *within(scope, accounts))
        .values(credential_version=accounts.c.credential_version + 1, renewing_until=None, **values)
    )


def give_up_renewal(
    connection: sa.Connection, scope: Scope, account_id: int, version: int, until: datetime
) -> None:
    """End our own claim without a new credential."""
    connection.execute(
        sa.update(accounts)
        .where(
            accounts.c.id == account_id,
            accounts.c.credential_version == version,
            accounts.c.renewing_until == until,
            *within(scope, accounts),
        )
        .values(renewing_until=None)
    )


def to_renew(connection: sa.Connection, scope: Scope, now: datetime) -> list[int]:
    """Active accounts, not parked, whose credential is to be renewed although nobody reads with it."""
    query = sa.select(accounts.c.id).where(
        accounts.c.state == "active",
        accounts.c.renew_at <= now,
        sa.or_(accounts.c.parked_until.is_(None), accounts.c.parked_until <= now),
        *within(scope, accounts),
    )
    return list(connection.execute(query.order_by(accounts.c.id)).scalars())


def due_accounts(connection: sa.Connection, scope: Scope, now: datetime) -> list[int]:
    """Active accounts whose list or one of whose posts is due at `now`; parked ones and those of a parked
    app are left out."""
    parked_app = (
        sa.exists()
        .where(
            parkings.c.platform == accounts.c.platform,
            parkings.c.app == accounts.c.app,
            parkings.c.until > now,
        )
        .correlate(accounts)
    )
    due_post = (
        sa.exists()
        .where(posts.c.account_id == accounts.c.id, posts.c.due_at <= now, posts.c.state == "live")
        .correlate(accounts)
    )
    query = (
        sa.select(accounts.c.id)
        .where(
            accounts.c.state == "active",
            sa.or_(accounts.c.parked_until.is_(None), accounts.c.parked_until <= now),
            ~parked_app,
            sa.or_(accounts.c.next_list_at.is_(None), accounts.c.next_list_at <= now, due_post),
            *within(scope, accounts),
        )
        .order_by(accounts.c.id)
    )
    return list(connection.execute(query).scalars())


def next_due(connection: sa.Connection, scope: Scope) -> dict[int, datetime]:
    """account id -> its earliest scheduled read of a post."""
    query = (
        sa.select(posts.c.account_id, sa.type_coerce(sa.func.min(posts.c.due_at), posts.c.due_at.type))
        .where(
            posts.c.account_id.is_not(None),
            posts.c.due_at.is_not(None),
            posts.c.state == "live",
            *within(scope, posts),
        )
        .group_by(posts.c.account_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
