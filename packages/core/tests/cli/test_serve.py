"""Serving: where it says it is, what it never shows by itself, and how it starts and stops."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from packages.core.tests.cli.kit import Cli, process


@contextmanager
def serving(cli: Cli, *words: str, **env: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A server that is up, and what it printed before that."""
    running = process(cli, "serve", "--port", "0", *words, **env)
    try:
        assert running.stdout is not None
        said = ""
        while "Stop it with Ctrl-C." not in said:
            line = running.stdout.readline()
            assert line, running.stderr.read() if running.stderr else ""
            said += line
        yield running, said
    finally:
        running.kill()
        running.communicate()


def _url(said: str) -> str:
    found = re.search(r"listens on (http://\S+)", said)
    assert found is not None, said
    return found[1]


def test_serves_and_says_where_the_key_is_but_not_the_key(cli: Cli) -> None:
    with serving(cli) as (running, said):
        assert httpx.get(_url(said), trust_env=False).text == "there"
        key = (cli.folder / "api_key").read_text().strip()
        assert f"in {cli.folder / 'api_key'}" in said
        assert key not in said
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
        assert running.returncode == 130
        assert key not in out + err
        assert "Traceback" not in err
        # Loopback needs no warning.
        assert "Warning" not in err


def test_shows_the_key_when_asked(cli: Cli) -> None:
    with serving(cli, "--show-key", AFTERPOST_API_KEY="a-key-of-some-length") as (_, said):
        assert "a-key-of-some-length" in said


def test_a_key_from_the_environment_is_not_looked_for_in_a_file(cli: Cli) -> None:
    with serving(cli, AFTERPOST_API_KEY="a-key-of-some-length") as (_, said):
        assert "as given in AFTERPOST_API_KEY or afterpost.toml" in said


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM to catch")
def test_stops_in_order_at_sigterm_and_warns_beyond_this_machine(cli: Cli) -> None:
    with serving(cli, "--host", "0.0.0.0") as (running, _):
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=20)
        assert running.returncode == -signal.SIGTERM
        assert "listens beyond this machine (0.0.0.0)" in err
    # Closed in order: the write-ahead log of a file was folded into it.
    assert not Path(f"{cli.database}-wal").exists()


def test_a_busy_port_is_a_sentence(cli: Cli) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        ran = cli.run("serve", "--port", str(busy.getsockname()[1]))
    assert ran.code == 1
    assert "can't be used: Address already in use." in ran.err
    assert "choose another port" in ran.err
    # Nothing was opened, let alone migrated.
    assert not cli.database.exists()


def test_an_address_that_is_none_is_a_sentence(cli: Cli) -> None:
    ran = cli.run("serve", "--host", "256.256.256.256")
    assert (ran.code, "is no address to listen on" in ran.err) == (1, True)
    assert cli.run("serve", "--port", "70000").code == 2
