"""`afterpost report`: billing and operator reports of plugins."""

from collections.abc import Mapping
from datetime import date

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import json_option, window_options
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import Session, opened, run_in_session
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, number, span
from afterpost.sdk.report import BillingReport, Cell, Column
from afterpost.services.reports import ReportRun, report_named, run_report


class ReportInfo(Struct, frozen=True):
    """A report that can be run."""

    id: str
    title: str
    columns: tuple[Column, ...]


class ReportAnswer(Struct, frozen=True):
    """A report over a window: whole days, both inclusive, in that zone."""

    id: str
    title: str
    start_date: date
    end_date: date
    time_zone: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]


@click.command()
@click.argument("report_id", metavar="[ID]", required=False)
@window_options
@json_option
@click.pass_obj
def report(
    wiring: Wiring, report_id: str | None, start: date | None, end: date | None, as_json: bool
) -> None:
    """List the reports that plugins bring, or run the one called ID."""
    if report_id is None:
        if start is not None or end is not None:
            raise click.UsageError("--start and --end belong to a report: name one.")
        with opened(wiring, "read") as session:
            _list(session, as_json)
        return

    async def work(session: Session) -> tuple[BillingReport, ReportRun]:
        done = await run_report(session.core, session.scope, session.actor, report_id, start=start, end=end)
        return report_named(session.core, report_id), done

    kind, done = run_in_session(wiring, "read", work)
    if as_json:
        window = done.window
        print_json(
            ReportAnswer(
                done.id, kind.title, window.start, window.end, window.zone, tuple(kind.columns), done.rows
            )
        )
        return
    _print(kind, done)


def _list(session: Session, as_json: bool) -> None:
    found = [
        ReportInfo(key, each.title, tuple(each.columns)) for key, each in sorted(session.core.reports.items())
    ]
    if as_json:
        print_json(found)
        return
    print_table(
        ("report", "title", "columns"),
        [(each.id, each.title, ", ".join(column.name for column in each.columns)) for each in found],
    )


def _print(kind: BillingReport, done: ReportRun) -> None:
    say(f"{kind.title} · {span(done.window.start, done.window.end)} · {done.window.zone}", "bold")
    names = [column.name for column in kind.columns]
    counts = [
        name for name in names if done.rows and all(isinstance(row[name], int | float) for row in done.rows)
    ]
    print_table(names, [[_cell(row[name]) for name in names] for row in done.rows], numbers=counts)
    if not done.rows:
        say("Nothing in this window.")
    for column in kind.columns:
        say(f"  {column.name}: {column.meaning}", "dim")


def _cell(value: Cell) -> str:
    if value is None:
        return UNKNOWN
    return number(value) if isinstance(value, int) else str(value)
