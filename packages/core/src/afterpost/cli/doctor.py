"""`afterpost doctor`: how this installation stands, and what to do about it."""

import asyncio
from itertools import groupby

import rich_click as click
from msgspec import Struct
from rich.text import Text

from afterpost.cli.errors import FAILED
from afterpost.cli.logs import set_up_logs
from afterpost.cli.options import json_option
from afterpost.cli.output import console, print_json
from afterpost.cli.session import settings_of_environment
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import clean
from afterpost.services.doctor import Diagnosis, examine
from afterpost.services.findings import Finding

MARKS = {"ok": ("✔", "green"), "warning": ("!", "yellow"), "broken": ("✖", "red")}


class Answer(Struct, frozen=True):
    """The findings; `healthy` unless one is broken."""

    healthy: bool
    findings: tuple[Finding, ...]


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Examine this installation and say what to do.

    Settings, database, schema, clock and zone, plugins, accounts, runs, sync, rollups against facts. Nothing
    is changed by looking. Exit code 1 when something is broken (✖); a warning (!) is worth a look.
    """
    wiring: Wiring = ctx.obj
    set_up_logs("ERROR")
    found = asyncio.run(examine(settings_of_environment, wiring.open_core))
    if as_json:
        print_json(Answer(found.healthy, found.findings))
    else:
        _print(found)
    if not found.healthy:
        ctx.exit(FAILED)


def _print(found: Diagnosis) -> None:
    out = console()
    for area, findings in groupby(found.findings, key=lambda finding: finding.area):
        for n, finding in enumerate(findings):
            mark, style = MARKS[finding.mark]
            name = area if n == 0 else ""
            line = Text(f" {mark} ", style) + Text(f"{name:<11}") + Text(clean(finding.sentence))
            out.print(line, soft_wrap=True)
            if finding.next_step:
                out.print(Text(f"   {'':<11}→ {clean(finding.next_step)}", "dim"), soft_wrap=True)
