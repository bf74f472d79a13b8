"""Numbers of accounts themselves: the last value of each day.

Which day a value is of follows from its instant; `day` keeps it in its place and is that day. Only after the
days were cut anew may two values of one day both be there: the earlier one then has an earlier, free place,
and is not shown.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace

from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_date, day_start, local_day_number
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
    connection: sa.Connection, scope: Scope, account_id: int, zone: ZoneInfo, first: int, last: int
) -> list[AccountMetric]:
    """The account's last value of each of those days in `zone`, both included, oldest first."""
    # No value's place is later than its day, and a day's instants may begin a little before its midnight.
    since = day_start(day_date(first), zone) - timedelta(days=1)
    query = (
        sa.select(*_COLUMNS)
        .where(
            account_metrics.c.account_id == account_id,
            account_metrics.c.day <= last,
            account_metrics.c.observed_at >= since,
            *within(scope, account_metrics),
        )
        .order_by(account_metrics.c.observed_at, account_metrics.c.metric)
    )
    shown: dict[tuple[int, str], AccountMetric] = {}
    for row in connection.execute(query):
        value = AccountMetric(*row)
        day = local_day_number(value.observed_at, zone)
        if first <= day <= last:
            shown[day, value.metric] = replace(value, day=day)
    return [shown[key] for key in sorted(shown)]


def redate(connection: sa.Connection, scope: Scope, zone: ZoneInfo) -> None:
    """Give every value its place by its day in `zone`: the day itself to the last value of it, and to an
    earlier one of the same day the next place before, so that none is lost and the way back finds all."""
    table = account_metrics
    query = sa.select(table).where(*within(scope, table)).order_by(table.c.observed_at.desc())
    rows = connection.execute(query).all()
    connection.execute(sa.delete(table).where(*within(scope, table)))
    free: dict[tuple[int, str], int] = {}
    placed: list[tuple[Value, ...]] = []
    for row in rows:
        mine = (row.account_id, row.metric)
        day = local_day_number(row.observed_at, zone)
        place = min(day, free.get(mine, day))
        free[mine] = place - 1
        owner = (row.organization_id, row.value, row.definition, to_micros(row.observed_at))
        placed.append((row.account_id, place, row.metric, *owner))
    bulk(connection, table, _WRITTEN, placed, mode="replace")
