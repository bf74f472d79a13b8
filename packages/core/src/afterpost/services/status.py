"""How this installation stands, as a person asks: its organisation, brands, accounts and schema."""

from datetime import datetime

from msgspec import Struct

from afterpost.domain.errors import NotFound
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.storage import accounts, organizations
from afterpost.storage.accounts import Account
from afterpost.storage.migrate import SchemaState, schema_state
from afterpost.storage.organizations import Brand, Organization


class AccountState(Struct, frozen=True):
    """An account as shown to people. `next_at`: when it is asked again, at the earliest; None when it is
    not collected."""

    id: int
    platform: str
    external_id: str
    handle: str
    name: str
    brand: str | None
    state: str
    last_refresh_at: datetime | None
    next_at: datetime | None
    parked_until: datetime | None
    failure_kind: str | None
    failure_message: str | None
    failed_at: datetime | None


def organization_of(core: Core, scope: Scope) -> Organization:
    """The organisation a call of this scope is about."""
    with core.database.read() as connection:
        return core.organization(connection, scope)


def brand_called(core: Core, scope: Scope, name: str) -> Brand:
    """The brand of that slug, name or id, or NotFound that lists the brands there are."""
    with core.database.read() as connection:
        brands = organizations.list_brands(connection, scope)
    wanted = name.casefold()
    for matches in (
        lambda brand: brand.slug == wanted,
        lambda brand: brand.name.casefold() == wanted,
        lambda brand: str(brand.id) == wanted,
    ):
        for brand in brands:
            if matches(brand):
                return brand
    known = ", ".join(brand.slug for brand in brands[:20])
    raise NotFound(
        f"There is no brand {name!r}.", hint=f"Brands: {known}." if known else "There is no brand yet."
    )


def account_states(core: Core, scope: Scope) -> list[AccountState]:
    """Every account of the scope, oldest first, with its brand and when it is asked again."""
    with core.database.read() as connection:
        found = accounts.list_accounts(connection, scope)
        due = accounts.next_due(connection, scope)
        brands = {brand.id: brand.name for brand in organizations.list_brands(connection, scope)}
    return [
        AccountState(
            id=account.id,
            platform=account.platform,
            external_id=account.external_id,
            handle=account.handle,
            name=account.name,
            brand=None if account.brand_id is None else brands.get(account.brand_id),
            state=account.state,
            last_refresh_at=account.last_refresh_at,
            next_at=_next_at(account, due.get(account.id), core.now()),
            parked_until=account.parked_until,
            failure_kind=account.failure_kind,
            failure_message=account.failure_message,
            failed_at=account.failed_at,
        )
        for account in found
    ]


def _next_at(account: Account, due_at: datetime | None, now: datetime) -> datetime | None:
    if account.state != "active":
        return None
    # An account that was never listed is asked at the next look.
    first = min(instant for instant in (account.next_list_at or now, due_at) if instant is not None)
    return first if account.parked_until is None else max(first, account.parked_until)


def due_account_ids(core: Core, scope: Scope) -> list[int]:
    """The accounts the schedule asks for now: active, not parked, with a list or a post that is due."""
    with core.database.read() as connection:
        return accounts.due_accounts(connection, scope, core.now())


def schema_states(core: Core) -> list[SchemaState]:
    """The schema of core and of each plugin with tables of its own."""
    return schema_state(core.database, Scope.default(), core.plugins.migrations())
