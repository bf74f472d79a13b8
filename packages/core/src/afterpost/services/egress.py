"""HTTP out: one small client per account, to the declared hosts only, with time-outs and a byte cap."""

import logging
import ssl
from collections.abc import Collection, Mapping
from functools import cache

import httpx

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.services.addresses import public_address
from afterpost.services.capture import answer_of, listener
from afterpost.services.decoding import ACCEPTED, read_decoded

TIMEOUT = httpx.Timeout(15.0, connect=5.0)
POOL = httpx.Limits(max_connections=4, max_keepalive_connections=4)
"""Small, since a pool's work for a request grows with its connections; and it keeps all of them, since each
that it closes is opened again, TLS included, by the next call."""
MAX_CLIENTS = 200
"""Idle clients kept; the one used longest ago is closed first."""
USER_AGENT = "afterpost"

for _name in ("httpx", "httpcore"):
    # They tell URLs and headers, which hold tokens.
    logging.getLogger(_name).setLevel(logging.WARNING)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class Gate(httpx.AsyncBaseTransport):
    """Lets requests through to the declared hosts over HTTPS, or to an emulator that stands in for one."""

    def __init__(
        self, hosts: Collection[str], emulated: Mapping[str, str], foreign: Collection[str] = ()
    ) -> None:
        self._hosts = frozenset((*hosts, *foreign))
        self._foreign = frozenset(foreign)
        # Only the hosts asked for are looked up: an emulator may start when its address is.
        self._emulated = {host: httpx.URL(emulated[host]) for host in self._hosts if host in emulated}
        self._inner = httpx.AsyncHTTPTransport(verify=_tls(), limits=POOL, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, or raise ProviderError for a foreign host and for an answer that is too large."""
        # As it goes over the wire: httpx tells an international name in its own letters.
        host = request.url.raw_host.decode("ascii")
        if host not in self._hosts or request.url.scheme != "https" or request.url.port is not None:
            raise ProviderError(
                ErrorKind.BUG,
                f"The provider asked for {request.url.scheme}://{host}, which it did not declare.",
            )
        heard, url = listener(), str(request.url)
        if heard is not None:
            await request.aread()
        base = self._emulated.get(host)
        if base is not None:
            request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
        elif host in self._foreign:
            # To the address that was looked at: a second look-up could find another one.
            request.url = request.url.copy_with(host=await public_address(host))
            request.extensions = {**request.extensions, "sni_hostname": host}
        response = await self._inner.handle_async_request(request)
        try:
            body = await read_decoded(response.aiter_raw(), response.headers.get("content-encoding", ""))
        finally:
            await response.aclose()
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in {b"content-encoding", b"content-length", b"transfer-encoding"}
        ]
        whole = httpx.Response(
            response.status_code, headers=headers, content=body, extensions=response.extensions
        )
        if heard is not None:
            heard.append(answer_of(request, url, whole))
        return whole

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Egress:
    """The clients of this process. One per account: a large shared pool is slow under load."""

    def __init__(self, emulated: Mapping[str, str]) -> None:
        self._emulated = emulated
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def client(
        self, key: str, hosts: Collection[str], foreign: Collection[str] = ()
    ) -> httpx.AsyncClient:
        """The client under this key, for these hosts. `foreign` are hosts that a credential names and nobody
        declared: they are reached at public addresses only."""
        key = " ".join((key, *foreign))
        client = self._clients.pop(key, None)
        if client is None:
            if len(self._clients) >= MAX_CLIENTS:
                await self._clients.pop(next(iter(self._clients))).aclose()
            client = httpx.AsyncClient(
                transport=Gate(hosts, self._emulated, foreign),
                timeout=TIMEOUT,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED},
                trust_env=False,
                follow_redirects=False,
            )
        self._clients[key] = client
        return client

    async def close(self) -> None:
        """Close every client."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()
