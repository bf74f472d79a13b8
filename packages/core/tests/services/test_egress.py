"""HTTP out: what a provider may reach, what a credential may lead to, and where a redirect ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from afterpost.domain.errors import ErrorKind, ProviderError, RefreshFailed
from afterpost.domain.scope import SYSTEM
from afterpost.sdk import AccountProfile, Call, Credential, CredentialField
from afterpost.services.connect import connect, list_accounts
from afterpost.services.egress import Egress, Gate
from packages.core.tests.house import EVERYTHING, MakeCore
from packages.core.tests.plugins.network import NetworkPlugin, Table

API, OTHER = "api.toy.example", "other.toy.example"
SIGNED = {"Authorization": "Bearer s3cret"}


class Neighbour:
    """A real server on this machine that writes down what reaches it, and redirects as it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str | None]] = []
        self.leads_to: str | None = None
        neighbour = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer once, with a redirect where one is set."""
                neighbour.heard.append((self.headers["Host"], self.headers["Authorization"]))
                to, neighbour.leads_to = neighbour.leads_to, None
                self.send_response(200 if to is None else 302)
                if to is not None:
                    self.send_header("Location", to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    running = Neighbour()
    yield running
    running.close()


@pytest.fixture
async def egress(neighbour: Neighbour) -> AsyncIterator[Egress]:
    """Both hosts are answered by the neighbour, as an emulator would."""
    made = Egress({API: neighbour.url, OTHER: neighbour.url, "xn--bcher-kva.example": neighbour.url})
    yield made
    await made.close()


async def refused(client: httpx.AsyncClient, url: str, **options: Any) -> ProviderError:
    """The error that a request ends with."""
    with pytest.raises(ProviderError) as raised:
        await client.get(url, headers=SIGNED, **options)
    return raised.value


@pytest.mark.parametrize(
    "url",
    [
        f"http://{API}/",
        f"https://{API}:8443/",
        f"https://{API}:80/",
        f"https://{API}./",
        f"https://{OTHER}/",
        f"https://{API}.evil.example/",
        f"https://evil.example/{API}",
        f"https://evil.example?{API}",
        f"https://evil.example#{API}",
        f"https://{API}@evil.example/",
        f"https://{API}:443@evil.example/",
        f"https://evil.example\\@{OTHER}/",
        f"https://{API}%2f.evil.example/",
        f"https://{API}%00.evil.example/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://[fe80::1%25lo]/",
        "ftp://api.toy.example/",
    ],
)
async def test_a_provider_reaches_the_hosts_it_declared_and_no_others(
    url: str, egress: Egress, neighbour: Neighbour
) -> None:
    client = await egress.client("account 1", (API,))
    assert (await refused(client, url)).kind is ErrorKind.BUG
    assert neighbour.heard == []
    assert (await client.get(f"https://{API}/", headers=SIGNED)).status_code == 200
    assert neighbour.heard == [(API, "Bearer s3cret")]


@pytest.mark.parametrize("url", ["https://xn--bcher-kva.example/", "https://bücher.example/"])
async def test_an_international_name_is_one_name_however_it_is_written(
    url: str, egress: Egress, neighbour: Neighbour
) -> None:
    client = await egress.client("account 1", (), ("xn--bcher-kva.example",))
    assert (await client.get(url)).status_code == 200
    assert [host for host, _ in neighbour.heard] == ["xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "to",
    [
        "https://elsewhere.invalid/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:8480/v1/accounts",
        "https://[::1]/",
        f"http://{API}/",
        f"//{API}.evil.example/",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("follows", [False, True])
async def test_a_redirect_leads_nowhere(to: str, follows: bool, egress: Egress, neighbour: Neighbour) -> None:
    """Of itself nothing is followed; a provider that follows it comes to the same gate."""
    client = await egress.client("account 1", (API,))
    neighbour.leads_to = to
    if follows:
        with pytest.raises((ProviderError, httpx.UnsupportedProtocol)):
            await client.get(f"https://{API}/", headers=SIGNED, follow_redirects=True)
    else:
        answer = await client.get(f"https://{API}/", headers=SIGNED)
        assert (answer.status_code, answer.headers["location"]) == (302, to)
    assert neighbour.heard == [(API, "Bearer s3cret")], "once, and nowhere else"


async def test_a_redirect_to_another_host_of_its_own_takes_no_token_along(
    egress: Egress, neighbour: Neighbour
) -> None:
    client = await egress.client("account 1", (API, OTHER))
    neighbour.leads_to = f"https://{OTHER}/"
    assert (await client.get(f"https://{API}/", headers=SIGNED)).status_code == 302
    neighbour.leads_to = f"https://{OTHER}/"
    followed = await client.get(f"https://{API}/", headers=SIGNED, follow_redirects=True)
    assert followed.status_code == 200
    assert neighbour.heard == [(API, "Bearer s3cret")] * 2 + [(OTHER, None)]


class Sent(httpx.AsyncBaseTransport):
    """Where requests would leave this process."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b""))


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """A name has these addresses, another one at each look-up."""
    left = iter(answers)

    async def looked_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(left), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", looked_up)


async def test_what_was_looked_at_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another address a moment later gains nothing, and TLS is asked for the name."""
    gate, sent = Gate((), {}, ("pds.example",)), Sent()
    monkeypatch.setattr(gate, "_inner", sent)
    resolves(monkeypatch, "93.184.216.34", "2606:4700::1111", "127.0.0.1")
    async with httpx.AsyncClient(transport=gate, trust_env=False) as client:
        for address in ("93.184.216.34", "2606:4700::1111"):
            await client.get("https://pds.example/xrpc", headers=SIGNED)
            request = sent.requests[-1]
            assert request.url.host == address
            assert (request.url.scheme, request.url.port, request.url.path) == ("https", None, "/xrpc")
            assert request.headers["Host"] == "pds.example"
            assert request.extensions["sni_hostname"] == "pds.example"
        assert (await refused(client, "https://pds.example/")).kind is ErrorKind.BAD_REQUEST
    assert len(sent.requests) == 2


async def test_each_call_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch, egress: Egress) -> None:
    client = await egress.client("account 1", (API,), ("pds.example",))
    resolves(monkeypatch, *["10.0.0.1", "::1", "169.254.169.254", "100.64.0.1"])
    for _ in range(4):
        assert "not public" in (await refused(client, "https://pds.example/")).message


class Hosted(Table):
    """A network of many servers: the credential names the one to ask."""

    def __init__(self) -> None:
        super().__init__("hosted")
        self.asked_at: list[str] = []
        self.reached: list[str] = []

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """The host."""
        return (CredentialField(name="server", label="Server", secret=False),)

    def hosts_for(self, credential: Credential) -> Sequence[str]:
        """As it was typed: a careless provider."""
        return (credential.secret("server"),)

    async def check(self, call: Call) -> AccountProfile:
        """Ask it."""
        server = call.credential.secret("server")
        self.asked_at.append(server)
        await call.client.get(f"https://{server}/", headers=SIGNED)
        self.reached.append(server)
        return await super().check(call)


TYPED = (
    *("localhost", "127.0.0.1", "[::1]", "::1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0"),
    *("169.254.169.254", "2852039166", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1"),
    *("[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[fd00:ec2::254]"),
    *("127.0.0.1:8480", "user@127.0.0.1", "127.0.0.1/x", "127.0.0.1#", "x@127.0.0.1:80/y?z"),
)


async def test_what_a_person_types_leads_to_no_machine_of_ours(make_core: MakeCore) -> None:
    """Through the whole of connecting, with a provider that checks nothing."""
    network = Hosted()
    core = make_core(plugins={"hosted": NetworkPlugin(network)})
    for server in TYPED:
        with pytest.raises(RefreshFailed):
            await connect(core, EVERYTHING, SYSTEM, "hosted", {"server": server})
    assert network.asked_at == list(TYPED)
    assert network.reached == []
    assert list_accounts(core, EVERYTHING) == []
    await core.egress.close()
