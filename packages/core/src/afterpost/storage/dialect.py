"""What differs between databases, in one place: connections, and bulk writes compiled once."""

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as sqlite_dialect

from afterpost.domain.errors import Misconfigured

Mode = Literal["ignore", "replace", "add"]
"""What happens to a row whose key exists: kept, overwritten, or added to (counters)."""

MAX_VARIABLES = 900
"""Bound values in one IN list; SQLite's smallest default limit is 999."""

Value = int | float | str | bytes | None


def sqlite_engine(path: str, *, writes: bool, pool_size: int) -> sa.Engine:
    """An engine on one SQLite file: WAL, foreign keys, busy time-out.

    A writing engine begins IMMEDIATE, so that it never finds out at commit that another process was
    first; a reading one is `query_only`. The driver's own transaction handling is off, or migrations
    would not roll back.
    """
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 30 if writes else 5},
        poolclass=sa.pool.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: object) -> None:
        try:
            if writes:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                if mode.lower() != "wal":
                    raise Misconfigured(
                        f"The database {path} can't use write-ahead logging (it says {mode}).",
                        hint="Put AFTERPOST_DATA_DIR on a local disk, not on a network file system.",
                    )
                connection.execute("PRAGMA synchronous = NORMAL")
            else:
                connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.DatabaseError as error:
            raise Misconfigured(
                f"The database {path} can't be opened: {error}.",
                hint="Check that the file is an intact SQLite database and that this user may write it.",
            ) from error

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An INSERT that leaves alone whatever some unique key of the table has already."""
    return sqlite_dialect.insert(table).on_conflict_do_nothing()


@cache
def _bulk_sql(table: sa.Table, columns: tuple[str, ...], keys: tuple[str, ...], mode: Mode) -> str:
    insert = sqlite_dialect.insert(table).values({name: sa.bindparam(name) for name in columns})
    rest = [name for name in columns if name not in keys]
    statement: sa.Insert = insert.on_conflict_do_nothing(index_elements=list(keys))
    if mode == "replace":
        statement = insert.on_conflict_do_update(
            index_elements=list(keys), set_={name: insert.excluded[name] for name in rest}
        )
    elif mode == "add":
        statement = insert.on_conflict_do_update(
            index_elements=list(keys), set_={name: table.c[name] + insert.excluded[name] for name in rest}
        )
    compiled = statement.compile(dialect=sqlite_dialect.dialect())
    positions = compiled.positiontup
    if positions is None or tuple(positions) != columns:
        # The columns must be given in the table's order; a caller that does not would mix up values.
        raise ValueError(f"columns of {table.name} must be in table order, not {columns}")
    return str(compiled)


def bulk(
    connection: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Value, ...]],
    *,
    mode: Mode,
) -> int:
    """Write many rows of plain values (instants as microseconds) in key order; returns rows touched.

    `columns` in the table's order. Sorted by key, so that two writers never wait for each other in a
    circle and pages are filled in order.
    """
    if not rows:
        return 0
    keys = tuple(column.name for column in table.primary_key.columns)
    at = [columns.index(name) for name in keys]
    ordered: list[Any] = sorted(rows, key=lambda row: tuple(row[n] for n in at))
    return connection.exec_driver_sql(_bulk_sql(table, columns, keys, mode), ordered).rowcount
