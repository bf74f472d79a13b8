"""The provider against the emulator, over real HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

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
from afterpost_tiktok import TikTok
from packages.providers.tiktok.tests.conftest import VIDEOS, Clock
from packages.providers.tiktok.tests.shelf import NOW, Shelf
from packages.providers.tiktok.tests.wiring import ToEmulator, always, call, credential

Ask = Callable[[], Call]


def measured(outcome: Outcome) -> Measured:
    assert isinstance(outcome, Measured)
    return outcome


async def test_check_tells_whose_credential_it_is(tiktok: TikTok, ask: Ask) -> None:
    profile = await tiktok.check(ask())
    assert (profile.external_id, profile.handle, profile.name) == ("open-ada", "Ada", "Ada")


async def test_listing_gives_every_video_once_newest_first_with_its_counts(
    tiktok: TikTok, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    listed: list[PostInfo] = []
    readings: dict[str, Measured] = {}
    cursor: str | None = None
    while True:
        page = await tiktok.list_posts(ask(), cursor)
        listed += page.posts
        readings |= page.measured
        assert len(page.posts) <= tiktok.capabilities.page_size
        if page.cursor is None:
            break
        # It survives a restart: a plain string, and nothing is kept beside it.
        cursor, tiktok = json.loads(json.dumps(page.cursor)), TikTok()
    assert [post.external_id for post in listed] == list(shelf.videos)
    assert [request.path for request in emulator.requests] == ["/v2/video/list/"] * (VIDEOS // 20)
    first, wanted = listed[0], next(iter(shelf.videos.values()))
    assert (first.title, first.description) == (wanted.title, wanted.description)
    assert first.published_at == wanted.published_at
    assert first.published_at is not None
    assert first.published_at.tzinfo is UTC
    assert first.url == "https://www.tiktok.com/@ada/video/v119"
    assert first.content_type == "video"
    assert readings.keys() == shelf.videos.keys()
    assert readings["v007"].reading.values == {"views": 1_000, "likes": 50, "comments": 3, "shares": 7}
    assert readings["v007"] == measured((await tiktok.fetch_metrics(ask(), ["v007"]))["v007"])


async def test_videos_of_one_second_are_all_listed(tiktok: TikTok, ask: Ask, shelf: Shelf) -> None:
    for one, post in shelf.videos.items():
        shelf.videos[one] = msgspec.structs.replace(post, published_at=NOW - timedelta(days=1))
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = await tiktok.list_posts(ask(), cursor)
        seen += [post.external_id for post in page.posts]
        cursor = page.cursor
    assert sorted(seen) == sorted(shelf.videos)


async def test_an_account_without_videos_has_an_empty_list(tiktok: TikTok, client: httpx.AsyncClient) -> None:
    page = await tiktok.list_posts(call(client, name="bob"), None)
    assert (page.posts, page.cursor, page.measured) == ((), None, {})


async def test_what_was_published_before_since_ends_the_list(
    tiktok: TikTok, ask: Ask, emulator: Emulator
) -> None:
    # v119 is an hour old, v118 two hours, and so on.
    asked = msgspec.structs.replace(ask(), since=NOW - timedelta(hours=25))
    first = await tiktok.list_posts(asked, None)
    second = await tiktok.list_posts(asked, first.cursor)
    listed = [post.external_id for post in (*first.posts, *second.posts)]
    assert listed == [f"v{number:03}" for number in range(119, 94, -1)]
    assert second.cursor is None
    assert list(second.measured) == listed[20:]
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("cursor", ["", "x", "é", "-5", "1.5", "9" * 17, "\0", "٣"])
async def test_a_foreign_cursor_is_refused_without_a_call(
    cursor: str, tiktok: TikTok, ask: Ask, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError) as raised:
        await tiktok.list_posts(ask(), cursor)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert not emulator.requests


@pytest.mark.parametrize(
    "data",
    [
        {"videos": [], "cursor": 5, "has_more": True},
        {"videos": [], "cursor": None, "has_more": True},
        {"videos": [], "has_more": True},
        {"videos": [], "cursor": -3, "has_more": True},
    ],
)
async def test_a_page_that_leads_nowhere_is_an_error(data: dict[str, object], tiktok: TikTok) -> None:
    body = json.dumps({"data": data, "error": {"code": "ok", "message": "", "log_id": "x"}}).encode()
    with pytest.raises(ProviderError) as raised:
        await tiktok.list_posts(always(200, body), "5")
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_metrics_come_with_definitions_and_the_post(tiktok: TikTok, ask: Ask, shelf: Shelf) -> None:
    shelf.numbers["v007"] = {"views": 2**53 + 1, "likes": 0, "comments": 12}
    one = measured((await tiktok.fetch_metrics(ask(), ["v007"]))["v007"])
    assert one.reading.observed_at == NOW
    assert one.reading.values == {"views": 2**53 + 1, "likes": 0, "comments": 12}
    assert one.reading.definitions == dict.fromkeys(("views", "likes", "comments", "shares"), "1")
    assert one.reading.published_at == shelf.videos["v007"].published_at
    assert one.reading.kinds == {}
    assert one.partial == ()
    assert one.post is not None
    assert (one.post.external_id, one.post.title, one.post.description) == ("v007", "Video 7", "About 7.")


async def test_every_asked_id_has_one_outcome(
    tiktok: TikTok, ask: Ask, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    shelf.videos["v003"] = msgspec.structs.replace(shelf.videos["v003"], gone_from=NOW)
    asked = ["v003", "v005", "never", "v005", "v004", "v003", "not,an id", ""]
    outcomes = await tiktok.fetch_metrics(ask(), asked)
    assert set(outcomes) == set(asked)
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Gone)} == {"v003", "never"}
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Measured)} == {"v004", "v005"}
    for one in ("not,an id", ""):
        outcome = outcomes[one]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST
    # The platform shows an account its own videos only.
    assert isinstance((await tiktok.fetch_metrics(call(client, name="bob"), ["v004"]))["v004"], Gone)


async def test_twenty_cost_one_call_and_more_are_refused(
    tiktok: TikTok, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    ids = list(shelf.videos)[:41]
    outcomes = await tiktok.fetch_metrics(ask(), ids[:20])
    assert all(isinstance(outcome, Measured) for outcome in outcomes.values())
    assert len(emulator.requests) == 1
    with pytest.raises(ProviderError, match="At most 20 videos a call, not 41") as raised:
        await tiktok.fetch_metrics(ask(), ids)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert len(await tiktok.fetch_metrics(ask(), ids[:20] * 2)) == 20
    assert await tiktok.fetch_metrics(ask(), []) == {}
    assert len(await tiktok.fetch_metrics(ask(), ["not an id"])) == 1
    assert len(emulator.requests) == 2


async def test_the_same_answer_twice_reads_the_same(tiktok: TikTok, ask: Ask) -> None:
    ids = ["v001", "v002", "gone"]
    assert await tiktok.fetch_metrics(ask(), ids) == await tiktok.fetch_metrics(ask(), ids)


async def test_the_accounts_own_numbers(tiktok: TikTok, ask: Ask, emulator: Emulator) -> None:
    reading = await tiktok.fetch_account(ask())
    assert reading.values == {
        "followers": 1_000 + sum(b"open-ada"),
        "following": 12,
        "posts_total": VIDEOS,
        "x_tiktok_likes_count": 50 * VIDEOS,
    }
    assert reading.partial == ()
    assert len(emulator.requests) == 1
    odd = b'{"data":{"user":{"follower_count":null,"video_count":0,"likes_count":-1}},"error":{"code":"ok"}}'
    reading = await tiktok.fetch_account(always(200, odd))
    assert (reading.values, reading.partial) == ({"posts_total": 0}, ("x_tiktok_likes_count",))


async def test_refreshing_gives_tokens_that_work_and_kills_the_old_one(
    tiktok: TikTok, client: httpx.AsyncClient, clock: Clock
) -> None:
    old = credential("ada", access_token="")
    with pytest.raises(ProviderError) as raised:
        await tiktok.check(call(client, signed_in_as=old))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED

    new = await tiktok.refresh(call(client, signed_in_as=old, now=clock.now))
    assert new.expires_at == NOW + timedelta(hours=2)
    assert new.refresh_expires_at == NOW + timedelta(days=180)
    assert new.scopes == ("user.info.basic", "user.info.stats", "video.list")
    assert new.secret("refresh_token") != old.secret("refresh_token")
    assert (new.secret("client_key"), new.secret("client_secret")) == ("client", "client-s3cret")
    assert (await tiktok.check(call(client, signed_in_as=new))).external_id == "open-ada"

    with pytest.raises(ProviderError) as raised:
        await tiktok.refresh(call(client, signed_in_as=old, now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED

    clock.forward(hours=2)
    with pytest.raises(ProviderError) as raised:
        await tiktok.check(call(client, signed_in_as=new))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED
    again = await tiktok.refresh(call(client, signed_in_as=new, now=clock.now))
    assert (await tiktok.check(call(client, signed_in_as=again))).external_id == "open-ada"


async def test_a_sign_in_by_browser(tiktok: TikTok, client: httpx.AsyncClient, transport: ToEmulator) -> None:
    app = credential("ada", access_token="", refresh_token="")
    grant = CodeGrant(
        code=Secret("refresh-ada-s3cret"),
        verifier=Secret("verifier-s3cret"),
        redirect_uri="http://127.0.0.1:5000/callback/",
    )
    granted = await tiktok.exchange_code(call(client, signed_in_as=app), grant)
    assert {"client_key", "client_secret", "refresh_token", "access_token"} == granted.secrets.keys()
    assert not tiktok.capabilities.lacking(granted.scopes)
    assert (await tiktok.check(call(client, signed_in_as=granted))).external_id == "open-ada"
    assert not any("s3cret" in str(request.url) for request in transport.sent)
    used = await client.request("GET", "https://open.tiktokapis.com/v2/user/info/")
    assert used.json()["error"]["code"] == "access_token_invalid"
    with pytest.raises(ProviderError) as raised:
        await tiktok.exchange_code(call(client, signed_in_as=app), grant)
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


@pytest.mark.parametrize("missing", ["refresh_token", "client_key", "client_secret"])
async def test_a_credential_that_can_not_be_refreshed(
    missing: str, tiktok: TikTok, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError, match=missing) as raised:
        await tiktok.refresh(call(client, signed_in_as=credential("ada", **{missing: ""})))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert not emulator.requests


@pytest.mark.parametrize("seconds", [None, "3600", 0, -5, True, 1e9, 10**30])
async def test_tokens_without_a_sane_end_have_no_known_end(seconds: object, tiktok: TikTok) -> None:
    answer = {
        "access_token": "new",
        "expires_in": seconds,
        "refresh_token": "r",
        "refresh_expires_in": seconds,
    }
    renewed = await tiktok.refresh(always(200, json.dumps(answer).encode()))
    assert (renewed.expires_at, renewed.refresh_expires_at) == (None, None)
    assert (renewed.secret("access_token"), renewed.secret("refresh_token")) == ("new", "r")


async def test_a_token_answer_without_a_refresh_token_keeps_the_old_one(tiktok: TikTok) -> None:
    renewed = await tiktok.refresh(always(200, b'{"access_token": "new"}'))
    assert renewed.secret("refresh_token") == "refresh-ada-s3cret"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"access_token": 5}', b'{"access_token": ""}']
)
async def test_a_token_answer_without_a_token(body: bytes, tiktok: TikTok) -> None:
    with pytest.raises(ProviderError) as raised:
        await tiktok.refresh(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_only_declared_hosts_are_called_and_nothing_is_written(
    tiktok: TikTok, ask: Ask, transport: ToEmulator
) -> None:
    await tiktok.check(ask())
    await tiktok.list_posts(ask(), None)
    await tiktok.fetch_metrics(ask(), ["v001"])
    await tiktok.fetch_account(ask())
    await tiktok.refresh(ask())
    assert {request.url.host for request in transport.sent} == set(tiktok.capabilities.hosts)
    assert [(request.method, request.url.path) for request in transport.sent] == [
        ("GET", "/v2/user/info/"),
        ("POST", "/v2/video/list/"),
        ("POST", "/v2/video/query/"),
        ("GET", "/v2/user/info/"),
        ("POST", "/v2/oauth/token/"),
    ]
    assert not any("s3cret" in str(request.url) for request in transport.sent)


def test_the_declaration_is_plain_stable_and_complete(tiktok: TikTok) -> None:
    declared = tiktok.capabilities
    assert declared == TikTok().capabilities
    assert msgspec.json.decode(msgspec.json.encode(declared), type=type(declared)) == declared
    assert {spec.name for spec in declared.metrics} <= set(CANONICAL)
    own = {"x_tiktok_likes_count"}
    assert {spec.name for spec in declared.account_metrics} <= set(ACCOUNT_METRICS) | own
    assert declared.kinds() == {}
    assert all(spec.scopes and spec.meaning for spec in (*declared.metrics, *declared.account_metrics))
    # Each endpoint is counted by itself.
    counted = [operation for limit in declared.limits for operation in limit.operations]
    assert sorted(counted) == sorted({"check", "list_posts", "fetch_metrics", "fetch_account"})
    assert {(limit.amount, limit.seconds, limit.resets) for limit in declared.limits} == {
        (600, 60, "rolling")
    }
    assert declared.renewal.rotates
    assert [field.name for field in tiktok.credential_fields if not field.secret] == ["client_key"]
    assert [field.name for field in tiktok.credential_fields if field.of_app] == [
        "client_key",
        "client_secret",
    ]


def test_a_grant_without_a_scope_says_which_metrics_are_missing(tiktok: TikTok) -> None:
    granted = [scope.name for scope in tiktok.oauth.scopes if scope.required]
    assert set(tiktok.capabilities.lacking(granted)) == {
        "followers",
        "following",
        "posts_total",
        "x_tiktok_likes_count",
    }
    assert tiktok.oauth.challenge == "hex"


async def test_a_post_published_at_an_odd_time(tiktok: TikTok, ask: Ask, shelf: Shelf) -> None:
    old = datetime(2016, 9, 20, 3, 31, 52, tzinfo=UTC)
    shelf.videos["v001"] = msgspec.structs.replace(
        shelf.videos["v001"], published_at=old, title="=1+1 \u202e", description="Line one\nline two"
    )
    post = measured((await tiktok.fetch_metrics(ask(), ["v001"]))["v001"]).post
    assert post is not None
    assert (post.published_at, post.title, post.description) == (old, "=1+1 \u202e", "Line one\nline two")
