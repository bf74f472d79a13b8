"""An open installation for one command: settings, core, who acts, and what they may see."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from afterpost.cli.logs import set_up_logs
from afterpost.cli.wiring import Wiring
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.access import Action
from afterpost.sdk.tenancy import Caller
from afterpost.services.core import Core
from afterpost.settings import PREFIX, Settings, load_settings

CONNECT = f"{PREFIX}CONNECT_"
"""Environment variables of `connect`: credentials, no settings."""

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """The open core, the actor, and the scope the actor may see."""

    core: Core
    actor: Actor
    scope: Scope

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one asynchronous piece of work; what it opened to the network is closed with its loop.

        Ctrl-C interrupts it wherever it is: the loop's own way waits for the next await, and a file that is
        read from a pipe may never come to one.
        """

        async def whole() -> T:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                return await work
            finally:
                await self.core.egress.close()

        return asyncio.run(whole())


def settings_of_environment(*, make: bool = True) -> Settings:
    """The settings, without the credentials that `connect` reads from the environment; see load_settings."""
    told = {name: value for name, value in os.environ.items() if not name.startswith(CONNECT)}
    return load_settings(told, make=make)


@contextmanager
def opened(wiring: Wiring, action: Action) -> Iterator[Session]:
    """A session for synchronous work; raises Forbidden where the access policy says no.

    Synchronous work runs outside of an event loop; for asynchronous work there is `Session.wait`.
    """
    core = _open(wiring)
    try:
        yield asyncio.run(_admitted(core, action))
    finally:
        asyncio.run(core.close())


def run_in_session(wiring: Wiring, action: Action, work: Callable[[Session], Awaitable[T]]) -> T:
    """Run asynchronous work in a session, from opening to closing in one event loop."""

    async def whole() -> T:
        core = _open(wiring)
        try:
            return await work(await _admitted(core, action))
        finally:
            await core.close()

    return asyncio.run(whole())


def _open(wiring: Wiring) -> Core:
    settings = settings_of_environment()
    set_up_logs(settings.log_level)
    return wiring.open_core(settings)


async def _admitted(core: Core, action: Action) -> Session:
    actor, scope = await core.resolve(Caller(door="cli"))
    await core.permit(actor, action, scope)
    return Session(core, actor, scope)
