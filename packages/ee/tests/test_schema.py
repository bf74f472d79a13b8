"""The migrations make the tables that the code knows, and take back what they made."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from afterpost_ee.tables import metadata
from packages.ee.tests.place import Place


def test_the_migrations_make_the_tables_that_the_code_knows(place: Place) -> None:
    def ours(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
        table = name if kind == "table" else thing.table.name
        return str(table).startswith("ee_")

    with place.database() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_every_table_is_named_as_ours_and_a_fact_names_its_organisation() -> None:
    assert len(metadata.tables) == 5
    for name, table in metadata.tables.items():
        assert name.startswith("ee_")
        assert not table.c.organization_id.nullable
