"""Replaying a recorded history: an emulator serves it over HTTP, and it is collected day by day.

Nothing here stores a number: accounts are connected, listed and read the way real ones are, with the clock
at noon UTC of each recorded day.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from afterpost.domain.errors import InvalidInput, RefreshFailed
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.provider import Provider
from afterpost.services import collect
from afterpost.services.connect import connect, disconnect, list_accounts
from afterpost.services.core import Core
from afterpost.services.run import begin_run, end_run
from afterpost.services.sync import sync
from afterpost.storage.accounts import Account

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World, WorldAccount

NOON = time(12, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.now


class History(Protocol):
    """A world with recorded days."""

    def days(self) -> Sequence[date]:
        """The recorded days, sorted."""

    def ids_on(self, day: date) -> Mapping[str, Sequence[str]]:
        """Account id -> external ids of the posts recorded that day."""

    def brands(self) -> Mapping[str, str]:
        """Account id -> the name of its brand."""


class Replayed(Struct, frozen=True):
    """What a replay did: days, readings asked for, accounts, learning rows written."""

    days: int
    readings: int
    accounts: int
    synced: int


def dialect_for(providers: Mapping[str, Provider], platform: str, world: "World") -> "Dialect":
    """The platform's wire over a world; InvalidInput when no installed plugin can emulate it."""
    provider = providers.get(platform)
    if provider is None:
        raise InvalidInput(
            f"There is no plugin for {platform!r} here, so its history can't be replayed.",
            hint=f"Install it: pip install afterpost-{platform}",
        )
    dialect = provider.emulate(world)
    if dialect is None:
        raise InvalidInput(f"The plugin for {platform!r} brings no emulator, so nothing can be replayed.")
    return dialect


async def connect_world(
    core: Core,
    scope: Scope,
    actor: Actor,
    platform: str,
    dialect: "Dialect",
    world_accounts: "Sequence[WorldAccount]",
    brands: Mapping[str, str],
) -> dict[str, Account]:
    """Connect every account of a world, each under its brand; external id -> account."""
    known = {a.external_id: a for a in list_accounts(core, scope) if a.platform == platform}
    found: dict[str, Account] = {}
    for account in world_accounts:
        kept = known.get(account.id)
        if kept is None or kept.state != "active":
            kept = await connect(
                core, scope, actor, platform, dialect.credential(account), brand=brands[account.id]
            )
        found[account.id] = kept
    return found


async def replay(
    core: Core,
    scope: Scope,
    actor: Actor,
    clock: Clock,
    history: History,
    platform: str,
    accounts: Mapping[str, Account],
    *,
    until: date | None = None,
    progress: Callable[[date, int], None] = lambda day, readings: None,
) -> Replayed:
    """Collect every recorded day in order, only the posts recorded that day; then sync the complete days.

    Replaying again, or after a kill, changes nothing: what is stored already is recognised. At the end the
    accounts are disconnected, for the platform they seem to be on has never heard of them. `progress` is told
    each day that was done and how many readings it had.
    """
    days = [day for day in history.days() if until is None or day <= until]
    readings = 0
    for day in days:
        clock.now = datetime.combine(day, NOON)
        run_id = await core.database.writing(begin_run, core, scope, actor, "collect")
        wanted = history.ids_on(day)
        errors: list[str] = []
        for external_id, ids in wanted.items():
            counts = await collect.refresh_account(
                core, scope, actor, accounts[external_id].id, run_id, due_only=False, only=frozenset(ids)
            )
            if counts.error is not None:
                errors.append(counts.error)
        state = "failed" if errors else "done"
        await core.database.writing(end_run, core, scope, actor, run_id, state, "; ".join(errors) or None)
        if errors:
            raise RefreshFailed(f"The replay stopped on {day}: {'; '.join(errors)}")
        done = sum(len(ids) for ids in wanted.values())
        readings += done
        progress(day, done)
    synced = await sync(core, scope, actor)
    for account in accounts.values():
        await core.database.writing(disconnect, core, scope, actor, account.id)
    return Replayed(len(days), readings, len(accounts), synced.rows)
