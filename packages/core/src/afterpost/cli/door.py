"""The door of `afterpost serve`: uvicorn with a deadline for who keeps it waiting and a limit of connections.

uvicorn alone waits for ever for a connection that never speaks, dribbles its request or never reads its
answer. Here one sweep a second looks at every connection, and the one that waits longest goes first where
there are too many (docs/adr/0040).
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any, Literal

import msgspec
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

PATIENCE = 20.0
"""Seconds that a client may keep us waiting: for a whole head, for the next part of a body, or until it reads
what it was answered."""
SLOWEST = 4_096
"""Bytes of a body that have to come a second, within each such time."""
MOST = 1_000
"""Connections at the same time."""
SHARE = 2
"""Of the files that this process may have open, connections take one in so many."""
AT_ONCE = 32
"""Connections accepted before anything else is done: asyncio takes all that wait, and one that fails for want
of files fails, and is logged, as often."""
BACKLOG = 1_024
"""Connections that the machine holds until they are accepted."""
LAST_WORDS = 10
"""Seconds that open requests get when the server is told to stop."""
TOLD_EVERY = 60.0
"""Seconds between two lines of the log about the same trouble."""

Waits = Literal["request", "body", "reader"]

log = logging.getLogger("afterpost.door")

_BODY = msgspec.json.encode(
    {
        "type": "/problems/unavailable",
        "title": "Not ready",
        "status": 503,
        "detail": "As many requests are being answered as this installation takes at once.",
        "code": "unavailable",
    }
)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
    b"retry-after: 1\r\nconnection: close\r\n\r\n%b" % (len(_BODY), _BODY)
)
"""What is sent to a connection that there is no room for."""


class Connection(H11Protocol):
    """One connection, which knows since when its client keeps us waiting, and for what."""

    waits: Waits | None = "request"
    since = 0.0
    _came = 0
    _unread = False
    _cycle: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, where there is room for it or can be made."""
        super().connection_made(transport)
        self.since = self.loop.time()
        if isinstance(self.config, Config):
            self.config.room_for(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._came += len(data)
        super().data_received(data)

    def pause_writing(self) -> None:
        """What we send is not read."""
        self._unread = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """It is read again."""
        self._unread = False
        super().resume_writing()

    def look(self, now: float, patience: float) -> bool:
        """Find out for what we wait; whether the client is overdue with it."""
        waits = self._waits_for()
        if (waits, self.cycle) != (self.waits, self._cycle):
            self.waits, self._cycle, self.since, self._came = waits, self.cycle, now, 0
        if waits is None or now - self.since < patience:
            return False
        if waits == "body" and self._came >= SLOWEST * patience:
            self.since, self._came = now, 0
            return False
        return True

    def _waits_for(self) -> Waits | None:
        if self._unread:
            return "reader"
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is None or cycle.response_complete:
            return "request"
        return "body" if cycle.more_body and not self.flow.read_paused else None

    def cut(self) -> None:
        """Hang up at once."""
        # Off the list now, for the transport tells only in the loop's next turn.
        self.connections.discard(self)
        self.transport.abort()


class Config(uvicorn.Config):
    """uvicorn's configuration as `serve` needs it. `patience`: see PATIENCE; `most`: connections at once."""

    def __init__(
        self, app: Any, log_level: str, *, patience: float = PATIENCE, most: int | None = None
    ) -> None:
        super().__init__(
            app,
            http=Connection,
            ws="none",  # an upgrade would leave by the window
            log_config=None,
            log_level=log_level.lower(),
            access_log=log_level.upper() == "DEBUG",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_WORDS,
            backlog=AT_ONCE,
        )
        self.patience = patience
        self.most = most or _most()
        self.closed = 0

    def room_for(self, new: Connection) -> None:
        """Close the connection that has kept us waiting longest where there is one too many; the new one is
        told to come again where none does."""
        if len(new.connections) <= self.most:
            return
        if self.shed(new.connections - {new}, 1, new.loop.time()) == 0:
            new.transport.write(FULL)
            new.connections.discard(new)
            new.transport.close()

    def shed(self, connections: set[Any], count: int, now: float) -> int:
        """Close so many of the connections that keep us waiting, the longest first; returns how many."""
        for each in connections:
            each.look(now, self.patience)
        waiting = sorted((each for each in connections if each.waits), key=lambda each: each.since)[:count]
        for each in waiting:
            each.cut()
        self.closed += len(waiting)
        return len(waiting)


def _most() -> int:
    """How many connections the open files of this process leave room for."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(1, min(MOST, soft // SHARE))


class Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and sweeps its connections."""

    def __init__(self, config: Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._door = config
        self._announce = announce
        self._told: dict[str, float] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        for each in sockets or ():
            # asyncio knows one number for both: how many it accepts in one go, and how many wait for that.
            each.listen(BACKLOG)
        asyncio.get_running_loop().set_exception_handler(self._failed)
        if self.started:
            self._announce()

    async def on_tick(self, counter: int) -> bool:
        """Once a second, close what is overdue."""
        if counter % 10 == 0:
            self.sweep()
        return await super().on_tick(counter)

    def sweep(self) -> None:
        """Close every connection that is overdue."""
        door, now = self._door, asyncio.get_running_loop().time()
        for each in [*self.server_state.connections]:
            if isinstance(each, Connection) and each.look(now, door.patience):
                each.cut()
                door.closed += 1
        if door.closed and self._may_tell("closed", now):
            log.warning("closed %d connections that kept the server waiting", door.closed)
            door.closed = 0

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A failure of the loop. Out of files, asyncio rests a second before it accepts again; until then who
        keeps us waiting makes room."""
        if "socket.accept()" not in context.get("message", ""):
            loop.default_exception_handler(context)
            return
        connections = self.server_state.connections
        if self._may_tell("accept", loop.time()):
            log.error(
                "no connection can be accepted (%s); %d are open", context.get("exception"), len(connections)
            )
        self._door.shed({each for each in connections if isinstance(each, Connection)}, 1, loop.time())

    def _may_tell(self, what: str, now: float) -> bool:
        if now - self._told.get(what, -TOLD_EVERY) < TOLD_EVERY:
            return False
        self._told[what] = now
        return True
