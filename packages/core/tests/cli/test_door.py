"""The door of `serve`: connections that keep it waiting, too many of them, and files that run out.

A real process and real sockets; the patience is a second, so that nobody waits for the tests.
"""

import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from afterpost.cli.serve import serve_installation
from afterpost.domain.errors import Misconfigured
from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.services.core import Core, open_core
from afterpost.settings import Settings, load_settings
from packages.core.tests.cli.kit import ROOT, Cli

PATIENCE = 1.0
SLACK = 10.0
"""Seconds that a busy machine may take longer."""


class Served(NamedTuple):
    """A server: where it listens, and what it says."""

    port: int
    log: Path
    running: "subprocess.Popen[bytes]"


def main() -> None:
    """What the child runs: `afterpost serve` with the real app and less patience."""
    from afterpost.cli import Wiring

    def load(settings: object) -> object:
        raise Misconfigured("nobody asks")

    def opened(settings: Settings | None = None, **more: Any) -> Core:
        chosen = settings or load_settings()
        return open_core(chosen, build_plugins(chosen, {}, installed=[]), **more)

    wiring = Wiring(
        open_core=opened,
        create_app=build_app,
        load_plugins=load,  # type: ignore[arg-type]
        check_provider=load,  # type: ignore[arg-type]
    )
    serve_installation(wiring, load_settings(), None, 0, patience=PATIENCE)


@contextmanager
def served(cli: Cli, files: int | None = None) -> Iterator[Served]:
    """A server; `files`: how many it may have open."""

    def limited() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    cli.folder.mkdir(exist_ok=True)
    log = cli.folder / "log"
    with log.open("wb") as err:
        running = subprocess.Popen(
            [sys.executable, "-c", "from packages.core.tests.cli.test_door import main; main()"],
            cwd=ROOT,
            env={**_inherited(), **cli.environment, "AFTERPOST_COLLECT": "off"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            preexec_fn=limited,
        )
    try:
        assert running.stdout is not None
        said = b""
        while b"Stop it" not in said:
            line = running.stdout.readline()
            assert line, log.read_text()
            said += line
        found = re.search(rb"listens on http://127.0.0.1:(\d+)", said)
        assert found is not None
        yield Served(int(found[1]), log, running)
    finally:
        running.kill()
        running.communicate()


def _inherited() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if not name.startswith("AFTERPOST_")}


def silent(stack: ExitStack, port: int, count: int) -> list[socket.socket]:
    """Connections that never say a word."""
    return [stack.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(count)]


def closed(connection: socket.socket, seconds: float) -> bool:
    """Whether the server hangs up within so many seconds."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def alive(port: int) -> int:
    """The status of an ordinary request."""
    return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False, timeout=SLACK).status_code


def test_300_silent_connections_delay_nobody_and_are_closed_by_their_deadline(cli: Cli) -> None:
    with served(cli) as server, ExitStack() as stack:
        waiting = silent(stack, server.port, 300)
        began = time.monotonic()
        assert [alive(server.port) for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < SLACK
        ends = time.monotonic() + PATIENCE + SLACK
        assert all(closed(each, max(0.1, ends - time.monotonic())) for each in waiting)
        assert alive(server.port) == 200
    assert server.log.stat().st_size < 2_000


def test_260_silent_connections_where_200_files_may_be_open_stop_nothing(cli: Cli) -> None:
    with served(cli, files=200) as server, ExitStack() as stack:
        waiting = silent(stack, server.port, 260)
        assert [alive(server.port) for _ in range(5)] == [200] * 5
        ends = time.monotonic() + PATIENCE + SLACK
        assert all(closed(each, max(0.1, ends - time.monotonic())) for each in waiting)
        assert alive(server.port) == 200
    assert server.log.stat().st_size < 10_000, server.log.read_text()[:2_000]


def _dribbled(text: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(text)

    return send


HEAD = b"POST /v1/ingest HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a-key-of-some-length\r\n"


@pytest.mark.parametrize(
    ("opening", "drop"),
    [
        (b"GET /health/live HTTP/1.1\r\n", b"X-A: b\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"{"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        # What was answered was no reason to go on dribbling.
        (b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n", b"G"),
    ],
    ids=["head", "body", "chunks", "second head"],
)
def test_who_dribbles_is_cut_off(cli: Cli, opening: bytes, drop: bytes) -> None:
    cli.env["AFTERPOST_API_KEY"] = "a-key-of-some-length"
    with served(cli) as server, socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(opening)
        ends = time.monotonic() + PATIENCE + SLACK
        while time.monotonic() < ends:
            try:
                connection.sendall(drop)
            except OSError:
                break
            if closed(connection, 0.1):
                break
        assert time.monotonic() < ends, "it may dribble for ever"
        assert alive(server.port) == 200


def test_a_body_that_comes_slowly_and_steadily_is_taken(cli: Cli) -> None:
    cli.env["AFTERPOST_API_KEY"] = "a-key-of-some-length"
    with served(cli) as server, socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(HEAD + b"Content-Length: 60000\r\n\r\n")
        for _ in range(30):
            connection.sendall(b" " * 2_000)
            time.sleep(0.1)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_head_has_the_head_of_the_answer_and_no_body(cli: Cli) -> None:
    with served(cli) as server, socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"HEAD /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        said = b""
        while part := connection.recv(65_536):
            said += part
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: 36" in head.lower()
    assert body == b""
