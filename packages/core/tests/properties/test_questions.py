"""What is asked of a window, of random histories, against the numbers worked out another way."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.storage import rollups, tables
from afterpost.storage.engine import Connection
from packages.core.tests.house import EVERYTHING, NOW
from packages.core.tests.properties import model, recount
from packages.core.tests.properties.bench import Bench, number
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import History, Plan, arrivals, histories, windows


class View(NamedTuple):
    """A part of the data somebody may ask for; None: all of it."""

    brand: int | None
    account: int | None
    platform: str | None

    @property
    def scope(self) -> Scope:
        """The scope that shows this part."""
        return Scope(
            brands=None if self.brand is None else frozenset({self.brand + 1}),
            accounts=None if self.account is None else frozenset({self.account + 1}),
        )

    def holds(self, plan: Plan) -> bool:
        """True when the post is in it."""
        return (
            self.brand in (None, plan.brand)
            and self.account in (None, plan.account)
            and self.platform in (None, plan.platform)
        )


views = st.builds(
    View,
    brand=st.sampled_from([None, None, 0, 1]),
    account=st.sampled_from([None, None, None, 0]),
    platform=st.sampled_from([None, None, "youtube"]),
)


Days = dict[date, model.Day]


def worked_out(history: History) -> list[Days]:
    """The snapshots of each post, by the model."""
    return [model.history_of(post, history) for post, _ in enumerate(history.posts)]


def seen_by(view: View, history: History, days: Sequence[Days]) -> list[Days]:
    """The posts in the view."""
    return [mine for plan, mine in zip(history.posts, days, strict=True) if view.holds(plan)]


def facts_of(metric: str, seen: Sequence[Days]) -> list[model.Fact]:
    """Every fact about a metric."""
    return [day.facts[metric] for post in seen for day in post.values() if metric in day.facts]


@given(st.data())
@effort(0.75)
def test_any_window_of_any_part_answers_with_what_the_readings_say(bench: Bench, data: st.DataObject) -> None:
    history = data.draw(histories())
    bench.begin(history.zone, history.posts)
    bench.play(data.draw(arrivals(history)))
    days = worked_out(history)
    with bench.core.database.read() as connection:
        for _ in range(3):
            view = data.draw(views)
            first, last = (date.fromordinal(n) for n in data.draw(windows(history)))
            seen = seen_by(view, history, days)
            check_earned(connection, view, seen, first, last)
            check_openings(connection, view, seen, first, last)
            check_days(connection, view, first, last)
            check_lifetime(connection, view, seen, last)
            check_distinct(connection, view, seen, first, last)


def check_earned(connection: Connection, view: View, seen: Sequence[Days], first: date, last: date) -> None:
    """Earned is what the gains book to the window's days, and what is undated in it."""
    start, end = number(first.toordinal()), number(last.toordinal())
    (sums,) = rollups.sums(connection, view.scope, start=start, end=end, selection=Selection(view.platform))
    for metric in CUMULATIVE:
        facts = facts_of(metric, seen)
        assert sums.earned(metric) == model.earned(facts, first, last)
        assert sums.estimated(metric) == sum(
            amount
            for fact in facts
            if fact.gain is not None
            for day, amount in model.shares(fact.gain, fact.covers).items()
            if first <= day <= last and day != fact.covers[-1]
        )


def check_openings(connection: Connection, view: View, seen: Sequence[Days], first: date, last: date) -> None:
    """What is undated in the window, what is unknown, and which part of what was booked is estimated."""
    start, end = number(first.toordinal()), number(last.toordinal())
    (sums,) = rollups.sums(connection, view.scope, start=start, end=end, selection=Selection(view.platform))
    for metric in CUMULATIVE:
        facts = facts_of(metric, seen)
        totals = model.undated(facts, first, last)
        assert sums.undated(metric) == (sum(totals), len(totals))
        assert sums.unknown_openings(metric) == model.unknown(facts, first, last)
        share, expected = sums.estimated_share(metric), model.estimated_share(facts, first, last)
        assert (share is None) == (expected is None)
        if share is not None and expected is not None:
            assert 0 <= share <= 1
            assert share == pytest.approx(float(expected))


def check_days(connection: Connection, view: View, first: date, last: date) -> None:
    """Σ days + undated = earned."""
    start, end = number(first.toordinal()), number(last.toordinal())
    selection = Selection(view.platform)
    (whole,) = rollups.sums(connection, view.scope, start=start, end=end, selection=selection)
    days = rollups.sums(connection, view.scope, start=start, end=end, selection=selection, by="day")
    for metric in CUMULATIVE:
        known = [amount for sums in days if (amount := sums.earned(metric)) is not None]
        total, posts = whole.undated(metric)
        assert whole.earned(metric) == (sum(known) + total if known or posts else None)


def check_lifetime(connection: Connection, view: View, seen: Sequence[Days], last: date) -> None:
    """Lifetime is the sum of the last known totals at the window's end; absent where there is none."""
    held = rollups.lifetime(
        connection, view.scope, end=number(last.toordinal()), selection=Selection(view.platform)
    )
    for metric in CUMULATIVE:
        known = []
        for post in seen:
            days = [day for day in post if day <= last and metric in post[day].facts]
            known += [post[max(days)].facts[metric].total] if days else []
        assert held[metric] == (sum(known) if known else None)


def check_distinct(connection: Connection, view: View, seen: Sequence[Days], first: date, last: date) -> None:
    """Posts are counted once, however often they were observed, as a whole and by brand."""
    start, end = number(first.toordinal()), number(last.toordinal())

    def distinct(by: str | None = None) -> Mapping[str | None, int]:
        return rollups.distinct_posts(
            connection, view.scope, start=start, end=end, selection=Selection(view.platform), by=by
        )

    facts, owners = tables.post_analytics, tables.posts
    query = (
        sa.select(sa.func.count(facts.c.post_id.distinct()))
        .join(owners, owners.c.id == facts.c.post_id)
        .where(facts.c.day.between(start, end))
    )
    if view.brand is not None:
        query = query.where(owners.c.brand_id == view.brand + 1)
    if view.account is not None:
        query = query.where(owners.c.account_id == view.account + 1)
    if view.platform is not None:
        query = query.where(owners.c.platform == view.platform)
    expected = sum(any(first <= day <= last for day in post) for post in seen)
    assert connection.execute(query).scalar_one() == expected
    assert distinct() == {None: expected}
    assert sum(distinct("brand_id").values()) == expected


@given(st.data())
@effort(0.5)
@pytest.mark.invariant
def test_a_window_that_holds_all_of_it_earns_the_latest_total(bench: Bench, data: st.DataObject) -> None:
    """Invariant 1 with late openings: one post, from its publication to its last reading."""
    history = data.draw(histories(max_posts=1))
    bench.begin(history.zone, history.posts)
    bench.play(data.draw(arrivals(history)))
    (days,) = worked_out(history)
    published = model.publication(0, history)
    began = [min(days)] + ([] if published.day is None else [published.day])
    with bench.core.database.read() as connection:
        (sums,) = rollups.sums(
            connection,
            EVERYTHING,
            start=number(min(began).toordinal()),
            end=number(max(days).toordinal()),
        )
    for metric in CUMULATIVE:
        told = [days[day].facts[metric] for day in sorted(days) if metric in days[day].facts]
        if not told:
            assert sums.earned(metric) is None
        elif published.day is not None:
            assert sums.earned(metric) == told[-1].total
        else:  # What it had before anybody looked is unknown.
            assert sums.earned(metric) == (told[-1].total - told[0].total if len(told) > 1 else None)
            assert sums.unknown_openings(metric) == 1


@given(st.data())
@effort(0.4)
def test_the_overview_says_the_same(bench: Bench, data: st.DataObject) -> None:
    history, view = data.draw(histories()), data.draw(views)
    bench.begin(history.zone, history.posts)
    bench.play(data.draw(arrivals(history)))
    first, last = (date.fromordinal(n) for n in data.draw(windows(history)))
    seen = seen_by(view, history, worked_out(history))
    bench.clock.now = NOW
    scope = Scope(accounts=view.scope.accounts)
    brand = None if view.brand is None else view.brand + 1
    answer, meta = overview(
        bench.core, scope, Question(start=first, end=last, brand_id=brand, platform=view.platform)
    )
    length = (last - first).days + 1
    before = date.fromordinal(first.toordinal() - length), date.fromordinal(first.toordinal() - 1)
    assert (meta.previous_window.start_date, meta.previous_window.end_date) == before
    for metric in ("views", "likes", "comments", "shares", "saves"):
        facts = facts_of(metric, seen)
        for totals, window in ((answer.earned, (first, last)), (answer.previous, before)):
            assert getattr(totals, metric) == model.earned(facts, *window)
    parts = [getattr(answer.earned, part) for part in ("likes", "comments", "shares", "saves")]
    known = [part for part in parts if part is not None]
    assert answer.earned.engagements == (sum(known) if known else None)

    # The rate: rows of the view, counted anew from the stored snapshots.
    posts = {row["id"]: row for row in bench.rows("posts")}
    rows = [
        r for r in bench.rows("post_analytics") if view.holds(history.posts[bench.ids.index(r["post_id"])])
    ]
    engaged = exposed = 0
    for (*_, day), counters in recount.rollups(rows, posts, history.zone).items():
        if number(first.toordinal()) <= day <= number(last.toordinal()):
            engaged += counters.get("rated_engagements", 0)
            exposed += counters.get("rated_views", 0) + counters.get("rated_impressions", 0)
    assert answer.engagement_rate == (100 * engaged / exposed if exposed > 0 else None)
    assert answer.posts == sum(any(first <= d <= last for d in post) for post in seen)
    assert meta.receipt.snapshots == sum(first <= d <= last for post in seen for d in post)


def test_everything_is_the_scope_of_a_single_tenant() -> None:
    assert View(None, None, None).scope == EVERYTHING
