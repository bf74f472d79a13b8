"""Followers and other numbers of an account itself: read once a day, kept by day."""

import asyncio
from collections.abc import Mapping
from datetime import date
from math import isfinite

from msgspec import Struct

from afterpost.domain.errors import STOPPING, WAITING, NotFound, ProviderError
from afterpost.domain.metrics import MAX_COUNT, is_account_metric_name
from afterpost.domain.readings import Value
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import day_date, day_number, local_day_number, zone_of
from afterpost.sdk.provider import AccountReading
from afterpost.sdk.waits import next_midnight
from afterpost.services.archive import Prepared, keep, prepared
from afterpost.services.core import Core
from afterpost.services.exchange import Exchange
from afterpost.services.question import window_of
from afterpost.services.windows import WindowMeta, shown
from afterpost.storage import account_metrics, accounts
from afterpost.storage.account_metrics import AccountMetric
from afterpost.storage.accounts import Account


class AccountDay(Struct, frozen=True):
    """One day's last values; a metric that was not reported that day is not in it."""

    date: date
    values: Mapping[str, Value]


class AccountNumbers(Struct, frozen=True):
    """An account's numbers over a window; days without a reading are left out, never 0."""

    days: tuple[AccountDay, ...]
    definitions: Mapping[str, str]
    window: WindowMeta


async def read_account(
    core: Core, scope: Scope, actor: Actor, account: Account, exchange: Exchange, run_id: int
) -> None:
    """Read the account's own numbers where that is due and offered.

    They are no reason to fail its posts: an error that concerns only this call is logged and tried again with
    the next listing. One that stops the account, or makes it wait, passes through.
    """
    provider = exchange.provider
    now = core.now()
    due = account.next_account_at is None or account.next_account_at <= now
    if not provider.capabilities.account_metrics or not due:
        return
    try:
        reading, heard = await exchange.ask("fetch_account", provider.fetch_account, AccountReading)
    except ProviderError as error:
        if error.kind in WAITING | STOPPING:
            raise
        core.log.warning("account %s: its own numbers could not be read: %s", account.id, error.message)
        return
    fetch = None if heard is None else await asyncio.to_thread(prepared, heard)
    await core.database.writing(store_account, core, scope, actor, account, reading, run_id, fetch)


def store_account(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    reading: AccountReading,
    run_id: int,
    fetch: Prepared | None = None,
) -> None:
    """Store an account's own numbers as those of today, and the payloads they were read from, in one
    transaction."""
    declared = {spec.name: spec for spec in core.providers[account.platform].capabilities.account_metrics}
    refused = [
        name for name, value in reading.values.items() if name not in declared or not _possible(name, value)
    ]
    if refused:
        core.log.warning("account %s: left out what can't be true: %s", account.id, ", ".join(refused))
    with core.transaction(scope, actor) as tx:
        keep(
            *(tx, account.organization_id, run_id, "account", fetch),
            account_id=account.id,
            platform=account.platform,
        )
        zone = core.organization(tx.connection, tx.scope).time_zone
        day = local_day_number(tx.now, zone_of(zone))
        values = [
            AccountMetric(account.id, day, name, value, declared[name].definition, tx.now)
            for name, value in reading.values.items()
            if name not in refused
        ]
        account_metrics.put(tx.connection, tx.scope, account.organization_id, values)
        accounts.update_account(
            tx.connection, tx.scope, account.id, {"next_account_at": next_midnight(zone, tx.now)}
        )


def _possible(name: str, value: object) -> bool:
    if not is_account_metric_name(name) or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and abs(value) <= MAX_COUNT


def account_numbers(
    core: Core, scope: Scope, account_id: int, start: date | None, end: date | None
) -> AccountNumbers:
    """The account's numbers by day; raises NotFound outside the scope."""
    with core.read(scope) as connection:
        account = accounts.get_account(connection, scope, account_id)
        if account is None:
            raise NotFound(f"There is no account {account_id}.")
        organization = core.organization(connection, scope.narrowed(organization=account.organization_id))
        window = window_of(core, organization, start, end)
        found = account_metrics.between(
            *(connection, scope, account_id, zone_of(window.zone)),
            *(day_number(window.start), day_number(window.end)),
        )
    days: dict[int, dict[str, Value]] = {}
    for each in found:
        whole = each.value == int(each.value)
        days.setdefault(each.day, {})[each.metric] = int(each.value) if whole else each.value
    return AccountNumbers(
        tuple(AccountDay(day_date(day), values) for day, values in days.items()),
        {each.metric: each.definition for each in found},
        shown(window),
    )
