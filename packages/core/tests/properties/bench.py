"""A real database that plays histories, one after another, and shows what became of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from afterpost.domain.windows import EPOCH, local_day_number, zone_of
from afterpost.services.core import Core
from afterpost.services.record import Item, Recorded, record
from afterpost.storage import accounts, organizations, posts, runs, tables
from afterpost.storage.engine import Connection
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Tx
from packages.core.tests.house import ACTOR, EVERYTHING, Clock
from packages.core.tests.properties.histories import ACCOUNTS, BRANDS, Batches, Plan, Said

Dump = Mapping[str, Sequence[tuple[Any, ...]]]
FACTS = ("post_analytics", "latest", "rollups", "standing", "attendance", "openings")


class Bench:
    """A core whose database is emptied for every history."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self.core = core
        self.clock = clock
        self.ids: list[int] = []
        self.run_id = 0

    def begin(self, zone: str, plans: Sequence[Plan]) -> None:
        """Forget everything; days are cut in `zone`; the posts are there, without a reading."""
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            self._empty(tx.connection)
            tx.connection.execute(
                sa.update(tables.organizations).values(
                    time_zone=zone, zone_fixed=False, change_seq=0, changed_at=None
                )
            )
            organization = self.organization(tx.connection)
            for n in range(BRANDS):
                organizations.add_brand(tx.connection, EVERYTHING, organization.id, f"b{n}", f"B{n}", tx.now)
            for n in range(ACCOUNTS):
                self._add_account(tx, organization, n)
            posts.add_posts(
                tx.connection, EVERYTHING, [self._new(tx, organization, n, p) for n, p in enumerate(plans)]
            )
            self.ids = list(tx.connection.execute(sa.select(tables.posts.c.id).order_by("id")).scalars())
            self.run_id = runs.start_run(
                tx.connection, EVERYTHING, organization.id, "ingest", str(ACTOR), tx.now
            )

    def play(self, batches: Batches) -> None:
        """Record batch by batch, a transaction each."""
        for batch in batches:
            self.record(batch)

    def record(self, batch: Sequence[Said]) -> dict[int, Recorded]:
        """One transaction; says what `record` says."""
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            known = self.posts(tx.connection)
            items = [Item(known[one.post], one.reading, one.source) for one in batch]
            return record(tx, self.organization(tx.connection), items, self.run_id)

    def organization(self, connection: Connection) -> Organization:
        """The one organisation."""
        return organizations.list_organizations(connection, EVERYTHING)[0]

    def posts(self, connection: Connection) -> list[Post]:
        """The posts of the history, by number."""
        found = posts.get_posts(connection, EVERYTHING, self.ids)
        return [found[key] for key in self.ids]

    def dump(self, *names: str) -> Dump:
        """Every row of those tables, as stored."""
        with self.core.database.read() as connection:
            return dumped(connection, *(names or FACTS))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every row of a table, by column, as stored."""
        with self.core.database.read() as connection:
            found = connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1")
            return [dict(row) for row in found.mappings()]

    @staticmethod
    def _empty(connection: Connection) -> None:
        """Delete all but the organisation. Ids begin at 1 again: two benches name a post the same.

        Its version stays too: it marks what was kept of the last history, and never comes back.
        """
        stays = (tables.organizations, tables.versions)
        all_else = [t for t in reversed(tables.metadata.sorted_tables) if t not in stays]
        if connection.dialect.name == "postgresql":
            names = ", ".join(table.name for table in all_else)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
            return
        for table in all_else:
            connection.exec_driver_sql(f"DELETE FROM {table.name}")
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name != 'organizations'")

    @staticmethod
    def _add_account(tx: Tx, organization: Organization, n: int) -> None:
        values = {
            "organization_id": organization.id,
            "platform": "youtube",
            "external_id": f"a{n}",
            "handle": f"a{n}",
            "name": f"A{n}",
            "state": "active",
            "listed": True,
            "created_at": tx.now,
        }
        accounts.add_account(tx.connection, EVERYTHING, values)

    @staticmethod
    def _new(tx: Tx, organization: Organization, n: int, plan: Plan) -> dict[str, Any]:
        return {
            "organization_id": organization.id,
            "brand_id": None if plan.brand is None else plan.brand + 1,
            "account_id": None if plan.account is None else plan.account + 1,
            "platform": plan.platform,
            "external_id": f"p{n}",
            "title": "",
            "description": "",
            "url": "",
            "content_type": plan.content_type,
            "published_at": plan.announced,
            "published_day": None
            if plan.announced is None
            else local_day_number(plan.announced, zone_of(organization.time_zone)),
            "announced_at": plan.announced,
            "links": "{}",
            "state": "live",
            "misses": 0,
            "created_at": tx.now,
        }


def dumped(connection: Connection, *names: str) -> Dump:
    """Every row of those tables on a connection. The number of a change tells how often and not what."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name in names:
        table = tables.metadata.tables[name]
        columns = [c.name for c in table.columns if c.name != "change_seq"]
        query = f"SELECT {', '.join(columns)} FROM {name} ORDER BY "
        query += ", ".join(c.name for c in table.primary_key.columns)
        # As the driver gives them: 5 and 5.0 differ here.
        found[name] = [
            tuple((type(cell).__name__, cell) for cell in row) for row in connection.exec_driver_sql(query)
        ]
    return found


def number(ordinal: int) -> int:
    """The day number of a proleptic ordinal."""
    return ordinal - EPOCH


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
