"""One refresh at a time: two collectors never use one rotating refresh token twice, and lose none."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.events import AccountStopped
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.emulator import Emulator
from afterpost.loading import build_plugins
from afterpost.sdk import AccountProfile, Credential, Renewal, Secret
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core, open_core
from afterpost.services.exchange import Exchange
from afterpost.services.renewal import CLAIM, held, renew_at
from afterpost.services.runner import Runner
from afterpost.storage import accounts
from packages.core.tests.emulator.toy import ToyWorld
from packages.core.tests.house import NOW, Clock, settings_at, settings_in
from packages.core.tests.plugins.rotating import LIFETIME, RotatingDialect, RotatingPlugin
from packages.core.tests.plugins.watcher import WatcherPlugin

ALL = Scope.default()
RACES = 1_000


class House:
    """Two collectors on one database, and the platform they read."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self.dialect = RotatingDialect(ToyWorld())
        self.emulator = Emulator(self.dialect, clock=clock).start()
        self.watchers: list[WatcherPlugin] = []
        self.one, self.two = self.open(), self.open()

    def open(self) -> Core:
        """One more process, as far as a database can tell."""
        self.watchers.append(WatcherPlugin())
        settings = settings_in(self.folder)
        plugins = build_plugins(
            settings, {"rotating": RotatingPlugin(), "watcher": self.watchers[-1]}, installed=[]
        )
        return open_core(settings, plugins, clock=self.clock, emulated=self.emulator.routes)

    async def close(self) -> None:
        """All of it."""
        await self.one.close()
        await self.two.close()
        self.emulator.stop()

    async def connected(self) -> None:
        """An account with a token of two hours."""
        await connect(self.one, ALL, SYSTEM, "rotating", self.dialect.credential(self.dialect.owner))


@pytest_asyncio.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    made = House(tmp_path, clock)
    yield made
    await made.close()


async def asking(core: Core) -> AccountProfile:
    """One call, by a collector that knows nothing of the other."""
    account = list_accounts(core, ALL)[0]
    exchange = Exchange(core, ALL, SYSTEM, account)
    return (await exchange.ask("check", exchange.provider.check, AccountProfile)).value


async def test_a_thousand_races_for_one_token(house: House) -> None:
    await house.connected()
    grants = house.dialect.grants
    for race in range(RACES):
        house.clock.advance(LIFETIME)
        before = grants.refreshes
        await asyncio.gather(asking(house.one), asking(house.two))
        assert grants.refreshes == before + 1, race
    assert (grants.reused, grants.dead) == (0, False)
    stored = held(house.one, ALL, list_accounts(house.one, ALL)[0])
    assert stored.credential.secret("refresh_token") == f"rotating-refresh-{grants.number}"
    assert stored.version == RACES


async def test_many_tasks_of_one_process_renew_once(house: House) -> None:
    await house.connected()
    house.clock.advance(LIFETIME)
    before = house.dialect.grants.refreshes
    await asyncio.gather(*(asking(house.one) for _ in range(20)))
    assert house.dialect.grants.refreshes == before + 1


RACER = """
import asyncio, sys
from packages.core.tests.services.test_renewal import racing
asyncio.run(racing(*sys.argv[1:4], int(sys.argv[4])))
"""


async def racing(folder: str, database: str, route: str, races: int) -> None:
    """Another process: asks when it is told to, with the clock it is told."""
    clock = Clock()
    settings = settings_at(Path(folder), database)
    plugins = build_plugins(settings, {"rotating": RotatingPlugin()}, installed=[])
    core = open_core(settings, plugins, clock=clock, emulated={"api.rotating.invalid": route})
    for _ in range(races):
        print("ready", flush=True)
        sys.stdin.readline()
        clock.advance(LIFETIME)
        await asking(core)
    print("done", flush=True)
    await core.close()


async def test_two_processes_race_for_one_token(house: House) -> None:
    await house.connected()
    races = 25
    command = [sys.executable, "-c", RACER, str(house.folder)]
    command += [house.one.settings.database_url, house.emulator.url, str(races)]
    start = house.dialect.grants.refreshes
    racers = [
        await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    for race in range(races):
        for racer in racers:
            assert racer.stdout is not None
            assert await racer.stdout.readline() == b"ready\n"
        assert house.dialect.grants.refreshes == start + race
        house.clock.advance(LIFETIME)
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(b"go\n")
    for racer in racers:
        out, _ = await racer.communicate()
        assert (out, racer.returncode) == (b"done\n", 0)
    assert house.dialect.grants.refreshes == start + races
    assert house.dialect.grants.reused == 0


async def test_whoever_dies_renewing_holds_nobody_up_for_long(house: House) -> None:
    await house.connected()
    account = list_accounts(house.one, ALL)[0]
    with house.two.transaction(ALL, SYSTEM) as tx:
        assert accounts.claim_renewal(tx.connection, ALL, account.id, 0, tx.now, tx.now + CLAIM)
    house.clock.advance(CLAIM - timedelta(seconds=1))
    waiting = asyncio.create_task(Exchange(house.one, ALL, SYSTEM, account).renew())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    house.clock.advance(timedelta(seconds=1))
    await waiting
    assert house.dialect.grants.refreshes == 2


async def test_a_renewal_that_fails_leaves_the_claim_and_the_token(house: House) -> None:
    await house.connected()
    account = list_accounts(house.one, ALL)[0]
    number = house.dialect.grants.number
    house.emulator.stop()
    with pytest.raises(ProviderError) as error:
        await Exchange(house.one, ALL, SYSTEM, account).renew()
    assert error.value.kind is ErrorKind.NETWORK
    with house.one.transaction(ALL, SYSTEM) as tx:
        assert accounts.claim_renewal(tx.connection, ALL, account.id, 0, tx.now, tx.now + CLAIM)
    stored = held(house.one, ALL, account)
    assert stored.credential.secret("refresh_token") == f"rotating-refresh-{number}"


async def test_connecting_again_wins_over_a_renewal_under_way(house: House) -> None:
    await house.connected()
    account = list_accounts(house.one, ALL)[0]
    stale = held(house.one, ALL, account)
    with house.two.transaction(ALL, SYSTEM) as tx:
        assert accounts.claim_renewal(tx.connection, ALL, account.id, 0, tx.now, tx.now + CLAIM)
    await connect(house.one, ALL, SYSTEM, "rotating", house.dialect.credential(house.dialect.owner))
    with house.two.transaction(ALL, SYSTEM) as tx:
        assert not accounts.replace_credential(
            tx.connection, ALL, account.id, stale.version, {"credential": b"late"}
        )
    assert held(house.one, ALL, account).version == stale.version + 1


async def test_a_revoked_grant_stops_its_account_once_and_connecting_resumes(house: House) -> None:
    await house.connected()
    grants = house.dialect.grants
    await Runner(house.one).run_due()
    house.clock.advance(LIFETIME)
    grants.dead = True
    for _ in range(3):
        await Runner(house.one).run_due()
    (account,) = list_accounts(house.one, ALL)
    assert (account.state, account.failure_kind) == ("stopped", "credential_revoked")
    heard = [delivery.event for delivery in house.watchers[0].watcher.heard]
    assert [event.account_id for event in heard if isinstance(event, AccountStopped)] == [account.id]
    asked = len(house.emulator.requests)
    house.clock.advance(timedelta(days=1))
    await Runner(house.one).run_due()
    assert len(house.emulator.requests) == asked
    grants.dead = False
    await house.connected()
    assert list_accounts(house.one, ALL)[0].state == "active"
    assert await Runner(house.one).run_due() == 1


async def test_a_token_that_would_die_unused_is_renewed_by_itself(house: House) -> None:
    await house.connected()
    await Runner(house.one).run_due()
    before = house.dialect.grants.refreshes
    with house.one.transaction(ALL, SYSTEM) as tx:
        accounts.update_account(
            tx.connection, ALL, 1, {"next_list_at": NOW + timedelta(days=400), "next_account_at": None}
        )
        tx.connection.exec_driver_sql("UPDATE posts SET due_at = NULL")
    house.clock.advance(timedelta(days=89))
    await Runner(house.one).run_due()
    assert house.dialect.grants.refreshes == before
    house.clock.advance(timedelta(days=2))
    await Runner(house.one).run_due()
    assert house.dialect.grants.refreshes == before + 1
    await Runner(house.one).run_due()
    assert house.dialect.grants.refreshes == before + 1


def test_when_a_credential_is_renewed_in_any_case() -> None:
    day = timedelta(days=1)
    plain = {"access_token": Secret("a")}
    hours = Credential(secrets=plain, expires_at=NOW + 2 * timedelta(hours=1))
    assert renew_at(hours, Renewal(), NOW) is None
    assert renew_at(hours, Renewal(idle_days=60), NOW) == NOW + 30 * day
    months = Credential(secrets=plain, expires_at=NOW + 60 * day)
    assert renew_at(months, Renewal(before_seconds=10 * 86_400), NOW) == NOW + 50 * day
    rotating = Credential(secrets=plain, expires_at=NOW + day, refresh_expires_at=NOW + 180 * day)
    assert renew_at(rotating, Renewal(rotates=True), NOW) == NOW + 90 * day
