"""Guards: asked before an act, told afterwards what it came to."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from afterpost.domain.scope import Actor, Scope

ActKind = Literal["collect", "sync", "export", "import", "report", "purge", "edit"]


class Act(Struct, frozen=True, kw_only=True):
    """What somebody is about to do. `id` is the same in `review` and `settle` and never used again.

    `subject` names it for people (an account, a file, a report). `amount`: how many posts or lines it is
    about, None where nobody can know before.
    """

    id: str
    kind: ActKind
    actor: Actor
    scope: Scope
    organization_id: int
    subject: str
    amount: int | None
    at: datetime


class Pass(Struct, frozen=True):
    """Go on."""


class Hold(Struct, frozen=True):
    """Not now: somebody has to lift what stands in the way. `reason` is a sentence for people."""

    reason: str


class Deny(Struct, frozen=True):
    """No. `reason` is a sentence for people; `retry_at`: when asking again may help, aware UTC."""

    reason: str
    retry_at: datetime | None = None


Verdict: TypeAlias = Pass | Hold | Deny


class Settlement(Struct, frozen=True):
    """What a reviewed act came to. `refused`: another guard stopped it; `amount`: posts or lines done."""

    state: Literal["done", "failed", "refused"]
    amount: int


class Guard(ABC):
    """Reviews acts; any Hold or Deny of any guard stops one. Raising, hanging and silence deny."""

    id: str
    """Stable name, unique over all plugins."""

    @abstractmethod
    async def review(self, act: Act) -> Verdict:
        """Whether the act may begin. What is reserved here is settled or released in `settle`."""

    @abstractmethod
    async def settle(self, act: Act, settlement: Settlement) -> None:
        """Told once for each act this guard passed, also when it failed; raising changes nothing any more.

        A process that is killed never tells: what was reserved has to end by itself.
        """
