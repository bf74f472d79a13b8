"""What differs between SQLite and PostgreSQL, in one place: opening, and bulk writes compiled once."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from afterpost.domain.errors import Misconfigured

Mode = Literal["ignore", "replace", "add"]
"""What happens to a row whose key exists: kept, overwritten, or added to (counters)."""

MAX_VARIABLES = 30_000
"""Bound values in one IN list. A statement holds 32,766 on SQLite (since 3.32), 65,535 on PostgreSQL."""

Value = int | float | str | bytes | None
_T = TypeVar("_T", int, str)

_READ_CACHE = 16_384
"""KiB of pages that a reading connection keeps at most. SQLite's own 2,000 don't hold what one question about
a large organisation comes back to."""

_HINT = (
    "Use sqlite:////absolute/path/to/afterpost.db or postgresql://user:password@host/database, "
    "or leave it out."
)


def open_engines(url: str, readers: int) -> tuple[sa.Engine, sa.Engine]:
    """(writer, reader) of a database URL; Misconfigured, with the reason, for one that can't be used.

    `readers`: how many threads read at the same time.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise Misconfigured("AFTERPOST_DATABASE_URL is no database URL.", hint=_HINT) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return (
            _sqlite(parsed.database, "writes", pool_size=1),
            _sqlite(parsed.database, "reads", pool_size=readers + 1),
        )
    if backend == "postgresql":
        return _postgresql(parsed, readers)
    raise Misconfigured(
        f"AFTERPOST_DATABASE_URL {parsed.render_as_string(hide_password=True)!r} is not usable.", hint=_HINT
    )


def open_aside(url: sa.URL) -> sa.Engine:
    """An engine of a database that is open already, for reading with temporary tables: each connection is a
    new one, sees one moment of the data in each transaction, and leaves nothing behind when it is closed."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(str(url.database), "aside", pool_size=None)
    return sa.create_engine(url, poolclass=sa.pool.NullPool, isolation_level="REPEATABLE READ")


def only_read(connection: sa.Connection) -> None:
    """From now on the connection's transaction refuses to write; PostgreSQL still lets it into its own
    temporary tables."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    else:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


_TURN = 4_616_191_140
"""The advisory lock that writers share, by a number that nobody else should have chosen."""
_WAIT = "30s"


def take_turn(connection: sa.Connection) -> None:
    """Join the writers, before a writing transaction asks what time it is; it leaves them with its end.

    On SQLite it has: its transaction began by waiting until it was the only one.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_TURN})")


def wait_for_writers(connection: sa.Connection) -> None:
    """Wait, within a transaction of the writer, until everybody who took their turn before has ended it.

    What is written afterwards bears a later time: it is stamped by whoever has the turn.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT}'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def home(connection: sa.Connection) -> str:
    """The schema that holds the tables, by which they are named where a temporary one has their name."""
    if connection.dialect.name == "sqlite":
        return "main"
    schema: str = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    return schema


def _postgresql(url: sa.URL, readers: int) -> tuple[sa.Engine, sa.Engine]:
    """One pool for writing, one whose connections are read-only and see one moment each transaction."""
    try:
        import psycopg  # noqa: F401  the extra is optional, and its absence deserves a sentence
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "PostgreSQL needs the package psycopg.", hint="Install it: pip install 'afterpost[postgres]'"
        ) from error
    driver = url.set(drivername="postgresql+psycopg")
    writer = sa.create_engine(driver, pool_size=1, max_overflow=1, pool_pre_ping=True)
    reader = sa.create_engine(
        driver,
        pool_size=readers + 1,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    return writer, reader


def _sqlite(path: str, use: Literal["writes", "reads", "aside"], *, pool_size: int | None) -> sa.Engine:
    """An engine on one SQLite file: WAL, foreign keys, busy time-out.

    A writing engine begins IMMEDIATE, so that it never finds out at commit that another process was
    first; a reading one is `query_only`. The driver's own transaction handling is off, or migrations
    would not roll back. `pool_size` None: each connection is a new one.
    """
    if use == "writes":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    pool: dict[str, Any] = {"poolclass": sa.pool.NullPool}
    if pool_size is not None:
        pool = {"poolclass": sa.pool.QueuePool, "pool_size": pool_size, "max_overflow": 0}
    timeout = 30 if use == "writes" else 5
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": timeout},
        **pool,
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: object) -> None:
        try:
            if use == "writes":
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                if mode.lower() != "wal":
                    raise Misconfigured(
                        f"The database {path} can't use write-ahead logging (it says {mode}).",
                        hint="Put AFTERPOST_DATA_DIR on a local disk, not on a network file system.",
                    )
                connection.execute("PRAGMA synchronous = NORMAL")
            elif use == "reads":
                connection.execute("PRAGMA query_only = ON")
                connection.execute(f"PRAGMA cache_size = -{_READ_CACHE}")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.DatabaseError as error:
            raise Misconfigured(
                f"The database {path} can't be opened: {error}.",
                hint="Check that the file is an intact SQLite database and that this user may write it.",
            ) from error

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if use == "writes" else "BEGIN")

    return engine


def one_of(backend: str, column: sa.ColumnElement[_T]) -> sa.ColumnElement[bool]:
    """The column is one of the `given` numbers or texts, which come as one value: thousands of them cost more
    than the lookups."""
    if backend == "sqlite":
        listed = sa.func.json_each(sa.bindparam("given", type_=sa.Text)).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column == sa.func.any(sa.bindparam("given", type_=sa.ARRAY(column.type)))


def given(backend: str, keys: Iterable[_T]) -> dict[str, object]:
    """What `one_of` is given when its statement runs."""
    return {"given": json.dumps(list(keys)) if backend == "sqlite" else list(keys)}


def exact_sum(column: sa.ColumnElement[int]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """The sum of whole numbers in two parts, for `whole`: SQLite has no number for one beyond BIGINT."""
    high, low = column.op(">>")(sa.literal_column("32")), column.op("&")(sa.literal_column("4294967295"))
    return sa.func.sum(high), sa.func.sum(low)


def whole(high: int | None, low: int | None) -> int | None:
    """The number of an `exact_sum`; None where nothing was added up."""
    return None if high is None or low is None else (int(high) << 32) + int(low)


def counter_of(reader: sa.Engine) -> sqlite3.Connection:
    """A connection that does nothing but count the commits of others (`PRAGMA data_version`): SQLite's alone.

    It never begins a transaction, so that it holds no old state of the file.
    """
    return sqlite3.connect(str(reader.url.database), isolation_level=None, check_same_thread=False)


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An INSERT that leaves alone whatever some unique key of the table has already."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


@cache
def _upsert(
    backend: str, table: sa.Table, columns: tuple[str, ...], keys: tuple[str, ...], mode: Mode
) -> str:
    """The statement that writes rows given as values (SQLite) or lying in the stage (PostgreSQL)."""
    insert: Any
    if backend == "sqlite":
        insert = sqlite.insert(table).values({name: sa.bindparam(name) for name in columns})
    else:
        stage = sa.table(_stage(table), *(sa.column(name) for name in columns), schema="pg_temp")
        insert = postgresql.insert(table).from_select(list(columns), sa.select(*stage.c))
    # A row stays with its organisation: said again, the database would look for that once more.
    rest = [name for name in columns if name not in keys and name != "organization_id"]
    statement = insert.on_conflict_do_nothing(index_elements=list(keys))
    if mode == "replace":
        statement = insert.on_conflict_do_update(
            index_elements=list(keys), set_={name: insert.excluded[name] for name in rest}
        )
    elif mode == "add":
        statement = insert.on_conflict_do_update(
            index_elements=list(keys), set_={name: table.c[name] + insert.excluded[name] for name in rest}
        )
    compiled = statement.compile(dialect=_dialect(backend))
    if backend == "sqlite" and tuple(compiled.positiontup or ()) != columns:
        # The columns must be given in the table's order; a caller that does not would mix up values.
        raise ValueError(f"columns of {table.name} must be in table order, not {columns}")
    return str(compiled)


def _dialect(backend: str) -> sa.Dialect:
    found: sa.Dialect = sqlite.dialect() if backend == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    return found


@cache
def temporary(table: sa.Table, backend: str) -> str:
    """The statement that makes the table again as a temporary one: its columns and key, nothing else."""
    columns = [
        sa.Column(c.name, c.type, nullable=c.nullable, server_default=c.server_default, autoincrement=False)
        for c in table.columns
    ]
    options: dict[str, Any] = {"sqlite_with_rowid": table.dialect_options["sqlite"]["with_rowid"]}
    key = sa.PrimaryKeyConstraint(*(c.name for c in table.primary_key.columns))
    shadow = sa.Table(table.name, sa.MetaData(), *columns, key, prefixes=["TEMPORARY"], **options)
    return str(sa.schema.CreateTable(shadow).compile(dialect=_dialect(backend)))


def _stage(table: sa.Table) -> str:
    return f"stage_{table.name}"


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
    ordered: list[Any] = sorted(rows, key=itemgetter(*(columns.index(name) for name in keys)))
    backend = connection.dialect.name
    statement = _upsert(backend, table, columns, keys, mode)
    if backend == "sqlite":
        return connection.exec_driver_sql(statement, ordered).rowcount
    _fill_stage(connection, table, columns, ordered)
    return connection.exec_driver_sql(statement).rowcount


def _fill_stage(
    connection: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[tuple[Value, ...]]
) -> None:
    """COPY the rows into a temporary table of this connection, which is empty after every commit.

    Never into the table itself: COPY knows no conflicts, and PostgreSQL refuses it under row security.
    """
    stage = _stage(table)
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table.name} INCLUDING DEFAULTS) "
        "ON COMMIT DELETE ROWS"
    )
    connection.exec_driver_sql(f"TRUNCATE pg_temp.{stage}")
    raw: Any = connection.connection.driver_connection
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY pg_temp.{stage} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
