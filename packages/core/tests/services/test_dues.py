"""Due reads as facts: booked when a plan is replaced, by the schedule really in force; what a month costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Scope
from afterpost.domain.selection import EVERY_POST
from afterpost.domain.windows import day_number
from afterpost.sdk.provider import Failed, Measured, Outcome
from afterpost.sdk.schedule import CollectionSchedule, ScheduledPost
from afterpost.services.batches import store_batch
from afterpost.services.core import Core
from afterpost.services.forecast import forecast
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.runner import Runner
from afterpost.storage import coverage, posts, runs
from afterpost.storage.engine import Connection
from packages.core.tests.databases import POSTGRESQL
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, day, tell, told
from packages.core.tests.services.scenery import adopt, only_the_day, set_due, was_due
from packages.core.tests.services.test_waiting import Metered, house, joined

OLD = at("2026-06-01")
HOUR = timedelta(hours=1)


class EveryThreeDays(CollectionSchedule):
    """A plugin's schedule."""

    def next_due(self, post: ScheduledPost, now: datetime) -> datetime | None:
        return now + timedelta(days=3)


def planned(core: Core, clock: Clock, due: str, now: str) -> Core:
    """An old post of an account that was read on 1 November and planned for `due`; it is `now`."""
    tell(core, told("a", at("2026-11-01"), {"views": 1}, published_at=OLD))
    adopt(core, "a")
    set_due(core, at(due), "a")
    clock.now = at(now)
    return replace(core, schedule=EveryThreeDays())


def ended(core: Core, outcome: Outcome) -> None:
    """A read of the post."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        post = posts.get_post(tx.connection, EVERYTHING, 1)
        run = runs.start_run(tx.connection, EVERYTHING, 1, "collect", "test", tx.now)
    assert post is not None
    store_batch(core, EVERYTHING, ACTOR, [post], {"a": outcome}, run)


def read(core: Core) -> None:
    """A read that succeeds."""
    ended(core, Measured(reading=Reading(observed_at=core.now(), values={"views": 9}, published_at=OLD)))


def covered(core: Core, first: str, last: str) -> tuple[int, int, bool]:
    """Expected, observed, provisional."""
    meta = overview(core, EVERYTHING, Question(start=day(first), end=day(last)))[1]
    return meta.coverage.expected, meta.coverage.observed, meta.provisional


def due_days(core: Core) -> list[date]:
    """The post's due days, from the facts."""
    with core.read(EVERYTHING) as connection:
        rows = connection.exec_driver_sql("SELECT first_at FROM due_reads ORDER BY day").scalars()
        return [datetime.fromtimestamp(each / 1_000_000, tz=at("2026-11-01").tzinfo).date() for each in rows]


def test_a_plugins_schedule_says_what_is_expected(core: Core, clock: Clock) -> None:
    """The ladder reads an old post on one day of seven; this plugin on one of three."""
    core = planned(core, clock, "2026-11-04", "2026-11-04 12:30")
    for _ in range(4):
        read(core)
        clock.advance(timedelta(days=3))
    assert due_days(core) == [day(f"2026-11-{n:02}") for n in (4, 7, 10, 13)]
    assert [covered(core, f"2026-11-{n:02}", f"2026-11-{n:02}")[:2] for n in (9, 10, 11, 13)] == [
        *((0, 0), (1, 1), (0, 0), (1, 1))
    ]


def test_days_on_which_nobody_read_follow_the_schedule(core: Core, clock: Clock) -> None:
    core = planned(core, clock, "2026-11-04", "2026-11-12 12:30")
    # While it is outstanding it is expected from its day on.
    assert covered(core, "2026-11-03", "2026-11-03") == (0, 0, False)
    assert covered(core, "2026-11-05", "2026-11-05") == (1, 0, True)
    read(core)
    assert due_days(core) == [day(f"2026-11-{n:02}") for n in (4, 7, 10)]
    assert covered(core, "2026-11-05", "2026-11-05") == (0, 0, False)
    assert covered(core, "2026-11-07", "2026-11-07") == (1, 0, False)


def test_a_read_that_failed_was_due_all_the_same(core: Core, clock: Clock) -> None:
    core = planned(core, clock, "2026-11-04", "2026-11-04 12:30")
    ended(core, Failed(ProviderError(ErrorKind.NETWORK, "Nobody there.")))
    clock.advance(timedelta(days=1))
    assert covered(core, "2026-11-04", "2026-11-04") == (1, 0, True)


def test_a_plan_that_is_replaced_before_it_came_was_never_due(core: Core, clock: Clock) -> None:
    core = planned(core, clock, "2026-11-04", "2026-11-03")
    read(core)
    clock.now = at("2026-11-05")
    assert due_days(core) == []
    assert covered(core, "2026-11-03", "2026-11-04") == (0, 0, False)


def test_a_read_shortly_before_midnight_is_due_when_it_is_made(core: Core, clock: Clock) -> None:
    core = planned(core, clock, "2026-11-04 23:59", "2026-11-05 00:01")
    read(core)
    clock.advance(timedelta(days=1))
    assert covered(core, "2026-11-04", "2026-11-04") == (0, 0, False)
    assert covered(core, "2026-11-05", "2026-11-05")[:2] == (1, 1)


# --- a publication of which only the day is known ---


def without_hour(core: Core, published_on: str, read_on: str) -> None:
    """A post of an account, of which only the day of publication was told."""
    tell(core, told("a", at(read_on), {"views": 0}, published_on=day(published_on)))
    adopt(core, "a")


def test_days_on_which_nobody_read_follow_the_ladder_from_noon(core: Core, clock: Clock) -> None:
    """Of unknown age it would be read every day; it is old, and read once a week."""
    without_hour(core, "2026-06-01", "2026-11-01")
    set_due(core, at("2026-11-02"), "a")
    clock.now = at("2026-11-19 12:30")
    ended(core, Measured(reading=Reading(observed_at=core.now(), values={"views": 9})))
    assert due_days(core) == [day(f"2026-11-{n:02}") for n in (2, 4, 11, 18)]


def test_nobody_waits_for_a_post_before_its_day(core: Core, clock: Clock) -> None:
    without_hour(core, "2026-11-19", "2026-11-10")
    set_due(core, at("2026-11-16"), "a")
    assert covered(core, "2026-11-16", "2026-11-18") == (0, 0, False)
    assert covered(core, "2026-11-16", "2026-11-19") == (1, 0, True)
    with core.read(EVERYTHING) as connection:
        unread = [
            coverage.unread(
                connection,
                EVERYTHING,
                EVERY_POST,
                1,
                days=[day_number(day(on))],
                ends_at=at(on) + timedelta(days=1),
                limit=5,
            )
            for on in ("2026-11-18", "2026-11-19")
        ]
    assert unread == [[], [1]]
    ended(core, Measured(reading=Reading(observed_at=core.now(), values={"views": 9})))
    assert due_days(core)[0] == day("2026-11-19")


def planned_for(core: Core) -> datetime:
    """When the post is read next."""
    with core.read(EVERYTHING) as connection:
        post = posts.get_post(connection, EVERYTHING, 1)
    assert post is not None
    assert post.due_at is not None
    return post.due_at


@pytest.mark.parametrize(
    ("before", "then", "hours"),
    [
        # Old as far as was known: its platform says that it came out an hour ago.
        ({"published_on": date(2026, 6, 1)}, {"published_at": at("2026-11-22 11:00")}, (0, 2)),
        ({"published_at": at("2026-11-20")}, {"published_at": at("2026-06-01")}, (24, 200)),
        ({}, {"published_on": date(2026, 6, 1)}, (24, 200)),
        # The day counts for less than the instant, and an impossible one for nothing.
        ({"published_at": at("2026-06-01")}, {"published_on": date(2026, 11, 21)}, (24, 200)),
        ({"published_on": date(2026, 6, 1)}, {"published_at": at("2026-12-22")}, (24, 200)),
    ],
)
def test_the_next_read_is_planned_by_the_publication_that_a_reading_changed(
    core: Core, clock: Clock, before: dict[str, Any], then: dict[str, Any], hours: tuple[int, int]
) -> None:
    tell(core, told("a", at("2026-11-22 11:30"), {"views": 0}, **before))
    adopt(core, "a")
    set_due(core, at("2026-11-22 11:45"), "a")
    clock.now = at("2026-11-22 12:00")
    ended(core, Measured(reading=Reading(observed_at=core.now(), values={"views": 9}, **then)))
    least, most = hours
    assert least * HOUR < planned_for(core) - core.now() <= most * HOUR


def test_a_reading_that_makes_the_publication_impossible_changes_the_plan(core: Core, clock: Clock) -> None:
    """It was announced for June; it is seen today, so nobody knows when it came out."""
    tell(core, told("a", at("2026-11-22 11:30"), {"views": 0}, published_at=at("2027-06-01")))
    adopt(core, "a")
    set_due(core, at("2026-11-22 11:45"), "a")
    clock.now = at("2026-11-22 12:00")
    ended(core, Measured(reading=Reading(observed_at=core.now(), values={"views": 9})))
    assert planned_for(core) - core.now() <= 2 * HOUR


def test_the_window_before_has_its_coverage_beside(core: Core) -> None:
    tell(core, *(told(name, at("2026-11-10"), {"views": 1}, published_at=OLD) for name in "ab"))
    adopt(core, "a", "b")
    was_due(core, ["2026-11-10"], "a", "b")
    was_due(core, ["2026-11-17"], "a")
    meta = overview(core, EVERYTHING)[1]
    assert (meta.coverage.expected, meta.coverage.observed) == (1, 0)
    assert (meta.previous_coverage.expected, meta.previous_coverage.observed) == (2, 2)


async def test_a_month_costs_what_a_plugins_schedule_reads(make_core: MakeCore, clock: Clock) -> None:
    table = Metered()
    table.views = {f"a{n}": n for n in range(3)}
    table.published = clock.now - timedelta(days=90)
    core = replace(house(make_core, table), schedule=EveryThreeDays())
    await joined(core, "a")
    await Runner(core).run_due()
    (account,) = forecast(core, EVERYTHING).accounts
    reads = next(each for each in account.operations if each.operation == "fetch_metrics")
    before = len(table.asked)
    for _ in range(30 * 24 - 1):  # a read right at its end is of the next month
        clock.advance(HOUR)
        await Runner(core).run_due()
    assert (reads.calls, reads.posts) == (len(table.asked) - before, sum(map(len, table.asked[before:])))


async def test_a_month_costs_the_same_where_only_the_day_of_publication_is_known(
    make_core: MakeCore, clock: Clock
) -> None:
    """As many new ones, and as many reads: noon is the hour that the instant has here."""
    table = Metered(daily_days=90)
    table.views = {f"a{n}": n for n in range(3)}
    table.published = clock.now.replace(hour=12, minute=0) - timedelta(days=10)
    core = house(make_core, table)
    await joined(core, "a")
    await Runner(core).run_due()
    before = forecast(core, EVERYTHING)
    assert before.accounts[0].new_posts == 3
    only_the_day(core, "a0", "a1", "a2", platform="table")
    assert forecast(core, EVERYTHING) == before


@contextmanager
def counting(connection: Connection) -> Iterator[list[int]]:
    """Counts what SQLite does, in its own instructions, by tens."""
    done = [0]

    def step() -> int:
        done[0] += 1
        return 0

    raw = connection.connection.driver_connection
    assert raw is not None
    raw.set_progress_handler(step, 10)
    yield done
    raw.set_progress_handler(None, 0)


@pytest.mark.skipif(POSTGRESQL, reason="counts what SQLite does")
def test_coverage_costs_the_same_for_ten_times_the_posts(make_core: MakeCore) -> None:
    costs = []
    for many in (20, 200):
        core = make_core(f"core{many}")
        names = [f"p{n}" for n in range(many)]
        tell(core, *(told(name, at("2026-11-18"), {"views": 1}, published_at=OLD) for name in names))
        adopt(core, *names)
        was_due(core, ["2026-11-11", "2026-11-18"], *names)
        with core.read(EVERYTHING) as connection, counting(connection) as done:
            found = coverage.attended(
                connection,
                Scope.default(),
                EVERY_POST,
                start=20_773,
                end=20_779,
                ends_at=at("2026-11-22 00:00"),
            )
            costs.append(done[0])
        assert [(each.expected, each.observed, each.unread) for each in found] == [(many, many, True)]
    assert costs[1] <= costs[0] * 1.1 + 1, costs
