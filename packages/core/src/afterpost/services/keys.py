"""The keys that seal credentials: which is in use for how many, and moving all to the one in force."""

from collections import Counter

from msgspec import Struct

from afterpost.domain.errors import Misconfigured
from afterpost.domain.scope import Actor, Scope
from afterpost.services.core import Core
from afterpost.settings import new_key_in
from afterpost.storage import accounts
from afterpost.storage.credentials import Sealer


class KeyState(Struct, frozen=True):
    """A key by its id, which tells nothing of it. `known`: this installation has it."""

    key_id: str
    in_force: bool
    known: bool
    credentials: int


class Rotated(Struct, frozen=True):
    """What a rotation did: the key in force, whether it was made now, and how many credentials it moved."""

    key_id: str
    made: bool
    credentials: int


def key_states(core: Core, scope: Scope) -> list[KeyState]:
    """Every key that is known or in use, the one in force first."""
    used = _used(core, scope)
    known = core.sealer.key_ids
    rest = sorted((used.keys() | known) - {core.sealer.key_id})
    return [
        KeyState(key.hex(), key == core.sealer.key_id, key in known, used[key])
        for key in (core.sealer.key_id, *rest)
    ]


def rotate(core: Core, scope: Scope, actor: Actor) -> Rotated:
    """Make a new key where the data directory keeps it, and seal every credential with the key in force.

    A key that is set from outside is not made anew: then credentials are moved from the old keys that were
    set beside it. Raises Misconfigured, and moves none, when a credential opens with no key.
    """
    settings = core.settings
    if any(key != core.sealer.key_id for key in _used(core, scope)):
        made = False  # a rotation that did not come to its end, or a key that was set from outside
    else:
        settings, made = new_key_in(settings), True
    sealer = Sealer(settings.sealing_key(), settings.old_sealing_keys())
    moved = 0
    with core.transaction(scope, actor) as tx:
        for row in accounts.sealed_rows(tx.connection, tx.scope):
            bound = (row.organization_id, row.platform, row.external_id)
            sealed = sealer.reseal(row.credential, bound)
            if sealed is None:
                continue
            if not accounts.reseal_credential(tx.connection, tx.scope, row, sealed):
                raise Misconfigured("A credential was renewed meanwhile.", hint="Run it again.")
            moved += 1
    core.database.settle()
    return Rotated(sealer.key_id.hex(), made, moved)


def _used(core: Core, scope: Scope) -> Counter[bytes]:
    with core.read(scope) as connection:
        return Counter(
            core.sealer.sealed_with(row.credential) for row in accounts.sealed_rows(connection, scope)
        )
