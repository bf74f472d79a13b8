"""The migrations make the tables that the code knows, and take back what they made."""

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
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


def test_going_back_takes_all_of_it_and_the_next_start_makes_it_again(place: Place) -> None:
    def there() -> tuple[set[str], bool]:
        with place.database() as connection:
            ours = {name for name in sa.inspect(connection).get_table_names() if name.startswith("ee_")}
            secured = sa.text("SELECT relrowsecurity FROM pg_class WHERE relname = 'post_analytics'")
            return ours, bool(connection.execute(secured).scalar())

    assert there() == (set(metadata.tables), True)
    config = Config()
    config.set_main_option("script_location", "afterpost_ee:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["version_table"] = "alembic_version_ee"
    for revision, left in (("0001", set(metadata.tables)), ("base", set())):
        with place.database() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
        assert there() == (left, False)
    place.open()
    assert there() == (set(metadata.tables), True)


def test_every_table_is_named_as_ours_and_a_fact_names_its_organisation() -> None:
    assert len(metadata.tables) == 5
    for name, table in metadata.tables.items():
        assert name.startswith("ee_")
        assert not table.c.organization_id.nullable
