"""Every network's answers, those of accounts and series by day too, derived anew to the same rows."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import stamina

from afterpost.domain.scope import SYSTEM
from afterpost.emulator import Emulator, Scenario
from afterpost.loading import build_plugins
from afterpost.services import archive_caps
from afterpost.services.account_numbers import account_numbers
from afterpost.services.connect import connect
from afterpost.services.core import Core, open_core
from afterpost.services.dump import canonical
from afterpost.services.post_receipts import payload
from afterpost.services.replay import Clock
from afterpost.services.replay_archive import Rederived, replay_archive
from afterpost.services.rezone import rezone
from afterpost.settings import Settings
from afterpost.storage import archive
from packages.core.tests.databases import database_url
from tests.test_archive import Nothing, everything, opened
from tests.test_collect_networks import ALL, METRICS, NETWORKS, NOW, TYPES, collected


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


@dataclass
class House:
    """A core with one account of an emulated network."""

    core: Core
    clock: Clock
    folder: Path

    def days(self, count: int) -> None:
        """Collect everything, once a day."""

        async def every() -> None:
            for _ in range(count):
                await collected(self.core, 1)
                self.clock.now += timedelta(days=1)
            await self.core.egress.close()

        asyncio.run(every())

    def derived(self, name: str) -> Rederived:
        """Everything once more from the archive."""
        url = database_url(self.folder, name)
        return asyncio.run(replay_archive(self.core, ALL, SYSTEM, url, Nothing()))

    def rows(self, table: str) -> int:
        with self.core.database.read() as connection:
            return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())

    def operations(self) -> dict[str, int]:
        """Operation -> fetches that are noted of it."""
        found: dict[str, int] = {}
        with self.core.database.read() as connection:
            for fetch, _ in archive.every_fetch(connection, ALL):
                found[fetch.operation] = found.get(fetch.operation, 0) + 1
        return found

    def write(self, statement: str) -> None:
        with self.core.database.writer.connect() as connection, connection.begin():
            connection.execute(sa.text(statement))


MakeHouse = Callable[..., House]


@contextmanager
def opened_house(folder: Path, platform: str, **settings: object) -> Iterator[House]:
    plugin, dialect_of = NETWORKS[platform]
    world = Scenario(
        seed=7, start=date(2026, 4, 20), days=60, accounts=1, posts_per_week=6, metrics=METRICS,
        content_types=TYPES.get(platform, ("image", "video")),
    )  # fmt: skip
    clock = Clock(NOW)
    chosen = Settings(
        data_dir=folder,
        database_url=database_url(folder),
        api_key="k" * 20,
        secret_key=base64.b64encode(b"s" * 32).decode(),
        **settings,  # type: ignore[arg-type]
    )
    dialect = dialect_of(world)
    with Emulator(dialect, clock=clock) as emulator:
        plugins = build_plugins(chosen, {platform: plugin}, installed=[])
        core = open_core(chosen, plugins, clock=clock, emulated=emulator.routes)

        async def join() -> None:
            owner = world.accounts()[0]
            await connect(core, ALL, SYSTEM, platform, dialect.credential(owner), brand="Brand")
            await core.egress.close()

        asyncio.run(join())
        yield House(core, clock, folder)
        asyncio.run(core.close())


@pytest.fixture
def pinterest(tmp_path: Path) -> Iterator[House]:
    """A network with both numbers of accounts and series by day."""
    with opened_house(tmp_path, "pinterest") as house:
        yield house


@pytest.mark.parametrize("platform", sorted(NETWORKS))
def test_a_networks_answers_give_the_same_rows_again(platform: str, tmp_path: Path) -> None:
    with opened_house(tmp_path, platform) as house:
        house.days(3)
        declared = house.core.providers[platform].capabilities
        assert declared.account_metrics
        operations = house.operations()
        assert operations["account"] == 3
        assert ("daily" in operations) == (declared.daily_days > 0) == (platform == "pinterest")
        found = house.derived("derived")
        assert found.same, (found.troubles[:3], found.differences[:3])
        assert found.derived == found.fetches == sum(operations.values())
        assert (found.taken_over, found.account_values_taken_over, found.gaps) == (0, 0, ())
        assert found.rows["account_metrics"] == house.rows("account_metrics") > 0
        assert (found.rows["daily_metrics"] > 0) == (platform == "pinterest")


def test_a_payload_of_an_account_is_shown_and_holds_its_number(pinterest: House) -> None:
    pinterest.days(1)
    with pinterest.core.database.read() as connection:
        (parts,) = [
            parts for fetch, parts in archive.every_fetch(connection, ALL) if fetch.operation == "account"
        ]
    kept = payload(pinterest.core, ALL, (parts[0].digest or b"").hex())
    (day,) = account_numbers(pinterest.core, ALL, 1, NOW.date(), NOW.date()).days
    assert kept.body is not None
    assert str(day.values["followers"]) in kept.body
    assert [use.operation for use in kept.fetches] == ["account"]


def test_no_secret_is_in_what_accounts_and_series_were_read_from(pinterest: House) -> None:
    pinterest.days(2)
    text = everything(pinterest.core)
    secrets = [s.reveal() for s in opened(pinterest.core, 1).secrets.values() if len(s.reveal()) > 8]
    assert secrets
    assert b"analytics" in text
    assert [secret for secret in secrets if secret.encode() in text] == []


def test_a_number_of_an_account_that_was_changed_by_hand_is_named(pinterest: House) -> None:
    pinterest.days(2)
    pinterest.write("UPDATE account_metrics SET value = 7 WHERE metric = 'followers' AND day % 2 = 0")
    pinterest.write("UPDATE daily_metrics SET value = value + 1 WHERE post_id = 1")
    found = pinterest.derived("derived")
    assert not found.same
    assert found.differing["account_metrics"] == 1
    assert found.differing["daily_metrics"] > 0
    assert set(found.differing) == {"account_metrics", "daily_metrics"}


def test_what_was_not_archived_is_taken_over_and_said(pinterest: House) -> None:
    """Also in a run whose other answers are there: an installation as it was before these were kept."""
    pinterest.days(2)
    gone = "(SELECT id FROM fetches WHERE operation IN ('account', 'daily') AND run_id = 1)"
    pinterest.write(f"DELETE FROM fetch_payloads WHERE fetch_id IN {gone}")
    pinterest.write("DELETE FROM fetches WHERE operation IN ('account', 'daily') AND run_id = 1")
    found = pinterest.derived("derived")
    assert found.same, found.differences[:3]
    # Most of the past came with the first collection, and its account's numbers.
    assert found.taken_over > 100
    assert 0 < found.account_values_taken_over < found.rows["account_metrics"]
    assert found.gaps == ()


def test_dropped_payloads_are_gaps(pinterest: House) -> None:
    pinterest.days(2)
    pinterest.clock.now += timedelta(days=500)
    asyncio.run(archive_caps.tidy(pinterest.core, ALL, SYSTEM, 1))
    found = pinterest.derived("derived")
    assert found.same, found.differences[:3]
    assert found.derived == 0
    assert {gap.operation for gap in found.gaps} == {"list_posts", "list_metrics", "daily", "account"}
    assert found.account_values_taken_over == found.rows["account_metrics"]


def test_without_the_setting_nothing_is_kept(tmp_path: Path) -> None:
    with opened_house(tmp_path, "pinterest", archive=False) as house:
        house.days(1)
        assert house.operations() == {}
        found = house.derived("derived")
        assert found.same
        assert found.account_values_taken_over == found.rows["account_metrics"] > 0


def test_after_a_rezone_the_archive_gives_the_rows_of_the_new_zone(pinterest: House) -> None:
    pinterest.days(3)
    before = b"".join(canonical(pinterest.core, ALL))
    done = asyncio.run(rezone(pinterest.core, ALL, SYSTEM, "Pacific/Kiritimati"))
    assert done.moved == done.readings > 50
    after = b"".join(canonical(pinterest.core, ALL))
    # Days of series are of the provider's zone, and stay.
    assert lines(before, b"daily_metrics") == lines(after, b"daily_metrics")
    assert lines(before, b"account_metrics") != lines(after, b"account_metrics")
    found = pinterest.derived("derived")
    assert found.same, found.differences[:3]
    assert (found.taken_over, found.account_values_taken_over) == (0, 0)


def lines(dump: bytes, table: bytes) -> list[bytes]:
    return [line for line in dump.splitlines() if line.startswith(b'{"table":"' + table + b'"')]
