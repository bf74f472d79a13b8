"""What an import comes to, counted line by line."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from afterpost.sdk.formats import LineError, LineSkipped
from afterpost.services.ingest import Ended
from afterpost.storage.imports import ImportLine

KEPT_ERRORS = 1_000
"""Line errors kept in full; of further ones the class is kept and no sentence, so that a broken file fills
no memory."""
GIVEN_UP = "all_or_nothing"
"""Why a good line is skipped when another one failed."""


class Imported(Struct, frozen=True):
    """What an import came to, by lines of the file.

    `stored` and `unchanged` add up to the lines that are in the database now: a line counts as stored when
    its batch changed a number of its post. `new`: posts that were not known before. `skipped`: lines left
    out on purpose. `failed`: lines that could not be read or stored; `errors` holds the first `KEPT_ERRORS`
    of them by line. `notes` concern the file as a whole. `run_id` is None for a rehearsal, which writes
    nothing.
    """

    run_id: int | None
    new: int
    stored: int
    unchanged: int
    skipped: int
    failed: int
    errors: tuple[LineError, ...]
    notes: tuple[str, ...]

    @property
    def lines(self) -> int:
        """The lines that held something, readable or not."""
        return self.stored + self.unchanged + self.skipped + self.failed


class Tally:
    """Counts while the file is read, and holds how lines ended until that is written down."""

    def __init__(self) -> None:
        self.counts = {"stored": 0, "unchanged": 0, "skipped": 0, "failed": 0}
        self.made: set[tuple[str, str]] = set()
        self.errors: list[LineError] = []
        self.notes: list[str] = []
        self.waiting: list[ImportLine] = []
        self.read = 0
        """Records of the file whose end is known: stored, unchanged or refused."""

    @property
    def failed(self) -> int:
        """Lines that failed."""
        return self.counts["failed"]

    @property
    def done(self) -> int:
        """Lines that are in the database now."""
        return self.counts["stored"] + self.counts["unchanged"]

    def fail(self, error: LineError) -> None:
        """A line that failed; what is said of the first line is said of the file, and no record is lost."""
        if error.line <= 1:
            self.notes.append(error.message)
            return
        kept = len(self.errors) < KEPT_ERRORS
        if kept:
            self.errors.append(error)
        self._count(ImportLine(error.line, "failed", error.reason, error.message if kept else None))

    def refuse(self, error: LineError) -> None:
        """A record that could be read, and not be stored."""
        self.fail(error)
        self.read += 1

    def skip(self, skipped: LineSkipped) -> None:
        """A line that is left out on purpose."""
        self._count(ImportLine(skipped.line, "skipped", skipped.reason, skipped.message))

    def end(self, lines: Sequence[int], ended: Sequence[Ended], known: set[tuple[str, str]]) -> None:
        """Lines whose readings are in the database; `known`: posts that were there before."""
        self.read += len(lines)
        for line, end in zip(lines, ended, strict=True):
            self._count(ImportLine(line, end.outcome, post_id=end.post_id))
            if (post := (end.platform, end.external_id)) not in known:
                self.made.add(post)

    def give_up(self) -> None:
        """Take every line that was to be stored for skipped, because another one failed."""
        waiting, self.waiting = self.waiting, []
        self.counts = dict.fromkeys(self.counts, 0)
        self.made.clear()
        for line in waiting:
            good = line.outcome in ("stored", "unchanged")
            self._count(ImportLine(line.line, "skipped", GIVEN_UP) if good else line)

    def again(self) -> None:
        """Forget the lines of a rehearsal that are to be stored now."""
        self.waiting = [line for line in self.waiting if line.outcome in ("skipped", "failed")]
        self.counts |= {"stored": 0, "unchanged": 0}
        self.made.clear()
        self.read = 0

    def result(self, run_id: int | None) -> Imported:
        """What it came to."""
        errors = sorted(self.errors, key=lambda error: error.line)
        return msgspec.convert(
            {
                "run_id": run_id,
                "new": len(self.made),
                **self.counts,
                "errors": tuple(errors),
                "notes": tuple(self.notes),
            },
            Imported,
        )

    def _count(self, line: ImportLine) -> None:
        self.counts[line.outcome] += 1
        self.waiting.append(line)
