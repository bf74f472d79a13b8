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
    ErrorKind,
    Failed,
    Gone,
    Measured,
    Outcome,
    PostInfo,
    ProviderError,
)
from afterpost_bluesky import Bluesky
from packages.providers.bluesky.tests.conftest import POSTS, Clock
from packages.providers.bluesky.tests.shelf import NOW, SERVER, Shelf, uri
from packages.providers.bluesky.tests.wiring import ToEmulator, always, call, credential

Ask = Callable[[], Call]


def measured(outcome: Outcome) -> Measured:
    assert isinstance(outcome, Measured)
    return outcome


async def test_check_tells_whose_session_it_is(bluesky: Bluesky, ask: Ask) -> None:
    profile = await bluesky.check(ask())
    assert (profile.external_id, profile.handle) == ("did:plc:ada", "ada.test")


async def test_listing_gives_every_own_post_once_with_its_numbers(
    bluesky: Bluesky, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    listed: list[PostInfo] = []
    read: dict[str, Measured] = {}
    cursor: str | None = None
    while True:
        page = await bluesky.list_posts(ask(), cursor)
        listed += page.posts
        read |= page.measured
        assert page.measured.keys() == {post.external_id for post in page.posts}
        if page.cursor is None:
            break
        # It survives a restart: a plain string, and nothing is kept beside it.
        cursor, bluesky = json.loads(json.dumps(page.cursor)), Bluesky()
    # The feed begins with a repost of the oldest one, which is none of the account's posts.
    assert [post.external_id for post in listed] == [uri(one) for one in shelf.kept]
    assert len(emulator.requests) == 3
    assert read[uri("v007")].reading.values == shelf.numbers["v007"]
    first = listed[0]
    assert first.external_id == uri("v219")
    assert first.description == "Post 219\n\nAbout 219."
    assert first.published_at == NOW - timedelta(hours=1)
    assert first.published_at.tzinfo is UTC
    assert first.url == "https://bsky.app/profile/ada.test/post/v219"
    assert [post.content_type for post in listed[:4]] == ["link", "video", "image", "text"]


async def test_an_account_without_posts_has_an_empty_list(
    bluesky: Bluesky, client: httpx.AsyncClient
) -> None:
    page = await bluesky.list_posts(call(client, name="bob"), None)
    assert (page.posts, page.cursor, page.measured) == ((), None, {})


async def test_what_was_published_before_since_ends_the_list(
    bluesky: Bluesky, ask: Ask, emulator: Emulator
) -> None:
    # v219 is an hour old, v218 two hours, and so on.
    asked = msgspec.structs.replace(ask(), since=NOW - timedelta(hours=105))
    first = await bluesky.list_posts(asked, None)
    second = await bluesky.list_posts(asked, first.cursor)
    listed = [post.external_id for post in (*first.posts, *second.posts)]
    assert listed == [uri(f"v{number}") for number in range(219, 114, -1)]
    assert second.cursor is None
    assert len(emulator.requests) == 2


async def test_a_cursor_that_the_platform_does_not_know(bluesky: Bluesky, ask: Ask) -> None:
    for cursor in ("x", "é", "\0", "", "9" * 5_000):
        with pytest.raises(ProviderError) as raised:
            await bluesky.list_posts(ask(), cursor)
        assert raised.value.kind is ErrorKind.BAD_REQUEST


async def test_a_page_that_leads_to_itself_is_an_error(bluesky: Bluesky) -> None:
    with pytest.raises(ProviderError) as raised:
        await bluesky.list_posts(always(200, b'{"feed": [], "cursor": "again"}'), "again")
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_metrics_come_with_definitions_and_the_post(bluesky: Bluesky, ask: Ask, shelf: Shelf) -> None:
    shelf.numbers["v007"] = {"likes": 2**53 + 1, "comments": 0, "quotes": 4}
    one = measured((await bluesky.fetch_metrics(ask(), [uri("v007")]))[uri("v007")])
    assert one.reading.observed_at == NOW
    assert one.reading.values == {"likes": 2**53 + 1, "comments": 0, "quotes": 4}
    assert one.reading.definitions == dict.fromkeys(("likes", "comments", "shares", "quotes", "saves"), "1")
    assert one.reading.published_at == shelf.kept["v007"].published_at
    assert (one.reading.kinds, one.partial) == ({}, ())
    assert one.post is not None
    assert (one.post.external_id, one.post.description) == (uri("v007"), "Post 7\n\nAbout 7.")


async def test_reposts_and_quotes_are_told_apart(bluesky: Bluesky, ask: Ask, shelf: Shelf) -> None:
    shelf.numbers["v001"] = {"shares": 5, "quotes": 9}
    one = measured((await bluesky.fetch_metrics(ask(), [uri("v001")]))[uri("v001")])
    assert one.reading.values == {"shares": 5, "quotes": 9}


async def test_every_asked_id_has_one_outcome(bluesky: Bluesky, ask: Ask, shelf: Shelf) -> None:
    shelf.kept["v003"] = msgspec.structs.replace(shelf.kept["v003"], gone_from=NOW)
    known = [uri(one) for one in ("v003", "v005", "never", "v005", "v004", "v003")]
    odd = ["v004", "", "at://ada.test/app.bsky.feed.post/v004", uri("a b"), uri("v004") + "\n"]
    outcomes = await bluesky.fetch_metrics(ask(), [*known, *odd])
    assert set(outcomes) == {*known, *odd}
    gone = {one for one, outcome in outcomes.items() if isinstance(outcome, Gone)}
    assert gone == {uri("v003"), uri("never")}
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Measured)} == {
        uri("v004"),
        uri("v005"),
    }
    for one in odd:
        outcome = outcomes[one]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST


async def test_25_cost_one_call_and_more_are_refused(
    bluesky: Bluesky, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    ids = [uri(one) for one in shelf.kept][:51]
    outcomes = await bluesky.fetch_metrics(ask(), ids[:25])
    assert all(isinstance(outcome, Measured) for outcome in outcomes.values())
    assert len(emulator.requests) == 1
    with pytest.raises(ProviderError, match="At most 25 posts a call, not 51") as raised:
        await bluesky.fetch_metrics(ask(), ids)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert len(await bluesky.fetch_metrics(ask(), ids[:25] * 2)) == 25
    assert await bluesky.fetch_metrics(ask(), []) == {}
    assert len(await bluesky.fetch_metrics(ask(), ["no address"])) == 1
    assert len(emulator.requests) == 2


async def test_the_same_answer_twice_reads_the_same(bluesky: Bluesky, ask: Ask) -> None:
    ids = [uri("v001"), uri("v002"), uri("gone")]
    assert await bluesky.fetch_metrics(ask(), ids) == await bluesky.fetch_metrics(ask(), ids)


async def test_the_accounts_own_numbers(bluesky: Bluesky, ask: Ask, emulator: Emulator) -> None:
    reading = await bluesky.fetch_account(ask())
    assert reading.values == {
        "followers": 1_000 + sum(b"did:plc:ada"),
        "following": 12,
        "posts_total": POSTS,
    }
    assert len(emulator.requests) == 1
    odd = b'{"did": "did:plc:ada", "followersCount": null, "postsCount": 0, "followsCount": -1}'
    reading = await bluesky.fetch_account(always(200, odd))
    assert (reading.values, reading.partial) == ({"posts_total": 0}, ("following",))
    for other in (b"{}", b'{"did": "did:plc:eve", "followersCount": 3}', b"[]"):
        with pytest.raises(ProviderError) as raised:
            await bluesky.fetch_account(always(200, other))
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_an_app_password_becomes_a_session_and_is_not_kept(
    bluesky: Bluesky, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    nothing = credential(server="", access_token="", refresh_token="")
    typed = msgspec.structs.replace(
        nothing,
        secrets=credential(
            server="",
            access_token="",
            refresh_token="",
            identifier=" @ada.test ",
            app_password="refresh-ada-s3cret",
        ).secrets,
    )
    session = await bluesky.sign_in(call(client, signed_in_as=typed, account_id=""))
    assert session.secrets.keys() == {"service", "server", "access_token", "refresh_token"}
    assert (session.secret("service"), session.secret("server")) == ("bsky.social", SERVER)
    assert session.expires_at == NOW + timedelta(hours=2)
    assert session.refresh_expires_at == NOW + timedelta(days=90)
    profile = await bluesky.check(call(client, signed_in_as=session, account_id=""))
    assert profile.external_id == "did:plc:ada"
    assert [request.host for request in emulator.requests] == ["bsky.social", SERVER]
    # A typed access token is taken as it is, without a call.
    token = credential()
    assert await bluesky.sign_in(call(client, signed_in_as=token)) is token
    with pytest.raises(ProviderError) as raised:
        await bluesky.sign_in(call(client, signed_in_as=nothing))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert len(emulator.requests) == 2


async def test_refreshing_gives_a_session_that_works_and_ends_the_old_one(
    bluesky: Bluesky, client: httpx.AsyncClient, clock: Clock
) -> None:
    old = credential("ada", access_token="")
    with pytest.raises(ProviderError) as raised:
        await bluesky.check(call(client, signed_in_as=old))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED

    new = await bluesky.refresh(call(client, signed_in_as=old, now=clock.now))
    assert new.secret("refresh_token") != old.secret("refresh_token")
    assert (await bluesky.check(call(client, signed_in_as=new))).external_id == "did:plc:ada"
    with pytest.raises(ProviderError) as raised:
        await bluesky.refresh(call(client, signed_in_as=old, now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED

    clock.forward(hours=2)
    with pytest.raises(ProviderError) as raised:
        await bluesky.check(call(client, signed_in_as=new))
    assert (raised.value.kind, raised.value.native) == (ErrorKind.TOKEN_EXPIRED, "ExpiredToken")
    again = await bluesky.refresh(call(client, signed_in_as=new, now=clock.now))
    assert (await bluesky.check(call(client, signed_in_as=again))).external_id == "did:plc:ada"

    clock.forward(days=90)
    with pytest.raises(ProviderError) as raised:
        await bluesky.refresh(call(client, signed_in_as=again, now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("pds.example.com", "pds.example.com"),
        (" https://PDS.example.com/ ", "pds.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_the_server_that_was_typed_is_called_beside_the_declared_one(
    typed: str, host: str, bluesky: Bluesky
) -> None:
    assert bluesky.hosts_for(credential(server="", service=typed)) == ("bsky.social", host)
    assert bluesky.hosts_for(credential(server="own.example.com", service=typed)) == (
        "bsky.social",
        host,
        "own.example.com",
    )
    assert bluesky.hosts_for(credential(server="")) == ("bsky.social",)


@pytest.mark.parametrize(
    "typed",
    ["http://a.example", "a.example:8080", "localhost", "10.0.0.1", "a.example/x", "u@a.example"],
)
def test_what_is_no_name_of_a_host_is_refused(typed: str, bluesky: Bluesky) -> None:
    with pytest.raises(ProviderError) as raised:
        bluesky.hosts_for(credential(server="", service=typed))
    assert raised.value.kind is ErrorKind.BAD_REQUEST


async def test_only_named_hosts_are_called_and_nothing_is_written(
    bluesky: Bluesky, ask: Ask, transport: ToEmulator
) -> None:
    await bluesky.check(ask())
    await bluesky.list_posts(ask(), None)
    await bluesky.fetch_metrics(ask(), [uri("v001")])
    await bluesky.fetch_account(ask())
    await bluesky.refresh(ask())
    assert [request.url.host for request in transport.sent] == [*[SERVER] * 4, "bsky.social"]
    assert {request.url.host for request in transport.sent} == set(bluesky.hosts_for(credential()))
    assert [request.method for request in transport.sent] == ["GET"] * 4 + ["POST"]
    assert not any("s3cret" in str(request.url) for request in transport.sent)


def test_the_declaration_is_plain_stable_and_complete(bluesky: Bluesky) -> None:
    declared = bluesky.capabilities
    assert declared == Bluesky().capabilities
    assert msgspec.json.decode(msgspec.json.encode(declared), type=type(declared)) == declared
    assert {spec.name for spec in declared.metrics} <= set(CANONICAL)
    assert {spec.name for spec in declared.account_metrics} <= set(ACCOUNT_METRICS)
    assert declared.kinds() == {}
    assert not {"views", "impressions", "reach"} & {spec.name for spec in declared.metrics}
    assert all(spec.meaning for spec in (*declared.metrics, *declared.account_metrics))
    assert not declared.lacking(())
    assert (declared.renewal.rotates, declared.renewal.idle_days) == (True, 90)
    assert bluesky.oauth is None
    assert [field.name for field in bluesky.credential_fields if field.secret] == [
        "app_password",
        "access_token",
    ]


async def test_a_post_published_at_an_odd_time(bluesky: Bluesky, ask: Ask, shelf: Shelf) -> None:
    old = datetime(2009, 4, 24, 3, 31, 52, tzinfo=UTC)
    shelf.kept["v001"] = msgspec.structs.replace(
        shelf.kept["v001"], published_at=old, title="=1+1 \u202e", description="One\ntwo"
    )
    post = measured((await bluesky.fetch_metrics(ask(), [uri("v001")]))[uri("v001")]).post
    assert post is not None
    assert (post.published_at, post.description) == (old, "=1+1 \u202e\n\nOne\ntwo")
