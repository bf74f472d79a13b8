"""While a check runs: nobody waits, nobody connects past the client of core, and the machine is elsewhere."""

import asyncio
import inspect
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_ELSEWHERE = "America/St_Johns"
"""The zone of the machine meanwhile, half an hour beside all others: local time is wrong for any network."""


class Watch:
    """What a provider did that it must not: `slept` (each wait, in words) and `reached` (each address)."""

    def __init__(self) -> None:
        self.slept: list[str] = []
        self.reached: list[str] = []

    def on_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sleeps on this event loop are noted and take no time, however the function was imported."""
        later: Callable[..., asyncio.TimerHandle] = loop.call_later

        def call_later(delay: float, callback: Any, *args: Any, **more: Any) -> asyncio.TimerHandle:
            frame = inspect.currentframe()
            asking = frame.f_back if frame is not None else None
            if asking is not None and asking.f_code is asyncio.sleep.__code__:
                self.slept.append(f"asyncio.sleep({delay:g})")
                delay = 0
            return later(delay, callback, *args, **more)

        loop.call_later = call_later  # type: ignore[method-assign,assignment]

    @contextmanager
    def on(self, package: str) -> Iterator[None]:
        """Watch this process, and that package's own names for what it imported before."""
        real_sleep, real_connect, real_lookup = time.sleep, socket.socket.connect, socket.getaddrinfo

        def sleep(seconds: Any) -> None:
            self.slept.append(f"time.sleep({float(seconds):g})")

        def connect(one: socket.socket, address: Any) -> None:
            if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
                self._refuse(str(address[0]))
            real_connect(one, address)

        def lookup(host: Any, *args: Any, **more: Any) -> Any:
            if host not in ("127.0.0.1", "::1", "localhost", None):
                self._refuse(str(host))
            return real_lookup(host, *args, **more)

        bound = [
            (module, name)
            for key, module in tuple(sys.modules.items())
            if key.partition(".")[0] == package
            for name, value in tuple(vars(module).items())
            if value is real_sleep
        ]
        zone = os.environ.get("TZ")
        _move(_ELSEWHERE)
        time.sleep = sleep
        socket.socket.connect = connect  # type: ignore[assignment,method-assign]
        socket.getaddrinfo = lookup
        for module, name in bound:
            setattr(module, name, sleep)
        try:
            yield
        finally:
            _move(zone)
            time.sleep, socket.getaddrinfo = real_sleep, real_lookup
            socket.socket.connect = real_connect  # type: ignore[method-assign]
            for module, name in bound:
                setattr(module, name, real_sleep)

    def _refuse(self, host: str) -> None:
        self.reached.append(host)
        raise OSError(f"the conformance kit is offline, and {host} was asked for past the client")


def _move(zone: str | None) -> None:
    """Set the zone of this process; None: as it is without the variable. Windows has no such thing."""
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    if sys.platform != "win32":
        time.tzset()
