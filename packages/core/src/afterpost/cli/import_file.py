"""`afterpost import`: a file of numbers becomes readings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click
from msgspec import Struct

from afterpost.builtin.imports.export_file import open_export
from afterpost.cli.errors import FAILED
from afterpost.cli.options import Instant, json_option
from afterpost.cli.output import note, print_json, print_table, progress_bar, say
from afterpost.cli.session import Session, opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural
from afterpost.domain.errors import InvalidInput, PluginError
from afterpost.domain.scope import Scope
from afterpost.sdk.formats import FileContext, FileFormat, LineError
from afterpost.services import notify
from afterpost.services.archive import file_kept
from afterpost.services.imports import Imported, import_records

LISTED = 20
"""Line errors listed in the table; `--json` lists more."""
BIG = 1_000_000
"""Bytes from which on a file gets a progress bar."""


class Answer(Struct, frozen=True):
    """The import of one file, by lines. `observed_at`: when lines that don't say it were read."""

    file: str
    format: str
    note: str
    observed_at: datetime
    dry_run: bool
    run_id: int | None
    lines: int
    new: int
    stored: int
    unchanged: int
    failed: int
    errors: tuple[LineError, ...]
    notes: tuple[str, ...]


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
    dry_run: bool,
    as_json: bool,
) -> None:
    """Store the numbers of FILE, a generic CSV or an export of a network (docs/import.md).

    A line that can't be read is listed and the others are stored. The same file again changes nothing. Exit
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
        context = FileContext(observed_at=moment, platform=platform)
        answer = _import(session, file, context, brand, format_name, dry_run, quiet=as_json)
        session.wait(notify.deliver(session.core, Scope.default()))
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    if answer.failed:
        ctx.exit(FAILED)


def formats_of(session: Session) -> list[FileFormat]:
    """Every file format of every provider; PluginError names a provider that fails to tell."""
    found: list[FileFormat] = []
    for platform, provider in sorted(session.core.providers.items()):
        try:
            found.extend(provider.file_formats)
        except Exception as error:
            raise PluginError(
                f"The provider {platform} failed to tell its file formats: {type(error).__name__}: {error}",
                hint="Block its plugin with AFTERPOST_BLOCK.",
            ) from error
    return found


def _import(
    session: Session,
    file: Path,
    context: FileContext,
    brand: str | None,
    format_name: str | None,
    dry_run: bool,
    *,
    quiet: bool,
) -> Answer:
    size = file.stat().st_size
    with (
        file.open("rb") as source,
        open_export(source, formats_of(session), context, format_name=format_name) as export,
        progress_bar(counted=False) as bar,
    ):
        fetch = None
        if session.core.settings.archive and not dry_run:
            fetch = file_kept(file, context, export.format.name, session.core.settings, session.core.now())
        shown: Any = bar.add_task(file.name, total=size, visible=size >= BIG and not quiet)
        found = session.wait(
            import_records(
                session.core,
                session.scope,
                session.actor,
                export.items,
                name=f"{file.name} ({export.format.name})",
                brand=brand,
                dry_run=dry_run,
                progress=lambda: bar.update(shown, completed=source.tell() if source.seekable() else None),
                fetch=fetch,
            )
        )
    return _answer(file, context, export.format, found, dry_run)


def _answer(file: Path, context: FileContext, kind: FileFormat, found: Imported, dry_run: bool) -> Answer:
    return Answer(
        file=str(file),
        format=kind.name,
        note=kind.note,
        observed_at=context.observed_at,
        dry_run=dry_run,
        run_id=found.run_id,
        lines=found.lines,
        new=found.new,
        stored=found.stored,
        unchanged=found.unchanged,
        failed=found.failed,
        errors=found.errors,
        notes=found.notes,
    )


def _print(answer: Answer) -> None:
    say(f"{answer.file}: {answer.format}. {answer.note}".rstrip())
    for remark in answer.notes:
        note(f"Note: {remark}")
    mark = "✖" if answer.failed else "✔"
    rehearsed = ", rehearsed" if answer.dry_run else ""
    say(
        f"{mark} {plural(answer.lines, 'line')}{rehearsed}: {answer.stored:,} stored, "
        f"{answer.unchanged:,} unchanged, {answer.failed:,} failed; {plural(answer.new, 'new post')}."
    )
    if answer.dry_run:
        say("Nothing was written.")
    if not answer.errors:
        return
    print_table(
        ("line", "what is wrong"),
        [(f"{error.line:,}", error.message) for error in answer.errors[:LISTED]],
        numbers=("line",),
    )
    if answer.failed > LISTED:
        say(f"… and {answer.failed - LISTED:,} more lines.")
