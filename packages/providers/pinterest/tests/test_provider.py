"""The provider against the emulator, over real HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

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
    Kind,
    Measured,
    Outcome,
    PostInfo,
    ProviderError,
    Secret,
)
from afterpost_pinterest import Pinterest
from packages.providers.pinterest.tests.conftest import PINS, Clock
from packages.providers.pinterest.tests.shelf import ADA, NOW, Shelf
from packages.providers.pinterest.tests.wiring import ToEmulator, always, call, credential

Ask = Callable[[], Call]


def measured(outcome: Outcome) -> Measured:
    assert isinstance(outcome, Measured)
    return outcome


async def test_check_tells_whose_credential_it_is(pinterest: Pinterest, ask: Ask) -> None:
    profile = await pinterest.check(ask())
    assert (profile.external_id, profile.handle, profile.name) == (ADA, "ada", "Ada")
    for body in (b"{}", b'{"id": 5}', b'{"username": "ada"}'):
        with pytest.raises(ProviderError) as raised:
            await pinterest.check(always(200, body))
        assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_listing_gives_every_pin_once_with_its_numbers(
    pinterest: Pinterest, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    listed: list[PostInfo] = []
    read: dict[str, Measured] = {}
    cursor: str | None = None
    while True:
        page = await pinterest.list_posts(ask(), cursor)
        listed += page.posts
        read |= page.measured
        if page.cursor is None:
            break
        # It survives a restart: a plain string, and nothing is kept beside it.
        cursor, pinterest = json.loads(json.dumps(page.cursor)), Pinterest()
    assert [post.external_id for post in listed] == list(shelf.kept)
    assert len(emulator.requests) == 3
    assert read["1007"].reading.values == shelf.numbers["1007"]
    first = listed[0]
    assert (first.title, first.description) == ("Pin 619", "About 619.")
    assert first.published_at == NOW - timedelta(hours=1)
    assert first.published_at.tzinfo is UTC
    assert first.url == "https://www.pinterest.com/pin/1619/"
    assert {post.content_type for post in listed} == {"image", "video", "carousel", "idea"}


async def test_an_account_without_pins_has_an_empty_list(
    pinterest: Pinterest, client: httpx.AsyncClient
) -> None:
    page = await pinterest.list_posts(call(client, name="bob"), None)
    assert (page.posts, page.cursor, page.measured) == ((), None, {})


async def test_a_page_of_pins_from_before_since_ends_the_list(
    pinterest: Pinterest, ask: Ask, emulator: Emulator
) -> None:
    # 1619 is an hour old, 1618 two hours, and so on.
    asked = msgspec.structs.replace(ask(), since=NOW - timedelta(hours=100))
    first = await pinterest.list_posts(asked, None)
    assert [post.external_id for post in first.posts] == [str(number) for number in range(1619, 1519, -1)]
    second = await pinterest.list_posts(asked, first.cursor)
    assert (second.posts, second.cursor, second.measured) == ((), None, {})
    assert len(emulator.requests) == 2


async def test_a_cursor_that_the_platform_does_not_know(pinterest: Pinterest, ask: Ask) -> None:
    for cursor in ("x", "é", "\0", "", "9" * 5_000):
        with pytest.raises(ProviderError) as raised:
            await pinterest.list_posts(ask(), cursor)
        assert raised.value.kind is ErrorKind.BAD_REQUEST


async def test_a_page_that_leads_to_itself_is_an_error(pinterest: Pinterest) -> None:
    with pytest.raises(ProviderError) as raised:
        await pinterest.list_posts(always(200, b'{"items": [], "bookmark": "again"}'), "again")
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_metrics_come_with_definitions_and_the_post(
    pinterest: Pinterest, ask: Ask, shelf: Shelf
) -> None:
    shelf.numbers["1007"] = {"impressions": 2**53 + 1, "likes": 0, "saves": 4}
    one = measured((await pinterest.fetch_metrics(ask(), ["1007"]))["1007"])
    assert one.reading.observed_at == NOW
    # Saves are no lifetime count of Pinterest's; they come by day.
    assert one.reading.values == {"impressions": 2**53 + 1, "likes": 0}
    assert one.reading.definitions.keys() == {
        "impressions",
        "likes",
        "comments",
        "clicks_link",
        "clicks_post",
    }
    assert one.reading.published_at == shelf.kept["1007"].published_at
    assert (one.reading.kinds, one.partial) == ({}, ())
    assert one.post is not None
    assert (one.post.external_id, one.post.title) == ("1007", "Pin 7")


async def test_an_old_pin_has_no_lifetime_counts_and_no_zeros(
    pinterest: Pinterest, ask: Ask, shelf: Shelf
) -> None:
    old = datetime(2023, 3, 19, tzinfo=UTC)
    for pin in ("1000", "1001"):
        shelf.kept[pin] = msgspec.structs.replace(shelf.kept[pin], published_at=old)
    outcomes = await pinterest.fetch_metrics(ask(), ["1000", "1001"])
    assert measured(outcomes["1000"]).reading.values == {}
    assert measured(outcomes["1001"]).reading.values["impressions"] == 900, "a video"


async def test_every_asked_id_has_one_outcome(
    pinterest: Pinterest, ask: Ask, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    shelf.kept["1003"] = msgspec.structs.replace(shelf.kept["1003"], gone_from=NOW)
    asked = ["1003", "1005", "9", "1005", "1004", "1003", "../1004", "1004/analytics", "", "١٠٠٤"]
    outcomes = await pinterest.fetch_metrics(ask(), asked)
    assert set(outcomes) == set(asked)
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Gone)} == {"1003", "9"}
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Measured)} == {"1004", "1005"}
    for one in ("../1004", "1004/analytics", "", "١٠٠٤"):
        outcome = outcomes[one]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST
    # The platform shows an account its own pins only, and says so with 403.
    assert isinstance((await pinterest.fetch_metrics(call(client, name="bob"), ["1004"]))["1004"], Gone)


async def test_a_pin_costs_a_request_and_more_than_25_are_refused(
    pinterest: Pinterest, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    ids = list(shelf.kept)[:51]
    with pytest.raises(ProviderError, match="At most 25 pins a call, not 51") as raised:
        await pinterest.fetch_metrics(ask(), ids)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert await pinterest.fetch_metrics(ask(), []) == {}
    assert len(await pinterest.fetch_metrics(ask(), ["no id"])) == 1
    assert not emulator.requests
    outcomes = await pinterest.fetch_metrics(ask(), ids[:5] * 2)
    assert all(isinstance(outcome, Measured) for outcome in outcomes.values())
    assert len(emulator.requests) == pinterest.capabilities.cost("fetch_metrics", 5).requests == 5


async def test_the_same_answer_twice_reads_the_same(pinterest: Pinterest, ask: Ask) -> None:
    ids = ["1001", "1002", "9"]
    assert await pinterest.fetch_metrics(ask(), ids) == await pinterest.fetch_metrics(ask(), ids)


async def test_a_series_by_day(pinterest: Pinterest, ask: Ask, shelf: Shelf, emulator: Emulator) -> None:
    shelf.kept["1001"] = msgspec.structs.replace(
        shelf.kept["1001"], published_at=datetime(2026, 6, 10, tzinfo=UTC), content_type="video"
    )
    shelf.by_day["1001"] = {"impressions": 240, "saves": 24, "views": 48, "watch_time_seconds": 480}
    outcomes = await pinterest.fetch_daily(ask(), ["1001"], date(2026, 6, 1), date(2026, 7, 1))
    one = measured(outcomes["1001"])
    days = [date(2026, 6, 10) + timedelta(days=number) for number in range(21)]
    # Nothing from before it was published, and nothing of today, which is not over.
    assert list(one.reading.daily) == days
    assert one.reading.daily[days[3]] == {
        "impressions": 240,
        "saves": 24,
        "views": 48,
        "watch_time_seconds": 480,
        "avg_view_seconds": 10.0,
    }
    assert (one.reading.values, one.reading.definitions, one.partial) == ({}, {}, ())
    assert len(emulator.requests) == 1


async def test_a_pin_that_is_no_video_has_what_every_pin_has(
    pinterest: Pinterest, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    shelf.kept["1000"] = msgspec.structs.replace(
        shelf.kept["1000"], published_at=datetime(2026, 6, 10, tzinfo=UTC)
    )
    shelf.by_day["1000"] = {"impressions": 240, "views": 48}
    outcomes = await pinterest.fetch_daily(ask(), ["1000"], date(2026, 6, 20), date(2026, 6, 21))
    one = measured(outcomes["1000"])
    assert one.reading.daily == {date(2026, 6, day): {"impressions": 240} for day in (20, 21)}
    assert "views" in one.partial
    assert len(emulator.requests) == 2


async def test_a_range_beyond_the_ninety_days_is_cut(
    pinterest: Pinterest, ask: Ask, transport: ToEmulator
) -> None:
    await pinterest.fetch_daily(ask(), ["1001"], date(2020, 1, 1), date(2027, 1, 1))
    query = transport.sent[0].url.params
    assert (query["start_date"], query["end_date"]) == ("2026-04-02", "2026-07-01")
    outcomes = await pinterest.fetch_daily(ask(), ["1001"], date(2020, 1, 1), date(2020, 2, 1))
    assert measured(outcomes["1001"]).reading.daily == {}
    assert len(transport.sent) == 1
    with pytest.raises(ProviderError, match="At most 1 pins a call, not 2"):
        await pinterest.fetch_daily(ask(), ["1001", "1002"], date(2026, 6, 1), date(2026, 6, 2))
    outcomes = await pinterest.fetch_daily(ask(), ["9"], date(2026, 6, 1), date(2026, 6, 2))
    assert isinstance(outcomes["9"], Gone)


async def test_the_accounts_own_numbers(pinterest: Pinterest, ask: Ask, emulator: Emulator) -> None:
    reading = await pinterest.fetch_account(ask())
    assert reading.values == {
        "followers": 1_000 + sum(ADA.encode()),
        "following": 12,
        "posts_total": PINS,
        "x_pinterest_monthly_views": 5_000,
    }
    assert len(emulator.requests) == 1
    odd = b'{"follower_count": null, "pin_count": 0, "following_count": -1}'
    reading = await pinterest.fetch_account(always(200, odd))
    assert (reading.values, reading.partial) == ({"posts_total": 0}, ("following",))


async def test_refreshing_gives_tokens_that_work_and_kills_the_old_one(
    pinterest: Pinterest, client: httpx.AsyncClient, clock: Clock
) -> None:
    old = credential("ada", access_token="")
    with pytest.raises(ProviderError) as raised:
        await pinterest.check(call(client, signed_in_as=old))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED

    new = await pinterest.refresh(call(client, signed_in_as=old, now=clock.now))
    assert new.expires_at == NOW + timedelta(days=30)
    assert new.refresh_expires_at == NOW + timedelta(days=60)
    assert new.scopes == ("boards:read", "pins:read", "user_accounts:read")
    assert not pinterest.capabilities.lacking(new.scopes)
    assert (new.secret("client_id"), new.secret("client_secret")) == ("client", "client-s3cret")
    assert (await pinterest.check(call(client, signed_in_as=new))).external_id == ADA
    with pytest.raises(ProviderError) as raised:
        await pinterest.refresh(call(client, signed_in_as=old, now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED

    clock.forward(days=30)
    with pytest.raises(ProviderError) as raised:
        await pinterest.check(call(client, signed_in_as=new))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED
    again = await pinterest.refresh(call(client, signed_in_as=new, now=clock.now))
    assert (await pinterest.check(call(client, signed_in_as=again))).external_id == ADA


async def test_a_sign_in_by_browser(
    pinterest: Pinterest, client: httpx.AsyncClient, transport: ToEmulator
) -> None:
    app = credential("ada", access_token="", refresh_token="")
    code = Secret("refresh-ada-s3cret")
    grant = CodeGrant(code=code, verifier=None, redirect_uri="http://127.0.0.1:5000/callback")
    granted = await pinterest.exchange_code(call(client, signed_in_as=app), grant)
    assert {"client_id", "client_secret", "refresh_token", "access_token"} == granted.secrets.keys()
    assert (await pinterest.check(call(client, signed_in_as=granted))).external_id == ADA
    assert not any("s3cret" in str(request.url) for request in transport.sent)
    with pytest.raises(ProviderError) as raised:
        await pinterest.exchange_code(call(client, signed_in_as=app), grant)
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


@pytest.mark.parametrize("missing", ["refresh_token", "client_id", "client_secret"])
async def test_a_credential_that_can_not_be_refreshed(
    missing: str, pinterest: Pinterest, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError, match=missing) as raised:
        await pinterest.refresh(call(client, signed_in_as=credential("ada", **{missing: ""})))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert not emulator.requests


@pytest.mark.parametrize("seconds", [None, "3600", 0, -5, True, 1e9, 10**30])
async def test_tokens_without_a_sane_end_have_no_known_end(seconds: object, pinterest: Pinterest) -> None:
    answer = {"access_token": "new", "expires_in": seconds, "refresh_token_expires_in": seconds}
    renewed = await pinterest.refresh(always(200, json.dumps(answer).encode()))
    assert (renewed.expires_at, renewed.refresh_expires_at) == (None, None)
    # Without a new refresh token the old one is kept.
    assert renewed.secret("refresh_token") == "refresh-ada-s3cret"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"access_token": 5}', b'{"access_token": ""}']
)
async def test_a_token_answer_without_a_token(body: bytes, pinterest: Pinterest) -> None:
    with pytest.raises(ProviderError) as raised:
        await pinterest.refresh(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_only_declared_hosts_are_called_and_nothing_is_written(
    pinterest: Pinterest, ask: Ask, transport: ToEmulator
) -> None:
    await pinterest.check(ask())
    await pinterest.list_posts(ask(), None)
    await pinterest.fetch_metrics(ask(), ["1001"])
    await pinterest.fetch_account(ask())
    await pinterest.fetch_daily(ask(), ["1001"], date(2026, 6, 1), date(2026, 6, 2))
    await pinterest.refresh(ask())
    assert {request.url.host for request in transport.sent} == set(pinterest.capabilities.hosts)
    assert [request.method for request in transport.sent] == ["GET"] * 5 + ["POST"]
    assert not any("s3cret" in str(request.url) for request in transport.sent)


def test_the_declaration_is_plain_stable_and_complete(pinterest: Pinterest) -> None:
    declared = pinterest.capabilities
    assert declared == Pinterest().capabilities
    assert msgspec.json.decode(msgspec.json.encode(declared), type=type(declared)) == declared
    assert {spec.name for spec in declared.metrics} <= set(CANONICAL)
    own = {"x_pinterest_monthly_views"}
    assert {spec.name for spec in declared.account_metrics} <= set(ACCOUNT_METRICS) | own
    assert declared.kinds() == {}
    daily = [spec for spec in declared.metrics if spec.kind is Kind.DAILY]
    assert len(daily) == 9
    assert {spec.day_zone for spec in daily} == {"UTC"}
    assert all(spec.restated_days for spec in daily)
    assert "views" not in declared.definitions(), "impressions are no views"
    assert all(spec.scopes and spec.meaning for spec in (*declared.metrics, *declared.account_metrics))
    # A pin read off the list costs a 250th of one that is asked for by its id.
    assert declared.cost("list_posts").requests * 250 == declared.cost("fetch_metrics", 250).requests
    assert (declared.renewal.rotates, declared.renewal.idle_days) == (True, 60)
    assert [field.name for field in pinterest.credential_fields if field.of_app] == [
        "client_id",
        "client_secret",
    ]
    assert {scope.name for scope in pinterest.oauth.scopes} == {
        scope for spec in (*declared.metrics, *declared.account_metrics) for scope in spec.scopes
    }
