"""The web app as it meets a request, before any route: one spelling of a path, HEAD, the host it is for."""

import ipaddress
from typing import cast
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar
from litestar.enums import HttpMethod, ScopeType
from litestar.types import (
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)

from afterpost.domain.errors import AfterpostError, InvalidInput, NotFound
from afterpost.http.errors import MEDIA_TYPE, problem_for
from afterpost.http.headers import add_headers
from afterpost.settings import Settings


class App(Litestar):
    """Litestar's app; the framework itself folds `//`, decodes %2F and knows no HEAD."""

    hosts: frozenset[str] | None = None

    def named(self, hosts: frozenset[str] | None) -> "App":
        """From now on requests are for one of these hosts, or refused; None: for any."""
        self.hosts = hosts
        return self

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        """Answer."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        http = cast(HTTPScope, scope)
        if http["method"] == "HEAD":
            http["method"] = HttpMethod.GET
            send = _without_body(send)  # type: ignore[arg-type]
        try:
            self._check(http)
        except AfterpostError as error:
            await _refuse(http, send, error)  # type: ignore[arg-type]
            return
        await super().__call__(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if "//" in scope["path"] or b"%2f" in scope["raw_path"].partition(b"?")[0].lower():
            raise NotFound("There is no such route.", hint="Each / of a path is written once, as itself.")
        if self.hosts is None or scope["path"].startswith("/health/"):  # asked by whatever name there is
            return
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        if _bare(host) not in self.hosts and not _loopback(_bare(host)):
            raise InvalidInput(
                f"The Host header names {host[:80]!r}, which is not where this installation is reached.",
                hint="Ask at AFTERPOST_PUBLIC_URL; a proxy in front has to pass the Host header on.",
            )


def hosts_of(settings: Settings) -> frozenset[str] | None:
    """The hosts that requests may be for: the public URL's, and where it listens; None for any."""
    if settings.public_url is None:
        return None
    return frozenset({_bare(urlsplit(settings.public_url).netloc), settings.host.lower(), "localhost"})


def _bare(host: str) -> str:
    """A host without its port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_body(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return answer


async def _refuse(scope: Scope, send: Send, error: AfterpostError) -> None:
    problem = problem_for(error)
    body = msgspec.json.encode(problem)
    scope.setdefault("state", {})
    start: Message = {
        "type": "http.response.start",
        "status": problem.status,
        "headers": [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())],
    }
    await add_headers(start, scope)
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
