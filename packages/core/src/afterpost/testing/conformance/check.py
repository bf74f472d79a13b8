"""What a check is: an id, the sentence it demands, and how it says that the demand is not met."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from afterpost.testing.conformance.lab import Lab

Run = Callable[["Lab"], Awaitable[None]]
_ID = re.compile(r"[A-H][1-9][0-9]?")


class Broken(Exception):
    """The demand is not met: what was seen, and what to do about it, a sentence each."""

    def __init__(self, seen: str, todo: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.todo = todo


class NotApplicable(Exception):
    """The demand does not concern this provider; the text says why."""


class Check(NamedTuple):
    """One check. `demand` is the one sentence that it holds a provider to."""

    id: str
    demand: str
    run: Run


CHECKS: dict[str, Check] = {}
"""Every check by its id, in the order in which they run."""


def check(id: str) -> Callable[[Run], Run]:
    """Registers a function as a check; its docstring is the demand. It returns, or raises one of the two."""

    def register(run: Run) -> Run:
        demand = " ".join((run.__doc__ or "").split())
        if not _ID.fullmatch(id) or id in CHECKS or not demand.endswith("."):
            raise ValueError(f"{id} needs an id of its own and a sentence.")
        CHECKS[id] = Check(id, demand, run)
        ordered = sorted(CHECKS.values(), key=lambda one: (one.id[0], int(one.id[1:])))
        CHECKS.clear()
        CHECKS.update({one.id: one for one in ordered})
        return run

    return register


def expect(holds: bool, seen: str, todo: str) -> None:
    """Raises Broken unless it holds."""
    if not holds:
        raise Broken(seen, todo)
