"""How a database stands, asked without changing it: a diagnosis must not mend by looking."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import Struct

from afterpost.domain.errors import AfterpostError, Misconfigured, StorageUnavailable
from afterpost.sdk.migrations import Migrations
from afterpost.storage.dialect import open_engines
from afterpost.storage.migrate import CORE

ASK_THE_DOCTOR = "Run `afterpost doctor` to see how the database stands."
"""The next step after an error of the database that says nothing by itself."""
PATIENCE = 5
"""Seconds a server may take to let us in."""

_VERSIONS = "alembic_version"
_LOCATION = "afterpost.storage:migrations"


class DatabaseState(Struct, frozen=True):
    """A database as found. `where`: for people, without a password; `file`: of SQLite.

    `problem`: why it can't be read, as a sentence; then the rest is unknown. `damage`: what the integrity
    check found; `journal_mode`: of SQLite; `read_only`: why nothing can be written, None when something
    could; `revisions`: dist -> schema revision written in it.
    """

    where: str
    file: Path | None = None
    exists: bool = True
    size: int = 0
    problem: str | None = None
    damage: tuple[str, ...] = ()
    journal_mode: str = ""
    read_only: str | None = None
    revisions: Mapping[str, str] = {}


def explained(error: BaseException) -> AfterpostError | None:
    """A database's own error as a sentence with a next step; None when it is none, or a bug of ours."""
    if isinstance(error, sa.exc.DBAPIError):
        # Others are about what we asked (a duplicate, a wrong type), and belong to whoever mends bugs.
        if not isinstance(error, sa.exc.OperationalError) and type(error) is not sa.exc.DatabaseError:
            return None
        text = _first_line(error.orig or error)
    elif isinstance(error, sqlite3.OperationalError):
        text = str(error)
    elif isinstance(error, StorageUnavailable) and error.__cause__ is not None:
        return explained(error.__cause__) or error
    else:
        return None
    hint = ASK_THE_DOCTOR
    if "locked" in text or "busy" in text:
        hint = "Another process is writing to it; wait for it or stop it, then try again."
    elif "full" in text:
        hint = "Make room on the disk, then try again; nothing half-done was kept."
    elif "readonly" in text or "read-only" in text:
        hint = "Let this user write to the database."
    elif "connect" in text or "resolve" in text:
        hint = "Check that the server runs, and AFTERPOST_DATABASE_URL."
    return Misconfigured(f"The database refused: {text}.", hint=hint)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".") or type(error).__name__


def inspect(url: str) -> DatabaseState:
    """Look at the database of a URL, its integrity included; Misconfigured when it is no usable URL."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _inspect_file(Path(parsed.database or ""))
    return _inspect_server(parsed)


def revisions_in(url: str) -> dict[str, str]:
    """dist -> schema revision written in the database; empty where none is, or none that can be read."""
    parsed = _parsed(url)
    try:
        if parsed.get_backend_name() != "sqlite":
            with _connected(parsed) as connection:
                return dict(_server_revisions(connection))
        path = Path(parsed.database or "")
        if not path.exists():
            return {}
        with _opened(path, "ro") as file:
            return dict(_file_revisions(file))
    except (sa.exc.SQLAlchemyError, sqlite3.Error):
        return {}


def _parsed(url: str) -> sa.URL:
    """The URL, checked the way it is when the database is opened."""
    for engine in open_engines(url, 1):
        engine.dispose()
    return sa.make_url(url)


def _inspect_file(path: Path) -> DatabaseState:
    if not path.exists():
        return DatabaseState(str(path), path, exists=False)
    size = sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists())
    try:
        with _opened(path, "ro") as connection:
            mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            revisions = dict(_file_revisions(connection))
    except sqlite3.Error as error:
        return DatabaseState(str(path), path, size=size, problem=str(error))
    damage = tuple(line for line in found if line != "ok")
    return DatabaseState(
        str(path),
        path,
        size=size,
        damage=damage,
        journal_mode=mode,
        read_only=None if damage else _why_not_writable(path),
        revisions=revisions,
    )


def _why_not_writable(path: Path) -> str | None:
    """Why nothing can be written to a file now. Nothing is written to find out."""
    try:
        with _opened(path, "rw") as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return str(error)
    return None


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    url = f"file:{quote(str(path))}?mode={mode}"
    with closing(sqlite3.connect(url, uri=True, timeout=1.0, isolation_level=None)) as connection:
        yield connection


def _file_revisions(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for dist, name in _version_tables(names):
        quoted = name.replace('"', '""')
        row = connection.execute(f'SELECT version_num FROM "{quoted}"').fetchone()
        if row is not None:
            yield dist, str(row[0])


def _inspect_server(url: sa.URL) -> DatabaseState:
    where = url.render_as_string(hide_password=True)
    try:
        with _connected(url) as connection:
            size = connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database())))
            setting = connection.execute(sa.select(sa.func.current_setting("default_transaction_read_only")))
            standby = connection.execute(sa.select(sa.func.pg_is_in_recovery()))
            may_not = "it only takes reads" if setting.scalar_one() == "on" or standby.scalar_one() else None
            return DatabaseState(
                where,
                size=size.scalar_one(),
                read_only=may_not,
                revisions=dict(_server_revisions(connection)),
            )
    except sa.exc.SQLAlchemyError as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        return DatabaseState(where, problem=_first_line(cause or error))


@contextmanager
def _connected(url: sa.URL) -> Iterator[sa.Connection]:
    """A read-only connection that gives up where nobody answers."""
    patient = url.update_query_dict({"connect_timeout": str(PATIENCE)})
    writer, reader = open_engines(patient.render_as_string(hide_password=False), 1)
    try:
        with reader.connect() as connection:
            yield connection
    finally:
        writer.dispose()
        reader.dispose()


def _server_revisions(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    for dist, name in _version_tables(sa.inspect(connection).get_table_names()):
        revision = connection.execute(
            sa.select(sa.column("version_num")).select_from(sa.table(name))
        ).scalar()
        if revision is not None:
            yield dist, str(revision)


def _version_tables(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(dist, its version table), of the tables of that kind."""
    for name in sorted(names):
        if name == _VERSIONS:
            yield CORE, name
        elif name.startswith(f"{_VERSIONS}_"):
            yield name.removeprefix(f"{_VERSIONS}_"), name


def known_revisions(plugins: Mapping[str, Migrations]) -> dict[str, tuple[str, ...]]:
    """dist -> its schema revisions, newest first, by the scripts that are installed."""
    found = {}
    for dist, location in [(CORE, _LOCATION), *((name, m.location) for name, m in plugins.items())]:
        config = Config()
        config.set_main_option("script_location", location)
        config.set_main_option("path_separator", "os")
        scripts = ScriptDirectory.from_config(config)
        found[dist] = tuple(script.revision for script in scripts.walk_revisions())
    return found
