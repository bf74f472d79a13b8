"""Records from a file: one run, every line counted once, and no line that takes another with it."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from afterpost.domain.errors import InvalidInput, NotFound
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Scope
from afterpost.sdk import FileRecord, LineError, LineSkipped
from afterpost.sdk.formats import FileItem
from afterpost.services.catalogue import list_posts
from afterpost.services.core import Core
from afterpost.services.import_run import FileFacts, file_of_run, lines_of_run, observed_before
from afterpost.services.import_tally import KEPT_ERRORS, Imported, NamedPost
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import BATCH
from afterpost.services.standing import recent_runs
from afterpost.storage.posts import Wanted
from afterpost.storage.runs import Run
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, at


def record(line: int, post: str, views: int = 5, when: str = "2026-11-20") -> FileRecord:
    """A line of a file."""
    reading = Reading(observed_at=at(when), values={"views": views}, definitions={"views": "file"})
    return FileRecord(line=line, platform="toy", external_id=post, reading=reading)


FACTS = FileFacts(name="file.csv", format="toy", observed_at=at("2026-11-20"), sha256="ab" * 32, bytes=7)


def imported(
    core: Core, *items: FileItem, brand: str | None = None, dry: bool = False, whole: bool = False
) -> Imported:
    """Import those lines."""
    order = Order(brand=brand, dry_run=dry, all_or_nothing=whole)
    return asyncio.run(import_records(core, EVERYTHING, ACTOR, items, FACTS, order))


def ends(core: Core, run_id: int | None) -> list[tuple[int, str, str | None]]:
    """How each line of a run ended, as written down."""
    assert run_id is not None
    lines = lines_of_run(core, EVERYTHING, run_id, limit=5_000)
    return [(line.line, line.outcome, line.reason) for line in lines]


def last_run(core: Core) -> Run:
    """The newest run."""
    return recent_runs(core, EVERYTHING, 1)[0]


def test_one_run_for_the_whole_file(core: Core) -> None:
    looks = []
    lines = (record(n + 2, f"p{n}") for n in range(2 * BATCH + 1))
    found = asyncio.run(
        import_records(core, EVERYTHING, ACTOR, lines, FACTS, Order(), progress=lambda: looks.append(1))
    )
    assert (found.lines, found.new, found.stored, found.failed) == (
        2 * BATCH + 1,
        2 * BATCH + 1,
        2 * BATCH + 1,
        0,
    )
    run = last_run(core)
    assert (run.id, run.kind, run.state, run.posts, run.message) == (
        found.run_id, "import", "done", 2 * BATCH + 1, "file.csv (toy)",
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
    assert last_run(core).message == f"file.csv (toy): {KEPT_ERRORS + 5} of {KEPT_ERRORS + 6} lines failed"
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
    lines: list[FileItem] = [
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
        asyncio.run(import_records(core, EVERYTHING, ACTOR, items(), FACTS, Order()))
    assert caught.value.hint is not None
    run = last_run(core)
    assert (run.state, run.stored) == ("failed", BATCH + 3)
    assert run.message == "file.csv (toy): the import did not reach the end of the file"


def test_each_line_is_written_down_with_how_it_ended(core: Core) -> None:
    imported(core, record(2, "a"))
    ahead = (NOW + timedelta(days=1)).strftime("%Y-%m-%d")
    found = imported(
        core,
        LineSkipped(2, "total", "A sum."),
        record(3, "a"),
        record(4, "b", 7),
        LineError(5, "bad"),
        LineError(6, "no record", "unreadable"),
        record(7, "c", 1, ahead),
    )
    assert ends(core, found.run_id) == [
        (2, "skipped", "total"),
        (3, "unchanged", None),
        (4, "stored", None),
        (5, "failed", "invalid"),
        (6, "failed", "unreadable"),
        (7, "failed", "future"),
    ]
    assert (found.lines, found.skipped) == (6, 1)
    assert found.run_id is not None
    file = file_of_run(core, EVERYTHING, found.run_id)
    assert file is not None
    assert (file.name, file.format, file.sha256, file.bytes) == ("file.csv", "toy", "ab" * 32, 7)
    assert (file.stored, file.unchanged, file.skipped, file.failed) == (1, 1, 1, 3)
    (line,) = lines_of_run(core, EVERYTHING, found.run_id, limit=5, outcome="stored")
    assert line.post_id is not None
    assert lines_of_run(core, EVERYTHING, found.run_id, limit=5, post_id=line.post_id) == [line]
    assert [each.line for each in lines_of_run(core, EVERYTHING, found.run_id, limit=2, after=4)] == [5, 6]


def test_a_line_that_is_refused_is_written_down_with_its_class(core: Core) -> None:
    imported(core, record(2, "a"), brand="One")
    found = imported(core, record(2, "a", 7), record(3, "b"), brand="Two")
    assert ends(core, found.run_id) == [(2, "failed", "conflict"), (3, "stored", None)]


def test_all_or_nothing_stores_nothing_when_a_line_fails(core: Core) -> None:
    lines: list[FileItem] = [record(n + 2, f"p{n}") for n in range(BATCH + 1)]
    bad = BATCH + 3
    found = imported(core, *lines, LineError(bad, "bad"), whole=True)
    assert (found.stored, found.skipped, found.failed, found.new) == (0, BATCH + 1, 1, 0)
    assert last_run(core).state == "failed"
    assert last_run(core).posts == 0
    assert ends(core, found.run_id)[-2:] == [
        (bad - 1, "skipped", "all_or_nothing"),
        (bad, "failed", "invalid"),
    ]
    found = imported(core, *lines, whole=True)
    assert (found.stored, found.failed, found.new) == (BATCH + 1, 0, BATCH + 1)
    assert last_run(core).state == "done"
    assert len(ends(core, found.run_id)) == BATCH + 1


def test_all_or_nothing_finds_what_only_the_database_refuses(core: Core) -> None:
    imported(core, record(2, "a"), brand="One")
    found = imported(core, record(2, "b"), record(3, "a", 9), record(4, "c"), brand="Two", whole=True)
    assert ends(core, found.run_id) == [
        (2, "skipped", "all_or_nothing"),
        (3, "failed", "conflict"),
        (4, "skipped", "all_or_nothing"),
    ]
    assert found.new == 0
    rehearsed = imported(core, record(2, "b"), record(3, "a", 9), brand="Two", whole=True, dry=True)
    assert (rehearsed.run_id, rehearsed.skipped, rehearsed.failed) == (None, 1, 1)


def test_all_or_nothing_has_a_limit(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterpost.services.imports.WHOLE", BATCH)
    assert imported(core, *(record(n + 2, f"p{n}") for n in range(BATCH)), whole=True).stored == BATCH
    with pytest.raises(InvalidInput, match=f"at most {BATCH} lines"):
        imported(core, *(record(n + 2, f"p{n}") for n in range(BATCH + 1)), whole=True)


def test_bytes_that_were_imported_before_are_known_by_their_first_instant(core: Core) -> None:
    assert observed_before(core, EVERYTHING, "ab" * 32) is None
    imported(core, record(2, "a"))
    assert observed_before(core, EVERYTHING, "ab" * 32) == FACTS.observed_at
    assert observed_before(core, EVERYTHING, "cd" * 32) is None


def test_lines_that_contradict_each_other_are_named_and_not_stored(core: Core) -> None:
    between = [record(n + 3, f"p{n}") for n in range(BATCH)]
    far = BATCH + 3
    found = imported(
        core, record(2, "a", 100), *between, record(far, "a", 90), record(far + 1, "a", 7, "2026-11-21")
    )
    assert (found.stored, found.failed, found.new) == (BATCH + 1, 2, BATCH + 1)
    assert [(error.line, error.reason) for error in found.errors] == [
        (2, "contradiction"),
        (far, "contradiction"),
    ]
    assert found.errors[0].message == (
        f"Contradicts line {far}: views of toy a at 2026-11-20T12:00:00+00:00 is 100 here and 90 there."
    )
    assert "Contradicts line 2: views" in found.errors[1].message
    assert last_run(core).message == f"file.csv (toy): 2 of {BATCH + 3} lines failed"


def test_all_or_nothing_stores_nothing_of_a_file_that_contradicts_itself(core: Core) -> None:
    lines = [record(2, "a", 100), record(3, "a", 90), record(4, "b")]
    for dry in (True, False):
        found = imported(core, *lines, whole=True, dry=dry)
        assert (found.stored, found.skipped, found.failed) == (0, 1, 2)
    assert imported(core, *lines, dry=True).failed == 2


def test_a_line_that_fails_anyway_contradicts_nothing(core: Core) -> None:
    ahead = (NOW + timedelta(days=1)).strftime("%Y-%m-%d")
    found = imported(core, record(2, "a", 1, ahead), record(3, "a", 2, ahead), record(4, "a"), record(5, "a"))
    assert [error.reason for error in found.errors] == ["future", "future"]
    assert (found.stored, found.failed) == (2, 2)


def test_a_pipe_is_never_read_to_its_end_first(core: Core) -> None:
    taken = []

    def items() -> Iterator[FileRecord]:
        for n in range(3 * BATCH):
            taken.append(n)
            yield record(n + 2, f"p{n}")

    first: list[int] = []
    facts = msgspec.structs.replace(FACTS, sha256=None, bytes=None)
    asyncio.run(
        import_records(
            core, EVERYTHING, ACTOR, items(), facts, Order(), progress=lambda: first.append(len(taken))
        )
    )
    assert first == [BATCH, 2 * BATCH, 3 * BATCH]
    twice = [record(2, "a", 1), record(3, "a", 2)]
    assert asyncio.run(import_records(core, EVERYTHING, ACTOR, twice, facts, Order())).failed == 2


def test_a_long_file_is_held_against_itself_on_disk(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterpost.services.import_spool.IN_MEMORY", 1)
    monkeypatch.setattr("afterpost.services.import_spool.CHUNK", 3)
    lines: list[FileItem] = [record(n + 2, f"p{n % 10}", n % 10) for n in range(20)]
    lines[5] = LineError(7, "bad")
    lines[12] = LineSkipped(14, "total", "A sum.")
    found = imported(core, *lines, record(22, "p0", 9))
    assert (found.stored, found.skipped, found.failed) == (16, 1, 4)
    assert [error.line for error in found.errors] == [2, 7, 12, 22]


def told(line: int, post: str, *, notes: tuple[str, ...] = (), **more: Any) -> FileRecord:
    """A line that says more of its post."""
    reading = {name: more.pop(name) for name in ("published_at", "published_on") if name in more}
    plain = record(line, post)
    return msgspec.structs.replace(
        plain, reading=msgspec.structs.replace(plain.reading, **reading), notes=notes, **more
    )


def test_what_was_left_out_of_a_line_is_said_with_it(core: Core) -> None:
    found = imported(
        core,
        told(2, "a", title="x" * 20_001, notes=("Date: 'soon' is no day; left unknown",)),
        told(3, "b", content_type="VIDEO"),
        told(4, "c\u200b", content_type="carousel-experiment", url="www.example.org/c"),
    )
    assert (found.stored, found.failed, found.noted) == (3, 0, 2)
    assert [note.line for note in found.line_notes] == [2, 4]
    assert found.line_notes[0].message == (
        "Date: 'soon' is no day; left unknown; title: cut at 20,000 of 20,001 characters."
    )
    assert "kept as caption" in found.line_notes[1].message
    assert found.run_id is not None
    lines = lines_of_run(core, EVERYTHING, found.run_id, limit=5)
    assert [(line.outcome, line.reason, line.detail) for line in lines] == [
        ("stored", "noted", found.line_notes[0].message),
        ("stored", None, None),
        ("stored", "noted", found.line_notes[1].message),
    ]
    shown = {
        post.external_id: post
        for post in list_posts(core, EVERYTHING, Wanted(platform="toy"), after=None, limit=9)[0]
    }
    assert (shown["a"].title, shown["b"].content_type) == ("x" * 20_000, "video")
    assert (shown["c"].content_type, shown["c"].url) == ("caption", "https://www.example.org/c")


def test_an_import_says_which_posts_are_undated_and_which_have_no_brand(core: Core) -> None:
    day = date(2026, 11, 20)
    found = imported(
        core,
        told(2, "old", published_at=at("2026-11-17 23:59")),
        told(3, "young", published_at=at("2026-11-18")),
        told(4, "old day", published_on=day - timedelta(days=3)),
        told(5, "young day", published_on=day - timedelta(days=2)),
        told(6, "unknown"),
    )
    assert (found.new, found.undated, found.publication_unknown) == (5, 2, 1)
    assert (found.brandless, len(found.brandless_posts), found.kept_brand) == (5, 5, 0)
    assert found.brandless_posts[0] == NamedPost("toy", "old")
    again = imported(core, record(2, "old", 9, "2026-11-21"), record(3, "new"), brand="Nord")
    assert (again.new, again.brandless, again.kept_brand) == (1, 1, 1)
    assert again.brandless_posts == (NamedPost("toy", "old"),)


def test_an_import_says_when_its_numbers_count(core: Core) -> None:
    assert imported(core, record(2, "a"), record(3, "b", 1, "2026-11-12")).counts_from == at(
        "2026-11-21 00:00"
    )
    assert imported(core, LineError(2, "bad")).counts_from is None


def test_lines_are_seen_within_the_scope_alone(core: Core) -> None:
    found = imported(core, record(2, "a"), LineError(3, "words of somebody else's post"), brand="One")
    assert found.run_id is not None
    nobody = Scope(brands=frozenset({99}))
    assert lines_of_run(core, nobody, found.run_id, limit=5) == []
    elsewhere = Scope(organizations=frozenset({99}))
    with pytest.raises(NotFound):
        lines_of_run(core, elsewhere, found.run_id, limit=5)
