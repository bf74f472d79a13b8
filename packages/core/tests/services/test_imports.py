"""Records from a file: one run, every line counted once, and no line that takes another with it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.domain.readings import Reading
from afterpost.sdk import FileRecord, LineError
from afterpost.services.core import Core
from afterpost.services.imports import KEPT_ERRORS, Imported, import_records
from afterpost.services.ingest import BATCH
from afterpost.services.standing import recent_runs
from afterpost.storage.runs import Run
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, at


def record(line: int, post: str, views: int = 5, when: str = "2026-11-20") -> FileRecord:
    """A line of a file."""
    reading = Reading(observed_at=at(when), values={"views": views}, definitions={"views": "file"})
    return FileRecord(line=line, platform="toy", external_id=post, reading=reading)


def imported(
    core: Core, *items: FileRecord | LineError, brand: str | None = None, dry: bool = False
) -> Imported:
    """Import those lines."""
    return asyncio.run(
        import_records(core, EVERYTHING, ACTOR, items, name="file.csv", brand=brand, dry_run=dry)
    )


def last_run(core: Core) -> Run:
    """The newest run."""
    return recent_runs(core, EVERYTHING, 1)[0]


def test_one_run_for_the_whole_file(core: Core) -> None:
    looks = []
    lines = (record(n + 2, f"p{n}") for n in range(2 * BATCH + 1))
    found = asyncio.run(
        import_records(core, EVERYTHING, ACTOR, lines, name="file.csv", progress=lambda: looks.append(1))
    )
    assert (found.lines, found.new, found.stored, found.failed) == (
        2 * BATCH + 1,
        2 * BATCH + 1,
        2 * BATCH + 1,
        0,
    )
    run = last_run(core)
    assert (run.id, run.kind, run.state, run.posts, run.message) == (
        found.run_id, "import", "done", 2 * BATCH + 1, "file.csv",
    )  # fmt: skip
    assert len(looks) == 3


def test_again_everything_is_unchanged(core: Core) -> None:
    lines = [record(2, "a"), record(3, "a", 9, "2026-11-21"), record(4, "b")]
    assert imported(core, *lines).stored == 3
    again = imported(core, *lines)
    assert (again.new, again.stored, again.unchanged) == (0, 0, 3)


def test_a_post_of_several_batches_is_new_once(core: Core) -> None:
    lines = [
        record(n + 2, "p", n, f"2026-{1 + n // 60:02d}-01 {n % 24:02d}:{n % 60:02d}") for n in range(600)
    ]
    found = imported(core, *lines)
    assert (found.lines, found.new) == (600, 1)


def test_unreadable_lines_are_counted_and_the_first_are_kept(core: Core) -> None:
    errors = [LineError(n + 3, "bad") for n in range(KEPT_ERRORS + 5)]
    found = imported(core, record(2, "a"), *errors)
    assert (found.stored, found.failed, len(found.errors)) == (1, KEPT_ERRORS + 5, KEPT_ERRORS)
    assert last_run(core).message == f"file.csv: {KEPT_ERRORS + 5} of {KEPT_ERRORS + 6} lines failed"
    assert last_run(core).state == "done"


def test_what_is_said_of_the_header_is_a_note_and_no_failure(core: Core) -> None:
    found = imported(core, LineError(1, "A column was left out."), record(2, "a"))
    assert (found.failed, found.notes) == (0, ("A column was left out.",))


def test_nothing_that_can_be_stored_is_a_failed_run(core: Core) -> None:
    assert imported(core, LineError(2, "bad")).failed == 1
    assert last_run(core).state == "failed"
    assert imported(core).lines == 0
    assert last_run(core).state == "done"


def test_a_reading_of_the_future_fails_alone(core: Core) -> None:
    ahead = (NOW + timedelta(days=1)).strftime("%Y-%m-%d")
    found = imported(core, record(2, "a"), record(3, "b", 1, ahead), record(4, "c"))
    assert (found.stored, [error.line for error in found.errors]) == (2, [3])
    assert "in the future" in found.errors[0].message


def test_lines_that_are_refused_are_found_in_their_batch(core: Core) -> None:
    imported(core, record(2, "a"), record(3, "b"), brand="One")
    found = imported(core, record(2, "c"), record(3, "b", 7), record(4, "d"), record(5, "a", 8), brand="Two")
    assert (found.stored, found.new) == (2, 2)
    assert [error.line for error in found.errors] == [3, 5]


def test_a_rehearsal_counts_the_same_and_leaves_no_trace(core: Core) -> None:
    lines: list[FileRecord | LineError] = [
        record(2, "a"),
        record(3, "a", 9, "2026-11-21"),
        LineError(4, "bad"),
        record(5, "b"),
    ]
    rehearsed = imported(core, *lines, brand="One", dry=True)
    assert rehearsed.run_id is None
    assert recent_runs(core, EVERYTHING, 1) == []
    done = imported(core, *lines, brand="One")
    assert (rehearsed.new, rehearsed.stored, rehearsed.unchanged, rehearsed.errors) == (
        done.new, done.stored, done.unchanged, done.errors,
    )  # fmt: skip


def test_a_format_that_fails_keeps_what_came_before(core: Core) -> None:
    def items() -> Iterator[FileRecord]:
        for n in range(BATCH + 3):
            yield record(n + 2, f"p{n}")
        raise ZeroDivisionError("the plugin is wrong")

    with pytest.raises(InvalidInput, match=f"failed after line {BATCH + 4}: ZeroDivisionError") as caught:
        asyncio.run(import_records(core, EVERYTHING, ACTOR, items(), name="file.csv"))
    assert caught.value.hint is not None
    run = last_run(core)
    assert (run.state, run.stored) == ("failed", BATCH)
    assert run.message == "file.csv: the import did not reach the end of the file"
