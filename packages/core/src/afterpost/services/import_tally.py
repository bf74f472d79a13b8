"""What an import comes to, counted line by line."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from afterpost.domain.readings import Reading
from afterpost.domain.windows import day_start, local_day
from afterpost.sdk.formats import FileRecord, LineError, LineSkipped
from afterpost.services.ingest import Ended
from afterpost.storage.imports import ImportLine
from afterpost.storage.posts import Post

KEPT_ERRORS = 1_000
"""Line errors kept in full; of further ones the class is kept and no sentence, so that a broken file fills
no memory."""
NAMED_POSTS = 100
"""Posts without a brand that are named."""
NOTED = "noted"
"""The reason of a line that is in the database and of which something was left out."""
_OPENING = timedelta(hours=48)
GIVEN_UP = "all_or_nothing"
"""Why a good line is skipped when another one failed."""


class LineNote(Struct, frozen=True):
    """What of a line that is in the database was clipped, cleaned or left unknown."""

    line: int
    message: str


class NamedPost(Struct, frozen=True):
    """A post by the platform's own id."""

    platform: str
    external_id: str


class Imported(Struct, frozen=True):
    """What an import came to, by lines of the file.

    `stored` and `unchanged` add up to the lines that are in the database now: a line counts as stored when
    its batch changed a number of its post. `new`: posts that were not known before. `skipped`: lines left
    out on purpose. `failed`: lines that could not be read or stored; `errors` holds the first `KEPT_ERRORS`
    of them by line. `notes` concern the file as a whole, `line_notes` (the first `KEPT_ERRORS`) the `noted`
    lines of which something that only describes the post was left out.

    `undated`: new posts that were first read more than 48 h after publication, so that nobody knows on which
    days they earned what they had; `publication_unknown`: new posts of which no line tells the publication.
    `brandless`: posts of this file without a brand, the first of them in `brandless_posts`; `kept_brand`:
    known posts without one that the import's brand was not given to. `counts_from`: from when on all of its
    numbers are in windows, which hold days that are over; None where no totals came.
    `run_id` is None for a rehearsal, which writes nothing.
    """

    run_id: int | None
    new: int
    stored: int
    unchanged: int
    skipped: int
    failed: int
    errors: tuple[LineError, ...]
    notes: tuple[str, ...]
    noted: int
    line_notes: tuple[LineNote, ...]
    undated: int
    publication_unknown: int
    brandless: int
    brandless_posts: tuple[NamedPost, ...]
    kept_brand: int
    counts_from: datetime | None

    @property
    def lines(self) -> int:
        """The lines that held something, readable or not."""
        return self.stored + self.unchanged + self.skipped + self.failed


class _New:
    """A post that was not known before, by what its lines tell of its age."""

    def __init__(self) -> None:
        self.first: Reading | None = None
        self.published: Reading | None = None

    def add(self, reading: Reading) -> None:
        """One more line of it."""
        if reading.values and (self.first is None or reading.observed_at < self.first.observed_at):
            self.first = reading
        if reading.published_at is not None or (reading.published_on is not None and self.published is None):
            self.published = reading

    def late(self, zone: ZoneInfo) -> bool:
        """True for one that was first read more than 48 h after publication, or than two days."""
        if self.first is None or self.published is None:
            return False
        published_at, observed_on = self.published.published_at, self.first.observed_on
        if published_at is not None and observed_on is None:
            return self.first.observed_at - published_at > _OPENING
        published_on = self.published.published_on or (published_at and local_day(published_at, zone))
        read_on = observed_on or local_day(self.first.observed_at, zone)
        return published_on is not None and read_on - published_on > _OPENING


class Tally:
    """Counts while the file is read, and holds how lines ended until that is written down.

    `zone`: of the organisation's days; `named_brand`: whether the import names a brand for new posts.
    """

    def __init__(self, zone: ZoneInfo, *, named_brand: bool) -> None:
        self.zone = zone
        self._named_brand = named_brand
        self.counts = {"stored": 0, "unchanged": 0, "skipped": 0, "failed": 0}
        self._made: dict[tuple[str, str], _New] = {}
        self._brandless: dict[tuple[str, str], None] = {}
        self._kept_brand: set[tuple[str, str]] = set()
        self._last_day: date | None = None
        self._noted = 0
        self._line_notes: list[LineNote] = []
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

    def end(
        self,
        records: Sequence[FileRecord],
        ended: Sequence[Ended],
        known: Mapping[tuple[str, str], Post],
    ) -> None:
        """Lines whose readings are in the database; `known`: posts that were there before."""
        self.read += len(records)
        for record, end in zip(records, ended, strict=True):
            self._count(line_of(record.line, end))
            if end.notes:
                self._noted += 1
                if len(self._line_notes) < KEPT_ERRORS:
                    self._line_notes.append(LineNote(record.line, sentence_of(end.notes)))
            self._place((end.platform, end.external_id), record.reading, known)

    def _place(self, post: tuple[str, str], reading: Reading, known: Mapping[tuple[str, str], Post]) -> None:
        """Note what a line means for its post: whether it is new, has a brand, and from when on it counts."""
        before = None if post in self._made else known.get(post)
        if before is None:
            self._made.setdefault(post, _New()).add(reading)
            if not self._named_brand:
                self._brandless[post] = None
        elif before.brand_id is None:
            self._brandless[post] = None
            if self._named_brand:
                self._kept_brand.add(post)
        if reading.values:
            day = reading.observed_on or local_day(reading.observed_at, self.zone)
            self._last_day = day if self._last_day is None else max(day, self._last_day)

    def give_up(self) -> None:
        """Take every line that was to be stored for skipped, because another one failed."""
        waiting, self.waiting = self.waiting, []
        self.counts = dict.fromkeys(self.counts, 0)
        self._forget()
        for line in waiting:
            good = line.outcome in ("stored", "unchanged")
            self._count(ImportLine(line.line, "skipped", GIVEN_UP) if good else line)

    def again(self) -> None:
        """Forget the lines of a rehearsal that are to be stored now."""
        self.waiting = [line for line in self.waiting if line.outcome in ("skipped", "failed")]
        self.counts |= {"stored": 0, "unchanged": 0}
        self._forget()
        self.read = 0

    def _forget(self) -> None:
        """Nothing of what was rehearsed is stored."""
        for kept in (self._made, self._brandless, self._kept_brand, self._line_notes):
            kept.clear()
        self._noted, self._last_day = 0, None

    def result(self, run_id: int | None) -> Imported:
        """What it came to."""
        errors = sorted(self.errors, key=lambda error: error.line)
        return msgspec.convert(
            {
                "run_id": run_id,
                "new": len(self._made),
                **self.counts,
                "errors": tuple(errors),
                "notes": tuple(self.notes),
                "noted": self._noted,
                "line_notes": tuple(sorted(self._line_notes, key=lambda note: note.line)),
                "undated": sum(post.late(self.zone) for post in self._made.values()),
                "publication_unknown": sum(post.published is None for post in self._made.values()),
                "brandless": len(self._brandless),
                "brandless_posts": tuple(NamedPost(*post) for post in islice(self._brandless, NAMED_POSTS)),
                "kept_brand": len(self._kept_brand),
                "counts_from": self._counts_from(),
            },
            Imported,
        )

    def _counts_from(self) -> datetime | None:
        if self._last_day is None:
            return None
        return day_start(self._last_day + timedelta(days=1), self.zone)

    def _count(self, line: ImportLine) -> None:
        self.counts[line.outcome] += 1
        self.waiting.append(line)


def line_of(line: int, ended: Ended) -> ImportLine:
    """A line whose reading is in the database, with what was left out of it."""
    if not ended.notes:
        return ImportLine(line, ended.outcome, post_id=ended.post_id)
    return ImportLine(line, ended.outcome, NOTED, sentence_of(ended.notes), ended.post_id)


def sentence_of(notes: Sequence[str]) -> str:
    """Notes on a line as one sentence."""
    return f"{'; '.join(notes)}."
