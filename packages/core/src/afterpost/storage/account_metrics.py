"""Numbers of accounts themselves: the last value of each day."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.dialect import Value, bulk
from afterpost.storage.scoping import within
from afterpost.storage.tables import account_metrics
from afterpost.storage.types import to_micros


class AccountMetric(Struct, frozen=True):
    """One value of one day."""

    account_id: int
    day: int
    metric: str
    value: float
    definition: str
    observed_at: datetime


_COLUMNS = [account_metrics.c[name] for name in AccountMetric.__struct_fields__]
_WRITTEN = ("account_id", "day", "metric", "organization_id", "value", "definition", "observed_at")


def put(
    connection: sa.Connection, scope: Scope, organization_id: int, values: Iterable[AccountMetric]
) -> None:
    """Store values; a later one of the same day takes the place of the one before."""
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("an account of an organisation outside the scope")
    rows: list[tuple[Value, ...]] = [
        (
            each.account_id,
            each.day,
            each.metric,
            organization_id,
            each.value,
            each.definition,
            to_micros(each.observed_at),
        )
        for each in values
    ]
    bulk(connection, account_metrics, _WRITTEN, rows, mode="replace")


def between(
    connection: sa.Connection, scope: Scope, account_id: int, first: int, last: int
) -> list[AccountMetric]:
    """The account's values of those days, both included, oldest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(
            account_metrics.c.account_id == account_id,
            account_metrics.c.day.between(first, last),
            *within(scope, account_metrics),
        )
        .order_by(account_metrics.c.day, account_metrics.c.metric)
    )
    return [AccountMetric(*row) for row in connection.execute(query)]
