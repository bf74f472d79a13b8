"""A second database with the same catalogue and no numbers, and the numbers no payload accounts for."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from itertools import groupby
from math import inf
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from afterpost.domain.metrics import Kind
from afterpost.domain.readings import Reading, Value
from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_date
from afterpost.storage.account_metrics import AccountMetric
from afterpost.storage.archive import Asked
from afterpost.storage.engine import Database
from afterpost.storage.observations import Definitions
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import within
from afterpost.storage.tables import (
    account_metrics,
    accounts,
    brands,
    daily_metrics,
    definition_sets,
    fetch_payloads,
    fetches,
    observations,
    organizations,
    payloads,
    posts,
    run_items,
    runs,
)

ROWS_AT_ONCE = 500
_CATALOGUE: tuple[tuple[sa.Table, dict[str, object]], ...] = (
    (organizations, {"change_seq": 0, "changed_at": None, "zone_fixed": False}),
    (brands, {}),
    (accounts, {"credential": None, "state": "disconnected", "renew_at": None, "renewing_until": None}),
    (posts, {"due_day": None, "due_prev": None}),
)
"""Copied with their ids; without what says that there are numbers, and without credentials."""

_values = msgspec.json.Decoder(dict[str, Value]).decode
_definitions = msgspec.json.Decoder(Definitions).decode
_asked = msgspec.json.Decoder(Asked).decode


class KeptValue(NamedTuple):
    """A value of an account's own numbers as it was stored, whose payload is not there."""

    organization_id: int
    value: AccountMetric


class Kept(NamedTuple):
    """A reading as it was stored, by which run, and its place in the order told."""

    organization_id: int
    post_id: int
    source: str
    reading: Reading
    run_id: int
    digest: bytes
    told: int


def is_empty(database: Database, scope: Scope) -> bool:
    """Whether a database holds no table yet. The scope narrows nothing: a database is everyone's."""
    with database.writer.connect() as connection:
        return not sa.inspect(connection).get_table_names()


def copy_catalogue(source: sa.Connection, target: sa.Connection, scope: Scope) -> None:
    """Copy organisations, brands, accounts and posts, with their ids, into an empty database."""
    for table, instead in _CATALOGUE:
        query = sa.select(table).where(*within(scope, table)).order_by(table.c.id)
        rows = source.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).mappings()
        for some in rows.partitions():
            target.execute(sa.insert(table), [{**row, **instead} for row in some])


def _all_there(fetch_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """That a fetch has payloads, and none of them is missing."""
    parts = fetch_payloads.outerjoin(
        payloads,
        sa.and_(
            payloads.c.organization_id == fetch_payloads.c.organization_id,
            payloads.c.platform == fetch_payloads.c.platform,
            payloads.c.digest == fetch_payloads.c.digest,
        ),
    )
    of_it = fetch_payloads.c.fetch_id == fetch_id
    some = sa.exists().select_from(fetch_payloads).where(of_it)
    lost = sa.exists().select_from(parts).where(of_it, payloads.c.body.is_(None))
    return sa.and_(some, ~lost)


def _unaccounted() -> sa.ColumnElement[bool]:
    """That what a post was read from in a run is not all there: no fetch, or one with a payload missing."""
    return sa.or_(run_items.c.fetch_id.is_(None), ~_all_there(run_items.c.fetch_id))


def _with_item(table: sa.Table) -> sa.FromClause:
    return table.join(posts, posts.c.id == table.c.post_id).outerjoin(
        run_items, sa.and_(run_items.c.run_id == table.c.run_id, run_items.c.post_id == table.c.post_id)
    )


def unaccounted_readings(connection: sa.Connection, scope: Scope) -> Iterator[Kept]:
    """Stored readings whose payload is not there, by organisation, then values that are per day already."""
    query = (
        sa.select(observations, definition_sets.c.body.label("asked"))
        .select_from(
            _with_item(observations).join(
                definition_sets, definition_sets.c.id == observations.c.definition_id
            )
        )
        .where(_unaccounted(), *within(scope, posts))
        .order_by(observations.c.organization_id, observations.c.told)
    )
    for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        yield _kept(row)
    yield from _unaccounted_daily(connection, scope)


def _kept(row: sa.Row[Any]) -> Kept:
    asked = _definitions(row.asked)
    reading = Reading(
        observed_at=row.observed_at,
        values=_values(row.body),
        definitions=asked.definitions,
        published_at=row.published_at,
        published_on=None if row.published_day is None else day_date(row.published_day),
        observed_on=day_date(row.day) if row.whole_day else None,
        kinds=asked.kinds,
    )
    return Kept(row.organization_id, row.post_id, row.source, reading, row.run_id, row.digest, row.told)


def days_read(connection: sa.Connection, scope: Scope) -> list[int]:
    """The days with a reading, oldest first."""
    query = sa.select(observations.c.day).distinct().where(*within(scope, observations))
    return list(connection.execute(query.order_by(observations.c.day)).scalars())


def readings_on(
    connection: sa.Connection, scope: Scope, day: int, post_ids: Collection[int] | None = None
) -> list[Kept]:
    """Every stored reading of a day, of those posts or of all."""
    query = (
        sa.select(observations, definition_sets.c.body.label("asked"))
        .join(definition_sets, definition_sets.c.id == observations.c.definition_id)
        .join(posts, posts.c.id == observations.c.post_id)
        .where(observations.c.day == day, *within(scope, posts))
    )
    if post_ids is None:
        return [_kept(row) for row in connection.execute(query)]
    return [
        _kept(row)
        for some in chunks(post_ids)
        for row in connection.execute(query.where(observations.c.post_id.in_(some)))
    ]


def unaccounted_on(connection: sa.Connection, scope: Scope, day: int) -> set[tuple[int, datetime]]:
    """(post, instant) of a day's readings whose payload is not there."""
    query = (
        sa.select(observations.c.post_id, observations.c.observed_at)
        .select_from(_with_item(observations))
        .where(observations.c.day == day, _unaccounted(), *within(scope, posts))
    )
    return {(row.post_id, row.observed_at) for row in connection.execute(query)}


def fetches_behind(
    connection: sa.Connection, scope: Scope, run_id: int, post_ids: list[int]
) -> dict[int, int | None]:
    """Post -> the fetch that it was read from in a run."""
    query = sa.select(run_items.c.post_id, run_items.c.fetch_id).where(
        run_items.c.run_id == run_id, run_items.c.post_id.in_(post_ids), *within(scope, run_items)
    )
    return {row.post_id: row.fetch_id for row in connection.execute(query)}


def corrected(connection: sa.Connection, scope: Scope) -> set[tuple[str, str, str, datetime, str]]:
    """(organisation, platform, external id, instant, digest) of each reading in whose place another one was
    told from the archive later."""
    anew, run = observations.alias("anew"), runs.alias("run")
    same = sa.and_(
        anew.c.day == observations.c.day,
        anew.c.post_id == observations.c.post_id,
        anew.c.observed_at == observations.c.observed_at,
        anew.c.run_id > observations.c.run_id,
    )
    query = (
        sa.select(
            organizations.c.slug,
            *(posts.c.platform, posts.c.external_id),
            *(observations.c.observed_at, observations.c.digest),
        )
        .select_from(run.join(anew, anew.c.run_id == run.c.id))
        .join(observations, same)
        .join(posts, posts.c.id == observations.c.post_id)
        .join(organizations, organizations.c.id == observations.c.organization_id)
        .where(run.c.kind == "replay", *within(scope, posts))
    )
    return {(*row[:4], row.digest.hex()) for row in connection.execute(query)}


def _unaccounted_daily(connection: sa.Connection, scope: Scope) -> Iterator[Kept]:
    """Of what was collected, the payloads of the series that were asked for account for a value; of what came
    to us, those of its post."""
    collected = runs.c.kind == "collect"
    place = (daily_metrics.c.organization_id, daily_metrics.c.run_id)
    query = (
        sa.select(daily_metrics, posts.c.platform, posts.c.external_id, collected.label("collected"))
        .select_from(_with_item(daily_metrics).join(runs, runs.c.id == daily_metrics.c.run_id))
        .where(sa.or_(collected, _unaccounted()), *within(scope, posts))
        .order_by(*place)
    )
    rows = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    at_hand = _series_at_hand(connection, scope)
    upto, series = next(at_hand, _END)
    for run, together in groupby(rows, key=lambda row: (row.organization_id, row.run_id)):
        while upto < run:
            upto, series = next(at_hand, _END)
        known = series if upto == run else frozenset()
        for row in together:
            if not row.collected or (row.platform, row.external_id) not in known:
                yield Kept(row.organization_id, row.post_id, row.source, _daily(row), row.run_id, b"", 0)


_Series = tuple[tuple[float, float], frozenset[tuple[str, str]]]
_END: _Series = ((inf, inf), frozenset())


def _series_at_hand(connection: sa.Connection, scope: Scope) -> Iterator[_Series]:
    """((organisation, run), platform and external id of the posts whose series it asked for, with every
    payload there), in order."""
    query = (
        sa.select(fetches.c.organization_id, fetches.c.run_id, fetches.c.platform, fetches.c.asked)
        .where(fetches.c.operation == "daily", _all_there(fetches.c.id), *within(scope, fetches))
        .order_by(fetches.c.organization_id, fetches.c.run_id)
    )
    rows = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for run, together in groupby(rows, key=lambda row: (row.organization_id, row.run_id)):
        yield run, frozenset((row.platform, key) for row in together for key in _asked(row.asked).posts)


def unaccounted_account_values(connection: sa.Connection, scope: Scope) -> Iterator[KeptValue]:
    """Stored values of accounts' own numbers whose payload is not there, by organisation: those that no fetch
    of the account brought in the transaction that stored them."""
    heard = sa.select(fetches.c.account_id, fetches.c.recorded_at).where(
        fetches.c.operation == "account", _all_there(fetches.c.id), *within(scope, fetches)
    )
    brought = {(row.account_id, row.recorded_at) for row in connection.execute(heard)}
    query = (
        sa.select(account_metrics)
        .join(accounts, accounts.c.id == account_metrics.c.account_id)
        .where(*within(scope, accounts))
        .order_by(account_metrics.c.organization_id)
    )
    for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        if (row.account_id, row.observed_at) not in brought:
            fields = {name: getattr(row, name) for name in AccountMetric.__struct_fields__}
            yield KeptValue(row.organization_id, AccountMetric(**fields))


def _daily(row: sa.Row[Any]) -> Reading:
    day: date = day_date(row.day)
    observed_at: datetime = row.observed_at
    kinds = {row.metric: Kind.DAILY}
    return Reading(observed_at=observed_at, values={}, kinds=kinds, daily={day: {row.metric: row.value}})


def posts_named(connection: sa.Connection, scope: Scope, ids: list[int]) -> dict[int, str]:
    """How people know posts, by id: platform and external id."""
    query = sa.select(posts.c.id, posts.c.platform, posts.c.external_id)
    rows = connection.execute(query.where(posts.c.id.in_(ids), *within(scope, posts, named=True)))
    return {row.id: f"{row.platform} {row.external_id}" for row in rows}
