"""The archive's caps: payloads not used for too long go, then the oldest of a platform that takes too much.

Only bodies go. What was asked, when, and the hash of the answer stay, with the reason and the time.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from afterpost.domain.scope import Actor, Scope
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.storage import archive_space
from afterpost.storage.archive_space import Old, Room

AT_ONCE = 200
"""Payloads dropped in one transaction, and in one turn."""
MEGABYTE = 1_000_000


class Caps(Struct, frozen=True):
    """How long after its last use, and in how many bytes, payloads of a platform are kept."""

    days: int
    stored: int


def caps_of(core: Core, platform: str) -> Caps:
    """The installation's caps; the days of the platform's terms where those are fewer."""
    provider = core.providers.get(platform)
    terms = None if provider is None else provider.capabilities.terms
    days = core.settings.archive_days
    if terms is not None and terms.keep_days is not None:
        days = min(days, terms.keep_days)
    return Caps(days, core.settings.archive_mb * MEGABYTE)


async def tidy(core: Core, scope: Scope, actor: Actor, organization_id: int) -> bool:
    """Drop some payloads of an organisation that are past a cap; says whether there are more.

    Guards are asked before anything goes: raises Denied, Held or PolicyUnavailable.
    """
    due = await core.database.reading(_due, core, scope)
    for room, old, why in due:
        subject = f"raw payloads of {room.platform or 'files and ingest'} past their {why} cap"
        async with guarded(
            core, scope, actor, "purge", subject, organization_id=organization_id, amount=len(old)
        ) as done:
            done.amount = await core.database.writing(_drop, core, scope, actor, room, old, why)
        core.log.info("%s: %d dropped, their hashes stay", subject, done.amount)
    return any(len(old) == AT_ONCE for _, old, _ in due)


def _due(core: Core, scope: Scope) -> list[tuple[Room, list[Old], str]]:
    now = core.now()
    found = []
    with core.read(scope) as connection:
        for room in archive_space.rooms(connection, scope):
            caps = caps_of(core, room.platform)
            key = (room.organization_id, room.platform, AT_ONCE)
            if room.oldest is not None and room.oldest < _since(now, caps):
                old = archive_space.oldest(connection, scope, *key, before=_since(now, caps))
                found.append((room, old, "age"))
            elif room.stored > caps.stored:
                old = archive_space.oldest(connection, scope, *key)
                found.append((room, _surplus(old, room.stored - caps.stored), "space"))
    return found


def _since(now: datetime, caps: Caps) -> datetime:
    return now - timedelta(days=caps.days)


def _surplus(old: list[Old], too_much: int) -> list[Old]:
    """As many of the oldest as it takes."""
    taken = []
    for each in old:
        if too_much <= 0:
            break
        taken.append(each)
        too_much -= each.stored
    return taken


def _drop(core: Core, scope: Scope, actor: Actor, room: Room, old: list[Old], why: str) -> int:
    with core.transaction(scope, actor) as tx:
        key = (room.organization_id, room.platform)
        return archive_space.drop(tx.connection, tx.scope, *key, old, why, tx.now)
