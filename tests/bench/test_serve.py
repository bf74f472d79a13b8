"""Serve: the overview over HTTP, against a bare Litestar route on the same server.

Both apps run under the settings of `afterpost serve`, each in a process of its own on a socket of its own;
a client in this process keeps a few connections busy, and the two take turns. Four ways to be answered: an
overview that the server keeps, for the same question was asked before; worked out anew, each time of other
days; that for one brand; and by the tag of an answer the caller has already (304).

A question is worked out once for each change of the data, however many ask it: of what is kept, and of what
the caller has, the floors are asserted. What working it out takes stands beside them, far below its floor.
"""

import asyncio
import base64
import multiprocessing
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product, repeat
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, get
from msgspec import Struct

from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.services.core import open_core
from afterpost.settings import Settings
from tests.bench.data import SEED, now_of
from tests.bench.report import Paired, report
from tests.bench.stock import stock

TURNS = int(os.environ.get("AFTERPOST_BENCH_TURNS", "9"))
SECONDS = 1.0
CONNECTIONS = 8
KEY = "a-key-only-benches-know"
OVERVIEW = "/v1/analytics/overview"
FLOORS = {"overview": 0.25, "anew": 0.25, "anew, one brand": 0.25, "unchanged": 0.85}
"""Least speed as a multiple of the bare route's."""
ASSERTED = ("overview", "unchanged")


class Hello(Struct):
    """What the bare route says."""

    message: str
    number: int


@get("/")
async def bare() -> Hello:
    """A route with nothing behind it."""
    return Hello("hello", 1)


def serve_bare(listening: socket.socket) -> None:
    """The bare app, until the process ends."""
    _serve(Litestar([bare], openapi_config=None, logging_config=None), listening)


def serve_afterpost(listening: socket.socket, database: str, folder: str) -> None:
    """The product, as `afterpost serve` runs it."""
    settings = Settings(
        data_dir=Path(folder),
        database_url=f"sqlite:///{database}",
        time_zone="UTC",
        api_key=KEY,
        secret_key=base64.b64encode(b"32 bytes that only benches know!").decode(),
        collect=False,
    )
    core = open_core(settings, build_plugins(settings, {}, installed=[]), clock=now_of)
    _serve(build_app(core), listening)


def _serve(app: Litestar, listening: socket.socket) -> None:
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, proxy_headers=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def running(target: object, *more: str) -> Iterator[int]:
    """A server in a process of its own; its port."""
    # Named TCP, or asyncio leaves Nagle's algorithm on and each answer's second packet waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    context = multiprocessing.get_context("spawn")
    process: SpawnProcess = context.Process(target=target, args=(listening, *more), daemon=True)  # type: ignore[arg-type]
    process.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        process.terminate()
        process.join()
        listening.close()


async def requests_in(port: int, requests: Iterator[bytes], status: bytes) -> tuple[int, float]:
    """How many requests were answered in about SECONDS, and how long that took."""
    ends = time.perf_counter() + SECONDS
    began = time.perf_counter()
    counts = await asyncio.gather(*(_client(port, requests, status, ends) for _ in range(CONNECTIONS)))
    return sum(counts), time.perf_counter() - began


async def _client(port: int, requests: Iterator[bytes], status: bytes, ends: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    try:
        while time.perf_counter() < ends:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 " + status), head
            length = _header(head, b"content-length")
            if length:
                await reader.readexactly(int(length))
            count += 1
    finally:
        writer.close()
    return count


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


def request_of(path: str, tag: str = "") -> bytes:
    """A GET with the key."""
    given = f"If-None-Match: {tag}\r\n" if tag else ""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n{given}\r\n".encode()


def of_other_days(more: str = "") -> Iterator[bytes]:
    """Overviews of windows of a week and more, no two the same."""
    last = now_of().date() - timedelta(days=1)
    for until, length in product(range(60), range(7, 97)):
        end = last - timedelta(days=until)
        yield request_of(f"{OVERVIEW}?start_date={end - timedelta(days=length)}&end_date={end}{more}")


async def tag_of(port: int, path: str) -> str:
    """The tag of an answer, once the server is up."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
            continue
        writer.write(request_of(path))
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return _header(head, b"etag").decode()


def test_the_overview_against_a_bare_route(tmp_path: Path) -> None:
    sqlite = str(stock("1m").sqlite)
    with running(serve_bare) as bare_port, running(serve_afterpost, sqlite, str(tmp_path)) as port:
        asyncio.run(tag_of(bare_port, "/"))
        tag = asyncio.run(tag_of(port, OVERVIEW))
        assert tag
        ways = {
            "overview": (repeat(request_of(OVERVIEW)), b"200"),
            "anew": (of_other_days(), b"200"),
            "anew, one brand": (of_other_days("&brand_id=1"), b"200"),
            "unchanged": (repeat(request_of(OVERVIEW, tag)), b"304"),
        }
        figures: dict[str, Any] = {}
        for name, (requests, status) in ways.items():
            ours, theirs = [], []
            for _ in range(TURNS):
                count, seconds = asyncio.run(requests_in(port, requests, status))
                ours.append(seconds / count)
                count, seconds = asyncio.run(requests_in(bare_port, repeat(request_of("/")), b"200"))
                theirs.append(seconds / count)
            pair = Paired(ours, theirs)
            figures[name] = {
                **pair.figures("a bare Litestar route, same server"),
                "floor": FLOORS[name],
                "requests a second": round(len(ours) / sum(ours)),
            }
    report("serve", SEED, figures)
    assert all(figures[name]["speed"] >= FLOORS[name] for name in ASSERTED)
