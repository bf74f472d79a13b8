"""Fetch: posts a second and CPU a post of the client that core gives to providers, against a bare one.

A platform in a process of its own answers after 50 ms with fifty videos. In this process a hundred calls are
under way at once, as of 25 accounts with four each (`afterpost refresh` itself asks for one account after the
other, so this is what the client allows, not how fast a run is), and three ways to make them take turns:

- `client`: core's own client, with the archive listening, as a provider has it in its call;
- `provider`: the same under the YouTube provider, from ids to outcomes, decoding included;
- `one_pool`: what core does not do, one httpx client for all hundred;

each against the baseline, requests written to kept connections by hand. CPU is this process's own, so a
machine that does other things as well changes it little; posts a second it does change.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import NamedTuple

import httpx

from afterpost.sdk import Call, Credential, Measured, Secret
from afterpost.services.capture import capturing
from afterpost.services.egress import Egress
from afterpost_youtube import YouTube
from afterpost_youtube.declaration import API_HOST
from tests.bench.report import Paired, report
from tests.bench.slow_platform import BATCH, BODY, IDS, LATENCY, serve
from tests.bench.test_serve import running

SEED = 0
"""Nothing here is random."""
TURNS = int(os.environ.get("AFTERPOST_BENCH_TURNS", "9"))
ACCOUNTS = 25
CALLS_EACH = 4
ROUNDS = 10
"""Calls one after the other, of each of the hundred."""
POSTS = ACCOUNTS * CALLS_EACH * ROUNDS * BATCH
CPU_A_POST = 35.0
"""Microseconds, at most, for the client."""
POSTS_A_SECOND = 20_000

PATH = "/youtube/v3/videos"
NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
Ask = Callable[[], Awaitable[object]]


class Turn(NamedTuple):
    """What POSTS posts took: CPU of this process, and time on the wall, in seconds."""

    cpu: float
    wall: float


async def under_load(asks: list[Ask]) -> Turn:
    """Each of `asks` made ROUNDS times in a row, all rows at once; connections stand already."""

    async def row(ask: Ask, times: int) -> None:
        for _ in range(times):
            await ask()

    await asyncio.gather(*(row(ask, 1) for ask in asks))
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(row(ask, ROUNDS) for ask in asks))
    return Turn(time.process_time() - cpu, time.perf_counter() - wall)


async def bare(port: int) -> Turn:
    """Requests by hand, on a connection for each of the hundred."""
    request = f"GET {PATH}?id={','.join(IDS)} HTTP/1.1\r\nHost: {API_HOST}\r\n\r\n".encode()
    writers = []

    async def ask_on() -> Ask:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)

        async def ask() -> None:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert len(await reader.readexactly(len(BODY))) == len(BODY)

        return ask

    try:
        return await under_load([await ask_on() for _ in range(ACCOUNTS * CALLS_EACH)])
    finally:
        for writer in writers:
            writer.close()


@asynccontextmanager
async def egress(port: int) -> AsyncIterator[Egress]:
    """The clients of a process, whose way to YouTube leads to the port."""
    clients = Egress({API_HOST: f"http://127.0.0.1:{port}"})
    try:
        yield clients
    finally:
        await clients.close()


async def client(port: int) -> Turn:
    """Core's clients, one an account."""

    async def ask(one: httpx.AsyncClient) -> None:
        with capturing() as heard:
            response = await one.get(f"https://{API_HOST}{PATH}", params={"id": ",".join(IDS)})
        assert response.content == heard[0].body == BODY

    async with egress(port) as clients:
        each = [await clients.client(f"account {n}", (API_HOST,)) for n in range(ACCOUNTS)]
        return await under_load([partial(ask, one) for one in each * CALLS_EACH])


async def provider(port: int) -> Turn:
    """The same clients under the YouTube provider."""
    youtube = YouTube()

    async def ask(call: Call) -> None:
        with capturing():
            outcomes = await youtube.fetch_metrics(call, IDS)
        assert len(outcomes) == BATCH
        assert isinstance(outcomes[IDS[0]], Measured)

    async with egress(port) as clients:
        each = [
            Call(
                client=await clients.client(f"account {n}", (API_HOST,)),
                credential=Credential(secrets={"access_token": Secret("of-the-bench")}),
                now=NOW,
                account_id="UCbench",
            )
            for n in range(ACCOUNTS)
        ]
        return await under_load([partial(ask, one) for one in each * CALLS_EACH])


async def one_pool(port: int) -> Turn:
    """One httpx client with a hundred connections."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as shared:

        async def ask() -> None:
            response = await shared.get(f"http://127.0.0.1:{port}{PATH}", params={"id": ",".join(IDS)})
            assert response.content == BODY

        return await under_load([ask] * (ACCOUNTS * CALLS_EACH))


def test_the_client_against_a_bare_one() -> None:
    ways = {"client": client, "provider": provider, "one_pool": one_pool}
    turns: dict[str, list[Turn]] = {name: [] for name in ("bare", *ways)}
    with running(serve) as port:
        for _ in range(TURNS):
            turns["bare"].append(asyncio.run(bare(port)))
            for name, way in ways.items():
                turns[name].append(asyncio.run(way(port)))
    figures: dict[str, object] = {
        "posts": POSTS,
        "latency ms": round(LATENCY * 1_000),
        "batch": BATCH,
        "body bytes": len(BODY),
        "most CPU us a post": CPU_A_POST,
        "fewest posts a second": POSTS_A_SECOND,
        "bare": _absolute(turns["bare"]),
    }
    for name in ways:
        cpu = Paired([turn.cpu for turn in turns[name]], [turn.cpu for turn in turns["bare"]])
        times = {"CPU as a multiple of the bare client's": round(1 / cpu.speed, 1)}
        figures[name] = _absolute(turns[name]) | times | cpu.figures("CPU of a bare client, same server")
    report("fetch", SEED, figures)
    # Of the turns, the one that was disturbed least.
    assert min(turn.cpu for turn in turns["client"]) / POSTS * 1e6 <= CPU_A_POST
    assert max(POSTS / turn.wall for turn in turns["client"]) >= POSTS_A_SECOND


def _absolute(turns: list[Turn]) -> dict[str, object]:
    cpu = sorted(turn.cpu / POSTS * 1e6 for turn in turns)
    return {
        "CPU us a post": round(median(cpu), 2),
        "CPU us a post, range": [round(cpu[0], 2), round(cpu[-1], 2)],
        "posts a second": round(median(POSTS / turn.wall for turn in turns)),
    }
