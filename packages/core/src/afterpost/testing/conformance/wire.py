"""The provider's way out: core's own gate to declared hosts, which here remembers, and can change answers."""

import asyncio
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
import msgspec

from afterpost.services.egress import Gate

Rewrite = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Sent(NamedTuple):
    """A request as the provider made it, whether or not it was let through."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes


class Wire(httpx.AsyncBaseTransport):
    """Core's gate, with a memory of what was sent.

    `rewrite` makes another answer of an answer; at a `meeting` answers wait for each other. `last`: the last
    request and its answer in words, without the query. `undeclared`: hosts that were asked for without being
    declared.
    """

    def __init__(self, hosts: Collection[str], emulated: Mapping[str, str], foreign: Collection[str]) -> None:
        self._gate = Gate(hosts, emulated, foreign)
        self.sent: list[Sent] = []
        self.rewrite: Rewrite | None = None
        self.meeting: Meeting | None = None
        self.last = ""
        self.undeclared: list[str] = []
        self._open = frozenset((*hosts, *foreign))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Remember, send, and answer as it was or as `rewrite` makes it."""
        body = await request.aread()
        host, asked = request.url.host, f"{request.method} {request.url.host}{request.url.path}"
        self.sent.append(Sent(request.method, request.url, httpx.Headers(request.headers), body))
        self.last = f"{asked}, and there was no answer"
        if host not in self._open:
            self.undeclared.append(host)
        response = await self._gate.handle_async_request(request)
        if self.meeting is not None:
            await self.meeting.come()
        found = response if self.rewrite is None else self.rewrite(request, response)
        self.last = f"{asked}, and the answer {found.status_code}"
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self._gate.aclose()


class Meeting:
    """Holds answers back until so many have come, so that calls are under way at the same time for certain.

    It waits a second at most: whoever asks one after the other is not held up for ever.
    """

    def __init__(self, many: int) -> None:
        self._missing = many
        self._all = asyncio.Event()

    async def come(self) -> None:
        """Come, and wait for the others."""
        self._missing -= 1
        if self._missing <= 0:
            self._all.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._all.wait(), 1.0)


class Swap:
    """A rewrite that puts another value in the place of a number, wherever in a JSON answer it stands.

    Numbers are found by their value, so it works on any wire whose answers are JSON: a check gives a post a
    count that stands nowhere else. `hits` counts what was found. A number that the wire writes as text is put
    back as text.
    """

    def __init__(self, number: int, value: object) -> None:
        self._number = number
        self._value = value
        self.hits = 0

    def __call__(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The answer with the other value."""
        try:
            answer = msgspec.json.decode(response.content)
        except (ValueError, RecursionError):
            return response
        before = self.hits
        changed = _each(answer, self._leaf)
        if self.hits == before:
            return response
        return httpx.Response(
            response.status_code, headers=_plain(response), content=msgspec.json.encode(changed)
        )

    def _leaf(self, value: Any) -> Any:
        if value == str(self._number):
            self.hits += 1
            return str(self._value) if isinstance(self._value, int | float) else self._value
        if value == self._number and not isinstance(value, bool):
            self.hits += 1
            return self._value
        return value


class Replay:
    """A rewrite that keeps the first answer of each path and, once `on`, gives it again whatever is asked.

    `given` counts those; after `most` of them the network is down, so that nothing asks for ever.
    """

    def __init__(self, most: int) -> None:
        self.on = False
        self.given = 0
        self._most = most
        self._first: dict[tuple[str, str], httpx.Response] = {}

    def __call__(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The answer to keep, or the one that was kept."""
        kept = self._first.setdefault((request.method, request.url.path), response)
        if not self.on or kept is response:
            return response
        self.given += 1
        if self.given > self._most:
            return httpx.Response(503)
        return httpx.Response(kept.status_code, headers=_plain(kept), content=kept.content)


def quoting(secret: Callable[[], Collection[str]]) -> Rewrite:
    """A rewrite after which refusals quote secrets in their sentences, as those of real platforms may."""

    def rewrite(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if response.status_code < 400:
            return response
        told = " ".join(sorted(secret()))

        def quoted(value: Any) -> Any:
            """A sentence with the secret at its end; a word may be a code, and stays."""
            return f"{value} {told}" if isinstance(value, str) and " " in value else value

        try:
            body = msgspec.json.encode(_each(msgspec.json.decode(response.content), quoted))
        except (ValueError, RecursionError):
            body = response.content + told.encode()
        return httpx.Response(response.status_code, headers=_plain(response), content=body)

    return rewrite


def _each(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A JSON value with something else for all that is neither object nor list."""
    if isinstance(value, dict):
        return {name: _each(part, leaf) for name, part in value.items()}
    if isinstance(value, list):
        return [_each(part, leaf) for part in value]
    return leaf(value)


class Unheard:
    """A rewrite after which refusals have this status, and in their own envelope nothing that is known.

    Every word and number is another: which of them is the code is the network's matter. Of an address, which
    may be a code as well, the last part changes.
    """

    def __init__(self, status: int) -> None:
        self._status = status

    def __call__(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The refusal with another meaning; anything else as it is."""
        if response.status_code < 400:
            return response
        try:
            body = msgspec.json.encode(_each(msgspec.json.decode(response.content), self._leaf))
        except (ValueError, RecursionError):
            body = response.content
        return httpx.Response(self._status, headers=_plain(response), content=body)

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, str):
            return "Nobody knows this." if " " in value else re.sub(r"[^/:#]+\Z", "unheardof", value)
        return 987_654 if isinstance(value, int) and not isinstance(value, bool) else value


_ZONE = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|[+-]\d\d:?\d\d)")


class Unzoned:
    """A rewrite after which the times of an answer, where they are texts, are without their zone."""

    def __call__(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The answer without zones."""
        try:
            answer = msgspec.json.decode(response.content)
        except (ValueError, RecursionError):
            return response
        body = msgspec.json.encode(_each(answer, self._leaf))
        return httpx.Response(response.status_code, headers=_plain(response), content=body)

    def _leaf(self, value: Any) -> Any:
        found = _ZONE.fullmatch(value) if isinstance(value, str) else None
        return value if found is None else found[1]


def _plain(response: httpx.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.headers.items() if name.lower() != "content-length"]
