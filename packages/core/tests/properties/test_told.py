"""Readings that contradict each other: what was told last counts, and what is stored says what is derived."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.storage import refold, rezoning
from packages.core.tests.house import ACTOR, EVERYTHING
from packages.core.tests.properties.bench import FACTS, Bench
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import arrivals, histories
from packages.core.tests.properties.test_facts import check_rollups

PUBLISHED = ("id", "published_at", "published_day", "publication_doubted")


@given(st.data())
@effort()
@pytest.mark.invariant
def test_refolding_from_what_is_stored_gives_the_same_rows(bench: Bench, data: st.DataObject) -> None:
    """Whatever came again, was corrected, or was corrected back."""
    history = data.draw(histories(contradictions=True))
    bench.begin(history.zone, history.posts)
    for batch in data.draw(arrivals(history)):
        bench.clock.advance(timedelta(seconds=1))
        bench.record(batch)
        check_rollups(bench, history.zone)
    facts, posts = bench.dump(), [[row[name] for name in PUBLISHED] for row in bench.rows("posts")]
    with bench.core.transaction(EVERYTHING, ACTOR) as tx:
        rezoning.clear(tx.connection, tx.scope)
        refold.derive(tx.connection, tx.scope, tx.now)
    assert bench.dump(*FACTS) == facts
    assert [[row[name] for name in PUBLISHED] for row in bench.rows("posts")] == posts


@given(st.data())
@effort(0.4)
def test_of_one_instant_what_was_told_last_counts(bench: Bench, data: st.DataObject) -> None:
    """One post, one instant, one metric: a value that was told before counts when it is told again."""
    history = data.draw(histories(max_posts=1, max_said=2))
    one = history.said[0]
    told = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=8))
    bench.begin(history.zone, history.posts)
    for views in told:
        reading = type(one.reading)(
            observed_at=one.reading.observed_at,
            observed_on=one.reading.observed_on,
            values={"views": views},
        )
        bench.record([one._replace(reading=reading)])
    (row,) = bench.rows("post_analytics")
    assert row["views_total"] == told[-1]
    kept = [views for n, views in enumerate(told) if n == 0 or told[n - 1] != views]
    assert len(bench.rows("observations")) == len(kept)
