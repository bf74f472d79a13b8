"""The emulator: fake platforms behind one real HTTP server on the loopback interface."""

import asyncio
import gzip
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import uvicorn
from msgspec import Struct

from afterpost.emulator.dialect import Dialect, Request, Response
from afterpost.emulator.faults import PLATFORM_FAULTS, SHAPE_FAULTS, WIRE_FAULTS, Fault, FaultDial

MAX_BODY = 1_000_000
"""Bytes of a request body that the emulator reads; no platform it fakes takes more."""

HUGE_BODY = 64_000_000
"""Bytes the fault `huge` sends, and `gzip_bomb` unpacks to: more than any client should accept."""

DEPTH = 200_000
"""Arrays within arrays that the fault `deep` sends."""

_SECRET_WORDS = ("token", "secret", "key", "code", "password", "assertion")
_HTML = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>Something went wrong.</body></html>"


class LoggedRequest(Struct, frozen=True, kw_only=True):
    """What the emulator remembers of a request: never a header or body, and no secret of the query.

    `status` is 0 for a request that got no complete answer; `fault` names the fault that decided it.
    """

    at: datetime
    host: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int
    fault: str | None = None


class Emulator:
    """Answers for the hosts of its dialects at `http://127.0.0.1:<free port>`, told apart by the Host header.

    Use it as a context manager, or call `start` and `stop`. `clock` gives the platform's time (aware
    UTC) and is asked once a request. `dial` makes it fail. An exception in a dialect is a bug of the
    dialect: the client gets a 500 and leaving the context raises.
    """

    def __init__(
        self,
        *dialects: Dialect,
        clock: Callable[[], datetime],
        dial: FaultDial | None = None,
        keep_requests: int = 10_000,
    ) -> None:
        self.dial = dial or FaultDial()
        self._clock = clock
        self._dialects: dict[str, Dialect] = {}
        for dialect in dialects:
            for host in dialect.hosts:
                if host in self._dialects:
                    raise ValueError(f"Two dialects answer for {host}.")
                self._dialects[host] = dialect
        self._log: deque[LoggedRequest] = deque(maxlen=keep_requests)
        self._log_lock = threading.Lock()
        self._errors: list[Exception] = []
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The base URL, `http://127.0.0.1:PORT`; RuntimeError when it is not running."""
        if self._running is None:
            raise RuntimeError("The emulator is not running.")
        return f"http://127.0.0.1:{self._running.port}"

    @property
    def routes(self) -> dict[str, str]:
        """Host -> base URL to send to instead, with the header `Host: <host>`."""
        return dict.fromkeys(self._dialects, self.url)

    @property
    def requests(self) -> Sequence[LoggedRequest]:
        """The last requests, oldest first."""
        with self._log_lock:
            return tuple(self._log)

    def forget(self) -> None:
        """Empties the log of requests."""
        with self._log_lock:
            self._log.clear()

    def start(self) -> Self:
        """Binds a free port and serves from a thread of its own; returns when it accepts connections."""
        if self._running is None:
            self._running = _Running(self._app)
        return self

    def stop(self) -> None:
        """Ends the server, open connections included, and its thread. Stopping twice is harmless."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._errors and error is None:
            raise RuntimeError("A dialect failed; the cause says where.") from self._errors[0]

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = b""
        more = True
        while more and len(body) <= MAX_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        request = Request(
            host=headers.get("host", "").rsplit(":", 1)[0].lower(),
            method=scope["method"],
            path=scope["path"],
            query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=body,
        )
        now = self._clock()
        response, fault = self._respond(request, now)
        unanswered = fault in ("disconnect", "hang")
        logged = LoggedRequest(
            at=now,
            host=request.host,
            method=request.method,
            path=request.path,
            query=tuple((name, _without_secret(name, value)) for name, value in request.query),
            status=0 if unanswered else response.status,
            fault=fault,
        )
        with self._log_lock:
            self._log.append(logged)
        if fault == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        head.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": head})
        # Leaving the body unfinished makes the server cut the connection.
        cut = fault == "disconnect"
        body = response.body[: len(response.body) // 2] if cut else response.body
        await send({"type": "http.response.body", "body": body, "more_body": cut})

    def _respond(self, request: Request, now: datetime) -> tuple[Response, str | None]:
        """The answer and the kind of the fault that decided it."""
        dialect = self._dialects.get(request.host)
        if dialect is None:
            return Response(421, b"The emulator has no dialect for this host."), None
        if len(request.body) > MAX_BODY:
            return Response(413), None
        try:
            return self._of_dialect(dialect, request, now)
        except Exception as error:
            self._errors.append(error)
            return Response(500, b"The emulator's dialect failed."), None

    def _of_dialect(self, dialect: Dialect, request: Request, now: datetime) -> tuple[Response, str | None]:
        account = dialect.account_of(request, now)
        faults = self.dial.matching(request.host, request.path, account)
        for fault in faults:
            if fault.kind in PLATFORM_FAULTS:
                worded = dialect.fault(fault, request, now)
                if worded is not None and self.dial.spend(fault):
                    return worded, fault.kind
        response = dialect.answer(request, now)
        decided: str | None = None
        for fault in faults:
            if fault.kind in SHAPE_FAULTS and response.status == 200:
                shaped = dialect.shape(fault, request, response)
                if shaped is not None and self.dial.spend(fault):
                    response, decided = shaped, fault.kind
        for fault in faults:
            if fault.kind in WIRE_FAULTS and self.dial.spend(fault):
                return _broken(fault, response), fault.kind
        return response, decided


def _broken(fault: Fault, response: Response) -> Response:
    """What a wire fault makes of an answer."""
    if fault.kind == "html":
        return Response(200, _HTML, {"content-type": "text/html; charset=utf-8"})
    if fault.kind == "empty":
        return Response(200, b"", response.headers)
    if fault.kind == "truncated":
        return Response(200, response.body[: len(response.body) // 2], response.headers)
    if fault.kind == "deep":
        return Response(200, b'{"data":' + b"[" * DEPTH + b"]" * DEPTH + b"}", response.headers)
    if fault.kind == "gzip_bomb":
        return Response(200, gzip.compress(_padding(), 1), {**response.headers, "content-encoding": "gzip"})
    if fault.kind == "huge":
        return Response(200, _padding(), response.headers)
    if fault.kind == "redirect":
        return Response(302, b"", {"location": "https://elsewhere.invalid/"})
    return response


def _padding() -> bytes:
    return b'{"padding":"' + b" " * HUGE_BODY + b'"}'


def _without_secret(name: str, value: str) -> str:
    return "***" if any(word in name.lower() for word in _SECRET_WORDS) and name != "pageToken" else value


class _Running:
    """One run of the server: its socket, its thread, and the way to end it."""

    def __init__(self, app: Callable[..., Any]) -> None:
        # The protocol is named because asyncio turns Nagle's algorithm off for named ones only; with it on,
        # each answer waits 40 ms for an acknowledgement.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            interface="asgi3",
            log_config=None,
            log_level=None,
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=3600,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name="afterpost-emulator", daemon=True)
        self._thread.start()
        self._server.ready.wait()

    def stop(self) -> None:
        self._server.end()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        # The server's log lines ("Started server process") would mix with those of the application's own
        # server, which uses the same loggers; only this thread's are dropped. What the faults provoke on
        # purpose is dropped as well; any other error is a bug of the emulator and is shown.
        mute = _MuteThread(threading.get_ident())
        logger = logging.getLogger("uvicorn.error")
        logger.addFilter(mute)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            logger.removeFilter(mute)
            self._server.ready.set()


class _Server(uvicorn.Server):
    """uvicorn's server, told to end by an event instead of asking ten times a second, and ending at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self.ready.set()
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks)

    def end(self) -> None:
        if self._loop is not None and self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)


class _MuteThread(logging.Filter):
    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        provoked = record.getMessage().startswith("ASGI callable returned without")
        return record.thread != self._thread or (record.levelno >= logging.ERROR and not provoked)
