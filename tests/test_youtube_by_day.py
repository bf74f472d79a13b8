"""YouTube's series by day through core as it is: connected, collected, read back, and never counted twice."""

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

import afterpost_youtube
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.emulator import Emulator, Fault
from afterpost.loading import build_plugins
from afterpost.services.collect import refresh_accounts
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core, open_core
from afterpost.services.forecast import forecast
from afterpost.services.overview import overview
from afterpost.services.post_summary import PostAnalytics, post_analytics
from afterpost.services.question import Question
from afterpost.services.replay import Clock
from afterpost.services.run import begin_run
from afterpost.services.status import account_states
from afterpost.services.weekly import weekly
from afterpost.settings import Settings
from afterpost.storage import posts
from afterpost_youtube.emulator import YouTubeDialect
from packages.core.tests.databases import database_url
from packages.providers.youtube.tests.shelf import NOW, Shelf

ALL = Scope.default()
PACIFIC = ZoneInfo("America/Los_Angeles")
DAYS = 8
"""So many days it is collected, from `NOW` on."""
BORN = {
    "v000": NOW - timedelta(days=18),
    "v001": NOW - timedelta(days=10),
    "v002": NOW + timedelta(days=1, hours=2),
}
"""Two videos from before Afterpost came, and one that comes while it looks."""
A_DAY = {"views": 2_400, "likes": 240, "comments": 24, "shares": 48, "watch_time_seconds": 86_400}
LAST = NOW + timedelta(days=DAYS - 1)
"""When it was collected for the last time."""


class House(NamedTuple):
    """A core with the channel connected, and its emulator."""

    core: Core
    clock: Clock
    emulator: Emulator
    world: Shelf

    def collect(self, days: int = DAYS) -> None:
        """Collect everything, once a day."""

        async def go() -> None:
            run_id = await self.core.database.writing(begin_run, self.core, ALL, SYSTEM, "collect")
            await refresh_accounts(self.core, ALL, SYSTEM, [1], run_id, due_only=False)
            await self.core.egress.close()

        for _ in range(days):
            asyncio.run(go())
            self.clock.now += timedelta(days=1)

    def post(self, video: str) -> PostAnalytics:
        """What is known of a video, from before it was published to today."""
        with self.core.read(ALL) as connection:
            found = posts.find_posts(connection, ALL, 1, "youtube", [video])
        start, end = date(2026, 5, 1), self.clock.now.date()
        return post_analytics(self.core, ALL, found[video].id, start=start, end=end)[0]

    def series(self, video: str, metric: str = "views") -> dict[date, float]:
        """A metric of a video by day."""
        return {one.date: one.value for one in self.post(video).daily_series if one.metric == metric}

    def gained(self, video: str, metric: str, day: date) -> int:
        """What the world says that a day in Pacific time brought."""
        bounds = (datetime.combine(one, time(), PACIFIC) for one in (day, day + timedelta(days=1)))
        before, after = (max(one.astimezone(UTC), BORN[video]) for one in bounds)
        return self.world.metrics(video, after)[metric] - self.world.metrics(video, before)[metric]

    def answers(self) -> bytes:
        """What is told of the weeks: a byte for a byte."""
        window = Question(start=date(2026, 6, 25), end=date(2026, 7, 7))
        return msgspec.json.encode((overview(self.core, ALL, window)[0], weekly(self.core, ALL, window)[0]))


@contextmanager
def house(folder: Path, *faults: Fault) -> Iterator[House]:
    """The channel, connected at `NOW`."""
    world = Shelf(3)
    for video, at in BORN.items():
        world.publish(video, at, **A_DAY)
    clock = Clock(NOW)
    settings = Settings(
        data_dir=folder,
        database_url=database_url(folder),
        api_key="k" * 20,
        secret_key=base64.b64encode(b"s" * 32).decode(),
    )
    dialect = YouTubeDialect(world)
    with Emulator(dialect, clock=clock) as emulator:
        emulator.dial.set(*faults)
        plugins = build_plugins(settings, {"youtube": afterpost_youtube}, installed=[])
        core = open_core(settings, plugins, clock=clock, emulated=emulator.routes)
        typed = {
            "client_id": "123-abc.apps.googleusercontent.com",
            "client_secret": "client-s3cret",
            "refresh_token": world.accounts()[0].refresh_token,
        }

        async def join() -> None:
            await connect(core, ALL, SYSTEM, "youtube", typed, brand="Brand")
            await core.egress.close()

        asyncio.run(join())
        try:
            yield House(core, clock, emulator, world)
        finally:
            asyncio.run(core.close())


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[House]:
    """The channel, collected for eight days."""
    with house(tmp_path) as found:
        found.collect()
        yield found


def test_the_past_is_read_back_day_by_day_and_the_youngest_days_follow(filled: House) -> None:
    youngest = LAST.astimezone(PACIFIC).date() - timedelta(days=3)
    for video, born in BORN.items():
        first = born.astimezone(PACIFIC).date()
        days = [first + timedelta(days=number) for number in range((youngest - first).days + 1)]
        for metric in ("views", "likes", "comments", "shares"):
            found = filled.series(video, metric)
            assert list(found) == days
            assert found == {day: filled.gained(video, metric, day) for day in days}
        # Its wire has whole minutes.
        watched = filled.series(video, "watch_time_seconds")
        assert all(abs(watched[day] - filled.gained(video, "watch_time_seconds", day)) < 60 for day in days)
        assert not any(one.restated for one in filled.post(video).daily_series)
    assert len([day for day in filled.series("v000") if day < NOW.date()]) == 18, "before it was connected"


def test_totals_and_gains_are_those_of_the_readings_alone(filled: House) -> None:
    window = Question(start=date(2026, 6, 1), end=LAST.date())
    earned = dict.fromkeys(("views", "likes", "comments"), 0)
    undated = dict.fromkeys(earned, 0)
    for video, born in BORN.items():
        post = filled.post(video)
        last = filled.world.metrics(video, LAST)
        # The summary is the last total, and shares, which come by day alone, are no part of it.
        assert post.summary.metrics == {name: last[name] for name in earned}
        # First read long after it was published, a total is none of the gains; else it gained from 0.
        opening = filled.world.metrics(video, NOW) if born < NOW else {}
        for name in earned:
            gained = sum(day.earned.get(name, 0) for day in post.daily)
            assert gained == last[name] - opening.get(name, 0)
            earned[name] += gained
            # What came out in the window and had numbers before was earned in it, on days that nobody knows.
            undated[name] += opening.get(name, 0) if born.date() >= date(2026, 6, 1) else 0
    told, meta = overview(filled.core, ALL, window)
    assert {name: meta.undated[name].total for name in earned} == undated
    assert {name: getattr(told.earned, name) - undated[name] for name in earned} == earned
    assert told.earned.shares is None
    by_day = sum(sum(filled.series(video).values()) for video in BORN)
    assert by_day > earned["views"], "what was read back is more, and counts nowhere"


def test_with_and_without_the_series_the_same_is_told(filled: House, tmp_path: Path) -> None:
    """No answer about weeks changes by a byte because the past was read back."""
    (tmp_path / "bare").mkdir()
    with house(tmp_path / "bare", Fault("forbidden", path="/v2/reports")) as bare:
        bare.collect()
        assert bare.series("v000") == {}
        assert bare.answers() == filled.answers()


def test_without_the_scope_the_videos_are_read_and_with_it_the_whole_past_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with house(tmp_path, Fault("forbidden", path="/v2/reports")) as found:
        found.collect(2)
        account = list_accounts(found.core, ALL)[0]
        assert (account.state, account.failure_kind) == ("active", None)
        assert found.post("v000").summary.metrics["views"] > 0
        assert "series by day could not be read: The credential lacks the scope yt-analytics" in caplog.text
        found.emulator.dial.clear()
        found.collect(1)
        assert min(found.series("v000")) == BORN["v000"].astimezone(PACIFIC).date()


def test_a_quota_of_reports_that_is_used_up_leaves_the_videos_alone(tmp_path: Path) -> None:
    with house(tmp_path) as found:
        found.collect(1)
        found.emulator.dial.set(Fault("quota", host="youtubeanalytics.googleapis.com"))
        before = found.post("v000").summary.metrics["views"]
        found.collect(2)
        account = list_accounts(found.core, ALL)[0]
        assert (account.state, account.parked_until, account.failure_kind) == ("active", None, None)
        assert found.post("v000").summary.metrics["views"] > before
        # It is asked for again when the quota starts anew, at midnight Pacific time, and nothing is missed.
        assert account.next_daily_at == datetime(2026, 7, 4, 7, tzinfo=UTC)
        found.emulator.dial.clear()
        found.collect(3)
        days = list(found.series("v000"))
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
        assert days[-1] == date(2026, 7, 3)


def test_the_units_of_the_data_api_are_counted_and_reports_take_none(filled: House) -> None:
    found = forecast(filled.core, ALL)
    costs = {each.operation: each for each in found.accounts[0].operations}
    assert costs["list_posts"].units == 2 * costs["list_posts"].calls
    assert costs["fetch_metrics"].units == costs["fetch_metrics"].calls
    assert costs["fetch_daily"].calls == costs["fetch_daily"].requests > 0
    assert costs["fetch_daily"].units == 0
    (units,) = found.limits
    assert (units.unit, units.expected > 0) == ("units", True)


def test_what_was_not_granted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = "https://www.googleapis.com/auth/yt-analytics.readonly"
    monkeypatch.setattr("afterpost_youtube.emulator.ANALYTICS_SCOPE", "openid")
    with house(tmp_path) as found:
        found.collect(2)
        missing = account_states(found.core, ALL)[0].missing
        assert missing is not None
        assert set(missing) == {
            "x_youtube_engaged_views",
            "shares",
            "follows",
            "unfollows",
            "watch_time_seconds",
            "avg_view_seconds",
        }
        assert set(missing.values()) == {(scope,)}
        assert not any(request.path == "/v2/reports" for request in found.emulator.requests)
