"""Observers: hand over what the outbox holds for each, one after another, never touching the facts."""

from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk.observer import Delivery
from afterpost.services.core import Core
from afterpost.storage import outbox


async def deliver(core: Core, scope: Scope) -> int:
    """Give every observer its pending events, in order; returns how many were taken.

    An observer that raises keeps its events for the next time and harms nobody else.
    """
    taken = 0
    for name, observer in core.observers.items():

        def pending(name: str = name) -> list[Delivery]:
            with core.database.read() as connection:
                return [Delivery(*row) for row in outbox.pending(connection, scope, name)]

        while deliveries := await core.database.reading(pending):
            ids = [delivery.event_id for delivery in deliveries]
            try:
                await observer.deliver(deliveries)
            except Exception:
                core.log.exception("observer %s failed; its events are kept", name)
                await core.database.writing(_settle, core, scope, name, ids, False)
                break
            await core.database.writing(_settle, core, scope, name, ids, True)
            taken += len(ids)
    return taken


def _settle(core: Core, scope: Scope, observer: str, ids: list[int], done: bool) -> None:
    with core.transaction(scope, SYSTEM) as tx:
        (outbox.delivered if done else outbox.failed)(tx.connection, tx.scope, observer, ids)
