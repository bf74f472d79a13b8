"""`afterpost runs`: what collections, imports and the like came to, and what failed in one."""

import rich_click as click

from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import Session, opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, moment, number, plural, short
from afterpost.services.organization import organization_of
from afterpost.services.run_view import RunsPage, RunView, Trouble, show_run
from afterpost.services.standing import page_of_runs

LISTED = 20
"""Posts and lines printed of one run; `--json` lists more."""
KINDS = ("collect", "import", "ingest", "sync", "replay")
STATES = ("running", "done", "failed")


@click.command()
@click.argument("run_id", metavar="[ID]", required=False, type=click.IntRange(1, 2**53 - 1))
@click.option("--kind", type=click.Choice(KINDS), help="Only runs of this kind.")
@click.option("--state", type=click.Choice(STATES), help="Only runs in this state.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@click.option("--before", type=click.IntRange(1, 2**53 - 1), metavar="ID", help="Only runs before this one.")
@json_option
@click.pass_obj
def runs(
    wiring: Wiring,
    run_id: int | None,
    kind: str | None,
    state: str | None,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List runs, newest first, or show what failed in the one called ID.

    The counts are of posts, each once; lines that failed are lines of an imported file.
    """
    if run_id is not None and (kind or state or before):
        raise click.UsageError("--kind, --state and --before belong to the list, without an ID.")
    with opened(wiring, "read") as session:
        zone = organization_of(session.core, session.scope).time_zone
        if run_id is not None:
            _show(session, run_id, zone, as_json)
            return
        found, following = page_of_runs(
            session.core, session.scope, limit=limit, kind=kind, state=state, after=before
        )
    if as_json:
        print_json(RunsPage(found, following))
        return
    if not found:
        say("No runs.")
        return
    print_table(
        ("run", "kind", "state", "begun", "posts", "stored", "failed", "lines failed", "what"),
        [
            (
                *(str(run.id), run.kind, run.state, moment(run.started_at, zone), number(run.posts)),
                *(number(run.stored), number(run.failed), number(run.failed_lines)),
                short(run.message or "", 60) or UNKNOWN,
            )
            for run in found
        ],
        numbers=("run", "posts", "stored", "failed", "lines failed"),
    )
    if following is not None:
        say(f"More: --before {following}")


def _show(session: Session, run_id: int, zone: str, as_json: bool) -> None:
    shown = show_run(session.core, session.scope, run_id)
    if as_json:
        print_json(shown)
        return
    print_run(RunView(shown.run, shown.troubles), zone)
    lines = shown.failed_lines
    if not lines:
        return
    print_table(
        ("line", "class", "what is wrong"),
        [(f"{line.line:,}", line.reason or UNKNOWN, line.detail or UNKNOWN) for line in lines[:LISTED]],
        numbers=("line",),
    )
    more = (shown.run.failed_lines or 0) - LISTED
    if more > 0:
        say(f"… and {more:,} more lines: GET /v1/runs/{run_id}/lines?outcome=failed has all.")


def print_run(view: RunView, zone: str) -> None:
    """A run and its posts that failed or were skipped."""
    run = view.run
    mark = "✔" if run.state == "done" and not run.failed and not run.failed_lines else "✖"
    lines = f"; {plural(run.failed_lines, 'line')} failed" if run.failed_lines else ""
    say(
        f"{mark} Run {run.id}: {plural(run.posts, 'post')}: {run.stored:,} stored, "
        f"{run.unchanged:,} unchanged, {run.skipped:,} skipped, {run.failed:,} failed{lines}."
    )
    if run.message:
        say(f"  {run.message}")
    if not view.troubles:
        return
    print_table(
        ("post", "platform", "id there", "title", "ended", "class", "why", "again at"),
        [_row(trouble, zone) for trouble in view.troubles[:LISTED]],
        numbers=("post",),
    )
    if len(view.troubles) > LISTED:
        say(f"… and {len(view.troubles) - LISTED:,} more; --json lists them.")


def _row(trouble: Trouble, zone: str) -> tuple[str, ...]:
    return (
        str(trouble.post_id),
        trouble.platform,
        trouble.external_id,
        short(trouble.title, 40) or UNKNOWN,
        trouble.outcome,
        trouble.reason or UNKNOWN,
        trouble.detail or UNKNOWN,
        moment(trouble.retry_at, zone),
    )
