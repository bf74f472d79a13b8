"""Access: may this actor do this?"""

from abc import ABC, abstractmethod
from typing import Literal

from afterpost.domain.scope import Actor, Scope

Action = Literal["read", "collect", "ingest", "import", "connect", "disconnect", "sync", "export", "manage"]


class AccessPolicy(ABC):
    """Says yes or no to an action. Raising counts as no."""

    @abstractmethod
    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        """True when the actor may do the action within the scope."""
