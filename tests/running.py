"""Afterpost as a user runs it: the real command, the real server, a data directory of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from packages.core.tests.databases import database_url

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
API_KEY = "key-of-this-test-run"
AFTERPOST = (sys.executable, "-m", "afterpost")
"""The command in the environment of the tests."""


def environment(data_dir: Path) -> dict[str, str]:
    """This process's environment with that data directory, less what would steer Afterpost, Python or pytest.

    pytest prints a failure twice, the second time whole, where `CI` or `BUILD_NUMBER` is set.
    """
    steering = ("AFTERPOST_", "PYTHON", "PYTEST_", "COV_", "NO_COLOR", "FORCE_COLOR", "CI", "BUILD_NUMBER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    return kept | {
        "AFTERPOST_DATA_DIR": str(data_dir),
        "AFTERPOST_DATABASE_URL": database_url(data_dir),
        "AFTERPOST_API_KEY": API_KEY,
        "AFTERPOST_COLLECT": "off",
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "PYTHONUTF8": "1",
    }


def start(data_dir: Path, *words: str, command: Sequence[str] = AFTERPOST) -> subprocess.Popen[str]:
    """Start `afterpost WORDS`, its two outputs as one."""
    return subprocess.Popen(
        [*command, *words],
        env=environment(data_dir),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def run(data_dir: Path, *words: str, command: Sequence[str] = AFTERPOST, timeout: float = 120) -> str:
    """What `afterpost WORDS` prints on standard output; fails unless it ends well."""
    done = subprocess.run(
        [*command, *words],
        env=environment(data_dir),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"afterpost {' '.join(words)} ended {done.returncode}:\n{done.stderr}"
    return done.stdout


@contextmanager
def serving(data_dir: Path, command: Sequence[str] = AFTERPOST) -> Iterator[httpx.Client]:
    """`afterpost serve` on a free port, and a client that carries its key; ended with SIGTERM."""
    log = data_dir / "serve.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "serve"],
            env=environment(data_dir) | {"AFTERPOST_PORT": "0"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with client_of(_address(server, log)) as client:
            yield client
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
            raise


def client_of(address: str) -> httpx.Client:
    """A client of the server at that address, with the key."""
    return httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=30, trust_env=False
    )


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    """The JSON of a successful GET; parameters that are None are left out."""
    return _json(client.get(path, params={name: value for name, value in query.items() if value is not None}))


def post(client: httpx.Client, path: str, body: Any = None) -> Any:
    """The JSON of a successful POST."""
    return _json(client.post(path) if body is None else client.post(path, json=body))


def _json(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server says that it listens."""
    for _ in range(1_200):
        said = re.search(r"listens on (http://\S+)", log.read_text())
        if said is not None:
            return said[1]
        assert server.poll() is None, f"the server ended {server.returncode}:\n{log.read_text()}"
        time.sleep(0.1)
    raise AssertionError(f"the server does not listen:\n{log.read_text()}")
