"""An imported file as its importer is told of it, at every door."""

from datetime import datetime

from msgspec import Struct

from afterpost.sdk.formats import FileFormat, LineError
from afterpost.services.import_run import FileFacts
from afterpost.services.import_tally import Imported, LineNote, NamedPost


class ImportAnswer(Struct, frozen=True, kw_only=True):
    """The import of one file, by lines. `part`: the file of an archive, or the sheet of a workbook, that was
    read; `note`: what the numbers of such a file mean; `observed_at`: when lines that don't say it were read;
    `new`: posts that were not known before; `errors`: the first 1,000 lines that failed; `notes`: what is to
    be said of the file as a whole; `line_notes`: the first 1,000 of the `noted` lines that are stored and of
    which a text was clipped, or something that only describes the post left unknown.

    `counts_from`: when the last day is over that its numbers are of, for a day counts in no window before;
    `undated`: new posts first read more than 48 h after publication, whose numbers so far belong to no single
    day; `publication_unknown`: new posts of which nobody says when they were published. `brandless`: posts of
    the file without a brand, the first 100 of them in `brandless_posts`; `kept_brand`: posts that were known
    and have none, which a brand for new posts is not given to."""

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
    noted: int
    line_notes: tuple[LineNote, ...]
    counts_from: datetime | None
    undated: int
    publication_unknown: int
    brandless: int
    brandless_posts: tuple[NamedPost, ...]
    kept_brand: int


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
        noted=found.noted,
        line_notes=found.line_notes,
        counts_from=found.counts_from,
        undated=found.undated,
        publication_unknown=found.publication_unknown,
        brandless=found.brandless,
        brandless_posts=found.brandless_posts,
        kept_brand=found.kept_brand,
    )
