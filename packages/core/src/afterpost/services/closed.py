"""Waiting for a plugin: what it does comes out as an Exception, in time; a policy that fails has said no."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

from afterpost.domain.errors import AfterpostError, PolicyUnavailable
from afterpost.storage.faults import fault_of

T = TypeVar("T")
log = logging.getLogger("afterpost.policies")


class Misbehaved(Exception):
    """A plugin tried to exit, or cancelled itself."""


async def contained(ask: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What a plugin answers, asked now, within so many seconds; else TimeoutError, or what it raised.

    An attempt to exit or to cancel itself is Misbehaved; only we ourselves are ended by Ctrl-C or a
    cancellation. A plugin that blocks its thread can't be interrupted: it must wait asynchronously.
    """
    try:
        rest = ask()
        if isinstance(rest, Coroutine):
            # Most answer without ever waiting, and a timer costs more than their whole answer.
            try:
                rest = _Rest(rest, rest.send(None))
            except StopIteration as answered:
                return cast(T, answered.value)
        async with asyncio.timeout(seconds):
            return await rest
    except (Exception, KeyboardInterrupt):
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # it is we who are stopped
        raise Misbehaved("it cancelled itself") from None
    except BaseException as error:
        raise Misbehaved(f"it tried to end the process ({type(error).__name__})") from error


class _Rest(Generic[T]):
    """What is left of a coroutine that was begun by hand and now waits for something."""

    def __init__(self, begun: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._begun, self._waits_for = begun, waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    got = yield waits_for
                except BaseException as error:  # a cancellation, above all
                    waits_for = self._begun.throw(error)
                else:
                    waits_for = self._begun.send(got)
        except StopIteration as answered:
            return cast(T, answered.value)


async def asked(ask: Callable[[], Awaitable[T]], who: str, patience: float) -> T:
    """What a policy or guard answers, within `patience` seconds.

    Its own AfterpostErrors are its answer and pass through; anything else is a PolicyUnavailable.
    """
    try:
        return await contained(ask, patience)
    except AfterpostError:
        raise
    except TimeoutError as error:
        raise unavailable(who, f"no answer within {patience:g} s") from error
    except Exception as error:
        if (fault := fault_of(error)) is not None:
            raise fault from error  # the database's fault, and not the plugin's
        log.exception("%s failed", who)
        raise unavailable(who, type(error).__name__) from error


def unavailable(who: str, why: str) -> PolicyUnavailable:
    """The error for a policy that gave no answer."""
    return PolicyUnavailable(
        f"{who} failed ({why}), so nothing is allowed.",
        hint="Try again; if it stays so, the log and `afterpost doctor` say more.",
    )
