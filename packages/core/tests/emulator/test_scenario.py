"""The made-up world: the same for the same seed, and believable."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.openings import opening_of
from afterpost.emulator import Scenario, WorldPost
from afterpost.emulator.growth import Growth, Wave
from afterpost.emulator.scenario import METRICS

START = date(2026, 5, 1)
END = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(seed=7, start=START, days=120, accounts=6, posts_per_week=9)


def everything(scenario: Scenario, now: datetime) -> list[WorldPost]:
    return [post for account in scenario.accounts() for post in scenario.posts(account.id, now)]


def test_the_same_seed_gives_the_same_world(scenario: Scenario) -> None:
    again = Scenario(seed=7, start=START, days=120, accounts=6, posts_per_week=9)
    assert everything(again, END) == everything(scenario, END)
    for post in everything(scenario, END):
        assert again.metrics(post.id, END) == scenario.metrics(post.id, END)
    other = Scenario(seed=8, start=START, days=120, accounts=6, posts_per_week=9)
    assert not {post.id for post in everything(other, END)} & {post.id for post in everything(scenario, END)}


def test_a_longer_scenario_begins_like_a_shorter_one(scenario: Scenario) -> None:
    shorter = Scenario(seed=7, start=START, days=30, accounts=2, posts_per_week=9)
    now = datetime(2026, 5, 28, tzinfo=UTC)
    assert everything(shorter, now)
    for account in shorter.accounts():
        assert shorter.posts(account.id, now) == scenario.posts(account.id, now)
        for post in shorter.posts(account.id, now):
            assert shorter.metrics(post.id, now) == scenario.metrics(post.id, now)


def test_accounts_are_distinct_however_many() -> None:
    accounts = Scenario(start=START, days=1, accounts=20).accounts()
    assert len({account.id for account in accounts}) == len({account.name for account in accounts}) == 20
    assert len({account.token for account in accounts} | {one.refresh_token for one in accounts}) == 40
    assert (accounts[0].name, accounts[6].name) == ("Northlight Coffee", "Northlight Coffee 2")


def test_posts_are_listed_newest_first_while_they_are_there(scenario: Scenario) -> None:
    for now in (END, datetime(2026, 6, 1, tzinfo=UTC)):
        for account in scenario.accounts():
            posts = scenario.posts(account.id, now)
            times = [post.published_at for post in posts]
            assert times == sorted(times, reverse=True)
            assert all(time <= now for time in times)
            assert all(post.gone_from is None or post.gone_from > now for post in posts)
            assert [scenario.post(post.id, now) for post in posts] == list(posts)
    assert scenario.posts("UCnobody", END) == ()
    assert scenario.post("nothing", END) is None
    assert scenario.metrics("nothing", END) == {}


def test_a_deleted_post_is_gone_for_good(scenario: Scenario) -> None:
    early = {post.id: post for day in range(120) for post in everything(scenario, END - timedelta(days=day))}
    deleted = [post for post in early.values() if post.gone_from is not None]
    assert 5 <= len(deleted) <= 0.1 * len(early)
    for post in deleted:
        assert post.gone_from is not None
        assert scenario.post(post.id, post.gone_from - timedelta(seconds=1)) == post
        assert scenario.metrics(post.id, post.gone_from - timedelta(seconds=1))
        assert scenario.post(post.id, post.gone_from) is None
        assert scenario.metrics(post.id, post.gone_from) == {}


def test_it_publishes_about_as_often_as_asked_and_at_human_hours(scenario: Scenario) -> None:
    for account in scenario.accounts():
        zone = ZoneInfo(scenario.zone(account.id))
        posts = scenario.posts(account.id, END)
        assert 0.75 * 120 / 7 * 9 <= len(posts) <= 1.2 * 120 / 7 * 9
        assert {post.published_at.astimezone(zone).hour for post in posts} <= set(range(7, 22))
        assert scenario.brands()[account.id] == account.name


def test_texts_are_short_varied_and_open_with_a_sentence(scenario: Scenario) -> None:
    posts = everything(scenario, END)
    assert len({post.title for post in posts}) > 100
    openings = {opening_of(post.description, post.title) for post in posts}
    assert len(openings) > 100
    for post in posts:
        opening = opening_of(post.description, post.title)
        assert opening is not None
        assert 5 < len(opening) < 70
        assert "{" not in post.title + post.description
        assert len(post.title) < 70


def test_counts_grow_except_where_they_were_purged(scenario: Scenario) -> None:
    fell = 0
    posts = [post for post in everything(scenario, END) if post.gone_from is None]
    for post in posts:
        ages = [timedelta(hours=hours) for hours in (0, 1, 6, 24, 48, *range(72, 45 * 24, 24))]
        views = [scenario.metrics(post.id, post.published_at + age)["views"] for age in ages]
        assert views[0] == 0
        assert min(views) >= 0
        falls = [(before, after) for before, after in pairwise(views) if after < before]
        assert len(falls) <= 1
        assert all(after > 0.9 * before for before, after in falls)
        fell += len(falls)
        assert views[3] - views[0] > views[-1] - views[-2]
    assert 0.02 <= fell / len(posts) <= 0.1


def test_some_posts_go_viral_and_some_hide_counts(scenario: Scenario) -> None:
    posts = everything(scenario, END)
    views = sorted(scenario.metrics(post.id, END)["views"] for post in posts)
    assert views[-1] > 15 * views[len(views) // 2]
    hidden = [post for post in posts if "likes" not in scenario.metrics(post.id, END)]
    assert 0.01 <= len(hidden) / len(posts) <= 0.08
    vanished = [post for post in hidden if "likes" in scenario.metrics(post.id, post.published_at)]
    assert 0 < len(vanished) < len(hidden)


@pytest.mark.parametrize(
    "metrics",
    [("impressions", "reach", "likes", "saves"), ("likes", "comments", "shares"), METRICS],
)
def test_it_reports_the_metrics_asked_for(metrics: tuple[str, ...]) -> None:
    scenario = Scenario(start=START, days=20, metrics=metrics)
    posts = everything(scenario, END)
    reported = [scenario.metrics(post.id, END) for post in posts]
    assert all(values.keys() <= set(metrics) for values in reported)
    assert sum(values.keys() == set(metrics) for values in reported) > 0.7 * len(reported)
    assert all(type(value) is int and value >= 0 for values in reported for value in values.values())
    if "reach" in metrics:
        assert all(values["reach"] <= values["impressions"] for values in reported)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="applause"):
        Scenario(start=START, days=1, metrics=("views", "applause"))


def test_content_types() -> None:
    scenario = Scenario(start=START, days=60, content_types=("image", "reel"))
    posts = everything(scenario, END)
    assert {post.content_type for post in posts} == {"image", "reel"}
    assert all((post.duration_seconds is None) == (post.content_type == "image") for post in posts)


instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
waves = st.builds(
    Wave,
    start=st.floats(0, 10),
    size=st.floats(0, 1e7),
    pace=st.floats(0.1, 5),
)


@given(st.lists(waves, min_size=1, max_size=3), instants, instants, instants)
def test_without_a_purge_nothing_ever_falls(
    pushes: list[Wave], published: datetime, one: datetime, other: datetime
) -> None:
    growth = Growth(published, tuple(pushes))
    before, after = sorted((one, other))
    assert 0 <= growth.exposure(before) <= growth.exposure(after)
    assert growth.exposure(published) == 0


def test_weekends_are_busier() -> None:
    growth = Growth(datetime(2026, 6, 1, tzinfo=UTC), (Wave(0, 1e6, 20),))
    days = [growth.exposure(datetime(2026, 7, day, tzinfo=UTC)) for day in range(13, 21)]
    gains = [after - before for before, after in pairwise(days)]
    assert max(gains) == gains[5]
