"""Tenancy: who is calling, and what they may see."""

from abc import ABC, abstractmethod
from typing import Literal

from msgspec import Struct

from afterpost.domain.scope import Actor, Scope


class Caller(Struct, frozen=True, kw_only=True):
    """The facts of a call: the door it came through and the bearer token it gave, if any.

    A `job` carries the actor that asked for it (`on_behalf_of`) and is resolved again when it runs.
    """

    door: Literal["http", "mcp", "cli", "job"]
    token: str | None = None
    on_behalf_of: Actor | None = None


class TenantPolicy(ABC):
    """Turns a caller into an actor and the scope it may see. It can only narrow."""

    @abstractmethod
    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """The actor and scope; raises Unauthenticated when the caller is nobody."""
