"""The provider against the emulator, over real HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import msgspec
import pytest

from afterpost.emulator import Emulator, WorldPost
from afterpost.sdk import (
    CANONICAL,
    Call,
    ErrorKind,
    Failed,
    Gone,
    Kind,
    Measured,
    Outcome,
    PostInfo,
    ProviderError,
)
from afterpost_youtube import YouTube
from packages.providers.youtube.tests.conftest import VIDEOS, Clock
from packages.providers.youtube.tests.shelf import NOW, Shelf
from packages.providers.youtube.tests.wiring import ToEmulator, always, call, credential

Ask = Callable[[], Call]
JUNE = date(2026, 6, 1), date(2026, 6, 30)


def measured(outcome: Outcome) -> Measured:
    assert isinstance(outcome, Measured)
    return outcome


async def test_check_tells_whose_credential_it_is(youtube: YouTube, ask: Ask) -> None:
    profile = await youtube.check(ask())
    assert (profile.external_id, profile.handle, profile.name) == ("UCada", "@ada", "Ada")


async def test_an_account_without_a_channel_is_told_so(youtube: YouTube) -> None:
    body = b'{"kind": "youtube#channelListResponse", "pageInfo": {"totalResults": 0, "resultsPerPage": 5}}'
    with pytest.raises(ProviderError, match="no YouTube channel") as raised:
        await youtube.check(always(200, body))
    assert raised.value.kind is ErrorKind.NOT_FOUND


async def test_listing_gives_every_video_once_newest_first(
    youtube: YouTube, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    listed: list[PostInfo] = []
    cursor: str | None = None
    pages = 0
    while True:
        page = await youtube.list_posts(ask(), cursor)
        listed += page.posts
        pages += 1
        if page.cursor is None:
            break
        # It survives a restart: a plain string, and nothing is kept beside it.
        cursor, youtube = json.loads(json.dumps(page.cursor)), YouTube()
    assert [post.external_id for post in listed] == list(shelf.videos)
    assert pages == 3
    assert [request.path.rpartition("/")[2] for request in emulator.requests] == [
        "channels",
        *["playlistItems"] * 3,
    ]
    first, wanted = listed[0], next(iter(shelf.videos.values()))
    assert first.title == wanted.title
    assert first.description == wanted.description
    assert first.published_at == wanted.published_at
    assert first.published_at is not None
    assert first.published_at.tzinfo is UTC
    assert first.url == "https://www.youtube.com/watch?v=v119"
    assert first.content_type == "video"


async def test_a_channel_without_videos_has_an_empty_list(
    youtube: YouTube, client: httpx.AsyncClient
) -> None:
    page = await youtube.list_posts(call(client, name="bob"), None)
    assert (page.posts, page.cursor) == ((), None)


async def test_a_playlist_that_vanishes_meanwhile_is_not_an_empty_list(
    youtube: YouTube, ask: Ask, shelf: Shelf
) -> None:
    page = await youtube.list_posts(ask(), None)
    shelf.videos.clear()
    with pytest.raises(ProviderError) as raised:
        await youtube.list_posts(ask(), page.cursor)
    assert raised.value.kind is ErrorKind.NOT_FOUND


@pytest.mark.parametrize("cursor", ["", "x", "é", "e30=", "W10=", "eyJwIjoxLCJ0IjoyfQ==", "\0"])
async def test_a_foreign_cursor_is_refused_without_a_call(
    cursor: str, youtube: YouTube, ask: Ask, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError) as raised:
        await youtube.list_posts(ask(), cursor)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert not emulator.requests


async def test_a_page_that_leads_to_itself_is_an_error(youtube: YouTube) -> None:
    channel = {
        "kind": "youtube#channelListResponse",
        "items": [{"id": "UCada", "contentDetails": {"relatedPlaylists": {"uploads": "UUada"}}}],
    }
    page = {"kind": "youtube#playlistItemListResponse", "nextPageToken": "again", "items": []}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=channel if request.url.path.endswith("channels") else page)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        first = await youtube.list_posts(call(client), None)
        with pytest.raises(ProviderError) as raised:
            await youtube.list_posts(call(client), first.cursor)
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_the_wrong_credential_for_an_account_is_noticed(
    youtube: YouTube, client: httpx.AsyncClient
) -> None:
    assert (await youtube.list_posts(call(client, account_id="UCada"), None)).posts
    with pytest.raises(ProviderError, match="UCada, not UCeve") as raised:
        await youtube.list_posts(call(client, account_id="UCeve"), None)
    assert raised.value.kind is ErrorKind.PERMISSION_MISSING


async def test_metrics_come_with_definitions_and_the_post(youtube: YouTube, ask: Ask, shelf: Shelf) -> None:
    shelf.numbers["v007"] = {"views": 2**53 + 1, "likes": 0, "dislikes": 4, "comments": 12}
    one = measured((await youtube.fetch_metrics(ask(), ["v007"]))["v007"])
    assert one.reading.observed_at == NOW
    assert one.reading.values == {"views": 2**53 + 1, "likes": 0, "dislikes": 4, "comments": 12}
    assert one.reading.definitions == {
        "views": "2025-03-31",
        "likes": "1",
        "dislikes": "1",
        "comments": "1",
    }
    assert one.reading.published_at == shelf.videos["v007"].published_at
    assert one.reading.kinds == {}
    assert one.partial == ()
    assert one.post is not None
    assert (one.post.external_id, one.post.title, one.post.description) == ("v007", "Video 7", "About 7.")


async def test_an_absent_count_stays_absent(youtube: YouTube, ask: Ask, shelf: Shelf) -> None:
    shelf.numbers["v001"] = {"views": 5}
    shelf.numbers["v002"] = {}
    outcomes = await youtube.fetch_metrics(ask(), ["v001", "v002"])
    assert measured(outcomes["v001"]).reading.values == {"views": 5}
    assert measured(outcomes["v002"]).reading.values == {}
    assert "likes" in measured(outcomes["v002"]).reading.definitions
    assert measured(outcomes["v002"]).partial == ()


async def test_every_asked_id_has_one_outcome(youtube: YouTube, ask: Ask, shelf: Shelf) -> None:
    shelf.videos["v003"] = msgspec.structs.replace(shelf.videos["v003"], gone_from=NOW)
    asked = ["v003", "v005", "never", "v005", "v004", "v003", "not,an id", ""]
    outcomes = await youtube.fetch_metrics(ask(), asked)
    assert set(outcomes) == set(asked)
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Gone)} == {"v003", "never"}
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Measured)} == {"v004", "v005"}
    for one in ("not,an id", ""):
        outcome = outcomes[one]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST


async def test_fifty_cost_one_call_and_more_are_refused(
    youtube: YouTube, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    ids = list(shelf.videos)[:101]
    outcomes = await youtube.fetch_metrics(ask(), ids[:50])
    assert all(isinstance(outcome, Measured) for outcome in outcomes.values())
    assert len(emulator.requests) == 1
    with pytest.raises(ProviderError, match="At most 50 videos a call, not 101") as raised:
        await youtube.fetch_metrics(ask(), ids)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert len(await youtube.fetch_metrics(ask(), ids[:25] * 4)) == 25
    assert await youtube.fetch_metrics(ask(), []) == {}
    assert len(await youtube.fetch_metrics(ask(), ["not an id"])) == 1
    assert len(emulator.requests) == 2


async def test_a_whole_channel_in_as_many_calls_as_it_takes(
    youtube: YouTube, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    ids, size = list(shelf.videos), youtube.capabilities.batch_size
    for start in range(0, len(ids), size):
        await youtube.fetch_metrics(ask(), ids[start : start + size])
    assert len(emulator.requests) == -(-VIDEOS // size)


async def test_the_same_answer_twice_reads_the_same(youtube: YouTube, ask: Ask) -> None:
    ids = ["v001", "v002", "gone"]
    assert await youtube.fetch_metrics(ask(), ids) == await youtube.fetch_metrics(ask(), ids)


async def test_a_series_by_day(youtube: YouTube, ask: Ask, shelf: Shelf, emulator: Emulator) -> None:
    # In Los Angeles it was published on the evening before.
    shelf.publish(
        "v001",
        datetime(2026, 6, 11, 5, tzinfo=UTC),
        views=240,
        likes=24,
        shares=48,
        follows=24,
        watch_time_seconds=24 * 600,
        x_youtube_engaged_views=120,
    )
    outcome = (await youtube.fetch_daily(ask(), ["v001"], date(2026, 6, 1), date(2026, 7, 1)))["v001"]
    one = measured(outcome)
    # Nothing from before, nothing of the most recent days: at the 1st, the 28th is the youngest with a row.
    assert list(one.reading.daily) == [date(2026, 6, 10) + timedelta(days=number) for number in range(19)]
    assert one.reading.daily[date(2026, 6, 10)]["views"] == 20, "two of its hours"
    assert one.reading.daily[date(2026, 6, 13)] == {
        "views": 240,
        "x_youtube_engaged_views": 120,
        "likes": 24,
        "shares": 48,
        "follows": 24,
        "watch_time_seconds": 14_400,
        "avg_view_seconds": 60,
    }
    assert (one.reading.values, one.reading.definitions, one.partial) == ({}, {}, ())
    assert one.reading.observed_at == NOW
    assert len(emulator.requests) == 1


async def test_the_days_on_which_clocks_change_have_23_and_25_hours(
    youtube: YouTube, ask: Ask, shelf: Shelf, clock: Clock
) -> None:
    shelf.publish("v001", datetime(2026, 2, 1, 8, tzinfo=UTC), views=240)
    for day, hours in ((date(2026, 3, 7), 24), (date(2026, 3, 8), 23), (date(2026, 3, 9), 24)):
        found = await youtube.fetch_daily(ask(), ["v001"], day, day)
        assert measured(found["v001"]).reading.daily == {day: {"views": 10 * hours}}
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    found = await youtube.fetch_daily(ask(), ["v001"], date(2026, 11, 1), date(2026, 11, 1))
    assert measured(found["v001"]).reading.daily == {date(2026, 11, 1): {"views": 250}}


async def test_a_video_without_a_day_yet_has_no_series(youtube: YouTube, ask: Ask, shelf: Shelf) -> None:
    shelf.publish("v001", NOW - timedelta(days=2), views=240)
    outcome = (await youtube.fetch_daily(ask(), ["v001"], *JUNE))["v001"]
    assert measured(outcome).reading.daily == {}


async def test_a_range_is_cut_to_a_year_and_to_today(
    youtube: YouTube, ask: Ask, transport: ToEmulator, shelf: Shelf
) -> None:
    await youtube.fetch_daily(ask(), ["v001"], date(2020, 1, 1), date(2027, 1, 1))
    query = transport.sent[0].url.params
    assert (query["startDate"], query["endDate"]) == ("2025-07-01", "2026-07-01")
    outcomes = await youtube.fetch_daily(ask(), ["v001"], date(2020, 1, 1), date(2020, 2, 1))
    assert measured(outcomes["v001"]).reading.daily == {}
    assert len(transport.sent) == 1, "and no call is spent on days out of reach"


async def test_a_call_by_day_is_about_one_video(youtube: YouTube, ask: Ask, emulator: Emulator) -> None:
    with pytest.raises(ProviderError, match="At most one video a call, not 2") as raised:
        await youtube.fetch_daily(ask(), ["v001", "v002"], *JUNE)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert await youtube.fetch_daily(ask(), [], *JUNE) == {}
    outcomes = await youtube.fetch_daily(ask(), ["not,an id", ""], *JUNE)
    assert [type(outcome) for outcome in outcomes.values()] == [Failed] * 2
    assert not emulator.requests
    assert list(await youtube.fetch_daily(ask(), ["v001", "v001"], *JUNE)) == ["v001"]
    assert len(emulator.requests) == 1


async def test_a_video_of_somebody_else_costs_itself_alone(
    youtube: YouTube, ask: Ask, client: httpx.AsyncClient
) -> None:
    for asked, video in ((ask(), "never"), (call(client, name="bob"), "v001")):
        outcome = (await youtube.fetch_daily(asked, [video], *JUNE))[video]
        assert isinstance(outcome, Failed)
        assert (outcome.error.kind, outcome.error.native) == (ErrorKind.METRIC_UNAVAILABLE, "forbidden")


async def test_refreshing_gives_a_token_that_works_until_it_ends(
    youtube: YouTube, client: httpx.AsyncClient, clock: Clock
) -> None:
    old = credential("ada", access_token="")
    with pytest.raises(ProviderError) as raised:
        await youtube.check(call(client, signed_in_as=old))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED

    new = await youtube.refresh(call(client, signed_in_as=old, now=clock.now))
    assert new.expires_at == NOW + timedelta(hours=1)
    assert new.scopes == (
        "https://www.googleapis.com/auth/youtube.readonly",
        "https://www.googleapis.com/auth/yt-analytics.readonly",
    )
    assert not youtube.capabilities.lacking(new.scopes)
    assert {name: new.secret(name) for name in old.secrets} == {
        name: old.secret(name) for name in old.secrets
    }
    assert (await youtube.check(call(client, signed_in_as=new))).external_id == "UCada"

    clock.forward(hours=1)
    with pytest.raises(ProviderError) as raised:
        await youtube.check(call(client, signed_in_as=new))
    assert raised.value.kind is ErrorKind.TOKEN_EXPIRED
    again = await youtube.refresh(call(client, signed_in_as=new, now=clock.now))
    assert again.secret("access_token") != new.secret("access_token")
    assert (await youtube.check(call(client, signed_in_as=again))).external_id == "UCada"


@pytest.mark.parametrize("missing", ["refresh_token", "client_id", "client_secret"])
async def test_a_credential_that_can_not_be_refreshed(
    missing: str, youtube: YouTube, client: httpx.AsyncClient, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError, match=missing) as raised:
        await youtube.refresh(call(client, signed_in_as=credential("ada", **{missing: ""})))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert not emulator.requests


@pytest.mark.parametrize("seconds", [None, "3600", 0, -5, True, 1e9, 10**30])
async def test_a_token_without_a_sane_end_has_no_known_end(seconds: object, youtube: YouTube) -> None:
    body = json.dumps({"access_token": "new", "expires_in": seconds}).encode()
    renewed = await youtube.refresh(always(200, body))
    assert renewed.expires_at is None
    assert renewed.secret("access_token") == "new"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"access_token": 5}', b'{"access_token": ""}']
)
async def test_a_token_answer_without_a_token(body: bytes, youtube: YouTube) -> None:
    with pytest.raises(ProviderError) as raised:
        await youtube.refresh(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_only_declared_hosts_are_called_and_only_get_but_for_the_token(
    youtube: YouTube, ask: Ask, transport: ToEmulator
) -> None:
    await youtube.check(ask())
    await youtube.list_posts(ask(), None)
    await youtube.fetch_metrics(ask(), ["v001"])
    await youtube.fetch_daily(ask(), ["v001"], *JUNE)
    await youtube.refresh(ask())
    assert {request.url.host for request in transport.sent} == set(youtube.capabilities.hosts)
    assert [request.method for request in transport.sent] == ["GET"] * 5 + ["POST"]
    assert not any("s3cret" in str(request.url) for request in transport.sent)


def test_the_declaration_is_plain_stable_and_complete(youtube: YouTube) -> None:
    declared = youtube.capabilities
    assert declared == YouTube().capabilities
    assert msgspec.json.decode(msgspec.json.encode(declared), type=type(declared)) == declared
    assert {spec.name for spec in declared.metrics} <= {*CANONICAL, "x_youtube_engaged_views"}
    assert declared.kinds() == {}
    # What counts is the lifetime total: only those have gains.
    assert set(declared.definitions()) == {"views", "likes", "dislikes", "comments"}
    daily = [spec for spec in declared.metrics if spec.kind is Kind.DAILY]
    assert len(daily) == 10
    assert {spec.day_zone for spec in daily} == {"America/Los_Angeles"}
    assert all(spec.meaning and spec.latency_hours and spec.restated_days for spec in daily)
    analytics = "https://www.googleapis.com/auth/yt-analytics.readonly"
    assert {spec.name for spec in declared.metrics if analytics in spec.scopes} == {one.name for one in daily}
    # Without that scope the totals are still to be had.
    lacking = declared.lacking(["https://www.googleapis.com/auth/youtube.readonly"])
    assert lacking == dict.fromkeys({one.name for one in daily} - set(declared.definitions()), (analytics,))
    told = next(field.help for field in youtube.credential_fields if field.name == "refresh_token")
    assert all(scope.rpartition("/")[2] in told for spec in daily for scope in spec.scopes)
    assert all(spec.scopes for spec in declared.metrics)
    assert declared.limits[0].resets == "midnight America/Los_Angeles"
    assert [field.name for field in youtube.credential_fields if not field.secret] == ["client_id"]


async def test_a_post_published_at_an_odd_time(youtube: YouTube, ask: Ask, shelf: Shelf) -> None:
    old = datetime(2005, 4, 24, 3, 31, 52, tzinfo=UTC)
    shelf.videos["zoo"] = WorldPost(
        id="zoo",
        account_id="UCada",
        title="=1+1 \u202e zoo",
        description="Line one\nline two",
        published_at=old,
        visible_from=old,
    )
    post = measured((await youtube.fetch_metrics(ask(), ["zoo"]))["zoo"]).post
    assert post is not None
    assert (post.published_at, post.title) == (old, "=1+1 \u202e zoo")
    assert post.description == "Line one\nline two"
