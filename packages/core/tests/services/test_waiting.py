"""Who has to wait: an account, an app, or whoever has nothing left to spend."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import msgspec

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk import (
    AccountProfile,
    AccountReading,
    Call,
    Capabilities,
    Cost,
    CredentialField,
    Failed,
    Kind,
    Measured,
    MetricSpec,
    Outcome,
    Page,
    PostInfo,
    RateLimit,
    Reading,
    Spend,
)
from afterpost.services.account_numbers import account_numbers
from afterpost.services.connect import connect, disconnect, list_accounts
from afterpost.services.core import Core
from afterpost.services.forecast import forecast
from afterpost.services.listing import _newest
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.read_posts import _reach
from afterpost.services.runner import Runner
from afterpost.storage import accounts, posts, runs
from packages.core.tests.house import NOW, Clock, MakeCore, day
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.services.scenery import only_the_day

ALL = Scope.default()
HOUR = timedelta(hours=1)


class Metered(Table):
    """The table, of several accounts and apps, with whatever is declared; lists carry metrics if they may."""

    def __init__(self, **declared: object) -> None:
        super().__init__()
        self.declared = declared
        self.listed: list[object] = []
        self.outcome: Callable[[str], Outcome | None] = lambda key: None
        self.fans: Mapping[str, float] = {}
        self.published = NOW - HOUR

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="table",
            display_name="Table",
            metrics=(
                MetricSpec(name="views", native="views"),
                MetricSpec(name="x_table_starts", native="starts", kind=Kind.DAILY, day_zone="UTC"),
            ),
            batch_size=2,
            page_size=10,
            **self.declared,  # type: ignore[arg-type]
        )

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        return (
            CredentialField("name", "Name", secret=False),
            CredentialField("client_id", "App", secret=False, required=False, of_app=True),
        )

    async def check(self, call: Call) -> AccountProfile:
        name = call.credential.secret("name")
        return AccountProfile(external_id=name, handle=name, name=name)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        self.listed.append(call.since)
        mine = [key for key in self.views if key.startswith(call.account_id)]
        mine = [key for key in mine if call.since is None or self.published >= call.since]
        measured = {}
        if self.capabilities.list_carries_metrics:
            measured = {key: one for key in mine if isinstance(one := self._outcome(call, key), Measured)}
        return Page(
            tuple(PostInfo(external_id=key, published_at=self.published) for key in mine), measured=measured
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        found = await super().fetch_metrics(call, ids)
        return {key: self.outcome(key) or found[key] for key in ids}

    def _outcome(self, call: Call, key: str) -> Outcome:
        found = super()._outcome(call, key)
        if not isinstance(found, Measured):
            return found
        reading = msgspec.structs.replace(found.reading, published_at=self.published)
        return Measured(reading=reading)

    async def fetch_account(self, call: Call) -> AccountReading:
        return AccountReading(values=self.fans)

    async def fetch_daily(
        self, call: Call, ids: Sequence[str], start: object, end: object
    ) -> Mapping[str, Outcome]:
        self.listed.append((tuple(ids), str(start), str(end)))
        series = {NOW.date() - timedelta(days=3): {"x_table_starts": 7, "views": 9}}
        return {key: Measured(reading=Reading(observed_at=call.now, values={}, daily=series)) for key in ids}


async def joined(core: Core, *names: str, app: str = "") -> None:
    """Accounts of one app."""
    for name in names:
        await connect(core, ALL, SYSTEM, "table", {"name": name} | ({"client_id": app} if app else {}))


def house(make_core: MakeCore, table: Metered, name: str = "core") -> Core:
    """A core with that network."""
    return make_core(name, plugins={"network": NetworkPlugin(table)})


def last_items(core: Core) -> list[tuple[str, str | None, object]]:
    """(outcome, reason, retry time) of the last run's posts."""
    with core.database.read() as connection:
        run = runs.last_runs(connection, ALL, "collect", 1)[0]
        items = runs.items_of(connection, ALL, run.id, runs.OUTCOMES, 100)
    return [(item.outcome, item.reason, item.retry_at) for item in items]


async def test_an_app_that_has_to_wait_rests_with_all_its_accounts(make_core: MakeCore, clock: Clock) -> None:
    table = Metered()
    table.views = {"a1": 1, "b1": 1, "c1": 1}
    core = house(make_core, table)
    await joined(core, "a", "b", app="one")
    await joined(core, "c", app="two")
    until = clock.now + 5 * HOUR
    table.error = ProviderError(ErrorKind.QUOTA_EXHAUSTED, "Used up.", retry_at=until, scope="app")
    assert await Runner(core).run_due() == 3
    # Of the first app one account was told, and the other was not even asked.
    assert len(table.asked) == 2
    states = {account.handle: account.parked_until for account in list_accounts(core, ALL)}
    assert states == {"a": until, "b": until, "c": until}
    table.error = None
    clock.now = until - timedelta(seconds=1)
    assert await Runner(core).run_due() == 0
    clock.now = until
    assert await Runner(core).run_due() == 3
    assert {account.failure_kind for account in list_accounts(core, ALL)} == {None}


async def test_an_account_that_has_to_wait_rests_alone(make_core: MakeCore, clock: Clock) -> None:
    table = Metered()
    table.views = {"a1": 1}
    core = house(make_core, table)
    await joined(core, "a", "b", app="one")
    table.error = ProviderError(ErrorKind.RATE_LIMITED, "Slower.", retry_at=clock.now + HOUR)
    await Runner(core).run_due()
    assert {a.handle: a.failure_kind for a in list_accounts(core, ALL)} == {"a": "rate_limited", "b": None}


async def test_what_was_read_before_a_wait_is_kept(make_core: MakeCore, clock: Clock) -> None:
    table = Metered()
    table.views = {"a1": 1, "a2": 2, "a3": 3}
    core = house(make_core, table)
    await joined(core, "a")
    until = clock.now + HOUR
    slow = Failed(ProviderError(ErrorKind.RATE_LIMITED, "Slower.", retry_at=until))
    table.outcome = lambda key: slow if key == "a2" else None
    await Runner(core).run_due()
    assert len(table.asked) == 1
    assert last_items(core) == [
        ("stored", None, None),
        ("failed", "rate_limited", until),
        ("failed", "rate_limited", until),
    ]
    assert list_accounts(core, ALL)[0].parked_until == until


async def test_a_call_that_does_not_fit_the_quota_waits_for_its_reset(
    make_core: MakeCore, clock: Clock
) -> None:
    units = RateLimit(unit="units", amount=3, seconds=86_400, scope="app", resets="midnight UTC")
    costs = tuple(
        Cost(operation=one, call=Spend(requests=1, units=1)) for one in ("list_posts", "fetch_metrics")
    )
    table = Metered(limits=(units,), costs=costs)
    table.views = {f"a{n}": n for n in range(6)}
    core = house(make_core, table)
    await joined(core, "a")
    await Runner(core).run_due()
    midnight = NOW.replace(hour=0, minute=0) + timedelta(days=1)
    # One listing and two batches of two; the third batch waits.
    assert len(table.asked) == 2
    assert last_items(core) == [("stored", None, None)] * 4 + [("skipped", "budget", midnight)] * 2
    account = list_accounts(core, ALL)[0]
    assert (account.failure_kind, account.parked_until) == ("budget_exhausted", midnight)
    # It survives a restart: another process counts on.
    again = house(make_core, table)
    await joined(again, "a2")
    await Runner(again).run_due()
    assert len(table.asked) == 2
    clock.now = midnight
    await Runner(again).run_due()
    assert len(table.asked) > 2


async def test_a_quota_is_exact_for_two_collectors(make_core: MakeCore) -> None:
    limit = RateLimit(unit="requests", amount=25, seconds=86_400, scope="app")
    table = Metered(limits=(limit,))
    table.views = {f"{name}{n}": n for name in "abcd" for n in range(40)}
    one, two = house(make_core, table), house(make_core, table)
    await joined(one, "a", "b", "c", "d")
    await asyncio.gather(Runner(one).run_due(), Runner(two).run_due())
    assert len(table.asked) + len(table.listed) == 25


async def test_no_more_money_than_allowed_is_spent(make_core: MakeCore, clock: Clock) -> None:
    table = Metered(costs=(Cost(operation="fetch_metrics", item=Spend(money=5_000)),))
    table.views = {f"a{n}": n for n in range(10)}
    core = house(make_core, table)
    capped = msgspec.structs.replace(core.settings, monthly_dollars=0.025)
    core = dataclasses.replace(core, settings=capped)
    await joined(core, "a")
    await Runner(core).run_due()
    assert len(table.asked) == 2
    december = NOW.replace(month=12, day=1, hour=0, minute=0)
    assert last_items(core)[-1] == ("skipped", "budget", december)


async def test_a_listing_pays_for_what_it_lists(make_core: MakeCore, clock: Clock) -> None:
    """Booked for a whole page, a listing of nothing new gives it back."""
    money = RateLimit(unit="money", amount=50_000, seconds=86_400 * 30, scope="app")
    table = Metered(
        limits=(money,),
        list_carries_metrics=True,
        costs=(
            Cost(operation="list_posts", item=Spend(money=1_000)),
            Cost(operation="fetch_metrics", item=Spend(money=5_000)),
        ),
    )
    table.views = {"a1": 1, "a2": 2}
    core = house(make_core, table)
    await joined(core, "a")
    for _ in range(20):
        await Runner(core).run_due()
        clock.advance(HOUR)
    # Numbers came with the list, which is cheaper: nobody asked by id.
    assert table.asked == []
    assert all(since is not None for since in table.listed[1:])
    assert list_accounts(core, ALL)[0].failure_kind is None


async def test_posts_without_an_hour_are_read_off_the_list_that_is_cheaper(
    make_core: MakeCore, clock: Clock
) -> None:
    """From the beginning of their day on: nobody knows at what time they came out."""
    table = Metered(
        list_carries_metrics=True,
        costs=(
            Cost(operation="list_posts", item=Spend(money=1_000)),
            Cost(operation="fetch_metrics", item=Spend(money=5_000)),
        ),
    )
    table.views = {"a1": 1, "a2": 2, "a3": 3}
    core = house(make_core, table)
    await joined(core, "a")
    await Runner(core).run_due()
    only_the_day(core, "a1", "a2", platform="table")
    with core.read(ALL) as connection:
        (account,) = accounts.list_accounts(connection, ALL)
        known = posts.find_posts(connection, ALL, 1, "table", table.views)
    provider = core.providers["table"]
    midnight = table.published.replace(hour=0, minute=0, second=0, microsecond=0)
    assert _reach(core, ALL, account, provider, [known["a1"], known["a2"]]) == (midnight, 3)
    assert _reach(core, ALL, account, provider, [known["a3"]]) == (table.published, 1)
    assert _newest(core, ALL, account) == table.published
    only_the_day(core, "a3", platform="table")
    assert _newest(core, ALL, account) is None


async def test_followers_are_read_once_a_day(make_core: MakeCore, clock: Clock) -> None:
    spec = MetricSpec(name="followers", native="f", kind=Kind.GAUGE)
    table = Metered(account_metrics=(spec,))
    core = house(make_core, table)
    await joined(core, "a")
    for n in range(5):
        table.fans = {"followers": 100 + n, "x_table_undeclared": 1, "likes": 3}
        await Runner(core).run_due()
        clock.advance(12 * HOUR)
    found = account_numbers(core, ALL, 1, day("2026-11-20"), day("2026-11-24"))
    assert [(str(one.date), dict(one.values)) for one in found.days] == [
        ("2026-11-22", {"followers": 100}),
        ("2026-11-23", {"followers": 101}),
        ("2026-11-24", {"followers": 103}),
    ]
    assert found.definitions == {"followers": "1"}


async def test_series_by_day_reach_back_once_and_then_trail(make_core: MakeCore, clock: Clock) -> None:
    table = Metered(daily_days=90, daily_batch_size=5)
    table.views = {"a1": 1, "a2": 2}
    core = house(make_core, table)
    await joined(core, "a")
    await Runner(core).run_due()
    await Runner(core).run_due()
    asked = [each for each in table.listed if isinstance(each, tuple)]
    assert asked == [(("a1", "a2"), "2026-08-23", "2026-11-21")]
    clock.advance(timedelta(days=1))
    await Runner(core).run_due()
    assert table.listed[-1] == (("a1", "a2"), "2026-11-21", "2026-11-22")
    with core.database.read() as connection:
        stored = connection.exec_driver_sql("SELECT metric, value FROM daily_metrics").fetchall()
    # What is no series by day does not become one.
    assert {tuple(row) for row in stored} == {("x_table_starts", 7.0)}


async def test_the_forecast_is_what_happens(make_core: MakeCore, clock: Clock) -> None:
    units = RateLimit(unit="units", amount=100, seconds=86_400, scope="app", resets="midnight UTC")
    costs = (Cost(operation="fetch_metrics", call=Spend(requests=1, units=3), item=Spend(money=5_000)),)
    table = Metered(limits=(units,), costs=costs)
    table.published = NOW - timedelta(days=40)
    table.views = {f"a{n}": n for n in range(4)}
    core = house(make_core, table)
    await joined(core, "a")
    await Runner(core).run_due()
    found = forecast(core, ALL)
    (account,) = found.accounts
    reads = next(each for each in account.operations if each.operation == "fetch_metrics")
    before = len(table.asked)
    for _ in range(30 * 24):
        clock.advance(HOUR)
        await Runner(core).run_due()
    assert (reads.calls, reads.posts) == (len(table.asked) - before, sum(map(len, table.asked[before:])))
    assert (reads.units, reads.dollars) == (3 * reads.calls, 0.005 * reads.posts)
    listings = next(each for each in account.operations if each.operation == "list_posts")
    assert listings.calls == 720
    assert found.limits[0].share == round(reads.units / 30 / 100, 4)


async def test_a_disconnected_account_is_not_expected_any_more(make_core: MakeCore, clock: Clock) -> None:
    table = Metered()
    table.views = {"a1": 1, "b1": 1}
    table.published = NOW - timedelta(days=2)
    core = house(make_core, table)
    await joined(core, "a", "b")
    for _ in range(24):
        await Runner(core).run_due()
        clock.advance(HOUR)
    disconnect(core, ALL, SYSTEM, 1)
    for _ in range(72):
        await Runner(core).run_due()
        clock.advance(HOUR)

    def coverage(first: str, last: str) -> tuple[int, int]:
        found = overview(core, ALL, Question(start=day(first), end=day(last)))[1].coverage
        return found.expected, found.observed

    assert coverage("2026-11-23", "2026-11-23") == (2, 2)
    assert coverage("2026-11-25", "2026-11-25") == (1, 1)
    await joined(core, "a")
    for _ in range(48):
        await Runner(core).run_due()
        clock.advance(HOUR)
    assert coverage("2026-11-25", "2026-11-25") == (1, 1)
    assert coverage("2026-11-27", "2026-11-27") == (2, 2)
