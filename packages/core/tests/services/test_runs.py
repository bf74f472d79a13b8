"""What a run counts: posts, each once, and lines of a file apart."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from afterpost.domain.readings import Reading
from afterpost.domain.windows import zone_of
from afterpost.sdk.formats import FileItem, FileRecord, LineError
from afterpost.services.core import Core
from afterpost.services.import_run import FileFacts, begin, put_batches
from afterpost.services.import_tally import Imported, Tally
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import BATCH
from afterpost.services.standing import page_of_runs, recent_runs, run_with_items
from afterpost.storage.runs import close_abandoned
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, Clock, at

FACTS = FileFacts(name="numbers.csv", format="generic_csv", observed_at=NOW)


def record(line: int, post: str, views: int) -> FileRecord:
    reading = Reading(observed_at=at("2026-11-20"), values={"views": views}, definitions={"views": "v1"})
    return FileRecord(line=line, platform="tube", external_id=post, reading=reading)


def imported(core: Core, items: Sequence[FileItem]) -> Imported:
    return asyncio.run(import_records(core, EVERYTHING, ACTOR, items, FACTS, Order()))


def test_a_post_on_two_lines_of_a_file_counts_once_and_as_stored(core: Core) -> None:
    lines = [record(n + 2, f"p{n}", 100 + n) for n in range(BATCH)]
    found = imported(core, [*lines, record(BATCH + 2, "p0", 100)])
    assert (found.stored, found.unchanged, found.new) == (BATCH, 1, BATCH)
    (run,) = recent_runs(core, EVERYTHING, 5)
    assert (run.posts, run.stored, run.unchanged, run.failed_lines) == (BATCH, BATCH, 0, 0)


def test_lines_that_fail_are_counted_apart_from_posts(core: Core) -> None:
    imported(core, [record(2, "a", 5), LineError(3, "No number.", "invalid"), record(4, "b", 5)])
    run, _ = run_with_items(core, EVERYTHING, 1, 10)
    assert (run.posts, run.stored, run.failed, run.failed_lines) == (2, 2, 0, 1)


def test_a_run_whose_process_died_keeps_the_counts_it_came_to(core: Core, clock: Clock) -> None:
    tally = Tally(zone_of("UTC"), named_brand=False)
    into = begin(core, EVERYTHING, ACTOR, FACTS, None, None)
    tally.fail(LineError(3, "No number.", "invalid"))
    put_batches(core, EVERYTHING, ACTOR, [[record(2, "a", 5), record(4, "b", 6)]], tally, into)
    run, _ = run_with_items(core, EVERYTHING, into.run_id, 10)
    assert (run.state, run.posts, run.stored, run.failed_lines) == ("running", 2, 2, 1)
    clock.advance(timedelta(hours=7))
    with core.transaction(EVERYTHING, ACTOR) as tx:
        assert close_abandoned(tx.connection, tx.scope, tx.now, tx.now) == 1
    run, _ = run_with_items(core, EVERYTHING, into.run_id, 10)
    assert (run.state, run.posts, run.stored, run.failed_lines) == ("failed", 2, 2, 1)


def test_runs_are_listed_page_by_page(core: Core) -> None:
    for n in range(3):
        imported(core, [record(2, "a", n)])
    first, following = page_of_runs(core, EVERYTHING, limit=2)
    assert ([run.id for run in first], following) == ([3, 2], 2)
    last, following = page_of_runs(core, EVERYTHING, limit=2, after=following)
    assert ([run.id for run in last], following) == ([1], None)
    assert page_of_runs(core, EVERYTHING, limit=2, kind="sync") == ([], None)
