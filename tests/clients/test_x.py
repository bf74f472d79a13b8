"""X's own client, xdk, before the emulated X as it words posts, and Tweepy before it as it words tweets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import tweepy
import xdk

from afterpost.emulator import Emulator, Scenario, WorldPost
from afterpost_x.emulator import XDialect
from tests.clients.reach import NOW, Reach, Shown, ada, emulated, scenario, second, told

PUBLIC = {
    "impressions": "impression_count",
    "likes": "like_count",
    "comments": "reply_count",
    "quotes": "quote_count",
    "saves": "bookmark_count",
}
"""Canonical metric -> field of `public_metrics` in both dialects; what a share is called differs."""
NON_PUBLIC = {"clicks_link": "url_link_clicks", "clicks_profile": "user_profile_clicks"}
FIELDS = ["created_at", "public_metrics", "non_public_metrics"]
MONTH = timedelta(days=30)
"""How long X tells what only the author may see."""


@pytest.fixture
def world() -> Scenario:
    return scenario([*PUBLIC, "shares", *NON_PUBLIC], ("text", "image", "video"), Shown)


@contextmanager
def platform(world: Scenario, dialect: str) -> Iterator[tuple[Emulator, XDialect]]:
    wire = XDialect(world, dialect=dialect)
    with emulated(wire) as emulator:
        yield emulator, wire


def own_client(emulator: Emulator, refresh_token: str) -> xdk.Client:
    """X's client with a token that is over, which it renews before its first call."""
    token = {"access_token": "over", "refresh_token": refresh_token, "token_type": "bearer", "expires_at": 1}
    made = xdk.Client(client_id="client", client_secret="secret", token=token)
    Reach(emulator).on(made.session)
    Reach(emulator).on(made.oauth2_session)
    return made


def tweepy_client(emulator: Emulator, token: str) -> tweepy.Client:
    made = tweepy.Client(token)
    Reach(emulator, {"api.twitter.com": "api.x.com"}).on(made.session)
    return made


def expected(world: Scenario, post: WorldPost) -> dict[str, int]:
    """The world's numbers, of an old post those that everybody sees."""
    young = NOW - post.published_at < MONTH
    metrics = world.metrics(post.id, NOW)
    return {name: count for name, count in metrics.items() if young or name not in NON_PUBLIC}


def compared(
    posts: Sequence[WorldPost], found: Sequence[Any], world: Scenario, wire: XDialect, shares: str
) -> None:
    """What a client found is what the world holds, post by post."""
    assert [str(one.id) for one in found] == [wire.ids.of_post(post) for post in posts]
    for post, one in zip(posts, found, strict=True):
        public = one.public_metrics if isinstance(one.public_metrics, dict) else vars(one.public_metrics)
        parsed = {metric: public[name] for metric, name in (PUBLIC | {"shares": shares}).items()}
        parsed |= {metric: (one.non_public_metrics or {}).get(name) for metric, name in NON_PUBLIC.items()}
        assert told(parsed) == expected(world, post)
        created = one.created_at
        at = created if isinstance(created, datetime) else datetime.fromisoformat(created).astimezone(UTC)
        assert at == second(post.published_at)
        assert one.text.startswith(post.title)


def test_xs_own_client_renews_lists_and_reads_what_the_world_holds(world: Scenario) -> None:
    account, posts = ada(world)
    with platform(world, "post") as (emulator, wire):
        client = own_client(emulator, account.refresh_token)
        me = client.users.get_me(user_fields=["id", "name", "public_metrics"]).data
        assert client.token["refresh_token"] != account.refresh_token
        assert (me.id, me.name) == (wire.ids.of(account.id), account.name)
        assert me.public_metrics.post_count == len(posts)

        pages = list(client.users.get_posts(me.id, max_results=100, post_fields=FIELDS))
        assert [page.meta.result_count for page in pages] == [100, len(posts) - 100]
        found = [post for page in pages for post in page.data]
        compared(posts, found, world, wire, "repost_count")
        refused = [problem.resource_id for page in pages for problem in page.errors]
        assert refused == [wire.ids.of_post(post) for post in posts if NOW - post.published_at >= MONTH]

        ids = [wire.ids.of_post(post) for post in posts[:60]]
        looked_up = client.posts.get_by_ids(ids=[*ids, "12"], post_fields=FIELDS)
        compared(posts[:60], looked_up.data, world, wire, "repost_count")
        assert looked_up.errors[-1].value == "12"


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limited", 429), ("quota", 429), ("unauthorized", 401), ("unavailable", 503)]
)
def test_xs_own_client_raises_what_it_raises(kind: Any, status: int, world: Scenario) -> None:
    """It has no exceptions of its own for this: it raises those of `requests`."""
    with platform(world, "post") as (emulator, _):
        client = own_client(emulator, ada(world)[0].refresh_token)
        assert client.users.get_me().data
        emulator.dial.set(kind)
        with pytest.raises(requests.HTTPError) as raised:
            client.users.get_me()
        response = raised.value.response
        assert response is not None
        assert response.status_code == response.json()["status"] == status
        assert response.json()["title"]


def test_tweepy_lists_and_reads_what_the_world_holds(world: Scenario) -> None:
    account, posts = ada(world)
    with platform(world, "tweet") as (emulator, wire):
        client = tweepy_client(emulator, account.token)
        me = client.get_me(user_auth=False, user_fields=["public_metrics"]).data
        assert (str(me.id), me.name) == (wire.ids.of(account.id), account.name)
        assert me.public_metrics["tweet_count"] == len(posts)
        listed = tweepy.Paginator(client.get_users_tweets, me.id, max_results=100, tweet_fields=FIELDS)
        compared(posts, list(listed.flatten()), world, wire, "retweet_count")
        since = NOW - timedelta(days=10)
        recent = client.get_users_tweets(me.id, start_time=since, max_results=100, tweet_fields=FIELDS)
        late = [post for post in posts if post.published_at >= since]
        assert 0 < len(late) < len(posts)
        compared(late, recent.data, world, wire, "retweet_count")
        ids = [wire.ids.of_post(post) for post in posts[:60]]
        looked_up = client.get_tweets([*ids, "12"], tweet_fields=FIELDS)
        compared(posts[:60], looked_up.data, world, wire, "retweet_count")
        assert looked_up.errors[-1]["value"] == "12"


RAISED: dict[Any, Callable[..., Exception]] = {
    "rate_limited": tweepy.TooManyRequests,
    "quota": tweepy.TooManyRequests,
    "unauthorized": tweepy.Unauthorized,
    "forbidden": tweepy.Forbidden,
    "unavailable": tweepy.TwitterServerError,
}


@pytest.mark.parametrize("kind", RAISED)
def test_a_refusal_is_an_error_of_tweepys_own(kind: Any, world: Scenario) -> None:
    with platform(world, "tweet") as (emulator, _):
        emulator.dial.set(kind)
        with pytest.raises(tweepy.HTTPException) as raised:
            tweepy_client(emulator, ada(world)[0].token).get_me(user_auth=False)
    assert type(raised.value) is RAISED[kind]
    if kind == "rate_limited":
        assert isinstance(raised.value, tweepy.TooManyRequests)
        assert raised.value.reset_time == NOW.timestamp() + 600
