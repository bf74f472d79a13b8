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
    Kind,
    Measured,
    Outcome,
    PostInfo,
    ProviderError,
    Secret,
)
from afterpost_instagram import Instagram
from packages.providers.instagram.tests.conftest import POSTS, Clock
from packages.providers.instagram.tests.shelf import NOW, Shelf
from packages.providers.instagram.tests.wiring import ToEmulator, always, call, credential

Ask = Callable[[], Call]

COMMON = {"views": 1_000, "reach": 700, "shares": 7, "x_instagram_total_interactions": 65}
POST = {"likes": 50, "comments": 3, "saves": 5}
PROFILE = {"clicks_profile": 4, "follows": 1}
REEL = {"watch_time_seconds": 2_500, "avg_view_seconds": 2.5}


def measured(outcome: Outcome) -> Measured:
    assert isinstance(outcome, Measured)
    return outcome


async def test_check_tells_whose_credential_it_is(instagram: Instagram, ask: Ask) -> None:
    profile = await instagram.check(ask())
    assert (profile.external_id, profile.handle, profile.name) == ("ig-ada", "ada", "Ada")


async def test_listing_gives_every_post_once_newest_first(
    instagram: Instagram, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    listed: list[PostInfo] = []
    cursor: str | None = None
    while True:
        page = await instagram.list_posts(ask(), cursor)
        listed += page.posts
        assert len(page.posts) <= instagram.capabilities.page_size
        assert "s3cret" not in f"{page.cursor}"
        if page.cursor is None:
            break
        # It survives a restart: a plain string, and nothing is kept beside it.
        cursor, instagram = json.loads(json.dumps(page.cursor)), Instagram()
    assert [post.external_id for post in listed] == list(shelf.shelved)
    assert [request.path for request in emulator.requests] == ["/v24.0/me/media"] * 3
    first = listed[0]
    assert (first.title, first.description) == ("", f"About {POSTS - 1}.")
    assert first.published_at == shelf.shelved[first.external_id].published_at
    assert first.published_at is not None
    assert first.published_at.tzinfo is UTC
    assert [post.content_type for post in listed[:4]] == ["story", "carousel", "reel", "image"]
    assert listed[2].url == f"https://www.instagram.com/reel/{listed[2].external_id}/"


async def test_an_account_without_posts_has_an_empty_list(
    instagram: Instagram, client: httpx.AsyncClient
) -> None:
    page = await instagram.list_posts(call(client, name="bob"), None)
    assert (page.posts, page.cursor) == ((), None)


async def test_what_was_published_before_since_ends_the_list(
    instagram: Instagram, ask: Ask, emulator: Emulator
) -> None:
    # The newest is an hour old, the next two hours, and so on.
    asked = msgspec.structs.replace(ask(), since=NOW - timedelta(hours=105))
    first = await instagram.list_posts(asked, None)
    second = await instagram.list_posts(asked, first.cursor)
    assert [len(first.posts), len(second.posts)] == [100, 5]
    assert second.cursor is None
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("cursor", ["", "x y", "é", "a/b", "a" * 513, "\0", "a&access_token=b"])
async def test_a_foreign_cursor_is_refused_without_a_call(
    cursor: str, instagram: Instagram, ask: Ask, emulator: Emulator
) -> None:
    with pytest.raises(ProviderError) as raised:
        await instagram.list_posts(ask(), cursor)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert not emulator.requests


@pytest.mark.parametrize(
    "paging",
    [
        {"next": "https://graph.instagram.com/?after=again", "cursors": {"after": "again"}},
        {"next": "https://graph.instagram.com/?after=again"},
        {"next": "https://graph.instagram.com/", "cursors": {}},
    ],
)
async def test_a_page_that_leads_nowhere_is_an_error(paging: dict[str, object], instagram: Instagram) -> None:
    body = json.dumps({"data": [], "paging": paging}).encode()
    with pytest.raises(ProviderError) as raised:
        await instagram.list_posts(always(200, body), "again")
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_each_kind_of_post_has_metrics_of_its_own(
    instagram: Instagram, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    outcomes = await instagram.fetch_metrics(ask(), ["p000", "p001", "p002", "p003"])
    values = {one: measured(outcome).reading.values for one, outcome in outcomes.items()}
    assert values == {
        "p000": COMMON | POST | PROFILE,
        "p001": COMMON | POST | REEL,
        "p002": COMMON | POST | PROFILE,
        "p003": COMMON | PROFILE,
    }
    for one in ("p000", "p001", "p002"):
        reading = measured(outcomes[one]).reading
        assert reading.definitions.keys() == reading.values.keys()
        assert reading.observed_at == NOW
        assert reading.published_at == shelf.shelved[one].published_at
        assert measured(outcomes[one]).partial == ()
    # Asked for and without data: known to be hidden, and no 0.
    assert measured(outcomes["p003"]).reading.definitions["x_instagram_replies"] == "1"
    assert measured(outcomes["p000"]).reading.definitions["views"] == "2025-04-21"
    assert measured(outcomes["p000"]).reading.kinds == {}
    assert measured(outcomes["p001"]).reading.kinds == {"avg_view_seconds": Kind.GAUGE}
    assert [measured(outcomes[one]).post.content_type for one in values] == [  # type: ignore[union-attr]
        "image",
        "reel",
        "carousel",
        "story",
    ]
    assert len(emulator.requests) == 2 * 4


async def test_an_absent_number_stays_absent_and_0_is_0(instagram: Instagram, ask: Ask, shelf: Shelf) -> None:
    shelf.numbers["p001"] = {"views": 0, "likes": 2**53 + 1}
    shelf.numbers["p005"] = {}
    outcomes = await instagram.fetch_metrics(ask(), ["p001", "p005"])
    assert measured(outcomes["p001"]).reading.values == {
        "views": 0,
        "likes": 2**53 + 1,
        "x_instagram_total_interactions": 2**53 + 1,
    }
    assert measured(outcomes["p005"]).reading.values == {}
    assert "likes" in measured(outcomes["p005"]).reading.definitions


async def test_every_asked_id_has_one_outcome(
    instagram: Instagram, ask: Ask, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    shelf.shelved["p003"] = msgspec.structs.replace(shelf.shelved["p003"], gone_from=NOW)
    asked = ["p003", "p005", "never", "p005", "p004", "p003", "not,an id", "", "../me"]
    outcomes = await instagram.fetch_metrics(ask(), asked)
    assert set(outcomes) == set(asked)
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Gone)} == {"p003", "never"}
    assert {one for one, outcome in outcomes.items() if isinstance(outcome, Measured)} == {"p004", "p005"}
    for one in ("not,an id", "", "../me"):
        outcome = outcomes[one]
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST
    # The posts of another account look as if they were not there.
    foreign = await instagram.fetch_metrics(call(client, name="bob", account_id="ig-bob"), ["p004"])
    assert isinstance(foreign["p004"], Gone)


async def test_with_the_wrong_token_nothing_is_taken_for_gone(
    instagram: Instagram, client: httpx.AsyncClient
) -> None:
    with pytest.raises(ProviderError, match="ig-bob, not ig-ada") as raised:
        await instagram.fetch_metrics(call(client, name="bob", account_id="ig-ada"), ["p004", "p005"])
    assert raised.value.kind is ErrorKind.PERMISSION_MISSING


async def test_ten_posts_a_call_and_more_are_refused(
    instagram: Instagram, ask: Ask, shelf: Shelf, emulator: Emulator
) -> None:
    ids = list(shelf.shelved)[:21]
    outcomes = await instagram.fetch_metrics(ask(), ids[:10])
    assert all(isinstance(outcome, Measured) for outcome in outcomes.values())
    declared = instagram.capabilities.cost("fetch_metrics", 10)
    assert len(emulator.requests) == declared.requests == 20
    with pytest.raises(ProviderError, match="At most 10 posts a call, not 21") as raised:
        await instagram.fetch_metrics(ask(), ids)
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert len(await instagram.fetch_metrics(ask(), ids[:5] * 4)) == 5
    assert await instagram.fetch_metrics(ask(), []) == {}
    assert len(await instagram.fetch_metrics(ask(), ["not an id"])) == 1
    assert len(emulator.requests) == 30


async def test_the_same_answer_twice_reads_the_same(instagram: Instagram, ask: Ask) -> None:
    ids = ["p001", "p002", "gone"]
    assert await instagram.fetch_metrics(ask(), ids) == await instagram.fetch_metrics(ask(), ids)


async def test_the_accounts_own_numbers(instagram: Instagram, ask: Ask, emulator: Emulator) -> None:
    reading = await instagram.fetch_account(ask())
    followers = 1_000 + sum(b"ig-ada")
    assert reading.values == {"followers": followers, "following": 12, "posts_total": POSTS}
    assert reading.partial == ()
    assert len(emulator.requests) == 1
    odd = b'{"followers_count": null, "follows_count": 0, "media_count": -1}'
    reading = await instagram.fetch_account(always(200, odd))
    assert (reading.values, reading.partial) == ({"following": 0}, ("posts_total",))


async def test_a_living_token_renews_itself_and_a_dead_one_is_revoked(
    instagram: Instagram, client: httpx.AsyncClient, clock: Clock
) -> None:
    new = await instagram.refresh(call(client, now=clock.now))
    assert new.expires_at == NOW + timedelta(days=60)
    assert new.secret("access_token") != credential().secret("access_token")
    assert (new.secret("client_id"), new.secret("client_secret")) == ("client", "client-s3cret")
    assert (await instagram.check(call(client, signed_in_as=new))).external_id == "ig-ada"

    # Days before the end, as core asks for it.
    clock.forward(days=50, seconds=1)
    assert new.expires_at - clock.now < timedelta(seconds=instagram.capabilities.renewal.before_seconds)
    newer = await instagram.refresh(call(client, signed_in_as=new, now=clock.now))
    assert newer.expires_at == clock.now + timedelta(days=60)

    clock.forward(days=10)
    with pytest.raises(ProviderError) as raised:
        await instagram.check(call(client, signed_in_as=new))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    with pytest.raises(ProviderError) as raised:
        await instagram.refresh(call(client, signed_in_as=new, now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    assert (await instagram.check(call(client, signed_in_as=newer))).external_id == "ig-ada"


async def test_of_a_typed_token_the_end_becomes_known(
    instagram: Instagram, client: httpx.AsyncClient, clock: Clock
) -> None:
    typed = await instagram.sign_in(call(client, now=clock.now))
    assert typed.expires_at == NOW + timedelta(days=60)
    # One that was made today can't be renewed before tomorrow.
    clock.forward(hours=20)
    young = await instagram.sign_in(call(client, signed_in_as=typed, now=clock.now))
    assert young.secret("access_token") == typed.secret("access_token")
    assert young.expires_at == clock.now + timedelta(days=59)
    assert typed.expires_at is not None
    assert young.expires_at <= typed.expires_at
    clock.forward(hours=4)
    with pytest.raises(ProviderError) as raised:
        await instagram.sign_in(call(client, signed_in_as=credential(access_token=""), now=clock.now))
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    old = await instagram.sign_in(call(client, signed_in_as=typed, now=clock.now))
    assert old.expires_at == clock.now + timedelta(days=60)


async def test_a_sign_in_by_browser(
    instagram: Instagram, client: httpx.AsyncClient, transport: ToEmulator
) -> None:
    grant = CodeGrant(code=Secret("refresh-ada-s3cret"), verifier=None, redirect_uri="https://x.example/")
    app = credential("ada", access_token="")
    granted = await instagram.exchange_code(call(client, signed_in_as=app), grant)
    assert granted.secrets.keys() == {"client_id", "client_secret", "access_token"}
    assert granted.expires_at == NOW + timedelta(days=60)
    assert not instagram.capabilities.lacking(granted.scopes)
    assert (await instagram.check(call(client, signed_in_as=granted))).external_id == "ig-ada"
    assert [request.url.host for request in transport.sent] == [
        "api.instagram.com",
        "graph.instagram.com",
        "graph.instagram.com",
    ]
    bad = CodeGrant(code=Secret("used-s3cret"), verifier=None, redirect_uri="https://x.example/")
    with pytest.raises(ProviderError) as raised:
        await instagram.exchange_code(call(client, signed_in_as=app), bad)
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
    with pytest.raises(ProviderError, match="client_secret") as raised:
        await instagram.exchange_code(call(client, signed_in_as=credential(client_secret="")), grant)
    assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED


@pytest.mark.parametrize("seconds", [None, "5184000", 0, -5, True, 1e9, 10**30])
async def test_a_token_without_a_sane_end_has_no_known_end(seconds: object, instagram: Instagram) -> None:
    body = json.dumps({"access_token": "new", "expires_in": seconds}).encode()
    renewed = await instagram.refresh(always(200, body))
    assert renewed.expires_at is None
    assert renewed.secret("access_token") == "new"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"access_token": 5}', b'{"access_token": ""}', b'{"data": []}']
)
async def test_a_token_answer_without_a_token(body: bytes, instagram: Instagram) -> None:
    grant = CodeGrant(code=Secret("c"), verifier=None, redirect_uri="https://x.example/")
    with pytest.raises(ProviderError) as raised:
        await instagram.refresh(always(200, body))
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED
    with pytest.raises(ProviderError) as raised:
        await instagram.exchange_code(always(200, body), grant)
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


async def test_only_declared_hosts_are_called_and_nothing_is_written(
    instagram: Instagram, ask: Ask, transport: ToEmulator
) -> None:
    await instagram.check(ask())
    await instagram.list_posts(ask(), None)
    await instagram.fetch_metrics(ask(), ["p001"])
    await instagram.fetch_account(ask())
    assert not any("s3cret" in str(request.url) for request in transport.sent)
    await instagram.refresh(ask())
    assert {request.url.host for request in transport.sent} <= set(instagram.capabilities.hosts)
    assert {request.method for request in transport.sent} == {"GET"}


def test_the_declaration_is_plain_stable_and_complete(instagram: Instagram) -> None:
    declared = instagram.capabilities
    assert declared == Instagram().capabilities
    assert msgspec.json.decode(msgspec.json.encode(declared), type=type(declared)) == declared
    own = {"x_instagram_total_interactions", "x_instagram_replies"}
    assert {spec.name for spec in declared.metrics} == {*own} | {
        spec.name for spec in declared.metrics if spec.name in CANONICAL
    }
    assert {spec.name for spec in declared.account_metrics} <= set(ACCOUNT_METRICS)
    assert declared.kinds() == {"avg_view_seconds": Kind.GAUGE}
    assert all(spec.scopes and spec.meaning for spec in (*declared.metrics, *declared.account_metrics))
    assert all(spec.latency_hours == 48 for spec in declared.metrics)
    assert declared.renewal.before_seconds > 7 * 86_400
    assert not declared.renewal.rotates
    assert [field.name for field in instagram.credential_fields if not field.secret] == ["client_id"]
    views = next(spec for spec in declared.metrics if spec.name == "views")
    assert [change.on.isoformat() for change in views.changes] == [views.definition]


def test_a_grant_without_insights_says_which_metrics_are_missing(instagram: Instagram) -> None:
    lacking = instagram.capabilities.lacking(["instagram_business_basic"])
    assert set(lacking) == {spec.name for spec in instagram.capabilities.metrics}
    assert set(lacking.values()) == {("instagram_business_manage_insights",)}


@pytest.mark.parametrize("content_type", ["image", "carousel", "reel", "story"])
def test_what_a_kind_of_post_is_asked_for_is_what_is_declared_for_it(
    content_type: str, instagram: Instagram
) -> None:
    from afterpost_instagram.payloads import METRICS_OF

    product = {"reel": "REELS", "story": "STORY"}.get(content_type, "FEED")
    declared = {
        spec.name
        for spec in instagram.capabilities.metrics
        if not spec.content_types or content_type in spec.content_types
    }
    assert set(METRICS_OF[product]) == declared
