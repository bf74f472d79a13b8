"""What migrations make of the rows that are there."""

import json
from pathlib import Path

from alembic import command

from afterpost.domain.scope import Scope
from afterpost.storage import latest, tables
from afterpost.storage.engine import Database
from afterpost.storage.migrate import _config, migrate


def test_the_days_leave_what_is_known(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    old = {"likes": [3, 9], "views": [70, 10]}
    try:
        with database.writer.connect() as connection, connection.begin():
            config = _config("afterpost.storage:migrations")
            config.attributes["connection"] = connection
            config.attributes["version_table"] = "alembic_version"
            command.upgrade(config, "0002")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            connection.exec_driver_sql(
                "INSERT INTO organizations VALUES (1, 'a', 'A', 'UTC', 1, 0, NULL, NULL, 0)"
            )
            for post in (1, 2):
                connection.exec_driver_sql(
                    "INSERT INTO posts (id, organization_id, platform, external_id, title, description, url, "
                    "content_type, links, state, misses, created_at) "
                    f"VALUES ({post}, 1, 'toy', 'p{post}', '', '', '', 'video', '{{}}', 'live', 0, 0)"
                )
                connection.exec_driver_sql(
                    "INSERT INTO latest VALUES (?, 1, 1, ?, 0, NULL, ?)",
                    (post, 10, json.dumps(old if post == 1 else {"views": [5, 10]})),
                )
        migrate(database, Scope.default(), {})
        with database.read() as connection:
            rows = connection.execute(tables.latest.select().order_by("post_id")).all()
            states = latest.load(connection, Scope.default(), [1, 2], "UTC")
    finally:
        database.close()
    assert [(row.known, row.behind) for row in rows] == [
        ('{"likes":3,"views":70}', '{"likes":9}'),
        ('{"views":5}', None),
    ]
    assert states[1].known == {"likes": (3, 9), "views": (70, 10)}
    assert states[2].known == {"views": (5, 10)}
