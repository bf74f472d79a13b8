"""Billing and operator reports: run one over a window, and hold its plugin to what it declared."""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct

from afterpost.domain.errors import AfterpostError, NotFound, PluginError
from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window
from afterpost.sdk.report import BillingReport, Cell
from afterpost.services.core import Core
from afterpost.services.reads import CoreReads
from afterpost.services.windows import window_of


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
    core: Core, scope: Scope, report_id: str, *, start: date | None = None, end: date | None = None
) -> ReportRun:
    """Run a report over complete days; default: the 7 days that end yesterday.

    Raises PluginError when the report fails or answers with other columns than it declared.
    """
    report = report_named(core, report_id)
    with core.database.read() as connection:
        window = window_of(core, core.organization(connection, scope), start, end)
    try:
        rows = await report.run(CoreReads(core.database), scope, window)
    except AfterpostError:
        raise
    except Exception as error:
        core.log.exception("report %s failed", report_id)
        raise PluginError(f"The report {report_id} failed: {type(error).__name__}: {error}") from error
    declared = {column.name for column in report.columns}
    for row in rows:
        if set(row) != declared:
            raise PluginError(f"The report {report_id} answered with other columns than it declares.")
    return ReportRun(report_id, window, _in_order(rows, [column.name for column in report.columns]))


def _in_order(rows: Sequence[Mapping[str, Cell]], names: Sequence[str]) -> tuple[Mapping[str, Cell], ...]:
    return tuple({name: row[name] for name in names} for row in rows)
