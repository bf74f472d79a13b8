"""How does this installation stand? Sentences with a next step, from settings to rollups.

Nothing is changed by looking. The plugins are opened on an empty database of their own that is thrown away;
the real one is only read, and not at all where it or its schema is not in order. Whatever can't be
opened is a finding, never an exception.
"""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from afterpost.defaults import OneTenant
from afterpost.domain.errors import AfterpostError, StorageUnavailable
from afterpost.domain.scope import Scope
from afterpost.sdk.migrations import Migrations
from afterpost.sdk.tenancy import Caller
from afterpost.services import doctor_facts
from afterpost.services.core import Core
from afterpost.services.findings import Finding, broken, ok, warning
from afterpost.settings import Settings
from afterpost.storage import foreign, health
from afterpost.storage.engine import Database
from afterpost.storage.health import DatabaseState
from afterpost.storage.migrate import CORE, unknown_schema

KEY_FILES = ("api_key", "secret_key")
_BACKUP = "Restore the file from a backup, or move it away to start empty."


class Diagnosis(Struct, frozen=True):
    """Everything the doctor found, in the order a person would ask."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """True when nothing is broken."""
        return all(finding.mark != "broken" for finding in self.findings)


def explained(error: BaseException) -> AfterpostError | None:
    """The sentence for an error that is expected or comes from the database; None for any other."""
    if isinstance(error, AfterpostError) and not isinstance(error, StorageUnavailable):
        return error
    return health.explained(error)


async def examine(load: Callable[[], Settings], open_core: Callable[[Settings], Core]) -> Diagnosis:
    """Examine the installation that `load` describes and `open_core` opens."""
    try:
        settings = load()
    except Exception as error:
        return Diagnosis((_failed("settings", error),))
    found = [_settings(settings)]
    try:
        state = health.inspect(settings.database_url)
        found += _database(state)
    except Exception as error:
        found.append(_failed("database", error))
        state = None
    with tempfile.TemporaryDirectory(prefix="afterpost-doctor-") as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        try:
            core = open_core(msgspec.structs.replace(settings, database_url=url))
        except Exception as error:
            found += [*_schema(state, {}), _failed("plugins", error)]
            return Diagnosis(tuple(found))
        try:
            found += _schema(state, core.plugins.migrations())
            found += await _opened(dataclasses.replace(core, settings=settings), state)
        finally:
            await core.close()
    return Diagnosis(tuple(found))


async def _opened(core: Core, state: DatabaseState | None) -> list[Finding]:
    """What the plugins say, then what the real database holds where it can be read."""
    found = [*doctor_facts.plugins(core), doctor_facts.retention(core), doctor_facts.runner(core)]
    if state is None or not state.exists or not _readable(state):
        try:
            await core.resolve(Caller(door="cli"))
        except Exception as error:
            return [*found, _failed("access", error)]
        return [*found, _guarded("clock", lambda: [doctor_facts.clock_alone(core)])[0]]
    database = Database(core.settings.database_url)
    try:
        real = _on(core, database)
        found += _guarded("database", lambda: _refused(real))
        try:
            _, scope = await real.resolve(Caller(door="cli"))
        except Exception as error:
            return [*found, _failed("access", error)]
        for area, check in doctor_facts.CHECKS.items():
            found += _guarded(area, lambda check=check: check(real, scope))  # type: ignore[misc]
    finally:
        database.close()
    return found


def _on(core: Core, database: Database) -> Core:
    """The core on the real database; the tenant policy is asked anew, for it may look things up there."""
    real = dataclasses.replace(core, database=database, transactions=core.transactions.on(database))
    tenancy = core.plugins.tenant_policy(real.context, OneTenant(core.settings.api_key))
    return dataclasses.replace(real, tenancy=tenancy)


def _refused(core: Core) -> list[Finding]:
    """Nothing; Misconfigured for what others left in the database that no start would take."""
    everything, accept = Scope.default(), core.settings.accept
    foreign.refuse_row_security(core.database, everything, core.plugins.migrations(), accept)
    if isinstance(core.tenancy, OneTenant):
        with core.read(everything) as connection:
            foreign.refuse_several_organizations(connection, everything, accept)
    return []


def _guarded(area: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except Exception as error:
        return [_failed(area, error)]


def _failed(area: str, error: Exception) -> Finding:
    """An error as a finding."""
    known = explained(error)
    if known is not None:
        return broken(area, known.message, _BACKUP if known.hint == health.ASK_THE_DOCTOR else known.hint)
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return broken(area, f"{error.strerror}{where}.", "Check the directory and its permissions.")
    return broken(area, f"The check failed: {type(error).__name__}: {error}", "Report this as a bug.")


def _settings(settings: Settings) -> Finding:
    loose = [
        path.name
        for path in (settings.data_dir / name for name in KEY_FILES)
        if path.exists() and path.stat().st_mode & 0o077
    ]
    if loose:
        return warning(
            "settings",
            f"Other users of this machine can read {' and '.join(loose)} in {settings.data_dir}.",
            "chmod 600 " + " ".join(str(settings.data_dir / name) for name in loose),
        )
    return ok("settings", f"data directory {settings.data_dir}")


def _database(state: DatabaseState) -> list[Finding]:
    if not state.exists:
        return [
            warning(
                "database",
                f"There is no database at {state.where} yet; the first command that needs one makes it.",
                "If there was one, set AFTERPOST_DATA_DIR to the directory that holds it.",
            )
        ]
    if state.problem is not None:
        step = _BACKUP if state.file else "Check that the server runs, and AFTERPOST_DATABASE_URL."
        return [broken("database", f"The database {state.where} can't be read: {state.problem}.", step)]
    if state.damage:
        return [
            broken("database", f"The database {state.where} is damaged: {'; '.join(state.damage)}.", _BACKUP)
        ]
    intact = f", intact, {state.journal_mode} mode" if state.file else ""
    kind = "sqlite " if state.file else ""
    found = [ok("database", f"{kind}{state.where}, {_megabytes(state.size)}{intact}")]
    if state.file and state.journal_mode.lower() != "wal":
        found = [
            warning(
                "database",
                f"The database {state.where} is intact, but in journal mode {state.journal_mode}, where "
                "readers wait for writers.",
                "Any start of Afterpost turns write-ahead logging on; the file must be on a local disk.",
            )
        ]
    if state.read_only is not None and "locked" in state.read_only:
        found.append(
            warning(
                "database",
                "Another process has been writing to the database for more than a second.",
                "Wait for it, or stop it if it hangs.",
            )
        )
    elif state.read_only is not None:
        found.append(
            broken(
                "database",
                f"The database can't be written: {state.read_only}.",
                f"Let this user write to {state.where}" + (" and to its directory." if state.file else "."),
            )
        )
    return found


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


def _readable(state: DatabaseState) -> bool:
    """True when the database is intact and core's tables are those of this version."""
    if state.problem is not None or state.damage:
        return False
    return state.revisions.get(CORE) == health.known_revisions({})[CORE][0]


def _schema(state: DatabaseState | None, plugins: Mapping[str, Migrations]) -> list[Finding]:
    if state is None or not state.exists or state.problem is not None or state.damage:
        return []
    found = []
    try:
        known = health.known_revisions(plugins)
    except Exception as error:
        return [_failed("schema", error)]
    for dist, revisions in known.items():
        current, head = state.revisions.get(dist), revisions[0] if revisions else None
        if current == head:
            found.append(ok("schema", f"{dist} {head}, the newest"))
        elif current is None or current in revisions:
            found.append(
                broken(
                    "schema",
                    f"The tables of {dist} are behind: at {current or 'nothing'}, the newest is {head}.",
                    "Copy the database, then run: afterpost migrate",
                )
            )
        else:
            found.append(broken("schema", *unknown_schema(dist, current)))
    for dist in sorted(set(state.revisions) - set(known)):
        found.append(
            warning(
                "schema",
                f"The database holds tables of {dist}, which is not loaded.",
                "Install it again, or leave its tables as they are: they harm nothing.",
            )
        )
    return found
