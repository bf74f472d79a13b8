"""Where things stand: runs and how their posts ended, accounts and their next read, the schema."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from afterpost.domain.errors import NotFound
from afterpost.domain.scope import Scope
from afterpost.sdk.migrations import Migrations
from afterpost.services.core import Core
from afterpost.storage import accounts, imports, runs
from afterpost.storage.accounts import Account
from afterpost.storage.migrate import states_on
from afterpost.storage.runs import Run, RunItem

TROUBLED = ("failed", "skipped")
"""Outcomes a person wants to see one by one."""


class Standing(Struct, frozen=True):
    """An account and when it is read next by schedule; None for one that is not read any more."""

    account: Account
    next_due: datetime | None

    @property
    def scopes(self) -> tuple[str, ...]:
        """What was granted, as far as the platform says."""
        return tuple(self.account.scopes.split())

    def missing(self, core: Core) -> Mapping[str, tuple[str, ...]] | None:
        """metric -> scopes that it needs and that were not granted; None when nobody knows what was."""
        provider = core.providers.get(self.account.platform)
        if provider is None or not self.scopes:
            return None
        return provider.capabilities.lacking(self.scopes)


def accounts_standing(core: Core, scope: Scope) -> list[Standing]:
    """The accounts the scope may see, each with its next scheduled read."""
    with core.read(scope) as connection:
        due = accounts.next_due(connection, scope)
        return [Standing(a, _next(a, due.get(a.id))) for a in accounts.list_accounts(connection, scope)]


def _next(account: Account, post_due: datetime | None) -> datetime | None:
    if account.state != "active":
        return None
    # An account that was never listed is due from the moment it was connected.
    due = min(at for at in (account.next_list_at or account.created_at, post_due) if at is not None)
    return due if account.parked_until is None else max(due, account.parked_until)


def run_with_items(core: Core, scope: Scope, run_id: int, limit: int) -> tuple[Run, list[RunItem]]:
    """The run with its counts, up to now while it is open, and its failed and skipped posts."""
    with core.read(scope) as connection:
        run = runs.get_run(connection, scope, run_id)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        if run.state == "running":
            counted = runs.count_items(connection, scope, run_id)
            lines = None if run.failed_lines is None else imports.failed_lines(connection, scope, run_id)
            run = msgspec.structs.replace(run, posts=sum(counted.values()), **counted, failed_lines=lines)
        return run, runs.items_of(connection, scope, run_id, TROUBLED, limit)


def recent_runs(core: Core, scope: Scope, limit: int) -> list[Run]:
    """The newest runs of every kind."""
    found, _ = page_of_runs(core, scope, limit=limit)
    return found


def page_of_runs(
    core: Core,
    scope: Scope,
    *,
    limit: int,
    kind: str | None = None,
    state: str | None = None,
    after: int | None = None,
) -> tuple[list[Run], int | None]:
    """A page of runs, newest first, and the key the next page starts after (None: no more)."""
    with core.read(scope) as connection:
        found = runs.last_runs(connection, scope, kind, limit + 1, state=state, after=after)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def schemas_behind(core: Core, own_tables: Mapping[str, Migrations]) -> list[str]:
    """The distributions whose tables are not at the newest revision; asks the database."""
    with core.database.read() as connection:
        return [s.dist for s in states_on(connection, Scope.default(), own_tables) if not s.up_to_date]
