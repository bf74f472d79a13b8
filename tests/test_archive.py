"""Raw answers of emulated networks, from the wire to the archive and back; what is kept, what never is."""

import asyncio
import base64
import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import stamina

import afterpost_sample
import afterpost_youtube
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.emulator import Emulator, Fault, Request, Response
from afterpost.emulator.scenario import Scenario
from afterpost.loading import build_plugins
from afterpost.sdk import Call, Capabilities, FileContext, Measured, Page
from afterpost.sdk.formats import FileItem
from afterpost.services import collect
from afterpost.services.connect import connect
from afterpost.services.core import Core, open_core
from afterpost.services.ingest import Entry
from afterpost.services.post_receipts import payload, receipt
from afterpost.services.post_summary import post_observations
from afterpost.services.record import Source
from afterpost.services.replay import Clock
from afterpost.services.replay_archive import Rederived, replay_archive
from afterpost.services.run import begin_run
from afterpost.settings import Settings
from afterpost.storage import accounts, archive
from afterpost.storage.archive import Fetch, Part
from afterpost_sample.emulator import SampleDialect
from afterpost_sample.provider import Sample
from afterpost_youtube.emulator import YouTubeDialect
from packages.core.tests.databases import POSTGRESQL, database_url
from tests.running import ROOT

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
ALL = Scope.default()
CANARY = "canary-8c1f"


class Nothing:
    """Here nothing comes to us, so there is nothing to read."""

    def file(
        self, body: bytes, context: FileContext, format_name: str
    ) -> AbstractContextManager[Iterable[FileItem]]:
        raise AssertionError("no file was imported")

    def sent(self, body: bytes, now: datetime) -> tuple[Sequence[Entry], Source]:
        raise AssertionError("nothing was ingested")

    def typed(self, body: bytes) -> tuple[Sequence[Entry], Source]:
        raise AssertionError("nothing was typed")


class Indiscreet(YouTubeDialect):
    """YouTube that repeats the caller's token, in a header, in the body, and as a link with it."""

    def answer(self, request: Request, now: datetime) -> Response:
        """The real answer with what it should not say."""
        answer = super().answer(request, now)
        token = request.bearer or ""
        told = answer.body.replace(
            b'"kind"',
            f'"debug":{{"seen":"{token}","access_token":"{CANARY}-other","next":'
            f'"https://x.invalid/?access_token={token}&a=1"}},"kind"'.encode(),
            1,
        )
        headers = {**answer.headers, "x-debug-token": token, "link": f"<https://x.invalid/?key={token}>"}
        return Response(answer.status, told if request.path != "/token" else answer.body, headers)


class Carrying(Sample):
    """Sample as if its listing carried the counts: each page takes two calls."""

    @property
    def capabilities(self) -> Capabilities:
        """Sample's, and that."""
        return msgspec.structs.replace(super().capabilities, list_carries_metrics=True)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """A page with the readings of its posts."""
        page = await super().list_posts(call, cursor)
        outcomes = await self.fetch_metrics(call, [info.external_id for info in page.posts])
        read = {key: each for key, each in outcomes.items() if isinstance(each, Measured)}
        return Page(page.posts, page.cursor, read)


@dataclass
class House:
    """A core with accounts on emulated YouTube and Sample."""

    core: Core
    clock: Clock
    emulator: Emulator
    accounts: list[int]
    folder: Path

    def collect(self, *, together: bool = False) -> None:
        """Collect every account, one after another or all at once."""

        async def one(account: int) -> None:
            run_id = await self.core.database.writing(begin_run, self.core, ALL, SYSTEM, "collect")
            await collect.refresh_accounts(self.core, ALL, SYSTEM, [account], run_id, due_only=False)

        async def every() -> None:
            if together:
                await asyncio.gather(*(one(account) for account in self.accounts))
            else:
                for account in self.accounts:
                    await one(account)
            await self.core.egress.close()

        asyncio.run(every())

    def derived(self) -> Rederived:
        """Everything once more from the archive."""
        url = database_url(self.folder, f"derived-{self.clock.now:%j%H}")
        return asyncio.run(replay_archive(self.core, ALL, SYSTEM, url, Nothing()))

    def kept(self) -> list[tuple[Fetch, list[Part]]]:
        """Every fetch with its payloads."""
        with self.core.database.read() as connection:
            return list(archive.every_fetch(connection, ALL))


def scenario(seed: int, accounts: int, start: date) -> Scenario:
    return Scenario(
        seed=seed, start=start, days=60, accounts=accounts, posts_per_week=14,
        metrics=("views", "likes", "comments"),
    )  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = Clock(NOON)
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url(tmp_path),
        api_key="k" * 20,
        secret_key=base64.b64encode(b"s" * 32).decode(),
    )
    tube = scenario(7, 2, date(2026, 5, 9))
    shop = scenario(8, 1, date(2026, 4, 20))
    dialects = {"youtube": (Indiscreet(tube), tube), "sample": (SampleDialect(shop), shop)}
    stamina.set_testing(True, attempts=2)
    with Emulator(*(dialect for dialect, _ in dialects.values()), clock=clock) as emulator:
        plugins = build_plugins(
            settings, {"youtube": afterpost_youtube, "sample": afterpost_sample}, installed=[]
        )
        core = open_core(settings, plugins, clock=clock, emulated=emulator.routes)

        async def join() -> list[int]:
            made = [
                await connect(core, ALL, SYSTEM, platform, dialect.credential(account), brand="Brand")
                for platform, (dialect, world) in dialects.items()
                for account in world.accounts()
            ]
            await core.egress.close()
            return [account.id for account in made]

        yield House(core, clock, emulator, asyncio.run(join()), tmp_path)
        asyncio.run(core.close())
    stamina.set_testing(False)


def days(house: House, count: int) -> None:
    for _ in range(count):
        house.collect()
        house.clock.now += timedelta(days=1)


def test_what_networks_said_gives_the_same_rows_again(house: House) -> None:
    days(house, 4)
    found = house.derived()
    assert found.same, found.differences[:3]
    assert found.derived == found.fetches == len(house.kept())
    assert (found.gaps, found.troubles, found.taken_over) == ((), (), 0)
    assert found.rows["observations"] > 300
    assert found.rows["content_performance"] > 200
    operations = {(fetch.platform, fetch.operation) for fetch, _ in house.kept()}
    assert operations == {
        ("youtube", "daily"),
        *((p, o) for p in ("youtube", "sample") for o in ("list_posts", "metrics")),
    }
    assert found.rows["daily_metrics"] > 800


def test_an_observation_leads_to_the_answer_that_holds_its_numbers(house: House) -> None:
    days(house, 2)
    found, _ = post_observations(house.core, ALL, 1, before=None, days=10)
    assert len(found) == 2
    for reading in found:
        (digest,) = reading.payloads
        kept = payload(house.core, ALL, digest)
        assert kept.body is not None
        assert f'"viewCount":"{reading.values["views"]}"' in kept.body.replace(" ", "")
        assert {use.run_id for use in kept.fetches} == {reading.run_id}
    step = receipt(house.core, ALL, 1).readings[0]
    assert step.payloads[0].status == 200
    assert "https://youtube.googleapis.com/youtube/v3/videos?" in str(step.payloads[0].url)


def test_no_secret_is_kept_anywhere(house: House) -> None:
    days(house, 1)
    # Tokens are renewed on the way, and one answer fails first.
    house.clock.now += timedelta(days=1)
    house.emulator.dial.set(Fault("unauthorized", path="/stats", times=1))
    days(house, 1)
    secrets = {
        secret.reveal()
        for account in house.accounts
        for secret in opened(house.core, account).secrets.values()
        if len(secret.reveal()) > 8
    }
    assert len(secrets) > 2
    # Tokens were handed out, after the first collection too.
    assert len([r for r in house.emulator.requests if r.path == "/token"]) >= 3
    text = everything(house.core)
    assert b"https://x.invalid/?access_token=REDACTED" in text
    for secret in (*secrets, f"{CANARY}-other"):
        assert secret.encode() not in text, secret
    paths = {str(part.url) for _, parts in house.kept() for part in parts}
    assert len(paths) > 5
    assert not any("token" in url.split("?")[0] or "/me" in url for url in paths)
    assert house.derived().same


def opened(core: Core, account_id: int) -> Any:
    """The account's credential in clear."""
    with core.read(ALL) as connection:
        account = accounts.get_account(connection, ALL, account_id)
        sealed = accounts.sealed_credential(connection, ALL, account_id)
    assert account is not None
    assert sealed.credential is not None
    return core.sealer.open(
        sealed.credential, (account.organization_id, account.platform, account.external_id)
    )


def everything(core: Core) -> bytes:
    """All that the three tables hold, payloads unpacked."""
    found = []
    with core.database.read() as connection:
        for table in ("fetches", "fetch_payloads", "payloads"):
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings():
                found += [repr({k: v for k, v in row.items() if k != "body"}).encode()]
                if row.get("body"):
                    found.append(zlib.decompress(row["body"]))
    return b"\n".join(found)


def test_two_accounts_at_once_never_get_each_others_answers(house: House) -> None:
    house.collect(together=True)
    with house.core.database.read() as connection:
        query = "SELECT account_id, platform, external_id FROM posts"
        owner = {(p, key): account for account, p, key in connection.execute(sa.text(query))}
    seen = set()
    for fetch, parts in house.kept():
        body = b"".join(zlib.decompress(part.body or b"") for part in parts)
        others = [key for (p, key), account in owner.items() if account != fetch.account_id]
        assert all(owner[fetch.platform, key] == fetch.account_id for key in fetch.asked.posts)
        # A report does not repeat which video it was asked for.
        told = body + b" ".join(str(part.url).encode() for part in parts)
        assert all(key.encode() in told for key in fetch.asked.posts)
        assert not any(f'"{key}"'.encode() in body for key in others)
        seen.add(fetch.account_id)
    assert seen == set(house.accounts)
    assert house.derived().same


def test_readings_that_came_with_a_listing_lead_to_its_page(house: House) -> None:
    object.__setattr__(house.core, "providers", {**house.core.providers, "sample": Carrying()})
    days(house, 3)
    listed = [(fetch, parts) for fetch, parts in house.kept() if fetch.operation == "list_metrics"]
    assert len(listed) > 2
    assert {(fetch.platform, len(parts)) for fetch, parts in listed} == {("sample", 2)}
    found = house.derived()
    assert found.same, (found.troubles[:3], found.differences[:3])
    assert (found.taken_over, found.gaps) == (0, ())


def test_a_failed_try_leaves_nothing_and_the_one_that_worked_is_kept(house: House) -> None:
    house.collect()
    before = len(house.kept())
    house.clock.now += timedelta(hours=2)
    house.emulator.dial.set(Fault("unavailable", path="/youtube/v3/videos", times=1))
    house.collect()
    new = house.kept()[before:]
    assert new
    assert all(part.status == 200 for _, parts in new for part in parts)
    assert all(len(parts) == 1 for fetch, parts in new if fetch.operation == "metrics")


def test_series_by_day_whose_payload_is_gone_are_taken_over(house: House) -> None:
    days(house, 2)
    lost = next(fetch for fetch, _ in house.kept() if fetch.operation == "daily")
    with house.core.database.writer.connect() as connection, connection.begin():
        which = "SELECT digest FROM fetch_payloads WHERE fetch_id = :fetch"
        drop = f"UPDATE payloads SET body = NULL, dropped = 'space' WHERE digest IN ({which})"
        connection.execute(sa.text(drop), {"fetch": lost.id})
    found = house.derived()
    assert found.same, found.differences[:3]
    assert lost.id in [gap.fetch_id for gap in found.gaps]
    assert {(gap.operation, gap.reason) for gap in found.gaps} == {("daily", "space")}
    assert found.taken_over > 0


def test_other_code_is_found_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    days(house, 2)
    monkeypatch.setitem(afterpost_youtube.payloads.COUNTS, "likes", "viewCount")
    found = house.derived()
    assert not found.same
    assert set(found.differing) >= {"observations", "post_analytics", "latest"}


def test_without_the_setting_nothing_is_kept(house: House) -> None:
    object.__setattr__(house.core, "settings", replaced(house.core.settings))
    house.collect()
    assert house.kept() == []
    found = house.derived()
    assert (found.same, found.fetches) == (True, 0)
    assert found.rows["daily_metrics"] > found.rows["observations"] > 50
    assert found.taken_over == found.rows["observations"] + found.rows["daily_metrics"]


def replaced(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, archive=False)


# --- kill ---


@pytest.mark.skipif(POSTGRESQL, reason="looks into the file of an SQLite database")
def test_a_kill_leaves_no_reading_without_its_payload_and_no_payload_without_its_readings(
    tmp_path: Path,
) -> None:
    environ = {**os.environ, "AFTERPOST_DATA_DIR": str(tmp_path), "AFTERPOST_ARCHIVE": "on"}
    command = [sys.executable, "-m", "afterpost", "demo", "--check"]
    file = tmp_path / "afterpost.db"
    for target in (300, 900):
        process = subprocess.Popen(
            command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        while process.poll() is None and rows(file, "SELECT count(*) FROM observations") < target:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert rows(file, "SELECT count(*) FROM observations") >= target
        lost = """
            SELECT count(*) FROM observations o
            JOIN run_items i ON i.run_id = o.run_id AND i.post_id = o.post_id
            LEFT JOIN fetch_payloads f ON f.fetch_id = i.fetch_id
            LEFT JOIN payloads p ON p.digest = f.digest WHERE p.body IS NULL
        """
        assert rows(file, lost) == 0
        assert rows(file, "SELECT count(*) FROM fetches WHERE operation = 'metrics'") == rows(
            file, "SELECT count(DISTINCT fetch_id) FROM run_items"
        )


def rows(file: Path, query: str) -> int:
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            found: int = connection.execute(query).fetchone()[0]
            return found
    except sqlite3.OperationalError:
        return 0
