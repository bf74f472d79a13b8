"""The provider against the emulator, over real HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, timedelta

import httpx
import msgspec
import pytest

from afterpost.emulator import Emulator
from afterpost.sdk import (
    ACCOUNT_METRICS,
    CANONICAL,
    Call,
    CodeGrant,
    ErrorKind,
    Failed,
    Gone,
    Measured,
    Outcome,
    PostInfo,
    ProviderError,
    Secret,
)
from afterpost_x import X, register_providers
from afterpost_x.emulator import XDialect
from packages.providers.x.tests.conftest import POSTS, Clock
from packages.providers.x.tests.shelf import ADA, NOW, Shelf
from packages.providers.x.tests.wiring import ToEmulator, always, call, credential

Ask = Callable[[], Call]
PUBLIC = {"impressions", "likes", "comments", "shares", "quotes", "saves"}
OWN = {"clicks_link", "clicks_profile", "x_x_engagements"}


def measured(outcome: Outcome) -> Measured:
    assert isinstance(outcome, Measured)
    return outcome


async def whole_list(x: X, one: Call) -> tuple[list[PostInfo], dict[str, Measured]]:
    """Every page of a list, each read by a provider that has seen none before."""
    listed: list[PostInfo] = []
    read: dict[str, Measured] = {}
    cursor: str | None = None
    while True:
        page = await x.list_posts(one, cursor)
        listed += page.posts
        read |= page.measured
        if page.cursor is None:
            return listed, read
        cursor, x = json.loads(json.dumps(page.cursor)), X()


async def test_check_tells_whose_credential_it_is(x: X, ask: Ask) -> None:
    profile = await x.check(ask())
    assert (profile.external_id, profile.handle, profile.name) == (ADA, "ada", "Ada")
    for body in (b"{}", b'{"data": {}}', b'{"data": {"id": 5}}', b'{"data": []}'):
        with pytest.raises(ProviderError) as raised:
            await x.check(always(200, body))
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_listing_gives_every_post_once_newest_first(
    x: X, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    listed, read = await whole_list(x, msgspec.structs.replace(ask(), account_id=ADA))
    assert [post.external_id for post in listed] == shelf.ids
    assert read.keys() == set(shelf.ids)
    assert len(emulator.requests) == 5
    first = listed[0]
    assert first.description == "Post 0"
    assert first.published_at == NOW - timedelta(hours=6)
    assert first.published_at.tzinfo is UTC
    assert first.url == f"https://x.com/i/status/{shelf.ids[0]}"
    assert [post.content_type for post in listed[:3]] == ["text", "image", "video"]


async def test_what_only_the_last_30_days_have_is_asked_of_them_alone(x: X, ask: Ask, shelf: Shelf) -> None:
    _, off_list = await whole_list(x, msgspec.structs.replace(ask(), account_id=ADA))
    by_id = {
        one: measured(outcome)
        for start in (0, 100, 200, 300)
        for one, outcome in (await x.fetch_metrics(ask(), shelf.ids[start : start + 100])).items()
    }
    assert by_id == off_list, "a post reads the same either way"
    for place, one in enumerate(shelf.ids):
        reading = by_id[one].reading
        expected = PUBLIC | OWN if place < 119 else PUBLIC
        assert set(reading.values) == set(reading.definitions) == expected
        assert by_id[one].partial == ()
    assert by_id[shelf.ids[0]].reading.values == {**shelf.numbers[shelf.ids[0]], "x_x_engagements": 60}


async def test_a_list_costs_a_fifth(x: X, shelf: Shelf) -> None:
    declared = x.capabilities
    assert declared.cost("list_posts", 100).money * 5 == declared.cost("fetch_metrics", 100).money == 500_000
    dialect = XDialect(shelf)
    with Emulator(dialect, clock=lambda: NOW) as emulator:
        async with httpx.AsyncClient(transport=ToEmulator(emulator.routes), trust_env=False) as client:
            one = call(client, account_id=ADA)
            await whole_list(x, one)
            assert dialect.read == {"list": POSTS, "id": 0, "user": 0}, "no post is paid for twice"
            await x.fetch_metrics(one, [*shelf.ids[:10], "1"])
            await x.fetch_account(one)
            await x.check(one)
            assert dialect.read == {"list": POSTS, "id": 10, "user": 2}


async def test_nothing_from_before_since_is_asked_and_paid_for(
    x: X, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    one = msgspec.structs.replace(ask(), account_id=ADA, since=NOW - timedelta(days=10))
    listed, _ = await whole_list(x, one)
    assert [post.external_id for post in listed] == shelf.ids[:40]
    assert len(emulator.requests) == 1
    one = msgspec.structs.replace(one, since=NOW - timedelta(days=40))
    listed, _ = await whole_list(x, one)
    assert [post.external_id for post in listed] == shelf.ids[:160]


async def test_an_account_without_posts_has_an_empty_list(x: X, client: httpx.AsyncClient) -> None:
    listed, read = await whole_list(x, call(client, name="bob"))
    assert (listed, read) == ([], {})


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "e30=", "W10=", "\0", "eyJjIjowLCJvIjp0cnVlLCJ0IjpudWxsfQ=="]
)
async def test_a_foreign_cursor_is_refused_without_a_call(
    cursor: str, x: X, ask: Ask, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError) as raised:
        await x.list_posts(ask(), cursor)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert not emulator.requests


async def test_a_page_that_leads_to_itself_is_an_error(x: X) -> None:
    body = b'{"data": [{"id": "1"}], "meta": {"next_token": "again"}}'
    first = await x.list_posts(always(200, body, account_id=ADA), None)
    for odd in (body, body.replace(b'"again"', b"5"), body.replace(b'"again"', b'""')):
        with pytest.raises(ProviderError) as raised:
            await x.list_posts(always(200, odd, account_id=ADA), first.cursor)
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_metrics_come_with_the_post(x: X, ask: Ask, shelf: Shelf) -> None:
    one = shelf.ids[3]
    shelf.numbers[one] = {"impressions": 2**53 + 1, "likes": 0, "views": 9}
    found = measured((await x.fetch_metrics(ask(), [one]))[one])
    assert found.reading.observed_at == NOW
    # An impression is never called a view.
    assert found.reading.values == {"impressions": 2**53 + 1, "likes": 0, "x_x_engagements": 0}
    assert found.reading.published_at == shelf.kept[one].published_at
    assert found.reading.kinds == {}
    assert found.post is not None
    assert (found.post.external_id, found.post.description) == (one, "Post 3")


async def test_every_asked_id_has_one_outcome(x: X, ask: Ask, shelf: Shelf) -> None:
    gone, one, other, old = shelf.ids[0], shelf.ids[1], shelf.ids[2], shelf.ids[-1]
    shelf.kept[gone] = msgspec.structs.replace(shelf.kept[gone], gone_from=NOW)
    odd = ["not,an id", "", "1" * 20, "-5", "1.0"]
    asked = [gone, one, "7", old, one, other, gone, *odd]
    outcomes = await x.fetch_metrics(ask(), asked)
    assert set(outcomes) == set(asked)
    assert {name for name, outcome in outcomes.items() if isinstance(outcome, Gone)} == {gone, "7"}
    assert {name for name, outcome in outcomes.items() if isinstance(outcome, Measured)} == {one, other, old}
    for name in odd:
        outcome = outcomes[name]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST


async def test_a_hundred_cost_two_calls_at_most_and_more_are_refused(
    x: X, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError, match="At most 100 posts a call, not 101") as raised:
        await x.fetch_metrics(ask(), shelf.ids[:101])
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert await x.fetch_metrics(ask(), []) == {}
    assert len(await x.fetch_metrics(ask(), ["no id"])) == 1
    assert not emulator.requests
    await x.fetch_metrics(ask(), shelf.ids[:100])
    assert len(emulator.requests) == 1
    await x.fetch_metrics(ask(), shelf.ids[70:170] * 2)
    assert len(emulator.requests) == 1 + 2
    assert x.capabilities.cost("fetch_metrics", 100).requests == 2


async def test_the_same_answer_twice_reads_the_same(x: X, ask: Ask, shelf: Shelf) -> None:
    ids = [shelf.ids[0], shelf.ids[-1], "7"]
    assert await x.fetch_metrics(ask(), ids) == await x.fetch_metrics(ask(), ids)


async def test_the_accounts_own_numbers(x: X, ask: Ask, emulator: Emulator) -> None:
    reading = await x.fetch_account(ask())
    assert reading.values == {
        "followers": 1_000 + sum(ADA.encode()),
        "following": 12,
        "posts_total": POSTS,
        "x_x_listed_count": 3,
    }
    assert len(emulator.requests) == 1
    odd = b'{"data": {"public_metrics": {"followers_count": null, "post_count": 0, "following_count": -1}}}'
    reading = await x.fetch_account(always(200, odd))
    assert (reading.values, reading.partial) == ({"posts_total": 0}, ("following",))


async def test_refreshing_gives_tokens_that_work_and_kills_the_old_one(
    x: X, client: httpx.AsyncClient, clock: Clock
) -> None:
    old = credential("ada", access_token="")
    with pytest.raises(ProviderError) as raised:
        await x.check(call(client, signed_in_as=old))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED

    new = await x.refresh(call(client, signed_in_as=old, now=clock.now))
    assert (new.expires_at, new.refresh_expires_at) == (NOW + timedelta(hours=2), None)
    assert new.scopes == ("tweet.read", "users.read", "offline.access")
    assert not x.capabilities.lacking(new.scopes)
    assert (new.secret("client_id"), new.secret("client_secret")) == ("client", "client-s3cret")
    assert (await x.check(call(client, signed_in_as=new))).external_id == ADA
    with pytest.raises(ProviderError) as raised:
        await x.refresh(call(client, signed_in_as=old, now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED

    clock.forward(hours=2)
    with pytest.raises(ProviderError) as raised:
        await x.check(call(client, signed_in_as=new))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED
    again = await x.refresh(call(client, signed_in_as=new, now=clock.now))
    assert (await x.check(call(client, signed_in_as=again))).external_id == ADA


@pytest.mark.parametrize("secret", ["client-s3cret", ""])
async def test_a_sign_in_by_browser_of_a_confidential_and_a_public_app(
    secret: str, x: X, client: httpx.AsyncClient, transport: ToEmulator
) -> None:
    app = credential("ada", access_token="", refresh_token="", client_secret=secret)
    grant = CodeGrant(
        code=Secret("refresh-ada-s3cret"),
        verifier=Secret("verifier-s3cret"),
        redirect_uri="http://127.0.0.1:5000/callback",
    )
    granted = await x.exchange_code(call(client, signed_in_as=app), grant)
    assert {"refresh_token", "access_token"} == granted.secrets.keys() - app.secrets.keys()
    assert (await x.check(call(client, signed_in_as=granted))).external_id == ADA
    assert (await x.refresh(call(client, signed_in_as=granted))).secret("refresh_token")
    assert not any("s3cret" in str(request.url) for request in transport.sent)
    assert ("authorization" in transport.sent[0].headers) == bool(secret)
    with pytest.raises(ProviderError) as raised:
        await x.exchange_code(call(client, signed_in_as=app), grant)
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


@pytest.mark.parametrize("missing", ["refresh_token", "client_id"])
async def test_a_credential_that_can_not_be_refreshed(
    missing: str, x: X, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError, match=missing) as raised:
        await x.refresh(call(client, signed_in_as=credential("ada", **{missing: ""})))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert not emulator.requests


@pytest.mark.parametrize("seconds", [None, "3600", 0, -5, True, 1e9, 10**30])
async def test_a_token_without_a_sane_end_has_no_known_end(seconds: object, x: X) -> None:
    answer = {"access_token": "new", "expires_in": seconds}
    renewed = await x.refresh(always(200, json.dumps(answer).encode()))
    assert renewed.expires_at is None
    # Without a new refresh token the old one is kept.
    assert renewed.secret("refresh_token") == "refresh-ada-s3cret"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"access_token": 5}', b'{"access_token": ""}']
)
async def test_a_token_answer_without_a_token(body: bytes, x: X) -> None:
    with pytest.raises(ProviderError) as raised:
        await x.refresh(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_only_declared_hosts_are_called_and_nothing_is_written(
    x: X, ask: Ask, transport: ToEmulator, shelf: Shelf
) -> None:
    await x.check(ask())
    await x.list_posts(ask(), None)
    await x.fetch_metrics(ask(), shelf.ids[:1])
    await x.fetch_account(ask())
    await x.refresh(ask())
    assert {request.url.host for request in transport.sent} == set(x.capabilities.hosts)
    # A list without a known account asks first whose credential it is.
    assert [request.method for request in transport.sent] == ["GET"] * 5 + ["POST"]
    assert not any("s3cret" in str(request.url) for request in transport.sent)


def test_the_declaration_is_plain_stable_and_complete(x: X) -> None:
    declared = x.capabilities
    assert declared == X("post").capabilities
    assert msgspec.json.decode(msgspec.json.encode(declared), type=type(declared)) == declared
    assert {spec.name for spec in declared.metrics} - {"x_x_engagements"} <= set(CANONICAL)
    assert {spec.name for spec in declared.account_metrics} - {"x_x_listed_count"} <= set(ACCOUNT_METRICS)
    assert declared.kinds() == {}
    assert all(spec.scopes and spec.meaning for spec in (*declared.metrics, *declared.account_metrics))
    assert [limit.scope for limit in declared.limits if limit.resets == "month UTC"] == ["app"]
    assert {cost.operation: cost.call.money + cost.item.money for cost in declared.costs} == {
        "check": 10_000,
        "refresh": 0,
        "list_posts": 1_000,
        "fetch_metrics": 5_000,
        "fetch_account": 10_000,
    }
    assert declared.renewal.rotates
    assert {scope.name for scope in x.oauth.scopes} == {"tweet.read", "users.read", "offline.access"}
    assert x.oauth.pkce


def test_the_dialect_of_requests_is_a_setting() -> None:
    for settings, dialect in (({}, "tweet"), ({"fields": "tweet"}, "tweet"), ({"fields": "post"}, "post")):
        (x,) = register_providers(settings)
        found = x.emulate(Shelf(1))
        assert isinstance(found, XDialect)
        assert found.native["shares"] == {"tweet": "retweet_count", "post": "repost_count"}[dialect]
    with pytest.raises(ValueError, match="tweet and post"):
        register_providers({"fields": "toot"})
