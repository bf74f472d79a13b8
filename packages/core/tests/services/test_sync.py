"""The closed loop: snapshots of complete days into learning rows, once and only once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from afterpost.domain.errors import Forbidden
from afterpost.domain.posts import CreativeLinks
from afterpost.domain.scope import Scope
from afterpost.services import sync as sync_module
from afterpost.services.catalogue import add_brand
from afterpost.services.core import Core
from afterpost.services.ingest import rehearse
from afterpost.services.record import move
from afterpost.services.sync import sync_status
from afterpost.storage import performance, posts, runs
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, day, synced, tell, told, vector
from packages.core.tests.services.scenery import ASKED, fix_a

PUBLISHED = at("2026-11-19 08:00")


def learned(core: Core) -> list[dict[str, Any]]:
    """The learning rows, by post and day."""
    with core.database.read() as connection:
        found = connection.exec_driver_sql("SELECT * FROM content_performance ORDER BY post_id, measured_on")
        return [dict(row) for row in found.mappings()]


def dates(core: Core) -> list[str]:
    """The days of the learning rows."""
    return [str(day("1970-01-01") + timedelta(days=row["measured_on"])) for row in learned(core)]


def written(core: Core, scope: Scope = EVERYTHING) -> int:
    return synced(core, scope).rows


def pending(core: Core) -> int:
    return sync_status(core, EVERYTHING).pending


# --- what a row says ---


@pytest.mark.parametrize("key", ["GV-77", "GV-78", "GV-79"])
def test_the_rows_of_the_original_come_out(core: Core, key: str) -> None:
    given, expected = vector(key)["input"], vector(key)["expected"]
    tell(core, told("a", at("2026-11-20"), given, published_at=PUBLISHED, asked=ASKED))
    assert written(core) == 1
    (row,) = learned(core)
    assert {name: row[name] for name in given} == given
    if given["views"] == 0:  # vector GV-78: the original says 0
        assert (row["engagement_rate"], row["performance_score"]) == (None, None)
    else:
        assert row["engagement_rate"] == expected.get("engagementRate", 100)
        assert row["performance_score"] == expected["performanceScore"]
    assert row["source"] == "api"


def test_a_row_holds_lifetime_totals_and_where_they_come_from(core: Core) -> None:
    links = CreativeLinks(hook="h-1", variant="B", persona="p")
    values = {"views": 1_000, "likes": 10, "clicks_link": 4, "clicks_post": 1}
    entry = told("a", at("2026-11-20"), values, asked=("likes",), content_type="reel", links=links)
    tell(core, entry, brand="One", source="csv")
    tell(core, told("a", at("2026-11-21"), {"views": 1_500, "likes": 10}, asked=("likes",)), source="manual")
    assert written(core) == 2
    first, second = learned(core)
    assert (first["views"], second["views"]) == (1_000, 1_500)
    assert (first["clicks"], second["clicks"]) == (5, None)
    assert (first["engagement_rate"], first["interaction_rate"], first["performance_score"]) == (1.0, 1.5, 15)
    assert (second["engagement_rate"], second["performance_score"]) == (0.67, 7)
    assert (first["exposure"], first["engagements"], first["comments"]) == ("views", 10, None)
    assert first["rate_margin"] == 0.52  # 100 × 1.645 × √(0.01 × 0.99 ÷ 1000)
    assert (first["content_type"], first["brand_id"], first["account_id"]) == ("video", 1, None)
    assert json.loads(first["links"]) == {"hook": "h-1", "variant": "B", "persona": "p"}
    assert (first["source"], second["source"]) == ("csv", "manual")


# --- complete days only ---


def test_today_is_never_learned_from(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-21"), {"views": 1}, published_at=PUBLISHED))
    tell(core, told("a", clock.now, {"views": 2}))
    assert written(core) == 1
    assert (dates(core), pending(core)) == (["2026-11-21"], 0)
    clock.advance(timedelta(days=1))
    assert pending(core) == 1
    assert written(core) == 1
    assert dates(core) == ["2026-11-21", "2026-11-22"]


def test_today_is_that_of_the_organisations_zone(make_core: MakeCore, clock: Clock) -> None:
    core = make_core(zone="Asia/Kathmandu")
    clock.now = at("2026-11-20 18:14")
    tell(core, told("a", at("2026-11-20 10:00"), {"views": 1}))
    assert written(core) == 0
    clock.advance(timedelta(minutes=1))
    assert written(core) == 1


# --- once ---


def test_a_sync_of_everything_is_a_row_a_post_and_day(core: Core) -> None:
    fix_a(core)
    assert written(core) == 39
    assert len({(row["post_id"], row["measured_on"]) for row in learned(core)}) == 39


def test_running_it_again_changes_nothing(core: Core) -> None:
    fix_a(core)
    written(core)
    before = learned(core)
    assert [written(core), written(core)] == [0, 0]
    assert learned(core) == before
    assert sync_status(core, EVERYTHING).rows == 39


def test_a_reading_that_changes_nothing_is_not_learned_from_again(core: Core) -> None:
    tell(core, told("a", at("2026-11-20 08:00"), {"views": 1}))
    written(core)
    tell(core, told("a", at("2026-11-20 09:00"), {"views": 1}))
    assert (pending(core), written(core)) == (0, 0)


def test_a_restated_old_day_is_learned_from_again(core: Core) -> None:
    """A date cursor would have passed it by."""
    fix_a(core)
    written(core)
    tell(core, told("p1", at("2026-11-12 23:30"), {"views": 123, "likes": 7, "comments": 0}))
    # The next day's gain is another one as well, though its totals are not.
    assert written(core) == 2
    row = next(row for row in learned(core) if row["views"] == 123)
    assert (row["likes"], row["saves"], row["change_seq"]) == (7, 4, 40)


def test_a_late_first_day_is_learned_from(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 5}))
    written(core)
    tell(core, told("a", at("2026-11-18"), {"views": 3}))
    written(core)
    assert dates(core) == ["2026-11-18", "2026-11-20"]


def test_a_moved_post_is_learned_from_under_its_new_brand(core: Core) -> None:
    tell(
        core,
        told("a", at("2026-11-19"), {"views": 5}),
        told("b", at("2026-11-19"), {"views": 5}),
        brand="One",
    )
    tell(core, told("a", at("2026-11-20"), {"views": 9}))
    written(core)
    two = add_brand(core, EVERYTHING, ACTOR, "Two", None)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        post = posts.get_post(tx.connection, EVERYTHING, 1)
        assert post is not None
        move(tx, core.organization(tx.connection, EVERYTHING), post, brand_id=two.id, content_type="video")
    assert written(core) == 2
    found = [(row["post_id"], row["brand_id"], row["content_type"]) for row in learned(core)]
    assert found == [(1, two.id, "video"), (1, two.id, "video"), (2, 1, "caption")]


def test_what_was_only_rehearsed_leaves_nothing_to_learn_from(core: Core) -> None:
    ended = rehearse(core, EVERYTHING, ACTOR, [told("a", at("2026-11-20"), {"views": 1})], "csv")
    assert [one.outcome for one in ended] == ["stored"]
    assert (pending(core), written(core)) == (0, 0)


# --- killed, at the same time, in parts ---


def test_a_sync_that_dies_between_two_parts_is_finished_by_the_next(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_a(core)  # 39 changes
    monkeypatch.setattr(sync_module, "BATCH", 10)
    save, calls = performance.save, 0

    def dying(*arguments: Any) -> int:
        nonlocal calls
        calls += 1
        result = save(*arguments)
        if calls == 3:  # its rows are written, its transaction is not committed
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(performance, "save", dying)
    with pytest.raises(KeyboardInterrupt):
        synced(core)
    assert (len(learned(core)), pending(core)) == (20, 19)
    with core.database.read() as connection:
        (run,) = runs.last_runs(connection, EVERYTHING, "sync", 1)
    assert run.state == "failed"

    assert written(core) == 19
    assert (len(learned(core)), pending(core)) == (39, 0)
    assert {row["views"] for row in learned(core) if row["post_id"] == 1} == {100 * k for k in range(1, 14)}


def test_a_post_day_in_two_parts_of_one_sync_is_one_row(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_module, "BATCH", 2)
    for n, when in enumerate(("18 08:00", "19 08:00", "19 09:00", "20 08:00", "20 09:00", "19 10:00")):
        tell(core, told("a", at(f"2026-11-{when}"), {"views": 10 * n}))
    result = synced(core)
    assert result.rows == len(learned(core)) == 3
    status = sync_status(core, EVERYTHING)
    assert (status.rows, status.pending) == (3, 0)
    assert status.last_run is not None
    assert status.last_run.message == "3 learning rows written"


def test_two_syncs_at_the_same_time_write_each_row_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    fix_a(core)
    monkeypatch.setattr(sync_module, "BATCH", 3)
    with ThreadPoolExecutor(4) as threads:
        results = [threads.submit(synced, core) for _ in range(4)]
    assert sum(result.result().rows for result in results) == 39
    assert (len(learned(core)), pending(core)) == (39, 0)


def test_a_sync_while_readings_arrive_loses_none_of_them(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_module, "BATCH", 2)

    def arrive() -> None:
        for n in range(30):
            tell(
                core,
                told(f"p{n % 3}", at("2026-11-01 08:00") + timedelta(days=n % 10, minutes=n), {"views": n}),
            )

    with ThreadPoolExecutor(2) as threads:
        arriving = threads.submit(arrive)
        while not arriving.done():
            synced(core)
        arriving.result()
    synced(core)
    with core.database.read() as connection:
        query = "SELECT post_id, day, views_total, change_seq FROM post_analytics ORDER BY post_id, day"
        facts = list(map(tuple, connection.exec_driver_sql(query)))
    assert [(r["post_id"], r["measured_on"], r["views"], r["change_seq"]) for r in learned(core)] == facts


def test_a_sync_of_a_part_of_the_data_loses_nothing_of_the_rest(core: Core) -> None:
    """A change of the sequence names posts of several brands; whoever sees one brand may not eat it."""
    tell(core, told("b", at("2026-11-20"), {"views": 5}), brand="Two")
    tell(core, told("a", at("2026-11-20"), {"views": 5}), brand="One")
    tell(core, told("a", at("2026-11-21"), {"views": 6}), told("b", at("2026-11-21"), {"views": 6}))
    written(core, Scope(brands=frozenset({1})))
    written(core)
    assert [(row["post_id"], row["views"]) for row in learned(core)] == [(1, 5), (1, 6), (2, 5), (2, 6)]
    assert pending(core) == 0


def test_nobody_syncs_an_organisation_they_may_not_see(core: Core) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 5}))
    with pytest.raises(Forbidden):
        synced(core, Scope(organizations=frozenset({99})))
    assert pending(core) == 1


# --- status and runs ---


def test_the_status_says_what_is_pending_and_how_the_last_run_went(core: Core, clock: Clock) -> None:
    empty = sync_status(core, EVERYTHING)
    assert (empty.rows, empty.pending, empty.last_change, empty.last_change_at, empty.last_run) == (
        0,
        0,
        0,
        None,
        None,
    )
    tell(core, told("a", at("2026-11-20"), {"views": 5}))
    before = sync_status(core, EVERYTHING)
    assert (before.pending, before.last_change, before.last_change_at) == (1, 1, clock.now)
    clock.advance(timedelta(minutes=5))
    result = synced(core)
    after = sync_status(core, EVERYTHING)
    assert after.last_run is not None
    assert (after.rows, after.pending, after.last_run.id) == (1, 0, result.run_id)
    assert (after.last_run.state, after.last_run.message) == ("done", "1 learning rows written")
    assert (after.last_run.started_at, after.last_run.ended_at) == (clock.now, clock.now)
