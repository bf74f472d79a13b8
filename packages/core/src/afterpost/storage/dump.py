"""The facts in canonical form: sorted by natural keys, without anything that depends on when or in which
order they were stored.

Two databases that came to the same facts give the same rows. Row ids are replaced by what people know
(organisation and brand slug, platform, external id), day numbers by dates; null and a counter of 0 are
left out. Left out as well: run ids, `recorded_at`, `created_at`, change numbers, credentials, and the
state of collection.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import PARTS
from afterpost.domain.windows import day_date, local_day_number, zone_of
from afterpost.storage.scoping import within
from afterpost.storage.tables import (
    ROLLUP_COUNTERS,
    STANDING_COUNTERS,
    account_metrics,
    accounts,
    attendance,
    brands,
    content_performance,
    daily_metrics,
    definition_sets,
    latest,
    observations,
    openings,
    organizations,
    post_analytics,
    posts,
    rollups,
    standing,
)

Row = dict[str, Any]
Keys = Sequence[sa.ColumnElement[Any]]
ROWS_AT_ONCE = 1_000

_SLUG = organizations.c.slug.label("organization")
_POST = (_SLUG, posts.c.platform, posts.c.external_id)
_LEARNED = (
    *("content_type", *CUMULATIVE, "clicks", "engagements", "exposure", "engagement_rate"),
    *("interaction_rate", "performance_score", "rate_margin", "source"),
)


def _rows(connection: sa.Connection, query: sa.Select[Any], keys: Keys) -> Iterator[Row]:
    """The rows of a query in the order of those keys, as they come, null left out."""
    ordered = query.order_by(*(_sortable(connection, key) for key in keys))
    streamed = connection.execute(ordered.execution_options(yield_per=ROWS_AT_ONCE))
    for mapping in streamed.mappings():
        yield {name: value for name, value in mapping.items() if value is not None}


def _sortable(connection: sa.Connection, key: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A key as every database sorts it alike: texts by their bytes, a missing one first."""
    column = key.element if isinstance(key, sa.Label) else key
    if not isinstance(column.type, sa.Text):
        return column
    text = sa.func.coalesce(column, sa.literal_column("''"))
    return sa.collate(text, "C") if connection.dialect.name == "postgresql" else text


def _days(row: Row, *names: str) -> Row:
    """The row with those day numbers as dates."""
    return row | {name: day_date(row[name]) for name in names if name in row}


def _json(row: Row, *names: str) -> Row:
    """The row with those JSON texts decoded; they were encoded with sorted keys."""
    return row | {name: msgspec.json.decode(row[name]) for name in names if name in row}


def _organizations(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    query = sa.select(_SLUG, organizations.c.name, organizations.c.time_zone)
    return _rows(connection, query.where(*within(scope, organizations)), [_SLUG])


def _brands(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    query = (
        sa.select(_SLUG, brands.c.slug, brands.c.name)
        .join(organizations, organizations.c.id == brands.c.organization_id)
        .where(*within(scope, brands))
    )
    return _rows(connection, query, [_SLUG, brands.c.slug])


def _accounts(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    key = (_SLUG, accounts.c.platform, accounts.c.external_id)
    query = (
        sa.select(*key, accounts.c.handle, accounts.c.name, brands.c.slug.label("brand"))
        .join(organizations, organizations.c.id == accounts.c.organization_id)
        .outerjoin(brands, brands.c.id == accounts.c.brand_id)
        .where(*within(scope, accounts))
    )
    return _rows(connection, query, key)


def _posts(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    columns = (
        *("title", "description", "url", "content_type", "published_at", "published_day"),
        *("publication_doubted", "links", "state", "gone_at"),
    )
    query = (
        sa.select(
            *_POST,
            brands.c.slug.label("brand"),
            accounts.c.external_id.label("account"),
            *(posts.c[name] for name in columns),
        )
        .join(organizations, organizations.c.id == posts.c.organization_id)
        .outerjoin(brands, brands.c.id == posts.c.brand_id)
        .outerjoin(accounts, accounts.c.id == posts.c.account_id)
        .where(*within(scope, posts))
    )
    for row in _rows(connection, query, _POST):
        if row["state"] != "gone":
            # A post that was missed once and may come back: the state of its collection, no fact.
            row.pop("gone_at", None)
        yield _days(_json(row, "links"), "published_day")


def _of_posts(table: sa.Table, scope: Scope, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A select of facts with the key of their post."""
    return (
        sa.select(*_POST, *columns)
        .select_from(table)
        .join(posts, posts.c.id == table.c.post_id)
        .join(organizations, organizations.c.id == posts.c.organization_id)
        .where(*within(scope, posts))
    )


def _observations(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    """Each reading once: how often it was told, and when, is no fact."""
    table = observations
    query = _of_posts(
        table,
        scope,
        table.c.observed_at,
        table.c.day,
        table.c.digest,
        table.c.whole_day,
        table.c.body.label("values"),
        definition_sets.c.body.label("asked"),
        table.c.published_at,
        table.c.published_day,
        table.c.source,
    ).join(definition_sets, definition_sets.c.id == table.c.definition_id)
    before: tuple[Any, ...] = ()
    for row in _rows(connection, query, [*_POST, table.c.observed_at, table.c.digest, table.c.told]):
        current = tuple(row[name] for name in KEYS["observations"])
        if current != before:
            shown = _json(_days(row, "day", "published_day"), "values", "asked")
            yield shown | {"digest": row["digest"].hex()}
        before = current


def _daily_metrics(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    """Each value that differs from the one before it: whether an equal one was stored too depends on which
    arrived first."""
    table = daily_metrics
    query = _of_posts(
        table, scope, table.c.metric, table.c.day, table.c.observed_at, table.c.value, table.c.source
    )
    key = [*_POST, table.c.metric, table.c.day, table.c.observed_at, table.c.value]
    before: tuple[Any, ...] = ()
    for row in _rows(connection, query, key):
        value = int(row["value"]) if float(row["value"]).is_integer() else row["value"]
        current = (
            *(row[name] for name in ("organization", "platform", "external_id", "metric", "day")),
            value,
        )
        if current != before:
            yield _days(row, "day") | {"value": value}
        before = current


def _account_metrics(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    """The last value of each day, as it is shown: which day that is follows from its instant."""
    table = account_metrics
    own = (_SLUG, accounts.c.platform, accounts.c.external_id, table.c.metric)
    told = (table.c.observed_at, table.c.value, table.c.definition, organizations.c.time_zone)
    query = (
        sa.select(*own, *told)
        .join(accounts, accounts.c.id == table.c.account_id)
        .join(organizations, organizations.c.id == table.c.organization_id)
        .where(*within(scope, accounts))
    )
    rows = _rows(connection, query, [*own, table.c.observed_at])
    for _, together in groupby(rows, key=lambda row: [row[column.name] for column in own]):
        by_day: dict[int, Row] = {}
        for row in together:
            by_day[local_day_number(row["observed_at"], zone_of(row.pop("time_zone")))] = row
        for day, row in sorted(by_day.items()):
            value = int(row["value"]) if float(row["value"]).is_integer() else row["value"]
            yield row | {"day": day_date(day), "value": value}


def _post_analytics(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    table = post_analytics
    metrics = (table.c[f"{name}_{what}"] for name in CUMULATIVE for what in ("total", "gain", "days"))
    query = _of_posts(
        table, scope, table.c.day, table.c.prev_day, table.c.offers, table.c.source, table.c.other, *metrics
    )
    for row in _rows(connection, query, [*_POST, table.c.day]):
        offers = PARTS[row["offers"]]
        yield _json(_days(row, "day", "prev_day"), "other") | {"offers": offers}


def _latest(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    columns = (
        *("first_day", "last_day", "first_at", "first_whole_day", "exposed_at", "exposed_on"),
        *("told_rank", "told_apart", "known", "behind", "offers"),
    )
    query = _of_posts(latest, scope, *(latest.c[name] for name in columns))
    for row in _rows(connection, query, _POST):
        behind = msgspec.json.decode(row.pop("behind", "{}"))
        known = {
            name: [total, day_date(behind.get(name, row["last_day"]))]
            for name, total in msgspec.json.decode(row["known"]).items()
        }
        yield _days(row, "first_day", "last_day", "exposed_on") | {
            "known": known,
            "offers": PARTS[row["offers"]],
        }


def _grouped(
    connection: sa.Connection,
    scope: Scope,
    table: sa.Table,
    columns: tuple[str, ...],
    counters: tuple[str, ...],
) -> Iterator[Row]:
    """Rows of a rollup; counters of 0, and rows that have no other, are left out."""
    key = (
        _SLUG,
        brands.c.slug.label("brand"),
        accounts.c.external_id.label("account"),
        table.c.platform,
        table.c.content_type,
        *(table.c[name] for name in columns),
    )
    query = (
        sa.select(*key, *(table.c[name] for name in counters))
        .select_from(table)
        .join(organizations, organizations.c.id == table.c.organization_id)
        .outerjoin(brands, brands.c.id == table.c.brand_id)
        .outerjoin(accounts, accounts.c.id == table.c.account_id)
        .where(*within(scope, table))
    )
    for row in _rows(connection, query, key):
        counted = {name: row.pop(name) for name in counters}
        kept = {name: value for name, value in counted.items() if value}
        if kept:
            yield _days(row, "day") | kept


def _rollups(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    return _grouped(connection, scope, rollups, ("day",), ROLLUP_COUNTERS)


def _standing(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    return _grouped(connection, scope, standing, (), STANDING_COUNTERS)


def _attendance(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    return _grouped(connection, scope, attendance, ("day", "gap"), ("posts",))


def _openings(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    return _grouped(connection, scope, openings, ("day", "metric", "span"), ("posts", "total"))


def _content_performance(connection: sa.Connection, scope: Scope) -> Iterator[Row]:
    table = content_performance
    query = (
        _of_posts(
            table,
            scope,
            table.c.measured_on,
            brands.c.slug.label("brand"),
            accounts.c.external_id.label("account"),
            *(table.c[name] for name in _LEARNED),
            table.c.links,
        )
        .outerjoin(brands, brands.c.id == table.c.brand_id)
        .outerjoin(accounts, accounts.c.id == table.c.account_id)
    )
    for row in _rows(connection, query, [*_POST, table.c.measured_on]):
        yield _json(_days(row, "measured_on"), "links")


TABLES: Mapping[str, Callable[[sa.Connection, Scope], Iterator[Row]]] = {
    "organizations": _organizations,
    "brands": _brands,
    "accounts": _accounts,
    "posts": _posts,
    "observations": _observations,
    "daily_metrics": _daily_metrics,
    "account_metrics": _account_metrics,
    "post_analytics": _post_analytics,
    "latest": _latest,
    "rollups": _rollups,
    "standing": _standing,
    "attendance": _attendance,
    "openings": _openings,
    "content_performance": _content_performance,
}
"""Every table of facts -> its rows in canonical order."""

_POST_KEY = ("organization", "platform", "external_id")
_GROUP_KEY = ("organization", "brand", "account", "platform", "content_type")
KEYS: Mapping[str, tuple[str, ...]] = {
    "organizations": ("organization",),
    "brands": ("organization", "slug"),
    "accounts": _POST_KEY,
    "posts": _POST_KEY,
    "observations": (*_POST_KEY, "observed_at", "digest"),
    "daily_metrics": (*_POST_KEY, "metric", "day", "observed_at", "value"),
    "account_metrics": (*_POST_KEY, "metric", "day"),
    "post_analytics": (*_POST_KEY, "day"),
    "latest": _POST_KEY,
    "rollups": (*_GROUP_KEY, "day"),
    "standing": _GROUP_KEY,
    "attendance": (*_GROUP_KEY, "day", "gap"),
    "openings": (*_GROUP_KEY, "day", "metric", "span"),
    "content_performance": (*_POST_KEY, "measured_on"),
}
"""What a row of each table is known by; the rows come in the order of these, texts by their bytes and a
missing one first."""
