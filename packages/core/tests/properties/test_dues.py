"""Due reads of random histories: late, missed and failed reads, pauses, posts that go and come back,
schedules of plugins, brands and zones that change; against a model that looks at each post by itself."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.defaults import AgeLadder
from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.readings import Reading
from afterpost.sdk.provider import Failed, Gone, Measured, Outcome
from afterpost.sdk.schedule import CollectionSchedule, ScheduledPost
from afterpost.services.batches import store_batch
from afterpost.services.core import Core
from afterpost.services.dues import resume, settle
from afterpost.services.question import Question, asking
from afterpost.services.record import move
from afterpost.services.rezone import rezone
from afterpost.services.windows import attended
from afterpost.storage import accounts, pauses, posts, runs
from packages.core.tests.house import ACTOR, EVERYTHING
from packages.core.tests.properties.bench import Bench, dumped
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import Plan, Said
from packages.core.tests.properties.test_facts import check_rollups

BEGINS = datetime(2026, 10, 20, 7, 30, tzinfo=UTC)
ZONES = ("UTC", "America/New_York", "Pacific/Auckland")
TICK = timedelta(microseconds=1)
GRACE = timedelta(minutes=5)
Rule = Callable[[datetime | None, datetime], datetime | None]


class Every(CollectionSchedule):
    """A plugin's schedule that asks so long after each read, and not at all after a while."""

    def __init__(self, every: timedelta, until: datetime | None) -> None:
        self.every, self.until = every, until

    def next_due(self, post: ScheduledPost, now: datetime) -> datetime | None:
        return None if self.until is not None and now >= self.until else now + self.every


SCHEDULES: Mapping[str, CollectionSchedule] = {
    "ladder": AgeLadder(),
    "hours": Every(timedelta(hours=7), None),
    "days": Every(timedelta(days=2, hours=5), None),
    "ends": Every(timedelta(hours=26), BEGINS + timedelta(days=12)),
}


@dataclass
class Known:
    """What the model knows of a post."""

    number: int
    account: int | None
    brand: int | None
    published: datetime | None
    due_at: datetime | None
    state: str = "live"
    misses: int = 0
    gone_at: datetime | None = None
    due: set[datetime] = field(default_factory=set)
    read: set[datetime] = field(default_factory=set)


class Model:
    """The history as it should have been kept, an instant at a time and post by post."""

    def __init__(self, known: Sequence[Known], zone: str, schedule: CollectionSchedule) -> None:
        self.posts, self.zone, self.schedule = known, ZoneInfo(zone), schedule
        self.away: dict[int, list[list[datetime | None]]] = {}

    def day(self, at: datetime) -> date:
        """The calendar day."""
        return at.astimezone(self.zone).date()

    def begins(self, day: date) -> datetime:
        """The first instant of a day."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def asks(self, post: Known, now: datetime) -> datetime | None:
        """The read after one at `now`."""
        owner = None if post.account is None else post.account + 1
        subject = ScheduledPost(
            organization_id=1,
            platform="youtube",
            external_id=f"p{post.number}",
            published_at=post.published,
            account_id=owner,
        )
        return self.schedule.next_due(subject, now)

    def book(self, post: Known, now: datetime) -> None:
        """What has come of the plan is due."""
        at = post.due_at
        if at is not None and post.published is not None and at < post.published:
            at = post.published  # nobody waits for what is not out
        while at is not None and at <= now:
            assert post.account is not None
            paused = any(
                began is not None and began <= at and (ended is None or at < ended)
                for began, ended in self.away.get(post.account, ())
            )
            if not paused:
                post.due.add(now if now <= at + GRACE else at)
            tomorrow = self.begins(self.day(at) + timedelta(days=1))
            if tomorrow > now:
                break
            then = self.asks(post, tomorrow - TICK)
            at = then if then is None or then >= tomorrow else tomorrow

    def ended(self, post: Known, now: datetime, outcome: Outcome, published: datetime | None) -> None:
        """A read of the post ended so."""
        self.book(post, now)
        if isinstance(outcome, Measured):
            post.state, post.misses, post.gone_at = "live", 0, None
            post.due_at = self.asks(post, now)
            post.read.add(outcome.reading.observed_at)
        elif isinstance(outcome, Gone):
            post.misses += 1
            post.gone_at = post.gone_at or now
            if post.misses >= 3:
                post.state, post.due_at = "gone", None
                gone_on = self.day(post.gone_at)
                post.due = {at for at in post.due if self.day(at) <= gone_on}
            else:
                post.due_at = self.asks(post, now)
        else:
            post.due_at = now + timedelta(minutes=30)

    def attended(self, first: date, last: date, brand: int | None) -> dict[int, tuple[int, int, bool]]:
        """By account: expected, observed, whether somebody still waits for a reading."""
        found: dict[int, tuple[int, int, bool]] = {}
        for post in self.posts:
            if post.account is None or brand not in (None, post.brand):
                continue
            paused = any(ended is None for _, ended in self.away.get(post.account, ()))
            ends = self.begins(last + timedelta(days=1))
            overdue = (
                post.state == "live"
                and not paused
                and post.due_at is not None
                and post.due_at < ends
                and (post.published is None or post.published < ends)
            )
            if not (overdue or any(first <= self.day(at) <= last for at in post.due)):
                continue
            days = {self.day(at) for at in post.read}
            waits = post.state == "live" and not paused and all(day <= last for day in days)
            expected, observed, waiting = found.get(post.account, (0, 0, False))
            seen = any(first <= day <= last for day in days)
            found[post.account] = expected + 1, observed + seen, waiting or waits
        return found


def measured(at: datetime, value: int, published: datetime | None) -> Measured:
    """An outcome with one number; 0 before the post is out: seen then, it can't have come out later."""
    seen = value if published is None or at >= published else 0
    return Measured(reading=Reading(observed_at=at, values={"views": seen}, published_at=published))


class Play:
    """A bench and a model that live through the same."""

    def __init__(self, bench: Bench, data: st.DataObject) -> None:
        self.bench, self.data = bench, data
        bench.clock.now = BEGINS
        zone = data.draw(st.sampled_from(ZONES))
        plans = [
            Plan(data.draw(st.sampled_from([None, 0, 1])), account, "youtube", "video", published)
            for account in data.draw(st.lists(st.sampled_from([0, 0, 1]), min_size=1, max_size=3))
            for published in [BEGINS - timedelta(hours=data.draw(st.sampled_from([-30, 1, 40, 200, 900])))]
        ]
        bench.begin(zone, plans)
        schedule = data.draw(st.sampled_from(sorted(SCHEDULES)))
        self.core = replace(bench.core, schedule=SCHEDULES[schedule])
        known = [Known(n, p.account, p.brand, p.announced, BEGINS) for n, p in enumerate(plans)]
        self.model = Model(known, zone, SCHEDULES[schedule])
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            rows = [{"id": key, "due_at": BEGINS} for key in bench.ids]
            posts.update_posts(tx.connection, EVERYTHING, ["due_at"], rows)
        self.value = 0

    @property
    def now(self) -> datetime:
        """By the clock of both."""
        return self.bench.clock.now

    def live(self, step: str) -> None:
        """One thing that happens, some time after the one before."""
        hours = st.sampled_from([0.01, 0.4, 3.0, 9.0, 16.5, 24.0, 25.0, 61.0, 200.0])
        self.bench.clock.advance(timedelta(hours=self.data.draw(hours)))
        getattr(self, step)()

    def collect(self) -> None:
        """The due posts of an account are read, or some whoever asked."""
        account = self.data.draw(st.sampled_from([0, 1]))
        if any(ended is None for _, ended in self.model.away.get(account, ())):
            return
        forced = self.data.draw(st.integers(0, 4)) == 0
        mine = [post for post in self.model.posts if post.account == account]
        wanted = [p for p in mine if forced or (p.due_at is not None and p.due_at <= self.now)]
        if not wanted:
            return
        outcomes = {f"p{post.number}": self.outcome(post) for post in wanted}
        with self.core.read(EVERYTHING) as connection:
            found = posts.get_posts(connection, EVERYTHING, [self.bench.ids[p.number] for p in wanted])
        store_batch(self.core, EVERYTHING, ACTOR, list(found.values()), outcomes, self.run())
        for post in wanted:
            self.model.ended(post, self.now, outcomes[f"p{post.number}"], post.published)

    def run(self) -> int:
        """A run of its own: each names a post once."""
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            return runs.start_run(tx.connection, EVERYTHING, 1, "collect", "test", self.now)

    def outcome(self, post: Known) -> Outcome:
        """How a read of it ends."""
        self.value += 7
        kind = self.data.draw(st.sampled_from(["read", "read", "read", "stale", "failed", "gone", "gone"]))
        if kind == "failed":
            return Failed(ProviderError(ErrorKind.NETWORK, "Down."))
        if kind == "gone":
            return Gone("404")
        ago = timedelta(hours=20 if kind == "stale" else 0)
        return measured(self.now - ago, self.value, post.published)

    def tell(self) -> None:
        """Somebody imports a reading, late as a rule."""
        post = self.data.draw(st.sampled_from(self.model.posts))
        self.value += 7
        at = self.now - timedelta(hours=self.data.draw(st.sampled_from([0, 5, 30, 80, 300])))
        reading = measured(at, self.value, post.published).reading
        self.bench.record([Said(post.number, reading, "csv")])
        post.read.add(at)

    def pause(self) -> None:
        """An account is away, or back."""
        account = self.data.draw(st.sampled_from([0, 1]))
        spans = self.model.away.setdefault(account, [])
        back = bool(spans) and spans[-1][1] is None
        state = "active" if back else self.data.draw(st.sampled_from(["stopped", "disconnected"]))
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            if not back:
                settle(self.core, tx, self.core.organization(tx.connection, EVERYTHING), account + 1)
            pauses.note_state(tx.connection, EVERYTHING, 1, account + 1, state, self.now)
            if back:
                resume(tx, account + 1)
            accounts.update_account(tx.connection, EVERYTHING, account + 1, {"state": state})
        if back:
            spans[-1][1] = self.now
            for post in self.model.posts:
                if post.account == account and post.due_at is not None and post.due_at < self.now:
                    post.due_at = self.now
            return
        for post in self.model.posts:
            if post.account == account:
                self.model.book(post, self.now)
        spans.append([self.now, None])

    def move(self) -> None:
        """A post gets another brand."""
        post = self.data.draw(st.sampled_from(self.model.posts))
        post.brand = self.data.draw(st.sampled_from([0, 1]))
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            stored = self.bench.posts(tx.connection)[post.number]
            move(tx, self.bench.organization(tx.connection), stored, brand_id=post.brand + 1)

    def rezone(self) -> None:
        """Days are cut in another zone."""
        zone = self.data.draw(st.sampled_from(ZONES))
        with self.core.transaction(EVERYTHING, ACTOR) as tx:
            tx.connection.exec_driver_sql("UPDATE runs SET state = 'done', ended_at = started_at")
        asyncio.run(rezone(self.core, EVERYTHING, ACTOR, zone))
        self.model.zone = ZoneInfo(zone)

    def check(self) -> None:
        """Counters are those of the facts, and what windows say is what the model says."""
        check_rollups(self.bench, self.model.zone.key)
        check_heads(self.bench)
        today = self.model.day(self.now)
        for _ in range(2):
            last = today - timedelta(days=self.data.draw(st.integers(1, 12)))
            first = last - timedelta(days=self.data.draw(st.sampled_from([0, 0, 1, 6, 20])))
            brand = self.data.draw(st.sampled_from([None, None, 0, 1]))
            self.compare(self.core, first, last, brand)

    def compare(self, core: Core, first: date, last: date, brand: int | None) -> None:
        """One window."""
        question = Question(start=first, end=last, brand_id=None if brand is None else brand + 1)
        with asking(core, EVERYTHING, question) as asked:
            found = {
                each.account_id - 1: (each.expected, each.observed, each.unread) for each in attended(asked)
            }
        assert found == self.model.attended(first, last, brand), (first, last, brand)


def check_heads(bench: Bench) -> None:
    """Each post's due reads are a list, and the post knows its end."""
    mine: dict[int, list[Any]] = {}
    for row in bench.rows("due_reads"):
        mine.setdefault(row["post_id"], []).append((row["day"], row["prev_day"]))
    for post in bench.rows("posts"):
        days = sorted(mine.get(post["id"], ()))
        assert [prev for _, prev in days] == [None, *(day for day, _ in days)][: len(days)]
        heads = [*[day for day, _ in days][::-1], None, None]
        assert [post["due_day"], post["due_prev"]] == heads[:2]


STEPS = ("collect",) * 6 + ("tell", "tell", "pause", "move", "rezone")


@given(st.data())
@effort()
@pytest.mark.invariant
def test_coverage_is_that_of_posts_looked_at_one_by_one(bench: Bench, data: st.DataObject) -> None:
    play = Play(bench, data)
    for step in data.draw(st.lists(st.sampled_from(STEPS), min_size=3, max_size=14)):
        play.live(step)
        play.check()


@given(st.data())
@effort(0.5)
@pytest.mark.invariant
def test_the_coverage_of_an_instant_is_what_it_was(bench: Bench, data: st.DataObject) -> None:
    """As of an instant, whatever was booked afterwards; but for posts that turn out to be gone, for what was
    due after they were is taken back."""
    play = Play(bench, data)
    steps = data.draw(st.lists(st.sampled_from(("collect",) * 4 + ("tell", "pause")), min_size=3, max_size=9))
    shown = []
    for step in steps:
        play.live(step)
        bench.clock.advance(TICK)
        last = play.model.day(play.now) - timedelta(days=1)
        first = last - timedelta(days=data.draw(st.sampled_from([0, 2, 8])))
        with asking(play.core, EVERYTHING, Question(start=first, end=last)) as asked:
            shown.append((play.now, first, last, list(attended(asked))))
        bench.clock.advance(TICK)
    if any(post.misses for post in play.model.posts):
        return
    for instant, first, last, said in shown:
        with asking(play.core.as_of(instant), EVERYTHING, Question(start=first, end=last)) as asked:
            assert list(attended(asked)) == said
    with play.core.as_of(bench.clock.now - TICK).read(EVERYTHING) as connection:
        assert dumped(connection, "attendance") == bench.dump("attendance")
