"""Cutting an organisation's days in another zone: all that is kept by day, made anew from the readings.

One transaction, so that whoever reads meanwhile sees the old days or the new ones, and whatever goes wrong
leaves the old ones. What providers count by day themselves stays on the days of their own zones.
"""

import threading

from msgspec import Struct

from afterpost.domain.errors import Conflict, Forbidden
from afterpost.domain.events import Rezoned
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import zone_of
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.organization import organization_of
from afterpost.storage import account_metrics, changes, organizations, refold, rezoning, runs
from afterpost.storage.organizations import Organization
from afterpost.storage.refold import Progress
from afterpost.storage.rezoning import Cut
from afterpost.storage.transaction import Tx


class Rezone(Struct, frozen=True):
    """What cutting days in another zone changes, or would (`done`: it did). `moved`: readings that lie on
    another day, of all `readings`; `before`, `after`: what lies on the days."""

    organization: str
    time_zone_before: str
    time_zone: str
    done: bool
    readings: int
    moved: int
    before: Cut
    after: Cut

    @property
    def needless(self) -> bool:
        """True when the days are cut in that zone already."""
        return self.time_zone_before == self.time_zone


def _ignore(readings: int) -> None:
    """Nobody watches."""


def rezone_plan(
    core: Core, scope: Scope, zone: str, *, begin: Progress = _ignore, progress: Progress = _ignore
) -> Rezone:
    """What cutting the organisation's days in an IANA zone would change; nothing is changed.

    `begin` hears how many readings there are to look at, `progress` of some of them. Raises InvalidInput for
    a zone that there is not, Forbidden where the scope holds only a part of the organisation.
    """
    cut = zone_of(zone)
    with core.read(scope) as connection:
        organization = core.organization(connection, scope)
        whole = _whole(scope, organization)
        before = after = rezoning.stored(connection, whole)
        readings, moved = rezoning.count_readings(connection, whole), 0
        if organization.time_zone != cut.key:
            begin(readings)
            after, moved = rezoning.would_be(connection, whole, cut, progress)
    return Rezone(organization.slug, organization.time_zone, cut.key, False, readings, moved, before, after)


async def rezone(
    core: Core,
    scope: Scope,
    actor: Actor,
    zone: str,
    *,
    begin: Progress = _ignore,
    progress: Progress = _ignore,
) -> Rezone:
    """Cut the organisation's days in an IANA zone, and make all that is kept by day anew.

    The learning rows are brought up to date with it, so guards are asked as before a sync. Whoever writes
    waits until it is over. `begin` hears how many steps there are, `progress` of some of them; when the call
    is cancelled nothing was changed. Raises InvalidInput for a zone that there is not, Forbidden where the
    scope holds only a part of the organisation, Conflict while a run of it is open, Denied or Held.
    """
    cut = zone_of(zone)
    organization = await core.database.reading(organization_of, core, scope)
    whole = _whole(scope, organization)
    if organization.time_zone == cut.key:
        return await core.database.reading(rezone_plan, core, scope, cut.key)
    cancelled = threading.Event()

    def step(readings: int) -> None:
        if cancelled.is_set():
            raise Conflict("The days are cut as they were: it was cancelled.")
        progress(readings)

    async with guarded(
        core,
        whole,
        actor,
        "sync",
        f"organisation {organization.slug}, its days cut in {cut.key}",
        organization_id=organization.id,
        amount=None,
    ) as done:
        try:
            found = await core.database.writing(_rezone, core, whole, actor, cut.key, begin, step)
        except BaseException:
            # The thread does not hear of it by itself, and would go on to commit.
            cancelled.set()
            raise
        done.amount += found.after.snapshots
    return found


def _whole(scope: Scope, organization: Organization) -> Scope:
    """The scope of all of an organisation; Forbidden to whoever may see only a part of it."""
    if scope.brands is not None or scope.accounts is not None:
        raise Forbidden(
            f"Days are cut for all of {organization.slug}, and this caller may see only a part of it.",
            hint="Ask whoever manages the organisation.",
        )
    return Scope(organizations=frozenset({organization.id}))


def _rezone(core: Core, scope: Scope, actor: Actor, zone: str, begin: Progress, progress: Progress) -> Rezone:
    with core.transaction(scope, actor) as tx:
        connection = tx.connection
        # The lock first: whoever records waits, and reads the zone when it has it.
        organization = organizations.lock(connection, scope, core.organization(connection, scope).id)
        _refuse_while_running(tx)
        before, readings = rezoning.stored(connection, scope), rezoning.count_readings(connection, scope)
        begin(2 * readings)
        moved = rezoning.redate(connection, scope, zone_of(zone), progress)
        rezoning.redate_dues(connection, scope, zone_of(zone))
        account_metrics.redate(connection, scope, zone_of(zone))
        rezoning.clear(connection, scope)
        organizations.set_zone(connection, scope, organization.id, zone)
        number = organizations.next_change(connection, scope, organization.id, tx.now)
        unlearned = refold.derive(connection, scope, tx.now, progress=progress)
        changes.add(connection, scope, organization.id, number, unlearned)
        found = Rezone(
            *(organization.slug, organization.time_zone, zone, True),
            *(readings, moved, before, rezoning.stored(connection, scope)),
        )
        tx.emit(
            Rezoned(
                organization_id=organization.id,
                change_seq=number,
                time_zone_before=organization.time_zone,
                time_zone=zone,
                snapshots=found.after.snapshots,
            )
        )
        return found


def _refuse_while_running(tx: Tx) -> None:
    run = runs.oldest_open(tx.connection, tx.scope)
    if run is not None:
        raise Conflict(
            f"Run {run.id} ({run.kind}) is open since {run.started_at.isoformat(timespec='seconds')}.",
            hint="Wait until it has ended, or stop `afterpost serve`. What a killed process left open counts "
            "as ended after six hours.",
        )
