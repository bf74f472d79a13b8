"""What others left in the database that would make this installation show too little or too much.

Row security that no loaded plugin knows of hides rows without a word; several organisations without a
policy that tells them apart show everyone everything. Both are refused at the start.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from afterpost.domain.errors import Misconfigured
from afterpost.domain.scope import Scope
from afterpost.sdk.migrations import Migrations
from afterpost.storage.engine import Database
from afterpost.storage.organizations import list_organizations
from afterpost.storage.tables import metadata

_SECURED = sa.text(
    "SELECT c.relname, coalesce(string_agg(p.polname, ', ' ORDER BY p.polname), 'none') "
    "FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid "
    "WHERE c.relrowsecurity AND c.relnamespace = current_schema()::regnamespace GROUP BY c.relname"
)


def row_security(connection: sa.Connection, scope: Scope) -> dict[str, str]:
    """Core's tables with row security -> names of their policies; a schema is everyone's."""
    return {name: policies for name, policies in connection.execute(_SECURED) if name in metadata.tables}


def refuse_row_security(
    database: Database, scope: Scope, plugins: Mapping[str, Migrations], accept: Collection[str]
) -> None:
    """Raises Misconfigured where a table has row security that no loaded plugin declares."""
    if database.backend != "postgresql":
        return
    declared = {table for migrations in plugins.values() for table in migrations.row_security}
    with database.read() as connection:
        found = row_security(connection, scope)
    foreign = {table: policies for table, policies in sorted(found.items()) if table not in declared}
    if foreign and "foreign_row_security" not in accept:
        named = "; ".join(f"{table} (policies: {policies})" for table, policies in foreign.items())
        raise Misconfigured(
            f"Row security that no loaded plugin declares would hide rows without a word: {named}.",
            hint="Install or unblock the plugin that made it, let it detach before it is removed, or set "
            "AFTERPOST_ACCEPT=foreign_row_security.",
        )


def refuse_several_organizations(connection: sa.Connection, scope: Scope, accept: Collection[str]) -> None:
    """Raises Misconfigured where everyone with the key would see several organisations."""
    found = list_organizations(connection, scope)
    if len(found) > 1 and "several_organizations" not in accept:
        raise Misconfigured(
            f"The database holds {len(found)} organisations, and no loaded plugin tells callers apart: "
            "everyone with the key would see all of them.",
            hint="Install or unblock the plugin with the tenant policy, or set "
            "AFTERPOST_ACCEPT=several_organizations.",
        )
