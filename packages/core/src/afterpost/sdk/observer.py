"""Observers: told about committed facts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

from afterpost.domain.events import Event


class Delivery(Struct, frozen=True):
    """One event with the id under which an observer can recognise a repetition."""

    event_id: int
    event: Event


class Observer(ABC):
    """Receives events at least once, from the outbox, after the facts are committed."""

    id: str
    """Stable name, unique over all plugins."""

    @abstractmethod
    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Handle events in order. Raising keeps them for the next try; it never touches the facts."""
