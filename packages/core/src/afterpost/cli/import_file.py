"""`afterpost import`: a file of numbers becomes readings."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import rich_click as click

from afterpost.builtin.imports.export_file import fingerprint, open_export
from afterpost.cli.errors import FAILED
from afterpost.cli.options import Instant, Zone, json_option
from afterpost.cli.output import note, print_json, print_table, progress_bar, say
from afterpost.cli.session import Session, opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural
from afterpost.domain.errors import InvalidInput
from afterpost.domain.scope import Scope
from afterpost.sdk.formats import FileContext, FileItem
from afterpost.services import notify
from afterpost.services.archive import file_kept
from afterpost.services.import_run import FileFacts, file_formats
from afterpost.services.import_view import ImportAnswer, import_answer
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import BATCH

LISTED = 20
"""Line errors listed in the table; `--json` lists more."""
SOME = 5
"""Posts without a brand that are named; `--json` names more."""
BIG = 1_000_000
"""Bytes from which on a file gets a progress bar."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--platform", metavar="NAME", help="The platform of every line, where the file does not say it."
)
@click.option("--brand", metavar="NAME", help="The brand of new posts; made when there is none.")
@click.option(
    "--observed-at",
    type=Instant(),
    help="When the numbers were read, with offset. Default: when the file was last changed.",
)
@click.option("--format", "format_name", metavar="NAME", help="The file's format, where it fits several.")
@click.option(
    "--time-zone",
    type=Zone(),
    help="The zone of the account, such as Europe/Berlin, where the file writes local times.",
)
@click.option(
    "--all-or-nothing", is_flag=True, help="Store nothing when a line fails, instead of the other lines."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@json_option
@click.pass_context
def import_file(
    ctx: click.Context,
    file: Path,
    platform: str | None,
    brand: str | None,
    observed_at: datetime | None,
    format_name: str | None,
    time_zone: ZoneInfo | None,
    all_or_nothing: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Store the numbers of FILE, a generic CSV or an export of a network (docs/import.md).

    FILE may be a CSV, an Excel workbook, or a ZIP archive of such CSVs. A line that can't be read is listed
    and the others are stored, unless it is to be all or nothing. The same file again changes nothing. Exit
    code 1 when any line failed.
    """
    moment = observed_at or datetime.fromtimestamp(file.stat().st_mtime, UTC)
    wiring: Wiring = ctx.obj
    with opened(wiring, "import") as session:
        if moment > session.core.now():
            raise InvalidInput(
                f"The numbers can't have been read at {moment.isoformat()}: that is in the future.",
                hint="Check the clock and the file's date, or give --observed-at.",
            )
        context = FileContext(observed_at=moment, platform=platform, time_zone=time_zone)
        order = Order(brand=brand, all_or_nothing=all_or_nothing, dry_run=dry_run)
        answer = _import(session, file, context, format_name, order, quiet=as_json)
        now = session.core.now()
        session.wait(notify.deliver(session.core, Scope.default()))
    if as_json:
        print_json(answer)
    else:
        _print(answer, now)
    if answer.failed:
        ctx.exit(FAILED)


def _import(
    session: Session,
    file: Path,
    context: FileContext,
    format_name: str | None,
    order: Order,
    *,
    quiet: bool,
) -> ImportAnswer:
    size = file.stat().st_size
    formats = file_formats(session.core)
    with file.open("rb") as source:
        sha256, length = fingerprint(source)
        with (
            open_export(source, formats, context, format_name=format_name) as export,
            progress_bar(counted=False) as bar,
        ):
            fetch = None
            if session.core.settings.archive and not order.dry_run:
                fetch = file_kept(
                    file, context, export.format.name, session.core.settings, session.core.now()
                )
            # A file is read to its end before its first line is stored: half of the bar each.
            shown: Any = bar.add_task(file.name, total=2 * size, visible=size >= BIG and not quiet)
            items = _Watched(
                export.items,
                lambda: bar.update(shown, completed=source.tell() if source.seekable() else None),
            )
            facts = FileFacts(
                name=file.name,
                part=export.part,
                format=export.format.name,
                observed_at=context.observed_at,
                sha256=sha256,
                bytes=length,
            )
            found = session.wait(
                import_records(
                    session.core,
                    session.scope,
                    session.actor,
                    items,
                    facts,
                    order,
                    progress=lambda: bar.advance(shown, size * BATCH / max(items.read, BATCH)),
                    fetch=fetch,
                )
            )
    return import_answer(facts, export.format, found, file=str(file), dry_run=order.dry_run)


class _Watched:
    """Items of a file that are counted while they are read; `look` is called now and then."""

    def __init__(self, items: Iterator[FileItem], look: Callable[[], None]) -> None:
        self.read = 0
        self._items = items
        self._look = look

    def __iter__(self) -> Iterator[FileItem]:
        for item in self._items:
            self.read += 1
            if self.read % BATCH == 0:
                self._look()
            yield item


def _print(answer: ImportAnswer, now: datetime) -> None:
    inside = f", {answer.part}" if answer.part else ""
    say(f"{answer.file}{inside}: {answer.format}. {answer.note}".rstrip())
    for remark in answer.notes:
        note(f"Note: {remark}")
    mark = "✖" if answer.failed else "✔"
    rehearsed = ", rehearsed" if answer.dry_run else ""
    say(
        f"{mark} {plural(answer.lines, 'line')}{rehearsed}: {answer.stored:,} stored, "
        f"{answer.unchanged:,} unchanged, {answer.skipped:,} skipped, {answer.failed:,} failed; "
        f"{plural(answer.new, 'new post')}."
    )
    if answer.dry_run:
        say("Nothing was written.")
    for remark in _meaning(answer, now):
        note(remark)
    if answer.line_notes:
        print_table(
            ("line", "what was left out of it; its numbers count"),
            [(f"{one.line:,}", one.message) for one in answer.line_notes[:LISTED]],
            numbers=("line",),
        )
        if answer.noted > LISTED:
            say(f"… and {answer.noted - LISTED:,} more lines.")
    if not answer.errors:
        return
    print_table(
        ("line", "what is wrong"),
        [(f"{error.line:,}", error.message) for error in answer.errors[:LISTED]],
        numbers=("line",),
    )
    if answer.failed > LISTED:
        say(f"… and {answer.failed - LISTED:,} more lines.")


def _meaning(answer: ImportAnswer, now: datetime) -> Iterator[str]:
    """What the numbers will come to, as far as somebody may be surprised."""
    if answer.counts_from is not None and answer.counts_from > now:
        yield (
            "Numbers of today are in no window until the day is over: they count from "
            f"{answer.counts_from:%Y-%m-%d %H:%M} UTC on."
        )
    if answer.undated:
        yield (
            f"{plural(answer.undated, 'new post')} first read more than 48 h after publication: what they "
            "had by then is earned by no single day (undated)."
        )
    if answer.publication_unknown:
        yield f"{plural(answer.publication_unknown, 'new post')} of unknown publication: no line tells it."
    if answer.brandless:
        named = ", ".join(f"{post.platform} {post.external_id}" for post in answer.brandless_posts[:SOME])
        more = f" and {answer.brandless - SOME:,} more" if answer.brandless > SOME else ""
        yield f"{plural(answer.brandless, 'post')} without a brand: {named}{more}."
    if answer.kept_brand:
        yield (
            f"--brand is of new posts: {plural(answer.kept_brand, 'post')} that were known without one "
            "were left as they are."
        )
