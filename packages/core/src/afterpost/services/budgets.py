"""No call that would exceed a limit: what it costs is booked before it is made, in all processes together.

The counts are rows: they survive a restart, and two collectors share them. A call that failed has still been
counted, for the platform counts it too.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from afterpost.domain.budgets import booking, room_at
from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.spend import MICROS, Operation, Spend
from afterpost.sdk.capabilities import Capabilities, RateLimit
from afterpost.services.core import Core
from afterpost.storage import parkings, spending
from afterpost.storage.accounts import Account
from afterpost.storage.engine import Connection


class OverBudget(ProviderError):
    """Our own count says that a call has to wait; the platform was not asked."""


class Bucket(Struct, frozen=True):
    """One limit as it is counted: whose it is stands in the name."""

    name: str
    limit: RateLimit


def charge(
    core: Core, scope: Scope, actor: Actor, account: Account, operation: Operation, cost: Spend
) -> None:
    """Book a call that is about to be made; OverBudget, with the time, when it does not fit."""
    capabilities = core.providers[account.platform].capabilities
    buckets = _concerned(core, capabilities, account, operation, cost)
    with core.transaction(scope, actor) as tx:
        _refuse_parked(tx.connection, tx.scope, account, tx.now)
        for bucket, wanted in buckets:
            spending.lock(tx.connection, tx.scope, bucket.name)
            spent = spending.spent(tx.connection, tx.scope, bucket.name, tx.now)
            room = room_at(spent, wanted, bucket.limit.amount, tx.now)
            if room != tx.now:
                raise _over(capabilities.display_name, bucket.limit, room, tx.now)
        for bucket, wanted in buckets:
            period = booking(bucket.limit.seconds, bucket.limit.resets, tx.now)
            spending.book(
                tx.connection, tx.scope, bucket.name, (period.begins_at, period.ends_at), wanted, tx.now
            )


def give_back(
    core: Core,
    scope: Scope,
    actor: Actor,
    account: Account,
    operation: Operation,
    cost: Spend,
    booked_at: datetime,
) -> None:
    """Take back a part of what was booked at that instant: the answer was smaller than it could have been."""
    capabilities = core.providers[account.platform].capabilities
    with core.transaction(scope, actor) as tx:
        for bucket, amount in _concerned(core, capabilities, account, operation, cost):
            spending.lock(tx.connection, tx.scope, bucket.name)
            period = booking(bucket.limit.seconds, bucket.limit.resets, booked_at)
            spending.book(
                tx.connection, tx.scope, bucket.name, (period.begins_at, period.ends_at), -amount, booked_at
            )


def refuse_parked(core: Core, scope: Scope, account: Account) -> None:
    """OverBudget while the account's app rests because its platform asked it to."""
    with core.read(scope) as connection:
        _refuse_parked(connection, scope, account, core.now())


def _refuse_parked(connection: Connection, scope: Scope, account: Account, now: datetime) -> None:
    parking = parkings.parked(connection, scope, account.platform, account.app, now)
    if parking is not None:
        raise OverBudget(ErrorKind(parking.kind), parking.message, retry_at=parking.until, scope="app")


def _concerned(
    core: Core, capabilities: Capabilities, account: Account, operation: Operation, cost: Spend
) -> list[tuple[Bucket, int]]:
    """The buckets a call counts in and how much in each, by name: so two never lock in a circle."""
    return [
        (bucket, wanted)
        for bucket in sorted(_buckets(core, capabilities, account), key=lambda each: each.name)
        if (wanted := _of(cost, bucket.limit.unit)) and _counts(bucket.limit, operation)
    ]


def _buckets(core: Core, capabilities: Capabilities, account: Account) -> Iterator[Bucket]:
    for limit in capabilities.limits:
        whose = f"account {account.id}" if limit.scope == "account" else f"app {account.app}"
        what = f"{limit.unit}/{limit.seconds}s {limit.resets} {','.join(limit.operations)}"
        yield Bucket(f"{account.platform} {whose} {what}", limit)
    if core.settings.monthly_dollars is not None:
        cap = round(core.settings.monthly_dollars * MICROS)
        yield Bucket(
            "installation money",
            RateLimit(unit="money", amount=cap, seconds=31 * 86_400, scope="app", resets="month UTC"),
        )


def _counts(limit: RateLimit, operation: Operation) -> bool:
    return not limit.operations or operation in limit.operations


def _of(cost: Spend, unit: str) -> int:
    found: int = getattr(cost, unit)
    return found


def _over(name: str, limit: RateLimit, room: datetime | None, now: datetime) -> OverBudget:
    of = (
        f"{limit.amount / MICROS:,.2f} dollars" if limit.unit == "money" else f"{limit.amount:,} {limit.unit}"
    )
    if room is None:
        return OverBudget(
            ErrorKind.BUDGET_EXHAUSTED,
            f"One call to {name} takes more than the budget of {of} allows at all.",
            retry_at=booking(limit.seconds, limit.resets, now).ends_at,
            scope=limit.scope,
        )
    return OverBudget(
        ErrorKind.BUDGET_EXHAUSTED,
        f"The budget of {of} for {name} is used up.",
        retry_at=room,
        scope=limit.scope,
    )
