"""What was known at an earlier instant, as tables: so that every read function answers about it unchanged.

On a connection of its own the tables that reports read are shadowed by temporary ones of the same name, made
from the observations that were recorded by then; both databases look there first. Nothing is computed in a
second way: the arithmetic is `domain.snapshots`, and the shadows are written by the functions that write the
real tables. The transaction is rolled back at the end, and nothing stays (docs/adr/0015).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage import refold
from afterpost.storage.dialect import home, only_read, temporary, wait_for_writers
from afterpost.storage.engine import Database
from afterpost.storage.scoping import within
from afterpost.storage.tables import (
    absences,
    accounts,
    brands,
    change_times,
    daily_metrics,
    due_reads,
    observations,
    organizations,
    pauses,
    posts,
)

FILTERED = (posts, observations, daily_metrics, due_reads, brands, accounts, organizations, pauses)
"""Shadows that hold what was there, beside those that are computed (`refold.DERIVED`): later rows are left
out, and columns that moved are as they were."""
COMPARED = ("ix_posts_alike", "ix_posts_platform")
"""The indexes that the shadow of posts has as well."""
TODAYS = {
    "definition_sets": "never changed; an observation names its own",
    "absences": "says itself when each was known",
    "change_times": "says itself when each was given out",
    "versions": "says where the data stands now, and marks answers; no answer shows it",
    "changes": "the queue of the sync, which has nothing to do in the past",
    "runs": "receipts lead to runs by their ids, and a run that is over stays as it was",
    "run_items": "receipts lead to runs by their ids, and a run that is over stays as it was",
    "fetches": "what was asked, which stays as it was",
    "fetch_payloads": "what was heard, which stays as it was",
    "payloads": "known by their hash, whenever they are shown",
    "account_metrics": "of accounts and not of posts; no answer that takes `as_of` reads them",
    "parkings": "when to ask next, and no fact",
    "spending": "what asking cost, and no fact",
    "sign_ins": "begun and not finished, and no fact",
    "import_files": "receipts lead to them by run, and a file that was read stays as it was",
    "import_lines": "as import_files",
    "outbox": "a queue, and no fact",
    "deliveries": "a queue, and no fact",
}
"""Tables that an answer about an earlier instant reads as they are, and why it may."""


@contextmanager
def known_by(
    database: Database, scope: Scope, instant: datetime, join: Callable[[sa.Connection], None]
) -> Iterator[sa.Connection]:
    """A read-only connection on which tables hold what was known at `instant`, which must be over.

    Whatever the scope's organisations have is there, for a post is compared with posts that the scope may not
    see. `join` is called first, with the transaction begun. The cost grows with the observations of the
    organisations, the memory with their posts.
    """
    # Whoever began to write before, and would be recorded by the instant, ends before anything is read.
    with database.writer.connect() as connection, connection.begin():
        wait_for_writers(connection)
    with database.aside.connect() as connection:
        transaction = connection.begin()
        try:
            join(connection)
            _shadow(connection, Scope(organizations=scope.organizations), instant)
            only_read(connection)
            yield connection
        finally:
            transaction.rollback()


def _shadow(connection: sa.Connection, scope: Scope, instant: datetime) -> None:
    schema = home(connection)

    def real(table: sa.Table) -> sa.Table:
        return _named(table, schema)

    for table in (posts, *refold.DERIVED):
        connection.exec_driver_sql(temporary(table, connection.dialect.name))
    connection.execute(
        sa.insert(posts).from_select([c.name for c in posts.columns], _posts(real, scope, instant))
    )
    views = {
        observations: _recorded(real(observations), instant),
        daily_metrics: _recorded(real(daily_metrics), instant),
        due_reads: _recorded(real(due_reads), instant),
        brands: _owners(real(brands), posts.c.brand_id, instant),
        accounts: _owners(real(accounts), posts.c.account_id, instant),
        organizations: _organizations(real, instant),
        pauses: _pauses(real(pauses), instant),
    }
    for table, query in views.items():
        connection.execute(sa.CreateView(query, table.name, temporary=True))
    refold.derive(connection, scope, instant)
    # What a post is compared with is sought for each of them. An index of that name is made of the shadow.
    for index in sorted(posts.indexes, key=lambda index: str(index.name)):
        if index.name in COMPARED:
            connection.execute(sa.schema.CreateIndex(index))


Real = Callable[[sa.Table], sa.Table]
"""A table -> the real one, named so that no shadow stands before it."""


@cache
def _named(table: sa.Table, schema: str) -> sa.Table:
    # Kept: making a table costs SQLAlchemy more than asking costs the database.
    return table.to_metadata(sa.MetaData(), schema=schema)


def _posts(real: Real, scope: Scope, instant: datetime) -> sa.Select[Any]:
    """The posts there were. Brand, account, type and texts are today's, the state is that of the instant.

    The publication is left to `refold`, which knows what the readings told by then. Of what was planned
    there is the read that had come by then: of those booked later the first, else the one that is still
    outstanding.
    """
    post, gone = real(posts), real(absences)
    since = (
        sa.select(sa.func.min(gone.c.since))
        .where(
            gone.c.post_id == post.c.id,
            gone.c.confirmed_at <= instant,
            sa.or_(gone.c.ended_at.is_(None), gone.c.ended_at > instant),
        )
        .scalar_subquery()
    )
    due = real(due_reads)
    booked = (
        sa.select(due.c.post_id, sa.func.min(due.c.first_at).label("first_at"))
        .where(due.c.recorded_at > instant, due.c.first_at <= instant, *within(scope, due))
        .group_by(due.c.post_id)
        .subquery("booked")
    )
    outstanding = sa.case((post.c.due_at <= instant, post.c.due_at))
    overdue = sa.case((since.is_not(None), sa.null()), else_=sa.func.coalesce(booked.c.first_at, outstanding))
    then: dict[str, sa.ColumnElement[Any]] = {
        "published_at": sa.null(),
        "published_day": sa.null(),
        "publication_doubted": sa.false(),
        "state": sa.case((since.is_not(None), "gone"), else_="live"),
        "misses": sa.literal(0),
        "gone_at": since,
        "due_at": overdue,
        "due_day": sa.null(),
        "due_prev": sa.null(),
        "refreshed_at": sa.case((post.c.refreshed_at <= instant, post.c.refreshed_at)),
    }
    columns = [then.get(c.name, c) for c in post.columns]
    joined = post.outerjoin(booked, booked.c.post_id == post.c.id)
    return sa.select(*columns).select_from(joined).where(post.c.created_at <= instant, *within(scope, post))


def _recorded(table: sa.Table, instant: datetime) -> sa.Select[Any]:
    return sa.select(table).where(table.c.recorded_at <= instant)


def _owners(table: sa.Table, owned: sa.Column[int], instant: datetime) -> sa.Select[Any]:
    """The brands or accounts there were, and later ones that a post of then has today."""
    owning = sa.select(owned).where(owned.is_not(None))
    return sa.select(table).where(sa.or_(table.c.created_at <= instant, table.c.id.in_(owning)))


def _pauses(table: sa.Table, instant: datetime) -> sa.Select[Any]:
    """The pauses that had begun; one that ended later was still going on."""
    ended = sa.case((table.c.ended_at <= instant, table.c.ended_at)).label("ended_at")
    columns = [ended if c.name == "ended_at" else c for c in table.columns]
    return sa.select(*columns).where(table.c.began_at <= instant)


def _organizations(real: Real, instant: datetime) -> sa.Select[Any]:
    """The organisations of today with the change that was the last one."""
    organization, change = real(organizations), real(change_times)
    mine = sa.and_(change.c.organization_id == organization.c.id, change.c.changed_at <= instant)
    then: dict[str, sa.ColumnElement[Any]] = {
        "change_seq": sa.func.coalesce(sa.select(sa.func.max(change.c.seq)).where(mine).scalar_subquery(), 0),
        "changed_at": sa.select(sa.func.max(change.c.changed_at)).where(mine).scalar_subquery(),
    }
    columns = [then[c.name].label(c.name) if c.name in then else c for c in organization.columns]
    return sa.select(*columns)
