"""Bring the schema up to date: core's scripts first, then each plugin's, in one transaction each.

Every plugin has a version table of its own, so that a plugin that is uninstalled never stops core.
"""

import hashlib
import logging
import re
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from afterpost.domain.errors import Misconfigured
from afterpost.domain.scope import Scope
from afterpost.sdk.migrations import Migrations
from afterpost.storage.engine import Database
from afterpost.storage.tables import metadata

CORE = "afterpost"
_LOCATION = "afterpost.storage:migrations"

# Alembic announces its plugins at INFO on import; nobody who runs Afterpost wants to read that.
logging.getLogger("alembic").setLevel(logging.WARNING)


def revision_of(tables: sa.MetaData) -> str:
    """The revision of a first schema of those tables: it names them, so that two states of the schema never
    pass for one. Comments are no part of it."""
    dialect = sqlite.dialect()
    made: list[str] = []
    for table in tables.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=dialect)))
        made += (str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    return f"first_{hashlib.sha256(''.join(sorted(made)).encode()).hexdigest()[:12]}"


FIRST = revision_of(metadata)
"""The revision of core's first schema."""
_UNRELEASED = re.compile(r"000[1-9]|first_[0-9a-f]{12}")
"""Core's schemas of before the first release."""


def unknown_schema(dist: str, current: str) -> tuple[str, str]:
    """What to say of a schema that no installed script knows, and what to do about it."""
    if dist == CORE and _UNRELEASED.fullmatch(current):
        return (
            f"The database is of a state of {dist} before its first release (schema {current}), and can't be "
            "brought up to date.",
            "Move it away, or set AFTERPOST_DATA_DIR to an empty directory; then collect and import anew.",
        )
    return (
        f"The database was written by a newer version of {dist} (schema {current}).",
        f"Upgrade {dist}, or open the backup made before that upgrade.",
    )


class SchemaState(Struct, frozen=True):
    """Where one dist's schema stands: its revision (None: not there yet) and the newest known one."""

    dist: str
    current: str | None
    head: str | None

    @property
    def up_to_date(self) -> bool:
        """True when there is nothing to do."""
        return self.current == self.head


def _config(location: str) -> Config:
    config = Config()
    config.set_main_option("script_location", location)
    config.set_main_option("path_separator", "os")
    return config


def _sources(plugins: Mapping[str, Migrations]) -> list[tuple[str, str, str]]:
    own = [(CORE, _LOCATION, "alembic_version")]
    return own + [(name, m.location, f"alembic_version_{name}") for name, m in sorted(plugins.items())]


def schema_state(database: Database, scope: Scope, plugins: Mapping[str, Migrations]) -> list[SchemaState]:
    """The state of core's schema and of each plugin's. The scope narrows nothing: a schema is everyone's."""
    with database.writer.connect() as connection:
        return states_on(connection, scope, plugins)


def states_on(
    connection: sa.Connection, scope: Scope, plugins: Mapping[str, Migrations]
) -> list[SchemaState]:
    """`schema_state` over an open connection, a read-only one included."""
    states = []
    for dist, location, table in _sources(plugins):
        head = ScriptDirectory.from_config(_config(location)).get_current_head()
        context = MigrationContext.configure(connection, opts={"version_table": table})
        states.append(SchemaState(dist, context.get_current_revision(), head))
    return states


def migrate(database: Database, scope: Scope, plugins: Mapping[str, Migrations]) -> list[SchemaState]:
    """Upgrade whatever is behind; returns the states after.

    Raises Misconfigured when the database was written by a newer version, or by one of before the first
    release: this one must not touch it.
    """
    for dist, location, table in _sources(plugins):
        config = _config(location)
        scripts = ScriptDirectory.from_config(config)
        with database.writer.connect() as connection, connection.begin():
            current = MigrationContext.configure(
                connection, opts={"version_table": table}
            ).get_current_revision()
            known = {script.revision for script in scripts.walk_revisions()}
            if current is not None and current not in known:
                sentence, hint = unknown_schema(dist, current)
                raise Misconfigured(sentence, hint=hint)
            if current == scripts.get_current_head():
                continue
            config.attributes["connection"] = connection
            config.attributes["version_table"] = table
            command.upgrade(config, "head")
    return schema_state(database, scope, plugins)
