"""The quota: exact at its limit, nothing fetched beyond it, nothing lost by it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from afterpost.sdk import Act, Deny, Guard, Pass, Settlement
from afterpost.services.connect import connect, list_accounts
from afterpost.services.runner import Runner
from afterpost_ee import quota
from afterpost_ee.quota import Usage
from packages.core.tests.house import ACTOR, NOW
from packages.ee.tests.place import EVERYTHING, Place

NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)


def used(place: Place, slug: str) -> int:
    """What the quota counted this month."""
    with place.core.read(place.scope(slug)) as connection:
        found = quota.usage_of(connection, place.scope(slug), "2026-11")
    return found[0].used if found else 0


def act(place: Place, slug: str, amount: int | None, key: str, at: datetime = NOW) -> Act:
    """An act of reading so many posts."""
    return Act(
        id=key,
        kind="collect",
        actor=ACTOR,
        scope=place.scope(slug),
        organization_id=place.ids[slug],
        subject="a test",
        amount=amount,
        at=at,
    )


def guard(place: Place) -> Guard:
    """The quota as core asks it."""
    return place.core.guards["ee-quota"]


async def test_beyond_the_quota_nothing_is_fetched_and_nothing_is_lost(place: Place) -> None:
    place.table.views = {"a": 1, "b": 2}
    place.limit("north", 0)
    await connect(place.core, place.scope("north"), ACTOR, "table", {})
    runner = Runner(place.core)
    await runner.run_due()
    assert place.table.asked == []
    (account,) = list_accounts(place.core, place.scope("north"))
    assert (account.failure_kind, account.parked_until, account.listed) == ("denied", NEXT_MONTH, False)
    assert "0 of 0 posts of 2026-11" in (account.failure_message or "")

    place.limit("north", 1)
    place.clock.now = NEXT_MONTH - timedelta(seconds=1)
    await runner.run_due()
    assert place.table.asked == []  # the platform is not asked before the time the guard gave
    place.clock.now = NEXT_MONTH
    await runner.run_due()
    with place.core.read(place.scope("north")) as connection:
        ended = connection.execute(sa.text("SELECT outcome, reason FROM run_items ORDER BY run_id")).all()
    assert [tuple(row) for row in ended] == [("skipped", "denied")] * 2
    assert place.table.asked == []

    place.limit("north", 2)
    place.clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    await runner.run_due()
    assert sorted(key for asked in place.table.asked for key in asked) == ["a", "b"]
    (account,) = list_accounts(place.core, place.scope("north"))
    assert account.failure_kind is None
    with place.core.read(EVERYTHING) as connection:
        assert quota.usage_of(connection, EVERYTHING, "2027-01") == [
            Usage(place.ids["north"], "2027-01", 2, 2)
        ]


def test_an_import_beyond_the_quota_is_denied_with_when_to_come_back(place: Place) -> None:
    place.limit("north", 1)
    with place.web() as web:
        assert web.tell("north", "v1", 5).status_code == 200
        answer = web.tell("north", "v2", 5)
        body = answer.json()
        assert (answer.status_code, body["code"]) == (403, "denied")
        assert body["retry_at"] == "2026-12-01T00:00:00Z"
        assert answer.headers["retry-after"] == str(int((NEXT_MONTH - NOW).total_seconds()))
        assert [post["external_id"] for post in web.data("north", "/v1/posts")] == ["v1"]
        assert web.tell("south", "v2", 5).status_code == 200
        (usage,) = web.data("north", "/v1/x/ee/usage")
    assert usage == {
        "organization_id": place.ids["north"],
        "month": "2026-11",
        "used": 1,
        "posts_per_month": 1,
    }


async def test_the_limit_is_exact_under_a_race(place: Place) -> None:
    place.limit("north", 100)
    place.open()  # a second process on the same database
    first, second = (core.guards["ee-quota"] for core in place.cores)
    acts = [act(place, "north", 3, f"act {n}") for n in range(64)]
    verdicts = await asyncio.gather(*((first, second)[n % 2].review(each) for n, each in enumerate(acts)))
    passed = [each for each, verdict in zip(acts, verdicts, strict=True) if isinstance(verdict, Pass)]
    assert len(passed) == 33
    assert used(place, "north") == 99
    await asyncio.gather(*(second.settle(each, Settlement("done", 2)) for each in passed))
    assert used(place, "north") == 66


async def test_what_was_not_done_is_given_back_and_what_was_more_is_counted(place: Place) -> None:
    place.limit("north", 10)
    for n, (asked, state, done, after) in enumerate(
        [(4, "refused", 0, 0), (4, "failed", 1, 1), (4, "done", 4, 5), (None, "done", 30, 35)]
    ):
        one = act(place, "north", asked, f"act {n}")
        assert isinstance(await guard(place).review(one), Pass)
        await guard(place).settle(one, Settlement(state, done))  # type: ignore[arg-type]
        assert used(place, "north") == after
    assert isinstance(await guard(place).review(act(place, "north", None, "last")), Deny)


async def test_the_reservation_of_an_act_that_was_killed_ends_by_itself(place: Place) -> None:
    place.limit("north", 5)
    dead = act(place, "north", 5, "dead")
    assert isinstance(await guard(place).review(dead), Pass)
    soon = act(place, "north", 5, "soon", NOW + quota.EXPIRES - timedelta(seconds=1))
    assert isinstance(await guard(place).review(soon), Deny)
    late = act(place, "north", 5, "late", NOW + quota.EXPIRES)
    assert isinstance(await guard(place).review(late), Pass)
    assert used(place, "north") == 5
    # It was not dead after all: what it did counts, and what it held is not given back twice.
    await guard(place).settle(dead, Settlement("done", 5))
    assert used(place, "north") == 10


async def test_what_is_not_metered_is_not_asked_about(place: Place) -> None:
    place.limit("north", 0)
    sync = act(place, "north", 9, "sync")
    for kind in ("sync", "export", "report", "purge"):
        one = Act(**{name: getattr(sync, name) for name in sync.__struct_fields__} | {"kind": kind})
        assert isinstance(await guard(place).review(one), Pass)
        await guard(place).settle(one, Settlement("done", 9))
    assert used(place, "north") == 0


@pytest.mark.parametrize(
    ("at", "following"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_the_next_month(at: datetime, following: datetime) -> None:
    assert quota.next_month(at) == following
