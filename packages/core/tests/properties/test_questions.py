"""What is asked of a window, of random histories, against the numbers worked out another way."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.scope import Scope
from afterpost.services.overview import overview
from afterpost.storage import rollups
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


def seen_by(view: View, history: History) -> Iterator[dict[date, model.Day]]:
    """The snapshots of each post in the view, by the model."""
    for post, plan in enumerate(history.posts):
        if view.holds(plan):
            yield model.history_of(post, history)


def played(bench: Bench, data: st.DataObject) -> tuple[History, View, date, date]:
    """A history in the database, a part of it, and a window."""
    history = data.draw(histories())
    bench.begin(history.zone, history.posts)
    bench.play(data.draw(arrivals(history)))
    first, last = data.draw(windows(history))
    return history, data.draw(views), date.fromordinal(first), date.fromordinal(last)


def facts_of(metric: str, view: View, history: History) -> list[model.Fact]:
    """Every fact about a metric in the view."""
    return [
        day.facts[metric] for post in seen_by(view, history) for day in post.values() if metric in day.facts
    ]


@given(st.data())
@effort()
def test_earned_is_what_the_gains_book_to_the_window(bench: Bench, data: st.DataObject) -> None:
    history, view, first, last = played(bench, data)
    with bench.core.database.read() as connection:
        (sums,) = rollups.sums(
            connection,
            view.scope,
            start=number(first.toordinal()),
            end=number(last.toordinal()),
            platform=view.platform,
        )
    for metric in CUMULATIVE:
        facts = facts_of(metric, view, history)
        observed = [
            day
            for post in seen_by(view, history)
            for day, snapshot in post.items()
            if metric in snapshot.facts and first <= day <= last
        ]
        expected = model.earned(facts, first, last)
        # A metric that was seen in the window, its gain unknown, has earned nothing that is known of: 0.
        assert sums.earned(metric) == (0 if expected is None and observed else expected)
        unseen = [fact._replace(covers=fact.covers) for fact in facts if fact.gain is not None]
        estimated = sum(
            amount
            for fact in unseen
            for day, amount in model.shares(fact.gain or 0, fact.covers).items()
            if first <= day <= last and day != fact.covers[-1]
        )
        assert sums.estimated(metric) == estimated


@given(st.data())
@effort()
def test_lifetime_is_the_sum_of_last_known_totals_at_the_end(bench: Bench, data: st.DataObject) -> None:
    history, view, _, last = played(bench, data)
    with bench.core.database.read() as connection:
        held = rollups.lifetime(
            connection, view.scope, end=number(last.toordinal()), platform=view.platform
        )
    for metric in CUMULATIVE:
        known = []
        for post in seen_by(view, history):
            days = [day for day in post if day <= last and metric in post[day].facts]
            known += [post[max(days)].facts[metric].total] if days else []
        assert held[metric] == (sum(known) if known else None)


@given(st.data())
@effort()
def test_posts_are_counted_once_however_often_they_were_observed(bench: Bench, data: st.DataObject) -> None:
    history, view, first, last = played(bench, data)
    window = (number(first.toordinal()), number(last.toordinal()))
    with bench.core.database.read() as connection:
        counted = rollups.distinct_posts(
            connection, view.scope, start=window[0], end=window[1], platform=view.platform
        )
        by_brand = rollups.distinct_posts(
            connection, view.scope, start=window[0], end=window[1], platform=view.platform, by="brand_id"
        )
        query = (
            "SELECT COUNT(DISTINCT post_id) FROM post_analytics WHERE day BETWEEN ? AND ? AND post_id IN "
            "(SELECT id FROM posts WHERE COALESCE(brand_id = ?, ? IS NULL) "
            "AND COALESCE(account_id = ?, ? IS NULL) AND COALESCE(platform = ?, 1))"
        )
        brand = None if view.brand is None else view.brand + 1
        account = None if view.account is None else view.account + 1
        row = connection.exec_driver_sql(query, (*window, brand, brand, account, account, view.platform))
        stored = row.scalar_one()
    expected = [any(first <= day <= last for day in post) for post in seen_by(view, history)]
    assert counted == {None: sum(expected)}
    assert stored == sum(expected)
    assert sum(by_brand.values()) == sum(expected)


@given(st.data())
@effort()
def test_gains_add_up_to_what_the_counter_moved_by(bench: Bench, data: st.DataObject) -> None:
    """Telescoping, on the stored rows alone."""
    played(bench, data)
    rows = sorted(bench.rows("post_analytics"), key=lambda row: row["day"])
    for post_id in bench.ids:
        for metric in CUMULATIVE:
            mine = [r for r in rows if r["post_id"] == post_id and r[f"{metric}_total"] is not None]
            if not mine:
                continue
            opening = mine[0]
            base = opening[f"{metric}_total"] if opening[f"{metric}_gain"] is None else 0
            assert all(row[f"{metric}_gain"] is not None for row in mine[1:])
            gains = sum(row[f"{metric}_gain"] or 0 for row in mine)
            assert gains == mine[-1][f"{metric}_total"] - base


@given(st.data())
@effort()
def test_absent_stays_absent(bench: Bench, data: st.DataObject) -> None:
    history, view, first, last = played(bench, data)
    rows = bench.rows("post_analytics")
    for row in rows:
        post = bench.ids.index(row["post_id"])
        said = {
            name
            for one in history.said
            if one.post == post and number(local_ordinal(history, one.reading.observed_at)) == row["day"]
            for name in one.reading.values
        }
        for metric in CUMULATIVE:
            cells = [row[f"{metric}_{what}"] for what in ("total", "gain", "days")]
            assert metric in said if cells[0] is not None else cells == [None, None, None]
            assert (metric in said) == (cells[0] is not None)
    with bench.core.database.read() as connection:
        held = rollups.lifetime(connection, view.scope, end=10**6, platform=view.platform)
        (sums,) = rollups.sums(connection, view.scope, start=0, end=10**6, platform=view.platform)
    reported = {
        name for one in history.said if view.holds(history.posts[one.post]) for name in one.reading.values
    }
    for metric in CUMULATIVE:
        assert (held[metric] is not None) == (metric in reported)
        assert (sums.earned(metric) is not None) == (metric in reported)


def local_ordinal(history: History, instant: model.datetime) -> int:
    """The proleptic ordinal of the calendar day."""
    return model.local(instant, model.ZoneInfo(history.zone)).toordinal()


@given(st.data())
@effort(0.5)
def test_the_overview_says_the_same(bench: Bench, data: st.DataObject) -> None:
    history, view, first, last = played(bench, data)
    bench.clock.now = NOW
    scope = Scope(accounts=view.scope.accounts)
    brand = None if view.brand is None else view.brand + 1
    answer, meta = overview(
        bench.core, scope, start=first, end=last, brand_id=brand, platform=view.platform
    )
    length = (last - first).days + 1
    before = date.fromordinal(first.toordinal() - length), date.fromordinal(first.toordinal() - 1)
    assert (meta.previous_window.start_date, meta.previous_window.end_date) == before
    for metric in ("views", "likes", "comments", "shares", "saves"):
        facts = facts_of(metric, view, history)
        for totals, window in ((answer.earned, (first, last)), (answer.previous, before)):
            assert (getattr(totals, metric) or 0) == (model.earned(facts, *window) or 0)
    parts = [getattr(answer.earned, part) for part in ("likes", "comments", "shares", "saves")]
    known = [part for part in parts if part is not None]
    assert answer.earned.engagements == (sum(known) if known else None)

    # The rate: rows of the view, counted anew from the stored snapshots.
    posts = {row["id"]: row for row in bench.rows("posts")}
    rows = [r for r in bench.rows("post_analytics") if view.holds(history.posts[bench.ids.index(r["post_id"])])]
    engaged = exposed = 0
    for (*_, day), counters in recount.rollups(rows, posts).items():
        if number(first.toordinal()) <= day <= number(last.toordinal()):
            engaged += counters.get("rated_engagements", 0)
            exposed += counters.get("rated_views", 0) + counters.get("rated_impressions", 0)
    assert answer.engagement_rate == (100 * engaged / exposed if exposed > 0 else None)
    assert answer.posts == sum(any(first <= d <= last for d in post) for post in seen_by(view, history))
    assert meta.receipt.snapshots == sum(
        first <= d <= last for post in seen_by(view, history) for d in post
    )


def test_everything_is_the_scope_of_a_single_tenant() -> None:
    assert View(None, None, None).scope == EVERYTHING
