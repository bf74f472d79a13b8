"""What the command line asks before and beside its work: organisation, brands, accounts, what may be read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from afterpost.domain.errors import NotFound, TooSoon
from afterpost.domain.scope import Scope
from afterpost.services.catalogue import known_brand
from afterpost.services.core import Core
from afterpost.services.refresh import waits_until
from afterpost.services.standing import Standing, accounts_standing
from afterpost.settings import Settings
from afterpost.storage import accounts, health, organizations
from afterpost.storage.accounts import Account
from afterpost.storage.migrate import SchemaState, states_on
from afterpost.storage.organizations import Brand


class AccountState(Struct, frozen=True):
    """An account as shown to people. `next_at`: when it is asked again, at the earliest; None when it is
    not collected. `missing`: metric -> scopes that it needs and that were not granted; None when the platform
    does not say what was."""

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
    scopes: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]] | None


class Readable(Struct, frozen=True):
    """Accounts that can be read now. `waiting`: those left out, whose platform asked to wait."""

    account_ids: tuple[int, ...]
    waiting: tuple[Account, ...]


def brand_called(core: Core, scope: Scope, name: str) -> Brand:
    """The brand of that slug, name or id (`known_brand`)."""
    with core.read(scope) as connection:
        return known_brand(connection, scope, name)


def account_states(core: Core, scope: Scope) -> list[AccountState]:
    """Every account of the scope, oldest first, with its brand and when it is asked again."""
    with core.read(scope) as connection:
        brands = {brand.id: brand.name for brand in organizations.list_brands(connection, scope)}
    return [
        _shown(core, standing, brands.get(standing.account.brand_id or 0))
        for standing in accounts_standing(core, scope)
    ]


def _shown(core: Core, standing: Standing, brand: str | None) -> AccountState:
    account = standing.account
    return AccountState(
        id=account.id,
        platform=account.platform,
        external_id=account.external_id,
        handle=account.handle,
        name=account.name,
        brand=brand,
        state=account.state,
        last_refresh_at=account.last_refresh_at,
        next_at=standing.next_due,
        parked_until=account.parked_until,
        failure_kind=account.failure_kind,
        failure_message=account.failure_message,
        failed_at=account.failed_at,
        scopes=standing.scopes,
        missing=standing.missing(core),
    )


def readable_accounts(core: Core, scope: Scope, *, due_only: bool, account_id: int | None) -> Readable:
    """The accounts that a refresh reads: all connected ones, one of them, or those that are due.

    One whose platform asked to wait is left out, for asking all the same is how a key gets blocked. Raises
    NotFound for an account that is not there or disconnected, TooSoon for a single one that waits.
    """
    now = core.now()
    with core.read(scope) as connection:
        connected = [a for a in accounts.list_accounts(connection, scope) if a.state != "disconnected"]
        due = set(accounts.due_accounts(connection, scope, now)) if due_only else None
    if account_id is not None:
        connected = [account for account in connected if account.id == account_id]
        if not connected:
            raise NotFound(
                f"There is no connected account {account_id}.", hint="afterpost connect --list shows them."
            )
    waits = {account.id: waits_until(account, now) for account in connected}
    waiting = [account for account in connected if waits[account.id] is not None]
    if account_id is not None and (until := waits[account_id]) is not None:
        raise TooSoon(
            f"{waiting[0].platform} asked to wait until {until.isoformat(timespec='minutes')}: "
            f"{waiting[0].failure_message}",
            retry_at=until,
        )
    chosen = [a for a in connected if waits[a.id] is None and (due is None or a.id in due)]
    return Readable(tuple(account.id for account in chosen), tuple(waiting))


def schema_states(core: Core) -> Sequence[SchemaState]:
    """The schema of core and of each plugin with tables of its own."""
    with core.database.read() as connection:
        return states_on(connection, Scope.default(), core.plugins.migrations())


def recorded_revisions(settings: Settings) -> dict[str, str]:
    """dist -> the schema revision its tables are at, read before anything opens the database.

    Empty where there is none yet, or none that can be read: opening it says why.
    """
    return health.revisions_in(settings.database_url)
