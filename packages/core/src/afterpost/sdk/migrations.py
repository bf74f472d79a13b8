"""A plugin's own tables."""

from msgspec import Struct


class Migrations(Struct, frozen=True):
    """Where a plugin's Alembic scripts are: `location` as `package:folder`, run after core's.

    The version table is `alembic_version_<plugin>`, one per plugin, so that removing a plugin never
    stops core. `row_security` names core's tables on which these scripts put row security (PostgreSQL):
    core refuses to start where a table has some that no loaded plugin declares.
    """

    location: str
    row_security: tuple[str, ...] = ()
