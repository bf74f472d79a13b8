"""The fault dial: what the fake platform does wrong, how often, and for which requests."""

import re
import threading
from collections import Counter
from typing import Literal, get_args

from msgspec import Struct

PlatformFault = Literal["rate_limited", "quota", "unavailable", "forbidden", "unauthorized", "revoked"]
ShapeFault = Literal["absent_field", "missing_id", "dead_metric", "foreign_post"]
WireFault = Literal[
    "html", "empty", "truncated", "deep", "huge", "gzip_bomb", "redirect", "disconnect", "hang"
]
FaultKind = PlatformFault | ShapeFault | WireFault

PLATFORM_FAULTS: frozenset[str] = frozenset(get_args(PlatformFault))
"""Worded by the dialect: 429, used-up quota, 5xx, missing permission, dead access token, dead grant."""

SHAPE_FAULTS: frozenset[str] = frozenset(get_args(ShapeFault))
"""A right answer with something left out: fields, or posts of a batch. `dead_metric` is a metric that the
platform has taken off: where one in the list costs the whole call, its dialect turns the answer into that
refusal, and elsewhere it does not fire. `foreign_post` is a post of somebody else in an account's list, as a
repost is: it does not fire where the platform has none there, and fires without a trace where the request
asks to leave them out."""

WIRE_FAULTS: frozenset[str] = frozenset(get_args(WireFault))
"""The same on every platform: an HTML page or nothing with status 200, a body cut in the middle, JSON nested
beyond all measure, a body larger than any sane answer, one that is small until it is unpacked, a redirect to
another host, a connection that breaks, no answer at all.

`disconnect` lets the platform do what it was asked and loses the answer: at a token endpoint that is a
rotated token lost."""

FAULT_KINDS: frozenset[str] = PLATFORM_FAULTS | SHAPE_FAULTS | WIRE_FAULTS


class Fault(Struct, frozen=True):
    """One thing that goes wrong.

    `times`: how often before it is used up; None is for ever. `path`: only requests whose path starts
    with it, or which the pattern finds. `host`, `account`: only requests to that host, of that account.
    `ids`: posts that `missing_id` leaves out (none given: the first of each batch answer). `fields`:
    what `absent_field` drops and `dead_metric` refuses, as canonical or native names (none given: likes).
    `status`: the status of `unavailable`. `retry_after`: the wait of `rate_limited` and `unavailable`, as the
    text of a Retry-After header; the conformance kit gives seconds, below 0 for a wait that is over.
    """

    kind: FaultKind
    times: int | None = None
    path: str | re.Pattern[str] | None = None
    ids: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    host: str | None = None
    account: str | None = None
    status: int = 503
    retry_after: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"There is no fault {self.kind!r}; there are {', '.join(sorted(FAULT_KINDS))}.")

    def concerns(self, host: str, path: str, account: str | None) -> bool:
        """True when host, path and account are those the fault is for."""
        if self.host not in (None, host) or self.account not in (None, account):
            return False
        if isinstance(self.path, re.Pattern):
            return self.path.search(path) is not None
        return self.path is None or path.startswith(self.path)


class FaultDial:
    """The faults in force. Any thread may turn it; the emulator reads it at every request."""

    def __init__(self, *faults: Fault | FaultKind) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int | None]] = []
        self._fired: Counter[str] = Counter()
        self.set(*faults)

    def set(self, *faults: Fault | FaultKind) -> None:
        """From now on these faults and no others; a bare kind stands for `Fault(kind)`."""
        wanted = [fault if isinstance(fault, Fault) else Fault(fault) for fault in faults]
        with self._lock:
            self._left = [(fault, fault.times) for fault in wanted]

    def clear(self) -> None:
        """From now on no faults. What fired so far stays counted."""
        self.set()

    def fired(self, kind: FaultKind | None = None) -> int:
        """How often a kind (None: anything) has gone wrong so far."""
        with self._lock:
            return self._fired[kind] if kind else self._fired.total()

    def matching(self, host: str, path: str, account: str | None) -> tuple[Fault, ...]:
        """The faults for such a request that are not used up, in the order they were set."""
        with self._lock:
            left = tuple(self._left)
        return tuple(fault for fault, times in left if times != 0 and fault.concerns(host, path, account))

    def spend(self, fault: Fault) -> bool:
        """Counts the fault as fired once; False when it was used up or taken off meanwhile."""
        with self._lock:
            for at, (one, times) in enumerate(self._left):
                if one is fault and times != 0:
                    self._left[at] = (one, None if times is None else times - 1)
                    self._fired[fault.kind] += 1
                    return True
        return False
