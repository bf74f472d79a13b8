"""Asking a policy or guard: one that raises, exits, hangs or says something else has said no."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from afterpost.domain.errors import AfterpostError, PolicyUnavailable

T = TypeVar("T")
log = logging.getLogger("afterpost.policies")


async def asked(answer: Awaitable[T], who: str, patience: float) -> T:
    """What the policy answers, within `patience` seconds.

    Its own AfterpostErrors are its answer and pass through; anything else is a PolicyUnavailable. A policy
    that blocks its thread can't be interrupted: it must wait asynchronously.
    """
    try:
        async with asyncio.timeout(patience):
            return await answer
    except (AfterpostError, KeyboardInterrupt):
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # it is we who are stopped
        raise unavailable(who, "it cancelled itself") from None
    except TimeoutError as error:
        raise unavailable(who, f"no answer within {patience:g} s") from error
    except BaseException as error:  # a plugin may try to exit
        log.exception("%s failed", who)
        raise unavailable(who, type(error).__name__) from error


def unavailable(who: str, why: str) -> PolicyUnavailable:
    """The error for a policy that gave no answer."""
    return PolicyUnavailable(
        f"{who} failed ({why}), so nothing is allowed.",
        hint="Try again; if it stays so, the log and `afterpost doctor` say more.",
    )
