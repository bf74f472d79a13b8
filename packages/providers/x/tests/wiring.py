"""How a provider reaches an emulator or a scripted answer in these tests, over httpx."""

from collections.abc import Callable
from datetime import datetime

import httpx

from afterpost.sdk import Call, Credential, Secret
from packages.providers.x.tests.shelf import NOW


class ToEmulator(httpx.AsyncBaseTransport):
    """Sends what is meant for a host to where `routes` says, and refuses every other host."""

    def __init__(self, routes: dict[str, str]) -> None:
        self._routes = routes
        self._inner = httpx.AsyncHTTPTransport()
        self.sent: list[httpx.Request] = []
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        self.bodies.append(await request.aread())
        self.sent.append(httpx.Request(request.method, request.url, headers=request.headers))
        base = httpx.URL(self._routes[request.url.host])
        request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def credential(name: str = "ada", **changed: str) -> Credential:
    """A credential of one of the shelf's accounts; an empty value leaves the secret out."""
    values = {
        "access_token": f"token-{name}-s3cret",
        "refresh_token": f"refresh-{name}-s3cret",
        "client_id": "client",
        "client_secret": "client-s3cret",
    } | changed
    return Credential(secrets={key: Secret(value) for key, value in values.items() if value})


def call(
    client: httpx.AsyncClient,
    *,
    name: str = "ada",
    now: datetime = NOW,
    account_id: str = "",
    signed_in_as: Credential | None = None,
) -> Call:
    """A call as core makes it."""
    return Call(client=client, credential=signed_in_as or credential(name), now=now, account_id=account_id)


def scripted(answer: Callable[[httpx.Request], httpx.Response], *, account_id: str = "") -> Call:
    """A call whose every request gets that answer."""
    return call(httpx.AsyncClient(transport=httpx.MockTransport(answer)), account_id=account_id)


def always(status: int, body: bytes, headers: dict[str, str] | None = None, *, account_id: str = "") -> Call:
    """A call whose every request gets that status and body."""
    return scripted(
        lambda request: httpx.Response(status, content=body, headers=headers), account_id=account_id
    )
