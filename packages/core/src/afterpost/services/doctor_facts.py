"""The doctor's checks of an open installation: plugins, clock, accounts, runs, sync, rollups, quality."""

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from afterpost.domain.errors import Misconfigured, PluginError
from afterpost.domain.scope import Scope
from afterpost.domain.windows import zone_of
from afterpost.services.core import ABANDONED, Core
from afterpost.services.doctor_quality import quality
from afterpost.services.findings import Finding, broken, ok, warning
from afterpost.services.organization import organization_of
from afterpost.services.status import AccountState, account_states
from afterpost.services.sync import sync_status
from afterpost.storage import accounts as stored_accounts
from afterpost.storage import archive_space, drift, runs
from afterpost.storage.runs import Run, count_snapshots

OVERDUE = timedelta(hours=1)
"""An account may wait this long for its turn before somebody should look."""
KINDS = ("collect", "import", "ingest", "sync", "replay")
SHOWN = 20
"""Accounts in order that are listed one by one; with more, they are counted."""


def plugins(core: Core) -> list[Finding]:
    """Each plugin with its version and hooks, then the platforms that can be collected or imported."""
    found = []
    for info in core.plugins.info.values():
        if info.status != "loaded":
            found.append(
                ok("plugins", f"{info.name} ({info.dist} {info.version}) is blocked by the settings")
            )
            continue
        hooks = ", ".join(info.hooks) or "no hook"
        found.append(ok("plugins", f"{info.name} ({info.dist}, {info.version}): {hooks}"))
    found += _contributions(core)
    for each in core.plugins.degraded:
        found.append(
            warning(
                "plugins",
                each.cause,
                f"Mend or upgrade it, or start without it: AFTERPOST_BLOCK={each.plugin}",
            )
        )
    listed = ", ".join(sorted(core.providers)) or "none"
    return [*found, ok("providers", listed)]


def _contributions(core: Core) -> list[Finding]:
    """What is asked for only when the web app or the command line is built, asked here to see it fail."""
    found = []
    for ask in (core.plugins.routes, core.plugins.commands, core.plugins.panels, core.plugins.lifespans):
        try:
            ask(core.context)
        except PluginError as error:
            found.append(broken("plugins", error.message, error.hint))
    return found


def retention(core: Core) -> Finding:
    """The retention policy in its own words."""
    try:
        return ok("retention", core.retention.describe())
    except Exception as error:
        return broken(
            "retention",
            f"The retention policy failed to describe itself: {type(error).__name__}: {error}",
            "Tell whoever made its plugin; until it is mended everything is kept.",
        )


def runner(core: Core) -> Finding:
    """Whether `serve` collects by itself."""
    if core.settings.collect:
        return ok("runner", "on: `afterpost serve` reads what is due by itself")
    return ok(
        "runner", "off: `afterpost serve` reads nothing by itself",
        "Collect from a scheduler: afterpost refresh --due",
    )  # fmt: skip


def clock_alone(core: Core) -> Finding:
    """Clock and zone where there is no database to hold them against."""
    zone = core.settings.time_zone
    return ok("clock", f"{shown(core.now(), zone)}, tz database {tz_database()}")


def clock(core: Core, scope: Scope) -> list[Finding]:
    """The clock against what is recorded, the zone against the setting."""
    with core.read(scope) as connection:
        newest = drift.newest_change(connection, scope)
    organization = organization_of(core, scope)
    zone, now = organization.time_zone, core.now()
    found = []
    if newest is not None and now < newest:
        found.append(
            broken(
                "clock",
                f"The clock went back: it says {now.isoformat()}, and something was recorded at "
                f"{newest.isoformat()}.",
                "Set this machine's clock (NTP) before anything is collected.",
            )
        )
    if zone not in zoneinfo.available_timezones():
        found.append(
            broken(
                "clock",
                f"Days are cut in {zone}, which the tz database of this machine does not know.",
                "Install a newer tz database: pip install --upgrade tzdata",
            )
        )
        return found
    fixed = (
        "fixed by the first snapshot" if organization.zone_fixed else "not fixed before the first snapshot"
    )
    if organization.zone_fixed and core.settings.time_zone != zone:
        found.append(
            warning(
                "clock",
                f"Days are cut in {zone}, {fixed}; the setting says {core.settings.time_zone}.",
                f"Set AFTERPOST_TIME_ZONE={zone}, or see what another zone would change: "
                f"afterpost rezone {core.settings.time_zone}",
            )
        )
    return found or [ok("clock", f"{shown(now, zone)}, {fixed}, tz database {tz_database()}")]


def tz_database() -> str:
    """The version of the tz database in use: the machine's, else the package's."""
    for folder in zoneinfo.TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        except OSError:
            continue
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return "of unknown version"


def shown(instant: datetime, zone: str) -> str:
    """An instant for people, in a zone."""
    return f"{instant.astimezone(zone_of(zone)):%a %Y-%m-%d %H:%M} in {zone}"


def accounts(core: Core, scope: Scope) -> list[Finding]:
    """Each account that needs somebody, then those in order."""
    states = account_states(core, scope)
    if not states:
        return [ok("accounts", "none is connected", "afterpost connect PLATFORM, or afterpost import FILE")]
    zone = organization_of(core, scope).time_zone
    found = [_account(core, scope, state, zone) for state in states]
    good = [finding for finding in found if finding.mark == "ok"]
    if len(good) <= SHOWN:
        return found
    bad = [finding for finding in found if finding.mark != "ok"]
    return [*bad, ok("accounts", f"{len(good)} accounts are in order")]


def _account(core: Core, scope: Scope, state: AccountState, zone: str) -> Finding:
    name = f"{state.platform} {state.handle} (account {state.id})"
    again = f"afterpost connect {state.platform}"
    if state.state == "disconnected":
        return ok("accounts", f"{name}: disconnected, its history stays")
    if state.platform not in core.providers:
        return broken(
            "accounts",
            f"{name}: no loaded plugin knows {state.platform}, so it is not collected.",
            f"pip install afterpost-{state.platform}, or take it out of AFTERPOST_BLOCK",
        )
    if state.state == "stopped":
        return broken("accounts", f"{name}: stopped. {state.failure_message}", again)
    sealed = _sealed_wrong(core, scope, state)
    if sealed is not None:
        return broken("accounts", f"{name}: {sealed.message}", sealed.hint)
    now = core.now()
    if state.parked_until is not None and state.parked_until > now:
        reason = state.failure_message or "the platform asked to wait."
        return warning("accounts", f"{name}: waits until {shown(state.parked_until, zone)}. {reason}")
    if state.failure_message is not None:
        return warning(
            "accounts", f"{name}: the last try failed. {state.failure_message}",
            f"afterpost refresh --account {state.id}",
        )  # fmt: skip
    last = (
        "never read" if state.last_refresh_at is None else f"last read {shown(state.last_refresh_at, zone)}"
    )
    if state.next_at is not None and now - state.next_at > OVERDUE:
        return warning(
            "accounts", f"{name}: overdue since {shown(state.next_at, zone)}, {last}.",
            "Start afterpost serve, or run: afterpost refresh --due",
        )  # fmt: skip
    following = "" if state.next_at is None else f", next {shown(state.next_at, zone)}"
    return ok("accounts", f"{name}: {state.state}, {last}{following}")


def _sealed_wrong(core: Core, scope: Scope, state: AccountState) -> Misconfigured | None:
    """Why the account's credential can't be opened with this installation's key, if it can't."""
    with core.read(scope) as connection:
        account = stored_accounts.get_account(connection, scope, state.id)
        sealed = stored_accounts.sealed_credential(connection, scope, state.id)
    if account is None or sealed.credential is None:
        return Misconfigured("It holds no credential.", hint=f"afterpost connect {state.platform}")
    try:
        core.sealer.open(sealed.credential, (account.organization_id, account.platform, account.external_id))
    except Misconfigured as error:
        return error
    return None


def last_runs(core: Core, scope: Scope) -> list[Finding]:
    """The last run of each kind, and runs that are still open."""
    with core.read(scope) as connection:
        newest = {kind: runs.last_runs(connection, scope, kind, SHOWN) for kind in KINDS}
    zone = organization_of(core, scope).time_zone
    found = []
    for kind, listed in newest.items():
        for run in listed:
            if run.state == "running":
                found.append(_open(core, run, zone))
        ended = next((run for run in listed if run.state != "running"), None)
        if ended is not None:
            found.append(_ended(ended, kind, zone))
    return found or [ok("runs", "none yet")]


def _open(core: Core, run: Run, zone: str) -> Finding:
    since = f"run {run.id} ({run.kind}) has been open since {shown(run.started_at, zone)}"
    if core.now() - run.started_at > ABANDONED:
        return warning(
            "runs", f"{since}: its process is gone.",
            "Nothing is lost; the next start closes it as failed, and asking again changes nothing.",
        )  # fmt: skip
    return ok("runs", since)


def _ended(run: Run, kind: str, zone: str) -> Finding:
    posts = "post" if run.posts == 1 else "posts"
    counts = (
        f"{run.posts:,} {posts}: {run.stored:,} stored, {run.unchanged:,} unchanged, "
        f"{run.skipped:,} skipped, {run.failed:,} failed"
    )
    if run.failed_lines:
        counts += f"; {run.failed_lines:,} {'line' if run.failed_lines == 1 else 'lines'} failed"
    what = run.message if kind == "sync" and run.message else counts
    text = f"last {kind}: run {run.id}, {shown(run.started_at, zone)}, {what}"
    if run.state == "failed" or run.failed or run.failed_lines:
        why = f": {run.message}" if run.message and run.message != what else ""
        step = "afterpost refresh, which lists each post that fails" if kind == "collect" else None
        if run.failed_lines:
            step = f"afterpost runs {run.id}, which lists each line that failed"
        return warning("runs", f"{text}{why}", step)
    return ok("runs", text)


def learning(core: Core, scope: Scope) -> list[Finding]:
    """Whether complete days are in the learning rows."""
    status = sync_status(core, scope)
    if status.pending:
        return [
            warning(
                "sync",
                f"{status.pending:,} changes of complete days are not in the {status.rows:,} learning rows "
                "yet.",
                "afterpost sync (afterpost serve does it by itself)",
            )
        ]
    return [ok("sync", f"{status.rows:,} learning rows, nothing pending")]


def rollups(core: Core, scope: Scope) -> list[Finding]:
    """Whether the sums that answers are made of are those of the snapshots."""
    with core.read(scope) as connection:
        snapshots = count_snapshots(connection, scope)
        found = drift.rollup_drift(connection, scope)
    if not found:
        return [ok("rollups", f"equal to the facts, {snapshots:,} snapshots summed again")]
    first = found[0]
    return [
        broken(
            "rollups",
            f"The sums of {len(found)} groups differ from their snapshots, first of {first.dimensions[3]} "
            f"{first.dimensions[4]}: {', '.join(first.counters[:4])}.",
            "Keep a copy of the database and report this; no command should be able to bring it about.",
        )
    ]


def archive(core: Core, scope: Scope) -> list[Finding]:
    """What is kept of what readings were made of, and what was dropped and why."""
    if not core.settings.archive:
        return [
            ok(
                "archive", "off: numbers are traced to their run, not to what was read",
                "AFTERPOST_ARCHIVE=on keeps it from now on.",
            )
        ]  # fmt: skip
    with core.read(scope) as connection:
        taken = archive_space.rooms(connection, scope)
    kept, size = sum(room.payloads for room in taken), sum(room.stored for room in taken)
    gone = sum(n for room in taken for n in room.dropped.values())
    by_reason = ", ".join(
        f"{sum(room.dropped.get(why, 0) for room in taken):,} by {why}"
        for why in sorted({why for room in taken for why in room.dropped})
    )
    text = f"{kept:,} raw payloads in {size / 1_000_000:,.1f} MB"
    return [ok("archive", f"{text}; {gone:,} dropped ({by_reason})" if gone else text)]


CHECKS: Mapping[str, Callable[[Core, Scope], list[Finding]]] = {
    "clock": clock,
    "accounts": accounts,
    "runs": last_runs,
    "sync": learning,
    "rollups": rollups,
    "quality": quality,
    "archive": archive,
}
"""The checks that need the real database, by area, in the order they are shown."""
