"""python-facebook-api, of the sns-sdks project, before the emulated Instagram.

It was written for the API with Facebook Login, which has the same media, insights, pages and errors under
another host; only the address is set here. Its client for the API that came before Instagram Login knows the
endpoints where tokens are exchanged and renewed: they stayed.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from pyfacebook import BasicDisplayAPI, FacebookError, IGBusinessApi

from afterpost.emulator import Emulator, Fault, Scenario
from afterpost_instagram.emulator import InstagramDialect
from tests.clients.reach import NOW, Reach, ada, emulated, scenario, second, told

ROOT = "https://graph.instagram.com/"
INSIGHTS = {
    "views": "views",
    "reach": "reach",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saved",
}
"""Canonical metric -> insight that every image, carousel and reel has."""


@pytest.fixture
def world() -> Scenario:
    return scenario(list(INSIGHTS), ("image", "carousel", "reel"))


@pytest.fixture
def emulator(world: Scenario) -> Iterator[Emulator]:
    with emulated(InstagramDialect(world)) as emulator:
        yield emulator


def client(emulator: Emulator, token: str) -> IGBusinessApi:
    made = IGBusinessApi(access_token=token, base_url=ROOT, instagram_business_id="me")
    Reach(emulator).on(made.session)
    return made


def test_it_lists_and_reads_what_the_world_holds(emulator: Emulator, world: Scenario) -> None:
    account, posts = ada(world)
    api = client(emulator, account.token)
    me = api.user.get_info(fields="id,name,username,media_count")
    assert (me.name, me.media_count) == (account.name, len(posts))

    fields = "id,caption,timestamp,like_count,comments_count,media_type,media_product_type"
    media = api.user.get_media(fields=fields, count=None, limit=50).data
    assert [one.id for one in media] == [post.id for post in posts]
    for one, post in zip(media, posts, strict=True):
        metrics = world.metrics(post.id, NOW)
        counts = told({"likes": one.like_count, "comments": one.comments_count})
        assert counts == {name: metrics[name] for name in ("likes", "comments") if name in metrics}
        assert datetime.fromisoformat(one.timestamp) == second(post.published_at)
        assert one.caption == post.description
        kinds = {"image": "IMAGE", "carousel": "CAROUSEL_ALBUM", "reel": "VIDEO"}
        assert one.media_type == kinds[post.content_type]

    for post in posts[:40]:
        insights = api.media.get_insights(post.id, metric=list(INSIGHTS.values())).data
        found = {insight.name: insight.values[0].value for insight in insights}
        parsed = told({metric: found.get(name) for metric, name in INSIGHTS.items()})
        assert parsed == world.metrics(post.id, NOW)


def test_it_renews_a_token(emulator: Emulator, world: Scenario) -> None:
    account, _ = ada(world)
    api = BasicDisplayAPI(app_id="app", app_secret="secret", access_token=account.token)
    Reach(emulator).on(api.session)
    renewed = api.refresh_access_token(account.token)
    assert renewed["expires_in"] == 60 * 86_400
    assert renewed["access_token"] != account.token
    assert client(emulator, renewed["access_token"]).user.get_info(fields="name").name == account.name


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("rate_limited"), 80002),
        (Fault("quota"), 4),
        (Fault("unauthorized"), 190),
        (Fault("revoked"), 190),
        (Fault("forbidden"), 10),
        (Fault("unavailable"), 2),
    ],
)
def test_a_refusal_is_an_error_of_its_own(
    fault: Fault, code: int, emulator: Emulator, world: Scenario
) -> None:
    account, _ = ada(world)
    emulator.dial.set(fault)
    with pytest.raises(FacebookError) as raised:
        client(emulator, account.token).user.get_info()
    error: Any = raised.value
    assert (error.code, error.type) == (code, "OAuthException")
    assert error.fbtrace_id


def test_it_reads_how_long_a_limit_lasts(emulator: Emulator, world: Scenario) -> None:
    account, _ = ada(world)
    api = client(emulator, account.token)
    emulator.dial.set(Fault("rate_limited", retry_after="600"))
    with pytest.raises(FacebookError):
        api.user.get_info()
    (of_account,) = api.rate_limit.resources["business"].values()
    use = of_account["instagram"]
    assert (use.call_count, use.estimated_time_to_regain_access) == (100, 10)
