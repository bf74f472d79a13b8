"""Connected accounts: who they are, how they stand, and their sealed credentials."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import within
from afterpost.storage.tables import accounts, posts


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


def sealed_credential(connection: sa.Connection, scope: Scope, account_id: int) -> bytes | None:
    """The account's encrypted credential."""
    return connection.execute(
        sa.select(accounts.c.credential).where(accounts.c.id == account_id, *within(scope, accounts))
    ).scalar()


def due_accounts(connection: sa.Connection, scope: Scope, now: datetime) -> list[int]:
    """Active accounts, not parked, whose list or one of whose posts is due at `now`."""
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
