"""Reading answers: odd numbers, odd posts, odd sessions."""

import base64
import json
from datetime import UTC, datetime

import pytest

from afterpost.sdk import ErrorKind, Failed, Gone, Measured, ProviderError
from afterpost_bluesky import Bluesky
from afterpost_bluesky.payloads import counts_of, own_posts, post_of
from packages.providers.bluesky.tests.shelf import NOW, SERVER, uri
from packages.providers.bluesky.tests.wiring import always

A, B = uri("a"), uri("b")


def posts(*items: object) -> bytes:
    return json.dumps({"posts": items}).encode()


@pytest.mark.parametrize("raw", [0, 12, 2**53 + 1, 2**63 - 1])
def test_counts_are_integers(raw: int) -> None:
    assert counts_of({"likeCount": raw}) == ({"likes": raw}, ())


@pytest.mark.parametrize("raw", [-1, 2**63, 1.0, True, [1], "5", ""])
def test_a_count_that_is_none_is_named_and_the_others_stand(raw: object) -> None:
    item = {"likeCount": 5, "repostCount": raw, "quoteCount": None}
    assert counts_of(item) == ({"likes": 5}, ("shares",))


@pytest.mark.parametrize(
    ("created", "indexed", "instant"),
    [
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:05Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T12:00:00+02:00", None, datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2099-01-01T10:00:00Z", "2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T10:00:00", None, None),
        ("9999-12-31T23:59:59-12:00", None, None),
        (5, "yesterday", None),
    ],
)
def test_a_post_is_as_old_as_bluesky_sorts_it(created: object, indexed: object, instant: object) -> None:
    post = post_of({"uri": A, "record": {"createdAt": created}, "indexedAt": indexed})
    assert post is not None
    assert post.published_at == instant


@pytest.mark.parametrize(
    ("embed", "content_type"),
    [
        ({"$type": "app.bsky.embed.images"}, "image"),
        ({"$type": "app.bsky.embed.video"}, "video"),
        ({"$type": "app.bsky.embed.external"}, "link"),
        ({"$type": "app.bsky.embed.record"}, "quote"),
        (
            {"$type": "app.bsky.embed.recordWithMedia", "media": {"$type": "app.bsky.embed.images"}},
            "image",
        ),
        ({"$type": "app.bsky.embed.recordWithMedia"}, "text"),
        ({"$type": ["odd"]}, "text"),
        ("odd", "text"),
        (None, "text"),
    ],
)
def test_what_a_post_is(embed: object, content_type: str) -> None:
    post = post_of({"uri": A, "record": {"embed": embed, "text": "a\0b"}})
    assert post is not None
    assert (post.content_type, post.description, post.url) == (content_type, "ab", "")


def test_only_what_the_account_wrote_is_its_own() -> None:
    mine = {"uri": A, "author": {"did": "did:plc:ada"}}
    other = {"uri": B, "author": {"did": "did:plc:eve"}}
    repost = {"post": mine, "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}}
    pinned = {"post": mine, "reason": {"$type": "app.bsky.feed.defs#reasonPin"}}
    items = [None, {"post": other}, repost, {"post": "odd"}, {"post": {"uri": 5}}, pinned]
    assert [post.external_id for post, _ in own_posts(items, "did:plc:ada")] == [A]


async def test_an_odd_number_never_costs_a_good_one() -> None:
    body = posts({"uri": A, "likeCount": 8, "replyCount": -3}, {"uri": B})
    outcomes = await Bluesky().fetch_metrics(always(200, body), [A, B])
    one, other = outcomes[A], outcomes[B]
    assert isinstance(one, Measured)
    assert (one.reading.values, one.partial) == ({"likes": 8}, ("comments",))
    assert isinstance(other, Measured)
    assert other.reading.values == {}


@pytest.mark.parametrize("odd", [b"3", b"null", b"{}", b'{"uri": 5}', b'{"uri": "b", "x": 1e999}'])
async def test_while_a_post_can_not_be_told_none_is_taken_for_gone(odd: bytes) -> None:
    body = posts({"uri": A, "likeCount": 8}, "PLACE").replace(b'"PLACE"', odd)
    outcomes = await Bluesky().fetch_metrics(always(200, body), [A, B])
    assert isinstance(outcomes[A], Measured)
    other = outcomes[B]
    assert isinstance(other, Failed)
    assert other.error.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_what_was_not_asked_for_is_ignored() -> None:
    outcomes = await Bluesky().fetch_metrics(always(200, posts({"uri": B}, {"uri": A})), [A, uri("c")])
    assert isinstance(outcomes[A], Measured)
    assert isinstance(outcomes[uri("c")], Gone)
    assert len(outcomes) == 2


@pytest.mark.parametrize("body", [b'{"posts": {}}', b'{"posts": null}', b"{}", b"[" * 200_000, b"null"])
async def test_an_answer_without_a_list_takes_nothing_for_deleted(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        await Bluesky().fetch_metrics(always(200, body), [A])
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


def jwt(claims: object) -> str:
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"


def session(**changed: object) -> bytes:
    whole = {"accessJwt": "a", "refreshJwt": "r", "handle": "ada.test", "did": "did:plc:ada"}
    return json.dumps(whole | changed).encode()


@pytest.mark.parametrize(
    "token",
    ["a", "a.b.c", jwt([]), jwt({"exp": "soon"}), jwt({"exp": True}), jwt({"exp": 10**12}), "é.é.é"],
)
async def test_a_token_without_a_sane_end_has_no_known_end(token: str) -> None:
    renewed = await Bluesky().refresh(always(200, session(accessJwt=token, refreshJwt=token)))
    assert (renewed.expires_at, renewed.refresh_expires_at) == (None, None)
    assert renewed.secret("access_token") == token


async def test_a_token_says_itself_when_it_ends() -> None:
    renewed = await Bluesky().refresh(always(200, session(accessJwt=jwt({"exp": NOW.timestamp() // 1 + 60}))))
    assert renewed.expires_at is None, "a fraction is no time of a JWT here"
    ends = int(NOW.timestamp()) + 60
    renewed = await Bluesky().refresh(always(200, session(accessJwt=jwt({"exp": ends}))))
    assert renewed.expires_at == datetime.fromtimestamp(ends, UTC)


@pytest.mark.parametrize(
    ("document", "server"),
    [
        (
            {"service": [{"id": "#atproto_pds", "serviceEndpoint": "https://pds.example.com"}]},
            "pds.example.com",
        ),
        (
            {"service": [{"id": "did:plc:ada#atproto_pds", "serviceEndpoint": "https://PDS.example.com/"}]},
            "pds.example.com",
        ),
        ({"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://pds.example.com"}]}, SERVER),
        ({"service": [{"id": "#atproto_pds", "serviceEndpoint": "https://127.0.0.1:5/"}]}, SERVER),
        ({"service": [{"id": "#other", "serviceEndpoint": "https://pds.example.com"}]}, SERVER),
        ({"service": "odd"}, SERVER),
        (None, SERVER),
    ],
)
async def test_the_sign_in_names_the_accounts_own_server(document: object, server: str) -> None:
    renewed = await Bluesky().refresh(always(200, session(didDoc=document)))
    assert renewed.secret("server") == server


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", session(accessJwt=5), session(accessJwt=""), session(did="")]
)
async def test_an_answer_that_is_no_session(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        await Bluesky().refresh(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_an_account_that_is_not_active_is_blocked() -> None:
    with pytest.raises(ProviderError) as raised:
        await Bluesky().refresh(always(200, session(active=False, status="takendown")))
    assert raised.value.kind is ErrorKind.ACCOUNT_BLOCKED
