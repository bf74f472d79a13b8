"""Deriving every number anew from the archive, into a fresh database, and holding it against the original.

Each kept fetch goes through the installed provider's own code, answered from the archive at the instant it
was asked; files go through the import, bodies through ingest. The catalogue (organisations, brands, accounts,
posts) is taken over as it stands, for people make it. A reading whose payload is not there any more is taken
over as it was stored, and said.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import msgspec
from msgspec import Struct

from afterpost.defaults import AgeLadder
from afterpost.domain.errors import InvalidInput
from afterpost.domain.scope import SYSTEM, Actor, Scope
from afterpost.services.archive_compare import Difference, compare
from afterpost.services.archive_corrections import Corrections, corrections, find
from afterpost.services.archive_pass import Gap, Pass, Readers, Trouble
from afterpost.services.archive_telling import Telling, tell
from afterpost.services.catalogue import list_organizations
from afterpost.services.core import Core
from afterpost.services.replay import Clock
from afterpost.services.sync import sync
from afterpost.storage import archive, replica
from afterpost.storage.engine import Connection, Database
from afterpost.storage.migrate import migrate
from afterpost.storage.transaction import Transactions

NAMED = 1_000
"""Posts named as taken over; further ones are counted alone."""


class Rederived(Struct, frozen=True):
    """What deriving anew came to. `target`: where it is; None: it was thrown away. `fetches`: those noted, of
    which `derived` went through; `taken_over`: readings whose payload is not there, of `posts_taken_over`
    posts (the first 1,000 named), and `account_values_taken_over` the same of accounts' own numbers;
    `differing`: rows that are not the same, by table; `corrections`: what can be told anew of them, where
    that was asked for."""

    target: str | None
    fetches: int
    derived: int
    taken_over: int
    posts_taken_over: int
    taken_over_of: tuple[str, ...]
    account_values_taken_over: int
    gaps: tuple[Gap, ...]
    troubles: tuple[Trouble, ...]
    rows: Mapping[str, int]
    differing: Mapping[str, int]
    differences: tuple[Difference, ...]
    corrections: Corrections | None = None

    @property
    def same(self) -> bool:
        """True when every number came out as it stands in the original."""
        return not self.differing and not self.troubles


@contextmanager
def _fresh(core: Core, url: str, clock: Clock, source: Connection, scope: Scope) -> Iterator[Core]:
    """A core on an empty database with this one's catalogue: its providers, and nobody to ask or to tell."""
    database = Database(url)
    try:
        if not replica.is_empty(database, scope):
            raise InvalidInput(
                f"The database {database.where} is not empty.",
                hint="Name one that does not exist yet, or leave it out.",
            )
        migrate(database, Scope.default(), {})
        fresh = dataclasses.replace(
            core,
            settings=msgspec.structs.replace(core.settings, archive=False, database_url=url),
            clock=clock,
            database=database,
            transactions=Transactions(database, clock),
            observers={},
            guards={},
            schedule=AgeLadder(),
            closers=(),
        )
        with fresh.transaction(scope, SYSTEM) as tx:
            replica.copy_catalogue(source, tx.connection, scope)
        yield fresh
    finally:
        database.close()


Then = Literal["compare", "plan", "tell"]
"""What follows on deriving anew: nothing more, finding what can be corrected, or correcting it."""


async def replay_archive(
    core: Core,
    scope: Scope,
    actor: Actor,
    url: str,
    readers: Readers,
    then: Then = "compare",
    begin: Callable[[int], None] = lambda fetches: None,
    progress: Callable[[str], None] = lambda what: None,
) -> Rederived:
    """Derive every number of the scope anew into the empty database at `url`, and compare.

    The learning rows of both are brought up to date first. `then`: find what today's code reads otherwise,
    and tell it anew. `begin` hears how many steps there are, `progress` of each one. Raises InvalidInput
    when the database is not empty, Denied or Held when a guard refuses the telling.
    """
    now = core.now()
    organizations = [o.id for o in await core.database.reading(list_organizations, core, scope)]
    for key in organizations:
        await sync(core, scope.narrowed(organization=key), actor)
    clock = Clock(now)
    with core.read(scope) as source, _fresh(core, url, clock, source, scope) as fresh:
        replay = Pass(fresh, clock, source, scope, readers)
        begin(archive.count_fetches(source, scope))
        replay.take_over()
        for fetch, parts in archive.every_fetch(source, scope):
            await replay.derive(fetch, parts)
            progress(f"fetch {fetch.id}")
        replay.take_over_accounts()
        clock.now = now
        for key in organizations:
            await sync(fresh, scope.narrowed(organization=key), SYSTEM)
        with fresh.read(scope) as target:
            found = compare(source, target, scope, progress)
            corrected = None
            if then != "compare":
                corrected = await _corrected(core, scope, actor, source, target, then, progress)
        taken = replica.posts_named(source, scope, sorted(replay.taken_over_of)[:NAMED])
        return Rederived(
            target=fresh.database.where,
            fetches=replay.derived + len(replay.gaps) + len(replay.troubles),
            derived=replay.derived,
            taken_over=replay.taken_over,
            posts_taken_over=len(replay.taken_over_of),
            taken_over_of=tuple(taken[key] for key in sorted(taken)),
            account_values_taken_over=replay.account_values_taken_over,
            gaps=tuple(replay.gaps),
            troubles=tuple(replay.troubles),
            rows=found.rows,
            differing=found.differing,
            differences=found.differences,
            corrections=corrected,
        )


async def _corrected(
    core: Core,
    scope: Scope,
    actor: Actor,
    source: Connection,
    target: Connection,
    then: Then,
    progress: Callable[[str], None],
) -> Corrections:
    """What can be told anew; with `tell` it is."""
    found = find(source, target, scope)
    if then == "plan":
        return found.corrections
    telling: list[Telling] = []
    for key, amount in found.amounts.items():
        mine = corrections(source, target, scope.narrowed(organization=key))
        telling.append(await tell(core, scope, actor, key, mine, amount, progress))
    return msgspec.structs.replace(
        found.corrections,
        told=sum(each.told for each in telling),
        passed_over=sum(each.passed_over for each in telling),
        run_ids=tuple(run_id for each in telling for run_id in each.runs.values()),
    )
