"""Billing and operator reports: run one over a window, and hold its plugin to what it declared."""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct

from afterpost.domain.errors import AfterpostError, NotFound, PluginError
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import Window
from afterpost.sdk.report import BillingReport, Cell
from afterpost.services.closed import contained
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.organization import organization_of
from afterpost.services.question import window_of
from afterpost.services.reads import CoreReads

DEADLINE = 300.0
"""Seconds a report may take."""


class ReportRun(Struct, frozen=True):
    """A report's answer: the window used and the rows, each with the declared columns."""

    id: str
    window: Window
    rows: tuple[Mapping[str, Cell], ...]


def report_named(core: Core, report_id: str) -> BillingReport:
    """The report of that id, or NotFound that lists the ids there are."""
    found = core.reports.get(report_id)
    if found is None:
        raise NotFound(
            f"There is no report {report_id!r}.",
            hint="Reports: " + (", ".join(sorted(core.reports)) or "none, no plugin brings one") + ".",
        )
    return found


async def run_report(
    core: Core,
    scope: Scope,
    actor: Actor,
    report_id: str,
    *,
    start: date | None = None,
    end: date | None = None,
) -> ReportRun:
    """Run a report over complete days; default: the 7 days that end yesterday.

    Guards are asked before. Raises PluginError when the report fails, gives no answer in time or answers with
    other columns than it declared.
    """
    report = report_named(core, report_id)
    organization = await core.database.reading(organization_of, core, scope)
    window = window_of(core, organization, start, end)
    async with guarded(
        core, scope, actor, "report", report_id, organization_id=organization.id, amount=None
    ) as done:
        rows = await _rows(core, scope, report, window)
        done.amount = len(rows)
    return ReportRun(report_id, window, rows)


async def _rows(
    core: Core, scope: Scope, report: BillingReport, window: Window
) -> tuple[Mapping[str, Cell], ...]:
    reads = CoreReads(core.transactions)
    try:
        rows = await contained(lambda: report.run(reads, scope, window), DEADLINE)
        return _in_order(report, rows)
    except AfterpostError:
        raise
    except TimeoutError as error:
        raise PluginError(f"The report {report.id} gave no answer within {DEADLINE:.0f} s.") from error
    except Exception as error:
        core.log.exception("report %s failed", report.id)
        raise PluginError(f"The report {report.id} failed: {type(error).__name__}: {error}") from error


def _in_order(report: BillingReport, rows: Sequence[Mapping[str, Cell]]) -> tuple[Mapping[str, Cell], ...]:
    """The rows with the declared columns in their order; PluginError for others."""
    names = [column.name for column in report.columns]
    for row in rows:
        if set(row) != set(names):
            raise PluginError(f"The report {report.id} answered with other columns than it declares.")
    return tuple({name: row[name] for name in names} for row in rows)
