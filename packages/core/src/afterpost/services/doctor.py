"""How does this installation stand? Sentences with a next step, from settings to rollups.

Nothing is changed by looking. The plugins are opened on an empty database of their own that is thrown away;
the real one is only read, and not at all where its file or schema is not in order. Whatever can't be
opened is a finding, never an exception.
"""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from afterpost.domain.errors import AfterpostError
from afterpost.sdk.migrations import Migrations
from afterpost.sdk.tenancy import Caller
from afterpost.services import doctor_facts
from afterpost.services.core import Core
from afterpost.services.findings import Finding, broken, ok, warning
from afterpost.settings import Settings
from afterpost.storage import health
from afterpost.storage.engine import Database
from afterpost.storage.health import FileState
from afterpost.storage.migrate import CORE

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
    return error if isinstance(error, AfterpostError) else health.explained(error)


async def examine(load: Callable[[], Settings], open_core: Callable[[Settings], Core]) -> Diagnosis:
    """Examine the installation that `load` describes and `open_core` opens."""
    try:
        settings = load()
    except Exception as error:
        return Diagnosis((_failed("settings", error),))
    found = [_settings(settings)]
    try:
        path = health.path_of(settings.database_url)
        file = health.inspect_file(path)
        found += _file(file)
    except Exception as error:
        found.append(_failed("database", error))
        file = None
    with tempfile.TemporaryDirectory(prefix="afterpost-doctor-") as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        try:
            core = open_core(msgspec.structs.replace(settings, database_url=url))
        except Exception as error:
            found += [*_schema(file, {}), _failed("plugins", error)]
            return Diagnosis(tuple(found))
        try:
            found += _schema(file, core.plugins.migrations())
            found += await _opened(dataclasses.replace(core, settings=settings), file)
        finally:
            await core.close()
    return Diagnosis(tuple(found))


async def _opened(core: Core, file: FileState | None) -> list[Finding]:
    """What the plugins say, then what the real database holds where it can be read."""
    found = [*doctor_facts.plugins(core), doctor_facts.retention(core), doctor_facts.runner(core)]
    try:
        _, scope = await core.resolve(Caller(door="cli"))
    except Exception as error:
        return [*found, _failed("access", error)]
    if file is None or not file.exists or not _readable(file):
        return [*found, _guarded("clock", lambda: [doctor_facts.clock_alone(core)])[0]]
    database = Database(core.settings.database_url)
    try:
        real = dataclasses.replace(core, database=database)
        for area, check in doctor_facts.CHECKS.items():
            found += _guarded(area, lambda check=check: check(real, scope))  # type: ignore[misc]
    finally:
        database.close()
    return found


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


def _file(file: FileState) -> list[Finding]:
    if not file.exists:
        return [
            warning(
                "database",
                f"There is no database at {file.path} yet; the first command that needs one makes it.",
                "If there was one, set AFTERPOST_DATA_DIR to the directory that holds it.",
            )
        ]
    if file.problem is not None:
        return [broken("database", f"The database {file.path} can't be read: {file.problem}.", _BACKUP)]
    if file.damage:
        return [
            broken("database", f"The database {file.path} is damaged: {'; '.join(file.damage)}.", _BACKUP)
        ]
    found = [ok("database", f"sqlite {file.path}, {_megabytes(file.size)}, intact, {file.journal_mode} mode")]
    if file.journal_mode.lower() != "wal":
        found = [
            warning(
                "database",
                f"The database {file.path} is intact, but in journal mode {file.journal_mode}, where readers "
                "wait for writers.",
                "Any start of Afterpost turns write-ahead logging on; the file must be on a local disk.",
            )
        ]
    reason = health.why_not_writable(file.path)
    if reason is not None and "locked" in reason:
        found.append(
            warning(
                "database",
                "Another process has been writing to the database for more than a second.",
                "Wait for it, or stop it if it hangs.",
            )
        )
    elif reason is not None:
        found.append(
            broken(
                "database",
                f"The database can't be written: {reason}.",
                f"Let this user write to {file.path} and to its directory.",
            )
        )
    return found


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


def _readable(file: FileState) -> bool:
    """True when the file is intact and core's tables are those of this version."""
    if file.problem is not None or file.damage:
        return False
    return file.revisions.get(CORE) == health.known_revisions({})[CORE][0]


def _schema(file: FileState | None, plugins: Mapping[str, Migrations]) -> list[Finding]:
    if file is None or not file.exists or file.problem is not None or file.damage:
        return []
    found = []
    try:
        known = health.known_revisions(plugins)
    except Exception as error:
        return [_failed("schema", error)]
    for dist, revisions in known.items():
        current, head = file.revisions.get(dist), revisions[0] if revisions else None
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
            found.append(
                broken(
                    "schema",
                    f"The database was written by a newer version of {dist} (schema {current}).",
                    f"Upgrade {dist}, or open the backup made before that upgrade.",
                )
            )
    for dist in sorted(set(file.revisions) - set(known)):
        found.append(
            warning(
                "schema",
                f"The database holds tables of {dist}, which is not loaded.",
                "Install it again, or leave its tables as they are: they harm nothing.",
            )
        )
    return found
