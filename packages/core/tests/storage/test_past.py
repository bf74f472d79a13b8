"""What was known at an instant: who waits for whom, what is walled off, and that nothing stays behind."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from afterpost.domain.errors import InvalidAsOf, NotFound
from afterpost.domain.scope import Scope
from afterpost.sdk.provider import Gone, Measured, Outcome
from afterpost.services.batches import store_batch
from afterpost.services.boards import leaderboard
from afterpost.services.catalogue import add_brand, add_organization, add_post, add_posts, new_post
from afterpost.services.core import Core
from afterpost.services.dump import canonical
from afterpost.services.ingest import store
from afterpost.services.overview import overview
from afterpost.services.post_summary import post_analytics, post_observations
from afterpost.services.question import Question
from afterpost.services.run import begin_run
from afterpost.services.sync import sync_status
from afterpost.storage import past, posts, refold, tables
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, Clock, MakeCore, at, day, synced, tell, told
from packages.core.tests.services.scenery import adopt

SECOND = timedelta(seconds=1)
WEEK = Question(start=day("2026-11-15"), end=day("2026-11-21"))


def dumped(core: Core, scope: Scope = EVERYTHING) -> bytes:
    return b"".join(canonical(core, scope))


def counted(connection: sa.Connection) -> Mapping[str, int]:
    """Rows of every table that is shadowed."""
    shadowed = (*refold.DERIVED, *past.FILTERED)
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in shadowed
    }


def test_every_table_is_as_it_was_or_says_why_it_need_not_be() -> None:
    shadowed = {table.name for table in (*refold.DERIVED, *past.FILTERED)}
    assert not shadowed & past.TODAYS.keys()
    assert shadowed | past.TODAYS.keys() == set(tables.metadata.tables)


# --- what moved since ---


def test_a_restatement_a_gap_filled_and_a_late_reading_change_nothing_that_was_known(
    core: Core, clock: Clock
) -> None:
    tell(core, told("a", at("2026-11-14"), {"views": 10, "likes": 1}, published_at=at("2026-11-13")))
    tell(core, told("a", at("2026-11-20"), {"views": 700, "likes": 9}, published_at=at("2026-11-13")))
    synced(core)
    clock.advance(SECOND)
    before, instant = dumped(core), clock.now
    clock.advance(SECOND)
    summary = post_analytics(core.as_of(instant), EVERYTHING, 1, start=WEEK.start, end=WEEK.end)
    tell(core, told("a", at("2026-11-20"), {"views": 650, "likes": 9}, published_at=at("2026-11-13")))
    tell(core, told("a", at("2026-11-17"), {"views": 90, "likes": 3}, published_at=at("2026-11-13")))
    tell(core, told("a", at("2026-11-13"), {"views": 1}, published_at=at("2026-11-12")))
    tell(core, told("b", at("2026-11-18"), {"views": 5}), brand="Late")
    synced(core)
    clock.advance(SECOND)
    assert dumped(core) != before
    assert dumped(core.as_of(instant)) == before
    assert post_analytics(core.as_of(instant), EVERYTHING, 1, start=WEEK.start, end=WEEK.end) == summary
    # Nothing of it stays: the real tables hold what is known now.
    assert counted_in(core)["observations"] == 6


def counted_in(core: Core) -> Mapping[str, int]:
    with core.read(EVERYTHING) as connection:
        return counted(connection)


def test_before_anything_was_known_there_is_nothing(core: Core, clock: Clock) -> None:
    instant = clock.now
    clock.advance(SECOND)
    tell(core, told("a", at("2026-11-20"), {"views": 7}), brand="B")
    clock.advance(SECOND)
    answer, meta = overview(core.as_of(instant), EVERYTHING, WEEK)
    assert (answer.posts, answer.earned.views, meta.receipt.change_seq) == (0, None, 0)
    assert (meta.as_of, meta.coverage.expected) == (instant, 0)
    board, *_ = leaderboard(core.as_of(instant), EVERYTHING, "brands", WEEK)
    assert board == ()
    assert overview(core.as_of(clock.now - SECOND), EVERYTHING, WEEK)[0].posts == 1


def test_the_default_window_ends_the_day_before(core: Core, clock: Clock) -> None:
    clock.advance(SECOND)
    _, meta = overview(core.as_of(at("2026-11-18 00:00")), EVERYTHING)
    assert (meta.window.start_date, meta.window.end_date) == (day("2026-11-11"), day("2026-11-17"))


def test_a_brand_made_later_is_there_only_where_a_post_of_then_is_its_own(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 7}))
    instant = clock.now
    clock.advance(SECOND)
    add_brand(core, EVERYTHING, ACTOR, "Empty", None)
    owner = add_brand(core, EVERYTHING, ACTOR, "Owner", None)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        posts.update_posts(tx.connection, EVERYTHING, ["brand_id"], [{"id": 1, "brand_id": owner.id}])
    board, *_ = leaderboard(core.as_of(instant), EVERYTHING, "brands", WEEK)
    assert [(each.slug, each.posts) for each in board] == [("owner", 1)]


def test_a_publication_is_what_was_told_of_it_by_then(core: Core, clock: Clock) -> None:
    announced, read, corrected = at("2026-11-15"), at("2026-11-16"), at("2026-11-17")
    add_post(
        core,
        EVERYTHING,
        ACTOR,
        platform="youtube",
        external_id="a",
        brand_id=None,
        title="",
        description="",
        url="",
        content_type="video",
        published_at=announced,
        links=None,
    )
    instants = [clock.now]
    for entry in (
        told("a", at("2026-11-20"), {"views": 5}, published_at=read),
        told("a", at("2026-11-18"), {"views": 3}),
        told("a", at("2026-11-17 18:00"), {"views": 2}, published_at=corrected),
    ):
        clock.advance(SECOND)
        tell(core, entry)
        instants.append(clock.now)
    clock.advance(SECOND)
    # Of both that were told the one of the 20th was observed last.
    assert [published(core.as_of(instant)) for instant in instants] == [announced, read, read, read]
    assert published(core) == read


def test_a_publication_of_then_is_the_one_observed_last_by_then(core: Core, clock: Clock) -> None:
    first, second = at("2026-11-14"), at("2026-11-13")
    instants = []
    for entry in (
        told("a", at("2026-11-17"), {"views": 3}, published_at=second),
        told("a", at("2026-11-20"), {"views": 5}, published_at=first),
    ):
        clock.advance(SECOND)
        tell(core, entry)
        instants.append(clock.now)
    clock.advance(SECOND)
    assert published(core) == first
    assert [published(core.as_of(instant)) for instant in instants] == [second, first]


def published(core: Core, post_id: int = 1) -> datetime | None:
    with core.read(EVERYTHING) as connection:
        post = posts.get_post(connection, EVERYTHING, post_id)
        assert post is not None
        return post.published_at


def test_a_post_is_gone_from_the_read_that_confirmed_it_until_it_is_found_again(
    core: Core, clock: Clock
) -> None:
    tell(core, told("a", at("2026-11-10"), {"views": 7}, published_at=at("2026-11-10")))
    adopt(core, "a")
    clock.advance(timedelta(days=30))
    run_id = begin_run(core, EVERYTHING, ACTOR, "collect")
    found = Measured(reading=told("a", clock.now, {"views": 8}).reading)
    missed = Gone("not found")
    ends: list[Outcome] = [missed, missed, missed, found, missed]
    instants = []
    for outcome in ends:
        clock.advance(timedelta(days=1))
        with core.read(EVERYTHING) as connection:
            post = posts.get_post(connection, EVERYTHING, 1)
        assert post is not None
        store_batch(core, EVERYTHING, ACTOR, [post], {"a": outcome}, run_id)
        instants.append(clock.now)
    clock.advance(SECOND)
    alive = ("live", None)
    shown = [state(core.as_of(instant)) for instant in instants]
    assert shown == [alive, alive, ("gone", instants[0]), alive, alive]
    assert state(core.as_of(instants[3] - SECOND)) == ("gone", instants[0])


def state(core: Core) -> tuple[str, datetime | None]:
    with core.read(EVERYTHING) as connection:
        post = posts.get_post(connection, EVERYTHING, 1)
        assert post is not None
        return post.state, post.gone_at


def test_the_receipt_names_the_change_that_was_the_last_one(core: Core, clock: Clock) -> None:
    numbers = []
    for hour in range(3):
        clock.advance(SECOND)
        tell(core, told("a", at(f"2026-11-20 {hour:02}:00"), {"views": hour}))
        numbers.append((clock.now, overview(core, EVERYTHING, WEEK)[1].receipt.change_seq))
    clock.advance(SECOND)
    assert [seq for _, seq in numbers] == [1, 2, 3]
    for instant, seq in numbers:
        assert overview(core.as_of(instant), EVERYTHING, WEEK)[1].receipt.change_seq == seq
        assert sync_status(core.as_of(instant), EVERYTHING).last_change_at == instant


def test_readings_that_came_later_are_not_shown(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 7}))
    instant = clock.now
    clock.advance(SECOND)
    tell(core, told("a", at("2026-11-20"), {"views": 8}))
    clock.advance(SECOND)
    shown, _ = post_observations(core.as_of(instant), EVERYTHING, 1, before=None, days=10)
    assert [each.values for each in shown] == [{"views": 7}]
    assert len(post_observations(core, EVERYTHING, 1, before=None, days=10)[0]) == 2


# --- an instant that is over ---


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(microseconds=1), timedelta(days=400)])
def test_an_instant_that_is_not_over_is_refused(core: Core, ahead: timedelta) -> None:
    with pytest.raises(InvalidAsOf, match="not over yet") as caught:
        core.as_of(NOW + ahead)
    assert caught.value.code == "invalid_as_of"


def test_of_two_instants_the_earlier_one_counts(core: Core, clock: Clock) -> None:
    clock.advance(2 * SECOND)
    then = core.as_of(NOW + SECOND)
    assert then.as_of(NOW).now() == NOW
    with pytest.raises(InvalidAsOf):
        then.as_of(NOW + SECOND)


def test_nothing_is_written_there(core: Core, clock: Clock) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 7}))
    clock.advance(SECOND)
    past_core = core.as_of(NOW)
    with pytest.raises(ValueError, match="can't be changed"), past_core.transaction(EVERYTHING, ACTOR):
        pass
    for table in ("runs", "outbox"):
        with (
            pytest.raises((sa.exc.OperationalError, sa.exc.InternalError), match="read"),
            past_core.read(EVERYTHING) as connection,
        ):
            connection.exec_driver_sql(f"DELETE FROM {table}")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same process", "another process"])
def test_who_began_to_write_before_the_instant_is_waited_for(
    make_core: MakeCore, clock: Clock, elsewhere: bool
) -> None:
    """A writer is stamped when it begins and seen when it commits; an answer in between would change."""
    core = make_core()
    asked = make_core() if elsewhere else core
    tell(core, told("a", at("2026-11-20"), {"views": 7}))
    writing, may_commit, answered = threading.Event(), threading.Event(), threading.Event()
    answers: list[int] = []

    def write() -> None:
        with core.transaction(EVERYTHING, ACTOR) as tx:
            assert tx.now == NOW + SECOND
            writing.set()
            assert may_commit.wait(30)
            organization = core.organization(tx.connection, EVERYTHING)
            add_posts(tx, organization, "youtube", [new_post(organization, "youtube", "b", tx.now)])

    def ask() -> None:
        with asked.as_of(NOW + 2 * SECOND).read(EVERYTHING) as connection:
            answers.append(counted(connection)["posts"])
        answered.set()

    clock.advance(SECOND)
    writer = threading.Thread(target=write)
    writer.start()
    assert writing.wait(30)
    clock.advance(5 * SECOND)
    reader = threading.Thread(target=ask)
    reader.start()
    # It can't be there before the writer has ended, however long one waits.
    assert not answered.wait(0.5)
    may_commit.set()
    for thread in (writer, reader):
        thread.join(30)
        assert not thread.is_alive()
    assert answers == [2]


# --- walls ---


def test_only_what_the_organisation_has_is_there_and_only_what_the_scope_may_see_is_answered(
    core: Core, clock: Clock
) -> None:
    """What a post is compared with may lie outside of the scope, and never outside of the organisation."""
    for name, brand in (("a", "One"), ("b", "Two"), ("c", "Two")):
        tell(core, told(name, at("2026-11-20"), {"views": 7}), brand=brand)
    other = add_organization(core, EVERYTHING, ACTOR, "Other Ltd", None)
    theirs = Scope(organizations=frozenset({other.id}))
    store(core, theirs, ACTOR, [told(name, at("2026-11-20"), {"views": 7}) for name in "de"], "api")
    synced(core)
    synced(core, theirs)
    clock.advance(SECOND)
    derived = ("posts", "latest", "post_analytics", "content_performance")
    for scope, many in (
        (Scope(organizations=frozenset({1}), brands=frozenset({2})), 3),
        (Scope(organizations=frozenset({1})), 3),
        (theirs, 2),
    ):
        with core.as_of(NOW).read(scope) as connection:
            rows = counted(connection)
        assert {rows[name] for name in derived} == {many}
        assert dumped(core.as_of(NOW), scope) == dumped(core, scope)
    with pytest.raises(NotFound):
        post_analytics(core.as_of(NOW), Scope(brands=frozenset({2})), 1)
    assert overview(core.as_of(NOW), Scope(brands=frozenset({2})), WEEK)[0].posts == 2
    assert overview(core.as_of(NOW), Scope(brands=frozenset()), WEEK)[0].posts == 0
    one_brand = msgspec.structs.replace(WEEK, brand_id=1)
    one = msgspec.json.encode(overview(core.as_of(NOW), Scope(brands=frozenset({1})), WEEK))
    assert one == msgspec.json.encode(overview(core.as_of(NOW), EVERYTHING, one_brand))
