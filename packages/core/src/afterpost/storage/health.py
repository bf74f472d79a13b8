"""How a database file stands, asked without changing it: a diagnosis must not mend by looking."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import Struct

from afterpost.domain.errors import AfterpostError, Misconfigured
from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.sdk.migrations import Migrations
from afterpost.storage.migrate import CORE
from afterpost.storage.scoping import within
from afterpost.storage.tables import (
    DIMENSIONS,
    STANDING_COUNTERS,
    organizations,
    post_analytics,
    posts,
    rollups,
    runs,
    standing,
)

ASK_THE_DOCTOR = "Run `afterpost doctor` to see how the database stands."
"""The next step after an error of the database that says nothing by itself."""

_VERSIONS = "alembic_version"
_LOCATION = "afterpost.storage:migrations"


class FileState(Struct, frozen=True):
    """A database file. `problem`: why it can't be read, as a sentence; then the rest is unknown.
    `damage`: what the integrity check found; `revisions`: dist -> schema revision written in it."""

    path: Path
    exists: bool
    size: int = 0
    problem: str | None = None
    damage: tuple[str, ...] = ()
    journal_mode: str = ""
    revisions: Mapping[str, str] = {}


class Drift(Struct, frozen=True):
    """Rows of one group whose sums are not those of the facts; `counters` names what differs."""

    dimensions: tuple[int, int, int, str, str]
    counters: tuple[str, ...]


def path_of(url: str) -> Path:
    """The file of a database URL; Misconfigured when it names none."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise Misconfigured(
            "AFTERPOST_DATABASE_URL is not usable.",
            hint="Use sqlite:////absolute/path/to/afterpost.db, or leave it out.",
        )
    return Path(parsed.database)


def explained(error: BaseException) -> AfterpostError | None:
    """A database's own error as a sentence with a next step; None when it is no such error."""
    if isinstance(error, sa.exc.ArgumentError):
        return Misconfigured(
            "AFTERPOST_DATABASE_URL is no database URL.",
            hint="Use sqlite:////absolute/path/to/afterpost.db, or leave it out.",
        )
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    text = str(cause)
    hint = ASK_THE_DOCTOR
    if "locked" in text or "busy" in text:
        hint = "Another process is writing to it; wait for it or stop it, then try again."
    elif "full" in text:
        hint = "Make room on the disk, then try again; nothing half-done was kept."
    elif "readonly" in text:
        hint = "Let this user write to the data directory and the files in it."
    return Misconfigured(f"The database refused: {text}.", hint=hint)


def inspect_file(path: Path) -> FileState:
    """Look at a database file, its integrity included, read-only."""
    if not path.exists():
        return FileState(path, exists=False)
    size = sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists())
    try:
        with _opened(path, "ro") as connection:
            mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            revisions = dict(_revisions(connection))
    except sqlite3.Error as error:
        return FileState(path, exists=True, size=size, problem=str(error))
    damage = tuple(line for line in found if line != "ok")
    return FileState(path, True, size, None, damage, mode, revisions)


def inspect_revisions(path: Path) -> dict[str, str]:
    """dist -> schema revision written in the file; empty where it can't be read."""
    if not path.exists():
        return {}
    try:
        with _opened(path, "ro") as connection:
            return dict(_revisions(connection))
    except sqlite3.Error:
        return {}


def why_not_writable(path: Path) -> str | None:
    """Why nothing can be written now; None when something could. Nothing is written."""
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


def _revisions(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for name in sorted(name for name in names if name == _VERSIONS or name.startswith(f"{_VERSIONS}_")):
        quoted = name.replace('"', '""')
        row = connection.execute(f'SELECT version_num FROM "{quoted}"').fetchone()
        if row is not None:
            yield CORE if name == _VERSIONS else name.removeprefix(f"{_VERSIONS}_"), str(row[0])


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


def newest_change(connection: sa.Connection, scope: Scope) -> datetime | None:
    """The latest instant anything was recorded at: a change of the facts, or a run that began or ended."""
    instants = []
    for table, column in (
        (organizations, organizations.c.changed_at),
        (runs, runs.c.started_at),
        (runs, runs.c.ended_at),
    ):
        query = sa.select(sa.type_coerce(sa.func.max(column), column.type)).where(*within(scope, table))
        instants.append(connection.execute(query).scalar())
    return max((instant for instant in instants if instant is not None), default=None)


def rollup_drift(connection: sa.Connection, scope: Scope) -> list[Drift]:
    """Groups whose standing sums are not those of their snapshots, or whose daily rollups do not add up to
    them. Empty when rollups equal facts, as they must at every commit."""
    held = _counters(connection, standing, within(scope, standing))
    by_group: dict[tuple[Any, ...], set[str]] = {}
    for sums in (
        _counters(connection, rollups, within(scope, rollups)),
        _facts(connection, scope),
    ):
        for group in held.keys() | sums.keys():
            nothing = dict.fromkeys(STANDING_COUNTERS, 0)
            ours, theirs = held.get(group, nothing), sums.get(group, nothing)
            wrong = {name for name in STANDING_COUNTERS if ours[name] != theirs[name]}
            if wrong:
                by_group.setdefault(group, set()).update(wrong)
    return [Drift(group, tuple(sorted(wrong))) for group, wrong in sorted(by_group.items())]


def _counters(
    connection: sa.Connection, table: sa.Table, where: list[sa.ColumnElement[bool]]
) -> dict[tuple[Any, ...], dict[str, int]]:
    dimensions = [table.c[name] for name in DIMENSIONS]
    columns = [sa.func.sum(table.c[name]).label(name) for name in STANDING_COUNTERS]
    query = sa.select(*dimensions, *columns).where(*where).group_by(*dimensions)
    return _by_group(connection, query)


def _facts(connection: sa.Connection, scope: Scope) -> dict[tuple[Any, ...], dict[str, int]]:
    """The same counters from the snapshots: posts that reported a metric, and by how much it moved."""
    dimensions = [
        posts.c.organization_id.label("organization_id"),
        sa.func.coalesce(posts.c.brand_id, 0).label("brand_id"),
        sa.func.coalesce(posts.c.account_id, 0).label("account_id"),
        posts.c.platform.label("platform"),
        posts.c.content_type.label("content_type"),
    ]
    columns: list[sa.ColumnElement[Any]] = []
    for name in CUMULATIVE:
        total, gain = post_analytics.c[f"{name}_total"], post_analytics.c[f"{name}_gain"]
        columns.append(sa.func.count(total).label(f"{name}_n"))
        columns.append(
            sa.func.coalesce(sa.func.sum(sa.func.coalesce(gain, total)), 0).label(f"{name}_change")
        )
    query = (
        sa.select(*dimensions, *columns)
        .select_from(post_analytics)
        .join(posts, posts.c.id == post_analytics.c.post_id)
        .where(*within(scope, posts))
        .group_by(*dimensions)
    )
    return _by_group(connection, query)


def _by_group(
    connection: sa.Connection, query: sa.Select[Any]
) -> dict[tuple[Any, ...], dict[str, int]]:  # fmt: skip
    return {
        tuple(row[name] for name in DIMENSIONS): {name: int(row[name]) for name in STANDING_COUNTERS}
        for row in connection.execute(query).mappings()
    }
