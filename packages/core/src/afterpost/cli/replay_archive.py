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
from afterpost.cli.words import plural
from afterpost.sdk.formats import FileContext, FileItem
from afterpost.services.archive_compare import DERIVED, Difference
from afterpost.services.import_run import file_formats
from afterpost.services.ingest import Entry
from afterpost.services.record import Source
from afterpost.services.replay_archive import Rederived, replay_archive

LISTED = 20
"""Gaps, troubles and differing rows listed; `--json` lists more."""


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
@json_option
@click.pass_context
def replay_archive_command(ctx: click.Context, into: str | None, as_json: bool) -> None:
    """Derive every number anew from the archived raw answers, and compare.

    Each answer goes through the installed plugins' own code, files and ingested bodies through theirs, into a
    fresh database; the learning rows of both are brought up to date. Exit code 1 when a number differs.
    """
    wiring: Wiring = ctx.obj
    with opened(wiring, "export") as session, _target(into) as url, progress_bar(counted=True) as bar:
        task: Any = bar.add_task("deriving", total=None, visible=not as_json)
        found = session.wait(
            replay_archive(
                *(session.core, session.scope, session.actor, url, _Readers(session)),
                begin=lambda fetches: bar.update(task, total=fetches + len(DERIVED)),
                progress=lambda what: bar.update(task, advance=1, description=what),
            )
        )
    if into is None:
        found = msgspec.structs.replace(found, target=None)
    if as_json:
        print_json(found)
    else:
        _print(found)
    if not found.same:
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
