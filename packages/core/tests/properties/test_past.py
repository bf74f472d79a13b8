"""Knowledge time: what was known at an instant is what a database knows that never heard anything later."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.readings import Reading
from afterpost.domain.scope import Scope
from afterpost.services.advice import posting_advice
from afterpost.services.boards import leaderboard, platforms
from afterpost.services.core import Core
from afterpost.services.generation_context import generation_context
from afterpost.services.overview import overview
from afterpost.services.post_summary import post_analytics, post_observations
from afterpost.services.quality import quality
from afterpost.services.question import Question
from afterpost.services.rankings import ranking
from afterpost.services.receipts import receipt
from afterpost.services.series import timeseries
from afterpost.services.weekly import weekly
from afterpost.storage.engine import Connection
from afterpost.storage.transaction import Transactions
from packages.core.tests.house import EVERYTHING, NOW, synced
from packages.core.tests.properties.bench import FACTS, Bench, Dump, dumped
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import (
    Batches,
    History,
    Plan,
    Said,
    arrivals,
    histories,
    windows,
)

TICK = timedelta(microseconds=1)
"""Between two transactions: the least that tells them apart."""
KNOWN = (*FACTS, "observations", "daily_metrics", "content_performance", "brands")
OF_POSTS = ("id", "brand_id", "account_id", "platform", "content_type", "published_at", "state", "gone_at")


def play(bench: Bench, batches: Batches) -> datetime:
    """A transaction a batch, each a tick later; the instant of the last one."""
    for batch in batches:
        bench.clock.advance(TICK)
        bench.record(batch)
    return bench.clock.now


class Held(Transactions):
    """Reads on one connection, so that the tables of the past are made once for many questions."""

    def __init__(self, transactions: Transactions, connection: Connection) -> None:
        super().__init__(transactions.database, lambda: NOW)
        self._connection = connection

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Connection]:
        """The one connection."""
        yield self._connection


def of_post(core: Core, _: Question, post_id: int, days: tuple[date, date]) -> object:
    """What a post's page says."""
    return (
        post_analytics(core, EVERYTHING, post_id, start=days[0], end=days[1]),
        post_observations(core, EVERYTHING, post_id, before=None, days=100),
    )


ANSWERS: Mapping[str, Callable[[Core, Question, int, tuple[date, date]], object]] = {
    "overview": lambda core, asked, *_: overview(core, EVERYTHING, asked),
    "weekly": lambda core, asked, *_: weekly(core, EVERYTHING, asked),
    "days": lambda core, asked, *_: timeseries(core, EVERYTHING, asked),
    "weeks": lambda core, asked, *_: timeseries(core, EVERYTHING, asked, group_by="week"),
    "platforms": lambda core, asked, *_: platforms(core, EVERYTHING, asked),
    "brands": lambda core, asked, *_: leaderboard(core, EVERYTHING, "brands", asked),
    "ranking": lambda core, asked, *_: ranking(core, EVERYTHING, asked, sort="views"),
    "receipt": lambda core, asked, *_: receipt(core, EVERYTHING, asked),
    "quality": lambda core, asked, *_: quality(core, EVERYTHING, asked),
    "posting times": lambda core, asked, *_: posting_advice(core, EVERYTHING, asked),
    "generation context": lambda core, asked, *_: generation_context(core, EVERYTHING, asked),
    "post": of_post,
}
"""What can be asked about an instant. An example asks some: each costs more than to make up its history."""


class Wanted(NamedTuple):
    """What one example asks: which answers, of which window and part, about which post (by number)."""

    answers: Sequence[str]
    days: tuple[date, date]
    part: bool
    post: int


@st.composite
def wanted(draw: st.DrawFn, history: History) -> Wanted:
    """A few questions about a history."""
    first, last = (date.fromordinal(n) for n in draw(windows(history)))
    names = draw(st.lists(st.sampled_from(sorted(ANSWERS)), min_size=2, max_size=3, unique=True))
    return Wanted(names, (first, last), draw(st.booleans()), draw(st.integers(0, len(history.posts) - 1)))


def told_by(core: Core, ids: Sequence[int], want: Wanted) -> tuple[Dump, bytes]:
    """The facts that reports can read, as rows, and the answers with all they say about themselves, byte for
    byte."""
    asked = Question(start=want.days[0], end=want.days[1])
    if want.part:
        asked = msgspec.structs.replace(asked, brand_id=1, platform="youtube")
    with core.read(EVERYTHING) as connection:
        facts = dict(dumped(connection, *KNOWN))
        query = f"SELECT {', '.join(OF_POSTS)} FROM posts ORDER BY id"
        facts["posts"] = [tuple(row) for row in connection.exec_driver_sql(query)]
        held = replace(core, transactions=Held(core.transactions, connection))
        told = [ANSWERS[name](held, asked, ids[want.post], want.days) for name in want.answers]
        return facts, msgspec.json.encode(told)


@given(st.data())
@effort()
@pytest.mark.invariant
def test_what_was_known_stays_known(bench: Bench, other: Bench, data: st.DataObject) -> None:
    """Invariant 6. After more was ingested, as-of answers equal those of a database that stopped there."""
    history = data.draw(histories())
    batches = data.draw(arrivals(history))
    known = data.draw(st.integers(0, len(batches)))
    want = data.draw(wanted(history))
    for each in (bench, other):
        each.clock.now = NOW
        each.begin(history.zone, history.posts)
    instant = play(other, batches[:known])
    synced(other.core)
    expected = told_by(other.core, other.ids, want)

    assert play(bench, batches[:known]) == instant
    bench.clock.advance(TICK)
    play(bench, batches[known:])
    assert told_by(bench.core.as_of(instant), bench.ids, want) == expected


days_told = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([5, 5, 7]), st.booleans()), min_size=1, max_size=10
)
"""What was said of one day: hours later, the value, and whether the next thing is said in the same batch."""


@given(days_told)
@effort(0.5)
def test_a_daily_value_is_known_as_it_was(bench: Bench, told: list[tuple[int, int, bool]]) -> None:
    """Equal values in a row are not all kept; of any instant what is kept says what all would."""
    bench.clock.now = NOW
    bench.begin("UTC", [Plan(None, None, "youtube", "video")])
    on = date(2026, 11, 10)
    shown: list[tuple[datetime, bytes]] = []

    def now_shown(core: Core) -> bytes:
        return msgspec.json.encode(
            post_analytics(core, EVERYTHING, bench.ids[0], start=on, end=on)[0].daily_series
        )

    batch: list[Said] = []
    for hour, value, more in told:
        at = NOW - timedelta(days=2) + timedelta(hours=hour)
        batch.append(Said(0, Reading(observed_at=at, values={}, daily={on: {"views": value}}), "api"))
        if not more:
            play(bench, (tuple(batch),))
            shown.append((bench.clock.now, now_shown(bench.core)))
            batch = []
    bench.clock.advance(TICK)
    for (instant, said), (following, _) in pairwise([*shown, (bench.clock.now, b"")]):
        assert now_shown(bench.core.as_of(instant)) == said
        assert now_shown(bench.core.as_of(following - TICK)) == said
