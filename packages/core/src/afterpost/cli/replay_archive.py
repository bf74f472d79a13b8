"""`afterpost replay-archive`: every number once more, from the raw answers, held against the database."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from afterpost.builtin.imports.export_file import open_export
from afterpost.cli.errors import FAILED
from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, print_table, progress_bar, say
from afterpost.cli.session import Session, opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, plural
from afterpost.domain.scope import Scope
from afterpost.sdk.access import Action
from afterpost.sdk.formats import FileContext, FileItem
from afterpost.services import notify
from afterpost.services.archive_compare import DERIVED, Difference
from afterpost.services.archive_corrections import Corrections, Known
from afterpost.services.import_run import file_formats
from afterpost.services.ingest import Entry
from afterpost.services.record import Source
from afterpost.services.replay_archive import Rederived, Then, replay_archive

LISTED = 20
"""Gaps, troubles, differing rows and corrections listed; `--json` lists more."""
UNCORRECTED = ("daily_metrics", "account_metrics")
WHY_NOT = "series by day and numbers of accounts are not told anew"


class _Readers:
    """What came to us, read by the doors it came through."""

    def __init__(self, session: Session) -> None:
        self._formats = file_formats(session.core)

    @contextmanager
    def file(self, body: bytes, context: FileContext, format_name: str) -> Iterator[Iterable[FileItem]]:
        """The records of a file."""
        with open_export(io.BytesIO(body), self._formats, context, format_name=format_name) as export:
            yield export.items

    def sent(self, body: bytes, now: datetime) -> tuple[Sequence[Entry], Source]:
        """The entries of an ingest call."""
        from afterpost.http.ingest import SOURCE, IngestBody, entries_of  # heavy, and seldom needed

        return entries_of(msgspec.json.decode(body, type=IngestBody), now), SOURCE

    def typed(self, body: bytes) -> tuple[Sequence[Entry], Source]:
        """The entries of numbers that were typed by hand."""
        from afterpost.http.imports import SOURCE, ManualBody, typed_entries  # heavy, and seldom needed

        return typed_entries(msgspec.json.decode(body, type=ManualBody)), SOURCE


@click.command("replay-archive")
@click.option(
    "--into",
    metavar="DATABASE",
    help="An empty database to derive into, a file or a URL, and to keep. Default: one that is thrown away.",
)
@click.option(
    "--apply",
    is_flag=True,
    help="Say which readings today's code reads otherwise and would tell anew; --yes does it.",
)
@click.option("--yes", is_flag=True, help="With --apply: tell the corrected readings anew.")
@json_option
@click.pass_context
def replay_archive_command(
    ctx: click.Context, into: str | None, apply: bool, yes: bool, as_json: bool
) -> None:
    """Derive every number anew from the archived raw answers, and compare or correct.

    Each answer goes through the installed plugins' own code, files and ingested bodies through theirs, into a
    fresh database; the learning rows of both are brought up to date. Exit code 1 when a number differs. With
    --apply readings are told anew at their instants; what was told before stands beside them.
    """
    wiring: Wiring = ctx.obj
    if yes and not apply:
        raise click.UsageError("--yes confirms --apply.")
    then: Then = "compare" if not apply else "tell" if yes else "plan"
    action: Action = "manage" if yes else "export"
    with opened(wiring, action) as session, _target(into) as url, progress_bar(counted=True) as bar:
        task: Any = bar.add_task("deriving", total=None, visible=not as_json)
        found = session.wait(
            replay_archive(
                *(session.core, session.scope, session.actor, url, _Readers(session), then),
                begin=lambda fetches: bar.update(task, total=fetches + len(DERIVED)),
                progress=lambda what: bar.update(task, advance=1, description=what),
            )
        )
        if yes:
            session.wait(notify.deliver(session.core, Scope.default()))
    if into is None:
        found = msgspec.structs.replace(found, target=None)
    if as_json:
        print_json(found)
    elif found.corrections is None:
        _print(found)
    else:
        _print_corrections(found, found.corrections)
    if found.corrections is None and not found.same:
        ctx.exit(FAILED)


@contextmanager
def _target(into: str | None) -> Iterator[str]:
    """The URL of the database to derive into."""
    folder = tempfile.TemporaryDirectory(prefix="afterpost-replay-") if into is None else nullcontext(None)
    with folder as name:
        if into is None:
            into = str(Path(str(name)) / "derived.db")
        yield into if "://" in into else f"sqlite:///{Path(into).absolute()}"


def _print(found: Rederived) -> None:
    _print_pass(found)
    print_table(
        ("table", "rows", "differ"),
        [(name, f"{rows:,}", f"{found.differing.get(name, 0):,}") for name, rows in found.rows.items()],
        numbers=("rows", "differ"),
    )
    for difference in found.differences[:LISTED]:
        say(f"✖ {_row(difference)}")
    differing = sum(found.differing.values())
    if differing > LISTED:
        say(f"… and {differing - LISTED:,} more rows.")
    say("✔ Every number came out the same." if found.same else "✖ The archive does not give these numbers.")


def _print_corrections(found: Rederived, corrections: Corrections) -> None:
    _print_pass(found)
    for table in UNCORRECTED:
        if differing := found.differing.get(table):
            say(f"✖ {plural(differing, 'row')} of {table} differ; {WHY_NOT}.")
    if corrections.staying:
        say(
            f"{plural(corrections.staying, 'stored value')} stand that today's code does not read: nothing "
            "takes back what was said."
        )
    if corrections.not_stored:
        say(
            f"{plural(corrections.not_stored, 'reading')} that today's code finds were never stored; "
            "importing the file again stores them."
        )
    if not corrections.readings:
        say("✔ Nothing is read otherwise: nothing to correct.")
        return
    print_table(
        ("platform", "metric", "values"),
        [(each.platform, each.metric, f"{each.values:,}") for each in corrections.by_metric],
        title="Read otherwise",
        numbers=("values",),
    )
    for each in corrections.examples[:LISTED]:
        say(
            f"post {each.post_id} ({each.platform} {each.external_id}) at {each.observed_at.isoformat()}, "
            f"run {each.run_id}: {each.metric} is {_known(each.stored)}, derived {_known(each.derived)}"
        )
    more = sum(each.values for each in corrections.by_metric) - LISTED
    if more > 0:
        say(f"… and {more:,} more values.")
    readings = f"{plural(corrections.readings, 'reading')} of {plural(corrections.posts, 'post')}"
    if corrections.told is None:
        say(
            f"{readings} would be told anew. Nothing was changed. Do it with --apply --yes; copy the "
            "database first, as before every large change."
        )
        return
    by = ", ".join(str(run_id) for run_id in corrections.run_ids[:3])
    by += f" and {len(corrections.run_ids) - 3:,} more" if len(corrections.run_ids) > 3 else ""
    say(f"✔ {corrections.told:,} of {readings} told anew, by run {by}.")
    if corrections.passed_over:
        say(f"{plural(corrections.passed_over, 'reading')} left alone: something else was told meanwhile.")


def _known(value: Known) -> str:
    return UNKNOWN if value is None else str(value)


def _print_pass(found: Rederived) -> None:
    """What went through the code, and what could not."""
    say(f"{found.derived:,} of {plural(found.fetches, 'fetch', 'fetches')} derived anew.")
    if found.taken_over:
        say(
            f"{plural(found.taken_over, 'reading')} of {plural(found.posts_taken_over, 'post')} taken over "
            f"as stored, for what they were read from is not there: {_some(found.taken_over_of)}"
        )
    if found.account_values_taken_over:
        values = plural(found.account_values_taken_over, "value")
        say(f"{values} of accounts' own numbers taken over as stored, for the same reason.")
    if found.gaps:
        print_table(
            ("fetch", "run", "platform", "operation", "gone by", "posts"),
            [
                (
                    *(str(gap.fetch_id), str(gap.run_id), gap.platform or "–", gap.operation, gap.reason),
                    _some(gap.posts),
                )
                for gap in found.gaps[:LISTED]
            ],
            title=f"Gaps in the archive: {len(found.gaps):,}",
            numbers=("fetch", "run"),
        )
    for trouble in found.troubles[:LISTED]:
        say(f"✖ Fetch {trouble.fetch_id} ({trouble.platform} {trouble.operation}): {trouble.message}")
    if len(found.troubles) > LISTED:
        say(f"… and {len(found.troubles) - LISTED:,} more fetches.")


def _row(difference: Difference) -> str:
    key = " ".join(str(value) for value in difference.key.values())
    if difference.derived is None:
        return f"{difference.table} {key}: not derived"
    if difference.original is None:
        return f"{difference.table} {key}: derived, and not in the database"
    ours, theirs = difference.original, difference.derived
    changed = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    return f"{difference.table} {key}: " + "; ".join(
        f"{name} is {ours.get(name)}, derived {theirs.get(name)}" for name in changed[:4]
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
