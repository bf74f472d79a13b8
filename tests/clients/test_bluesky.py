"""atproto, the SDK for Python, before the emulated Bluesky: it checks what it reads against the lexicons."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from atproto import Client, models
from atproto.exceptions import (
    BadRequestError,
    RateLimitExceededError,
    RequestErrorBase,
    RequestException,
    UnauthorizedError,
)
from atproto_client.request import Request

from afterpost.emulator import Emulator, FaultKind, Scenario
from afterpost_bluesky.emulator import BlueskyDialect
from tests.clients.reach import NOW, ada, emulated, scenario, second, told

FIELDS = {
    "likes": "like_count",
    "comments": "reply_count",
    "shares": "repost_count",
    "quotes": "quote_count",
    "saves": "bookmark_count",
}
"""Canonical metric -> the client's name of it."""
SERVER = "morel.us-east.host.bsky.network"
"""The account's own server, which signing in leads to."""


class ReachHttpx(httpx.BaseTransport):
    """What `httpx` means for a host of the platform goes to its emulator, with that host's name."""

    def __init__(self, emulator: Emulator) -> None:
        self._there = httpx.URL(emulator.url)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        there = self._there
        request.url = request.url.copy_with(scheme=there.scheme, host=there.host, port=there.port)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def world() -> Scenario:
    return scenario(list(FIELDS), ("text", "image", "video", "link"))


@pytest.fixture
def emulator(world: Scenario) -> Iterator[Emulator]:
    with emulated(BlueskyDialect(world, server=SERVER)) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    request = Request(transport=ReachHttpx(emulator), trust_env=False)
    yield Client(request=request)
    request.close()


def signed_in(client: Client, world: Scenario) -> models.AppBskyActorDefs.ProfileViewDetailed:
    account, _ = ada(world)
    typed = BlueskyDialect(world).credential(account)
    me = client.login(typed["identifier"], typed["app_password"])
    assert me is not None
    return me


def test_it_signs_in_lists_and_reads_what_the_world_holds(
    client: Client, emulator: Emulator, world: Scenario
) -> None:
    account, posts = ada(world)
    me = signed_in(client, world)
    assert (me.display_name, me.posts_count) == (account.name, len(posts))
    first, *others = emulator.requests
    assert first.host == "bsky.social"
    assert {request.host for request in others} == {SERVER}, "it reads in the document where to ask"

    items: list[Any] = []
    cursor: str | None = None
    while cursor is not None or not items:
        page = client.get_author_feed(me.did, limit=100, cursor=cursor)
        items += page.feed
        cursor = page.cursor
    reposts = [item for item in items if models.ids.AppBskyFeedDefs in getattr(item.reason, "py_type", "")]
    assert [item.reason.by.did for item in reposts] == [me.did]
    own = [item.post for item in items if item.reason is None]
    assert len(own) == len(posts)

    batches = [client.get_posts([post.uri for post in own[at : at + 25]]) for at in range(0, len(own), 25)]
    for read in (own, [post for batch in batches for post in batch.posts]):
        for view, post in zip(read, posts, strict=True):
            assert view.uri.endswith(f"/{post.id}")
            parsed = told({metric: getattr(view, name) for metric, name in FIELDS.items()})
            assert parsed == world.metrics(post.id, NOW)
            record = view.record
            # A record that does not keep to its lexicon stays a dictionary.
            assert isinstance(record, models.AppBskyFeedPost.Record)
            assert record.text.startswith(post.title)
            assert datetime.fromisoformat(record.created_at) == second(post.published_at)
            assert (record.embed is None) == (post.content_type == "text")


def test_it_renews_a_session_that_is_over(world: Scenario) -> None:
    """Its clock is the wall's: what a platform of long ago gives has ended."""
    long_ago = [datetime(2001, 1, 1, tzinfo=UTC)]
    with Emulator(BlueskyDialect(world), clock=lambda: long_ago[0]) as emulator:
        request = Request(transport=ReachHttpx(emulator), trust_env=False)
        client = Client(request=request)
        me = signed_in(client, world)
        for _ in range(3):
            long_ago[0] += timedelta(hours=3)
            assert client.get_profile(me.did).did == me.did
        renewals = [one.status for one in emulator.requests if one.path.endswith("refreshSession")]
        assert renewals == [200] * 4, "each with the token that the one before it gave"
        request.close()


@pytest.mark.parametrize(
    ("kind", "raises", "name"),
    [
        ("rate_limited", RateLimitExceededError, "RateLimitExceeded"),
        ("unauthorized", BadRequestError, "ExpiredToken"),
        ("forbidden", UnauthorizedError, "ScopeMissingError"),
        ("unavailable", RequestException, "UpstreamFailure"),
    ],
)
def test_a_refusal_is_an_error_of_its_own(
    kind: FaultKind,
    raises: type[RequestErrorBase],
    name: str,
    client: Client,
    emulator: Emulator,
    world: Scenario,
) -> None:
    me = signed_in(client, world)
    emulator.dial.set(kind)
    with pytest.raises(RequestErrorBase) as raised:
        client.get_profile(me.did)
    assert type(raised.value) is raises
    assert f" {name}: " in str(raised.value), "as the client read it"
    if isinstance(raised.value, RateLimitExceededError):
        assert raised.value.reset_at == NOW + timedelta(seconds=120)
        assert raised.value.remaining == 0


def test_a_wrong_password_is_an_error_of_its_own(client: Client, world: Scenario) -> None:
    with pytest.raises(UnauthorizedError, match="Invalid identifier or password"):
        client.login(BlueskyDialect(world).credential(ada(world)[0])["identifier"], "wrong")
