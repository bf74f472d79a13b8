"""Observers: told about committed facts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

from afterpost.domain.events import Event
from afterpost.sdk.transaction import Transaction


class Delivery(Struct, frozen=True):
    """One event. `event_id` is the same in every repetition: the inbox key for effects elsewhere."""

    event_id: int
    event: Event


class Observer(ABC):
    """Receives events at least once, from the outbox, after the facts are committed."""

    id: str
    """Stable name, unique over all plugins."""

    @abstractmethod
    def deliver(self, tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        """Handle events of one organisation in order; what is written through `tx` is kept exactly once.

        Raising undoes it, keeps the events for the next try and never touches the facts. Runs on the
        writer's thread: an observer that talks to a network writes down here what is to be sent.
        """
