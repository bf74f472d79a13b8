"""Observers: hand over what the outbox holds for each, one organisation after another.

What an observer writes is committed with the receipt of its events, so its effects in this database happen
once. One that raises keeps its events for the next time and harms nobody else.
"""

from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk.observer import Delivery, Observer
from afterpost.services.core import Core
from afterpost.storage import organizations, outbox
from afterpost.storage.faults import fault_of
from afterpost.storage.transaction import plain

BATCH = 100
"""Events handed over in one transaction."""


async def deliver(core: Core, scope: Scope) -> int:
    """Give every observer its pending events, in order; returns how many were taken."""
    taken = 0
    for organization_id in await core.database.reading(_organizations, core, scope):
        narrowed = scope.narrowed(organization=organization_id)
        for name, observer in core.observers.items():
            size = BATCH
            while handed := await core.database.writing(_hand_over, core, narrowed, name, observer, size):
                if handed > 0:
                    taken += handed
                elif size > 1:
                    size = 1  # those before the one that fails are not to wait for it
                else:
                    break
    return taken


def _organizations(core: Core, scope: Scope) -> list[int]:
    with core.read(scope) as connection:
        return [each.id for each in organizations.list_organizations(connection, scope)]


def _hand_over(core: Core, scope: Scope, name: str, observer: Observer, size: int) -> int:
    """Hand over some events: how many were taken, 0 when there are none, -1 when the observer failed."""
    deliveries: list[Delivery] = []
    try:
        with core.transaction(scope, SYSTEM) as tx:
            deliveries = [Delivery(*row) for row in outbox.claim(tx.connection, tx.scope, name, size)]
            if not deliveries:
                return 0
            ids = [delivery.event_id for delivery in deliveries]
            outbox.delivered(tx.connection, tx.scope, name, ids)
            plain(observer.deliver(tx, tuple(deliveries)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may try to exit
        if not deliveries or fault_of(error) is not None:
            raise
        core.log.exception("observer %s failed; its events are kept", name)
        with core.transaction(scope, SYSTEM) as tx:
            outbox.failed(tx.connection, tx.scope, name, [deliveries[0].event_id])
        return -1
    return len(deliveries)
