"""Series by day: what they cost an account that can't have them, and that they are derived again."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
import pytest

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk import (
    Call,
    Capabilities,
    Credential,
    CredentialField,
    Failed,
    Gone,
    Kind,
    Measured,
    MetricSpec,
    Outcome,
    Reading,
)
from afterpost.services.collect import refresh_account
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core
from afterpost.services.post_summary import post_analytics
from afterpost.services.run import begin_run, end_run
from afterpost.services.runner import Runner
from packages.core.tests.house import NOW, Clock, MakeCore
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.services.scenery import only_the_day

ALL = Scope.default()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SPECS = (
    MetricSpec(name="views", native="views", scopes=("read",)),
    MetricSpec(name="views", native="days", kind=Kind.DAILY, day_zone="UTC", scopes=("read", "deep")),
)


class Diary(Table):
    """The table with a series by day, that needs one scope more; `granted` is what a sign-in gives."""

    def __init__(self, *granted: str) -> None:
        super().__init__()
        self.granted = granted
        self.views = {"a": 10, "b": 20}
        self.days: Mapping[date, Mapping[str, float]] = {(NOW - 4 * DAY).date(): {"views": 7}}
        self.ranges: list[tuple[str, date, date]] = []
        self.refusal: ProviderError | None = None
        self.outcomes: Mapping[str, Outcome] = {}
        self.told = True

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(platform="table", display_name="Table", metrics=SPECS, daily_days=90)

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        return (CredentialField("name", "Name", secret=False),)

    def _outcome(self, call: Call, key: str) -> Outcome:
        found = super()._outcome(call, key)
        if self.told or not isinstance(found, Measured):
            return found
        return Measured(reading=msgspec.structs.replace(found.reading, published_at=None))

    async def sign_in(self, call: Call) -> Credential:
        return Credential(secrets=call.credential.secrets, scopes=self.granted)

    async def fetch_daily(
        self, call: Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, Outcome]:
        self.ranges += [(one, start, end) for one in ids]
        if self.refusal is not None:
            raise self.refusal
        read = Measured(reading=Reading(observed_at=call.now, values={}, daily=self.days))
        return {one: self.outcomes.get(one, read) for one in ids}


def house(make_core: MakeCore, diary: Diary) -> Core:
    """A core with the diary connected."""
    core = make_core(plugins={"network": NetworkPlugin(diary)})
    asyncio.run(connect(core, ALL, SYSTEM, "table", {"name": "me"}))
    return core


def collect(core: Core) -> str:
    """Collect what is due; the account's state after that."""
    asyncio.run(Runner(core).run_due())
    return list_accounts(core, ALL)[0].state


def series(core: Core, post_id: int = 1) -> dict[date, float]:
    """The post's views by day."""
    found, _ = post_analytics(core, ALL, post_id, start=(NOW - 30 * DAY).date(), end=(NOW - DAY).date())
    return {one.date: one.value for one in found.daily_series}


def test_young_posts_are_read_every_day_where_only_the_day_of_publication_is_known(
    make_core: MakeCore, clock: Clock
) -> None:
    diary = Diary()
    core = house(make_core, diary)
    assert collect(core) == "active"
    only_the_day(core, "a", "b", platform="table")
    diary.told = False
    asked = len(diary.ranges)
    for _ in range(3):
        clock.advance(DAY)
        assert collect(core) == "active"
    later = diary.ranges[asked:]
    assert sorted(one for one, *_ in later) == ["a"] * 3 + ["b"] * 3
    # Nothing that is a week old is asked for again, as of old posts.
    assert max((end - start).days for _, start, end in later) < 7


def lacking(*scopes: str) -> ProviderError:
    return ProviderError(ErrorKind.PERMISSION_MISSING, "Not granted.", scopes=scopes)


def test_a_scope_that_the_series_alone_need_costs_the_series_alone(
    make_core: MakeCore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()
    diary.refusal = lacking("deep")
    core = house(make_core, diary)
    assert collect(core) == "active"
    assert list_accounts(core, ALL)[0].failure_kind is None
    assert "series by day could not be read: Not granted." in caplog.text
    # One refusal is enough for all of its posts; the next listing asks again, and for the whole past.
    assert len(diary.ranges) == 1
    diary.refusal = None
    clock.advance(HOUR)
    assert collect(core) == "active"
    assert sorted((one, (end - start).days) for one, start, end in diary.ranges[1:]) == [("a", 90), ("b", 90)]
    assert series(core) == {(NOW - 4 * DAY).date(): 7}


@pytest.mark.parametrize("scopes", [(), ("read",), ("read", "deep")])
def test_a_scope_that_totals_need_as_well_stops_the_account(
    make_core: MakeCore, scopes: tuple[str, ...]
) -> None:
    diary = Diary()
    diary.refusal = lacking(*scopes)
    assert collect(house(make_core, diary)) == "stopped"


def test_series_that_were_not_granted_are_not_asked_for(make_core: MakeCore, clock: Clock) -> None:
    diary = Diary("read")
    core = house(make_core, diary)
    for _ in range(3):
        assert collect(core) == "active"
        clock.advance(DAY)
    assert diary.ranges == []
    # Once they are, the whole past is read.
    diary.granted = ("read", "deep")
    asyncio.run(connect(core, ALL, SYSTEM, "table", {"name": "me"}))
    collect(core)
    assert {(one, (end - start).days) for one, start, end in diary.ranges} == {("a", 90), ("b", 90)}


def test_a_post_whose_series_fails_is_told_and_costs_no_other(
    make_core: MakeCore, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()
    diary.outcomes = {"a": Failed(ProviderError(ErrorKind.METRIC_UNAVAILABLE, "Not to be had."))}
    core = house(make_core, diary)
    assert collect(core) == "active"
    assert "series by day of 1 posts could not be read: Not to be had." in caplog.text
    assert (series(core, 1), series(core, 2)) == ({}, {(NOW - 4 * DAY).date(): 7})
    diary.outcomes = {"a": Gone()}
    assert collect(core) == "active"


def test_a_wait_that_comes_as_an_outcome_ends_the_reading(make_core: MakeCore, clock: Clock) -> None:
    diary = Diary()
    core = house(make_core, diary)
    collect(core)
    clock.advance(DAY)
    diary.ranges = []
    until = clock.now + 5 * HOUR
    slow = ProviderError(ErrorKind.QUOTA_EXHAUSTED, "Used up.", retry_at=until, scope="app")
    diary.outcomes = dict.fromkeys(diary.views, Failed(slow))
    # The quota is one of the series: the posts are read all the same.
    assert collect(core) == "active"
    account = list_accounts(core, ALL)[0]
    assert (account.parked_until, account.next_daily_at) == (None, until)
    assert len(diary.ranges) == 1


def test_reading_certain_posts_reads_nothing_else_of_the_account(make_core: MakeCore) -> None:
    """A replayed history says what it says, and nothing by day."""
    diary = Diary()
    core = house(make_core, diary)

    async def read() -> None:
        run_id = await core.database.writing(begin_run, core, ALL, SYSTEM, "collect")
        await refresh_account(core, ALL, SYSTEM, 1, run_id, due_only=False, only=frozenset({"a"}))
        await core.database.writing(end_run, core, ALL, SYSTEM, run_id, "done", None)

    asyncio.run(read())
    assert diary.asked == [("a",)]
    assert diary.ranges == []
