"""A real Bluesky on the loopback interface, started once a session, and what its users do there."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from packages.core.tests.databases import server_url

HERE = Path(__file__).parent
PDS_NAME = "pds.afterpost.test"
"""The server's name in its accounts' DID documents."""
SERVICE = "entry.afterpost.test"
"""Where a person says that the account signs in; the same server answers."""
PASSWORD = "correct-horse-battery"
POST = "app.bsky.feed.post"


@dataclass
class Person:
    """An account of the server, and the client that acts as it."""

    did: str
    handle: str
    http: httpx.Client

    def write(self, collection: str, **record: Any) -> dict[str, str]:
        """Put a record into the account's repository; its uri and cid."""
        record = {"$type": collection, "createdAt": _now(), **record}
        body = {"repo": self.did, "collection": collection, "record": record}
        answer = self.ask("com.atproto.repo.createRecord", body)
        return {"uri": answer["uri"], "cid": answer["cid"]}

    def post(self, text: str, *, to: Mapping[str, str] | None = None) -> dict[str, str]:
        """Say something; `to`: the post that it answers."""
        reply = {} if to is None else {"reply": {"root": dict(to), "parent": dict(to)}}
        return self.write(POST, text=text, **reply)

    def on(self, collection: str, subject: Any) -> None:
        """Like, repost or follow."""
        self.write(collection, subject=subject)

    def delete(self, post: Mapping[str, str]) -> None:
        """Take a post back."""
        key = post["uri"].rpartition("/")[2]
        self.ask("com.atproto.repo.deleteRecord", {"repo": self.did, "collection": POST, "rkey": key})

    def app_password(self, name: str = "afterpost") -> str:
        """A new app password."""
        return str(self.ask("com.atproto.server.createAppPassword", {"name": name})["password"])

    def counts(self, *posts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What the server shows of posts: uri -> its post view."""
        query = {"uris": [post["uri"] for post in posts]}
        answer = self.http.get("/xrpc/app.bsky.feed.getPosts", params=query)
        return {post["uri"]: post for post in _json(answer)["posts"]}

    def ask(self, method: str, body: Any) -> Any:
        """The answer of a procedure."""
        return _json(self.http.post(f"/xrpc/{method}", json=body))


@dataclass
class Bluesky:
    """The running server."""

    url: str
    people: list[Person] = field(default_factory=list)

    @property
    def routes(self) -> dict[str, str]:
        """Host -> where it answers, as core takes them: the way past its guard, which the caller opens."""
        return {PDS_NAME: self.url, SERVICE: self.url}

    def join(self, name: str) -> Person:
        """A new account."""
        handle = f"{name}.test"
        body = {"handle": handle, "email": f"{name}@example.com", "password": PASSWORD}
        url = f"{self.url}/xrpc/com.atproto.server.createAccount"
        session = _json(httpx.post(url, json=body, timeout=30, trust_env=False))
        bearer = {"Authorization": f"Bearer {session['accessJwt']}"}
        http = httpx.Client(base_url=self.url, headers=bearer, timeout=30, trust_env=False)
        person = Person(session["did"], handle, http)
        self.people.append(person)
        return person


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for the AppView, which reads the server's stream in its own time."""
    ends = time.monotonic() + 60
    while not true():
        assert time.monotonic() < ends, f"not within a minute: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def bluesky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bluesky]:
    folder = tmp_path_factory.mktemp("bluesky")
    log = folder / "server.log"
    steering = ("PDS_", "BSKY_", "DB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    env = kept | {
        "DB_POSTGRES_URL": server_url(folder, "appview"),
        "PDS_NAME": PDS_NAME,
        "LOG_ENABLED": "false",
        "TMPDIR": str(folder),
    }
    with log.open("wb") as errors:
        server = subprocess.Popen(
            ["node", "--dns-result-order=ipv4first", "start.cjs"],
            cwd=HERE,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        said = next((line for line in server.stdout if line.startswith(b"{")), None)
        assert said is not None, f"the server did not start:\n{log.read_text()}"
        running = Bluesky(msgspec.json.decode(said)["pds"])
        yield running
        for person in running.people:
            person.http.close()
    finally:
        server.stdin.close()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stdout.close()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def _json(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()
