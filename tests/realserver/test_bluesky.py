"""Our Bluesky provider through core's own collect path, against the server that Bluesky publishes."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import stamina

import afterpost_bluesky
from afterpost.domain.errors import ErrorKind, ProviderError, RefreshFailed
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.loading import build_plugins
from afterpost.sdk.credentials import Credential, Secret
from afterpost.services import collect
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core, open_core
from afterpost.services.post_summary import post_analytics
from afterpost.services.renewal import Held, held, renewed
from afterpost.services.replay import Clock
from afterpost.services.run import begin_run
from afterpost.settings import Settings
from afterpost.storage import posts, runs
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Post, Wanted
from afterpost.storage.runs import Run, RunItem
from packages.core.tests.databases import server_url
from tests.realserver.conftest import PASSWORD, PDS_NAME, POST, SERVICE, Bluesky, Person, until

ALL = Scope.default()
JWT_SECRET = b"jwt-secret"
"""What the server of `@atproto/dev-env` signs its tokens with."""
FIELDS = {
    "likes": "likeCount",
    "comments": "replyCount",
    "shares": "repostCount",
    "quotes": "quoteCount",
    "saves": "bookmarkCount",
}


@dataclass
class Station:
    """A core on PostgreSQL that reaches the real server."""

    core: Core
    clock: Clock

    async def connect(self, person: Person, password: str) -> Account:
        """Connect as a person would."""
        given = {"identifier": f"@{person.handle}", "app_password": password, "service": SERVICE}
        return await connect(self.core, ALL, SYSTEM, "bluesky", given, brand="Brand")

    async def collect(self, account: Account) -> tuple[Run, dict[str, RunItem]]:
        """Collect once; the run, and how each post of it ended, by address."""
        run_id = await self.core.database.writing(begin_run, self.core, ALL, SYSTEM, "collect")
        await collect.refresh_accounts(self.core, ALL, SYSTEM, [account.id], run_id, due_only=False)
        with self.core.database.read() as connection:
            run = runs.get_run(connection, ALL, run_id)
            items = runs.items_of(connection, ALL, run_id, runs.OUTCOMES, 1_000)
        assert run is not None
        address = {post.id: post.external_id for post in self.posts(account)}
        return run, {address[item.post_id]: item for item in items}

    def posts(self, account: Account) -> list[Post]:
        """Every post of the account."""
        with self.core.database.read() as connection:
            return list(
                posts.page_of_posts(
                    connection, ALL, after=None, limit=1_000, wanted=Wanted(account_id=account.id)
                )
            )

    def account(self) -> Account:
        """The account as it stands."""
        return list_accounts(self.core, ALL)[0]

    def numbers(self, account: Account) -> dict[str, dict[str, int]]:
        """The summary's metrics of each post."""
        return {
            post.external_id: dict(post_analytics(self.core, ALL, post.id)[0].summary.metrics)
            for post in self.posts(account)
        }

    async def credential(self, account: Account) -> Credential:
        """What is stored for the account."""
        return (await self.core.database.reading(held, self.core, ALL, account)).credential


@pytest.fixture
async def station(bluesky: Bluesky, tmp_path: Path) -> AsyncIterator[Station]:
    settings = Settings(
        data_dir=tmp_path,
        database_url=server_url(tmp_path),
        api_key="k" * 20,
        secret_key=base64.b64encode(b"s" * 32).decode(),
    )
    stamina.set_testing(True, attempts=2)
    # The server's tokens end by its own clock, which is the machine's.
    clock = Clock(datetime.now(UTC))
    plugins = build_plugins(settings, {"bluesky": afterpost_bluesky}, installed=[])
    core = open_core(settings, plugins, clock=clock, emulated=bluesky.routes)
    yield Station(core, clock)
    await core.close()
    stamina.set_testing(False)


async def test_what_is_collected_is_what_the_server_holds(bluesky: Bluesky, station: Station) -> None:
    ada, bob, eve = (bluesky.join(name) for name in ("ada", "bob", "eve"))
    first, second, third = (ada.post(f"Post {number}") for number in (1, 2, 3))
    for one in (bob, eve):
        one.on("app.bsky.feed.like", first)
        one.post("An answer", to=first)
    bob.on("app.bsky.feed.repost", first)
    eve.on("app.bsky.feed.like", second)
    eve.write(POST, text="See there", embed={"$type": "app.bsky.embed.record", "record": second})
    # Neither is a post of ada's own: what she passes on, and what she answers to others.
    theirs = bob.post("Bob's post")
    ada.on("app.bsky.feed.repost", theirs)
    ada.post("To bob", to=theirs)
    made = {
        first["uri"]: {"likes": 2, "comments": 2, "shares": 1, "quotes": 0, "saves": 0},
        second["uri"]: {"likes": 1, "comments": 0, "shares": 0, "quotes": 1, "saves": 0},
        third["uri"]: {"likes": 0, "comments": 0, "shares": 0, "quotes": 0, "saves": 0},
    }
    own = (first, second, third)
    until(lambda: shown(ada, *own) == made and shown(ada, theirs)[theirs["uri"]]["comments"] == 1, "counts")

    account = await station.connect(ada, ada.app_password())
    assert (account.external_id, account.handle) == (ada.did, ada.handle)
    stored = await station.credential(account)
    # The server that the DID document names, and the app password is not kept.
    assert stored.secret("server") == PDS_NAME
    assert set(stored.secrets) == {"service", "server", "access_token", "refresh_token"}

    run, items = await station.collect(account)
    assert run.state == "done"
    assert {uri: item.outcome for uri, item in items.items()} == dict.fromkeys(made, "stored")
    assert station.numbers(account) == shown(ada, *own) == made

    eve.on("app.bsky.feed.like", third)
    bob.on("app.bsky.feed.repost", second)
    made[third["uri"]]["likes"] += 1
    made[second["uri"]]["shares"] += 1
    until(lambda: shown(ada, *own) == made, "the later counts")
    station.clock.now += timedelta(hours=1)
    await station.collect(account)
    assert station.numbers(account) == shown(ada, *own) == made


async def test_a_deleted_post_keeps_its_numbers(bluesky: Bluesky, station: Station) -> None:
    kim, lee = bluesky.join("kim"), bluesky.join("lee")
    kept, lost = kim.post("Stays"), kim.post("Goes")
    lee.on("app.bsky.feed.like", lost)
    until(lambda: shown(kim, kept, lost).get(lost["uri"], {}).get("likes") == 1, "the like")
    # The account's own password signs in as an app password does.
    account = await station.connect(kim, PASSWORD)
    await station.collect(account)

    kim.delete(lost)
    until(lambda: set(shown(kim, kept, lost)) == {kept["uri"]}, "the deletion")
    states = []
    for _ in range(4):
        station.clock.now += timedelta(hours=13)
        _, items = await station.collect(account)
        states.append({post.external_id: post.state for post in station.posts(account)}[lost["uri"]])
        assert items[kept["uri"]].outcome in {"stored", "unchanged"}
    # Two reads that miss it say nothing yet; what was known of it stays.
    assert states == ["live", "live", "gone", "gone"]
    assert station.numbers(account)[lost["uri"]]["likes"] == 1


async def test_an_expired_access_token_is_renewed(bluesky: Bluesky, station: Station) -> None:
    fay = bluesky.join("fay")
    post = fay.post("Hello")
    until(lambda: post["uri"] in shown(fay, post), "the post")
    account = await station.connect(fay, fay.app_password())
    fresh = await station.credential(account)
    over = Credential(
        secrets=dict(fresh.secrets) | {"access_token": Secret(expired(fresh.secret("access_token")))},
        refresh_expires_at=fresh.refresh_expires_at,
    )

    async def swap(_: Held) -> Credential:
        return over

    # Nothing stored says that it is over, so only the server's refusal can.
    stale = await station.core.database.reading(held, station.core, ALL, account)
    await renewed(station.core, ALL, SYSTEM, account, stale, swap)
    refused = answer_to(bluesky, over.secret("access_token"))
    assert refused == (400, "ExpiredToken")

    run, items = await station.collect(account)
    assert (run.state, items[post["uri"]].outcome) == ("done", "stored")
    renewed_one = await station.credential(account)
    assert renewed_one.secret("access_token") != over.secret("access_token")
    assert renewed_one.secret("refresh_token") != over.secret("refresh_token")
    assert station.account().failure_kind is None


async def test_a_revoked_session_stops_the_account(bluesky: Bluesky, station: Station) -> None:
    gus = bluesky.join("gus")
    post = gus.post("Hello")
    until(lambda: post["uri"] in shown(gus, post), "the post")
    account = await station.connect(gus, gus.app_password("lost phone"))
    await station.collect(account)
    gus.http.post(
        "/xrpc/com.atproto.server.revokeAppPassword", json={"name": "lost phone"}
    ).raise_for_status()

    # An access token lives its two hours out; the renewal after that is refused.
    station.clock.now += timedelta(hours=3)
    await station.collect(account)
    assert station.account().failure_kind == ErrorKind.CREDENTIAL_REVOKED

    await station.connect(gus, gus.app_password("new phone"))
    _, items = await station.collect(account)
    assert station.account().failure_kind is None
    assert items[post["uri"]].outcome in {"stored", "unchanged"}


async def test_too_many_sign_ins_are_told_to_wait(bluesky: Bluesky, station: Station) -> None:
    hal = bluesky.join("hal")
    password = hal.app_password()
    answers = [
        await asyncio.to_thread(
            hal.http.post,
            "/xrpc/com.atproto.server.createSession",
            json={"identifier": hal.handle, "password": password},
        )
        for _ in range(31)
    ]
    assert [answer.status_code for answer in answers[:30]] == [200] * 30
    assert answers[30].status_code == 429
    with pytest.raises(RefreshFailed) as caught:
        await station.connect(hal, password)
    cause = caught.value.__cause__
    assert isinstance(cause, ProviderError)
    assert cause.kind is ErrorKind.RATE_LIMITED
    # The moment that the server's header names, not one that we made up.
    assert cause.retry_at == datetime.fromtimestamp(int(answers[30].headers["ratelimit-reset"]), UTC)
    assert list_accounts(station.core, ALL) == []


def shown(person: Person, *asked: dict[str, str]) -> dict[str, dict[str, int]]:
    """The server's counts in canonical words; a post that it does not show is left out."""
    return {
        uri: {metric: view[field] for metric, field in FIELDS.items()}
        for uri, view in person.counts(*asked).items()
    }


def expired(token: str) -> str:
    """The same token, over for an hour, with the server's own signature."""
    head, body, _ = token.split(".")
    claims: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims |= {"iat": int(time.time()) - 10_800, "exp": int(time.time()) - 3_600}
    signed = f"{head}.{_segment(msgspec.json.encode(claims))}"
    return f"{signed}.{_segment(hmac.digest(JWT_SECRET, signed.encode(), hashlib.sha256))}"


def answer_to(bluesky: Bluesky, token: str) -> tuple[int, str]:
    """What the server says to a token: status and error."""
    url = f"{bluesky.url}/xrpc/com.atproto.server.getSession"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    return answer.status_code, answer.json().get("error", "")


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
