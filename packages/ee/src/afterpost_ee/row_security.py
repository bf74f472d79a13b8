"""The second wall, on PostgreSQL: a transaction sees the snapshots of the organisations in its scope alone.

The first wall is core's own scope in every statement. This one stands where a statement forgot it.
"""

import sqlalchemy as sa

from afterpost.api import Misconfigured
from afterpost.sdk import Scope, Transaction

TABLE = "post_analytics"
POLICY = "ee_tenant"
SETTING = "afterpost.organizations"
EVERYTHING = "*"
BEFORE = "0001"
"""The revision of this distribution's tables without row security on core's."""

# After a commit a setting that was local to it reads '', not NULL; both see nothing.
_TOLD = f"nullif(current_setting('{SETTING}', true), '')"
_SEEN = f"{_TOLD} = '{EVERYTHING}' OR organization_id::text = ANY (string_to_array({_TOLD}, ','))"

ATTACH = (
    f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    # Else it would not hold for the table's owner, who is the one that connects.
    f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    f"DROP POLICY IF EXISTS {POLICY} ON {TABLE}",
    f"CREATE POLICY {POLICY} ON {TABLE} USING ({_SEEN}) WITH CHECK ({_SEEN})",
)
DETACH = (
    f"DROP POLICY IF EXISTS {POLICY} ON {TABLE}",
    f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY",
)
FORGET = f"UPDATE alembic_version_ee SET version_num = '{BEFORE}'"
"""Lets the next start with this package attach again."""

_tell = sa.text("SELECT set_config(:name, :value, true)")
_bypasses = sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
_attached = sa.text(
    "SELECT c.relrowsecurity AND c.relforcerowsecurity AND EXISTS "
    "(SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = :policy) "
    "FROM pg_class c WHERE c.oid = to_regclass(:table)"
)
# Permissive policies add up: a row is seen that any of them shows.
_opened = sa.text(
    "SELECT polname FROM pg_policy WHERE polrelid = to_regclass(:table) AND polpermissive "
    "AND polname <> :policy ORDER BY polname LIMIT 1"
)


def there(tx: Transaction) -> bool:
    """Whether this database has row security at all."""
    return tx.connection.dialect.name == "postgresql"


def told(scope: Scope) -> str:
    """What the database is told of a scope: ids, or `*` for everything; an empty scope sees nothing."""
    if scope.organizations is None:
        return EVERYTHING
    return ",".join(str(key) for key in sorted(scope.organizations))


def enter(tx: Transaction) -> None:
    """Tell the transaction whose rows it may see; it forgets with its end."""
    tx.connection.execute(_tell, {"name": SETTING, "value": told(tx.scope)})


def refuse_without(tx: Transaction) -> None:
    """Raises Misconfigured where row security would hold nobody back."""
    if tx.connection.execute(_bypasses).scalar():
        raise Misconfigured(
            "The role in AFTERPOST_DATABASE_URL passes row security by (superuser or BYPASSRLS), so nothing "
            "would keep organisations apart in the database.",
            hint="Connect as a role with NOSUPERUSER NOBYPASSRLS that owns the database.",
        )
    names = {"table": TABLE, "policy": POLICY}
    if not tx.connection.execute(_attached, names).scalar():
        raise Misconfigured(
            f"The row security of {TABLE} was taken away; nothing keeps organisations apart in the database.",
            hint=f"Run this in the database, the next start attaches it again: {FORGET};",
        )
    other = tx.connection.execute(_opened, names).scalar()
    if other is not None:
        raise Misconfigured(
            f"Another policy of {TABLE}, {other}, shows what {POLICY} hides, so nothing keeps organisations "
            "apart in the database.",
            hint=f"Let what made it take it off, or run this: DROP POLICY {other} ON {TABLE};",
        )
