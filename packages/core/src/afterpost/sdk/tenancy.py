"""Tenancy: who is calling, and what they may see."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from afterpost.domain.scope import Actor, Scope

Door = Literal["http", "mcp", "cli", "job"]


class Caller(Struct, frozen=True, kw_only=True):
    """The facts of a call: the door it came through and the bearer token it gave, if any.

    A `job` carries the actor that asked for it (`on_behalf_of`) and is resolved again when it runs.
    """

    door: Door
    token: str | None = None
    on_behalf_of: Actor | None = None


class SignInOption(Struct, frozen=True, kw_only=True):
    """A way in, as a page offers it: `url` is where it begins, None where a key is typed in."""

    id: str
    title: str
    url: str | None = None


class TenantPolicy(ABC):
    """Turns a caller into an actor and the scope it may see. It can only narrow."""

    @abstractmethod
    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """The actor and scope; raises Unauthenticated when the caller is nobody. Anything else denies."""

    def sign_in_options(self) -> Sequence[SignInOption]:
        """The ways in that a page offers. Default: the API key."""
        return (SignInOption(id="key", title="API key"),)
