"""A history that never changes its pace never shows growth, whatever of it was read and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.readings import Reading
from afterpost.services.boards import leaderboard, platforms
from afterpost.services.growth import engagement, growing
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.weekly import weekly
from afterpost.storage import pauses
from packages.core.tests.house import ACTOR, EVERYTHING
from packages.core.tests.properties.bench import Bench
from packages.core.tests.properties.effort import effort
from packages.core.tests.properties.histories import Plan, Said

START = datetime(2026, 10, 1, 12, tzinfo=UTC)
DAYS = 50
LENGTHS = (1, 2, 7, 10)


@st.composite
def flat(draw: st.DrawFn) -> tuple[list[Plan], list[Said], dict[int, int]]:
    """Posts of some origins, each gaining its own constant amount a day, and when accounts were disconnected.

    An origin is read on days of its own, all its posts at once, but some are found later.
    """
    plans: list[Plan] = []
    said: list[Said] = []
    away: dict[int, int] = {}
    for account in draw(st.lists(st.sampled_from([0, 1, None]), min_size=1, max_size=3, unique=True)):
        first = draw(st.integers(0, DAYS - 2))
        last = draw(st.integers(first + 1, DAYS) | st.just(DAYS))
        inner = draw(st.sets(st.integers(first, last), max_size=6))
        read = sorted(set(range(first, last + 1)) if draw(st.booleans()) else {first, last, *inner})
        if account is not None and last < DAYS and draw(st.booleans()):
            away[account] = last
        for _ in range(draw(st.integers(1, 12))):
            pace, had = draw(st.sampled_from([0, 1, 10, 1_000])), draw(st.integers(0, 10**6))
            published = draw(st.sampled_from([START - timedelta(days=90), None]))
            since = draw(st.sampled_from([first, first, first, draw(st.sampled_from(read))]))
            plans.append(Plan(0, account, "youtube", "video"))
            said += [
                Said(
                    len(plans) - 1,
                    Reading(
                        observed_at=START + timedelta(days=day),
                        values={"views": had + pace * day, "likes": pace * day},
                        published_at=published,
                    ),
                    "api",
                )
                for day in read
                if day >= since
            ]
    return plans, said, away


@given(st.data())
@effort(0.5)
@pytest.mark.invariant
def test_the_growth_of_a_flat_history_is_0_or_unknown(bench: Bench, data: st.DataObject) -> None:
    plans, said, away = data.draw(flat())
    bench.begin("UTC", plans)
    bench.record(said)
    bench.clock.now = START + timedelta(days=DAYS + 1)
    with bench.core.transaction(EVERYTHING, ACTOR) as tx:
        owner = bench.organization(tx.connection).id
        for account, day in away.items():
            at = START + timedelta(days=day, hours=1)
            pauses.note_state(tx.connection, EVERYTHING, owner, account + 1, "disconnected", at)
    for length in data.draw(st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=2, unique=True)):
        end = (START + timedelta(days=data.draw(st.integers(0, DAYS)))).date()
        asked = Question(start=end - timedelta(days=length - 1), end=end)
        whole, _ = overview(bench.core, EVERYTHING, asked)
        grown = [whole.growth.views, whole.growth.likes, whole.growth.engagements]
        for platform in platforms(bench.core, EVERYTHING, asked)[0]:
            grown += [platform.growth.views, platform.growth.engagements]
        for brand in leaderboard(bench.core, EVERYTHING, "brands", asked)[0]:
            grown += [brand.growth.views, brand.growth.engagements]
        grown.append(weekly(bench.core, EVERYTHING, asked)[0].week_over_week.views.growth)
        changes, _ = growing(bench.core, EVERYTHING, asked)
        grown += [changes.views.growth, changes.likes.growth]
        grown.append(engagement(bench.core, EVERYTHING, asked)[0].growth)
        assert all(each in (None, 0) for each in grown), grown
