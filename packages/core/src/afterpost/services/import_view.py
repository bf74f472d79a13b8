"""An imported file as its importer is told of it, at every door."""

from datetime import datetime

from msgspec import Struct

from afterpost.sdk.formats import FileFormat, LineError
from afterpost.services.import_run import FileFacts
from afterpost.services.import_tally import Imported


class ImportAnswer(Struct, frozen=True, kw_only=True):
    """The import of one file, by lines. `part`: the file of an archive, or the sheet of a workbook, that was
    read; `note`: what the numbers of such a file mean; `observed_at`: when lines that don't say it were read;
    `new`: posts that were not known before; `errors`: the first 1,000 lines that failed; `notes`: what is to
    be said of the file as a whole."""

    file: str
    part: str
    sha256: str | None
    format: str
    note: str
    observed_at: datetime
    dry_run: bool
    run_id: int | None
    lines: int
    new: int
    stored: int
    unchanged: int
    skipped: int
    failed: int
    errors: tuple[LineError, ...]
    notes: tuple[str, ...]


def import_answer(
    facts: FileFacts, kind: FileFormat, found: Imported, *, file: str, dry_run: bool
) -> ImportAnswer:
    """What is said of an import; `file`: the file as its importer named it."""
    return ImportAnswer(
        file=file,
        part=facts.part,
        sha256=facts.sha256,
        format=kind.name,
        note=kind.note,
        observed_at=facts.observed_at,
        dry_run=dry_run,
        run_id=found.run_id,
        lines=found.lines,
        new=found.new,
        stored=found.stored,
        unchanged=found.unchanged,
        skipped=found.skipped,
        failed=found.failed,
        errors=found.errors,
        notes=found.notes,
    )
