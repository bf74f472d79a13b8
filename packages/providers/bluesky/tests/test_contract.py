"""Provider and emulator against Bluesky's own lexicons and the answers of a real server."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from afterpost.emulator import Emulator, Scenario
from afterpost.sdk import ErrorKind, Gone, Measured
from afterpost_bluesky import Bluesky
from afterpost_bluesky.emulator import PARAMETERS, BlueskyDialect
from afterpost_bluesky.errors import classify, classify_session
from packages.providers.bluesky.tests.lexicons import (
    CONTRACTS,
    MISSING,
    answer_faults,
    input_faults,
    lexicon,
    query_faults,
    record_faults,
)
from packages.providers.bluesky.tests.shelf import NOW, SERVER, Shelf, uri
from packages.providers.bluesky.tests.wiring import ToEmulator, always, call, credential

pytestmark = pytest.mark.skipif(not (CONTRACTS / "captured").exists(), reason=MISSING)


def captured(name: str) -> Any:
    return json.loads((CONTRACTS / "captured" / name).read_text())


async def test_every_request_of_the_provider_is_allowed(
    bluesky: Bluesky, client: httpx.AsyncClient, transport: ToEmulator, shelf: Shelf
) -> None:
    session = await bluesky.sign_in(
        call(
            client,
            signed_in_as=credential(
                server="",
                access_token="",
                refresh_token="",
                identifier="@ada.test",
                app_password="refresh-ada-s3cret",
            ),
        )
    )
    assert "app_password" not in session.secrets
    signed_in = call(client, signed_in_as=session)
    await bluesky.check(signed_in)
    page = await bluesky.list_posts(signed_in, None)
    await bluesky.list_posts(signed_in, page.cursor)
    await bluesky.fetch_metrics(signed_in, [uri(one) for one in list(shelf.kept)[:25]])
    await bluesky.fetch_account(signed_in)
    await bluesky.refresh(signed_in)
    assert len(transport.sent) == 7
    for request in transport.sent:
        method = request.url.path.removeprefix("/xrpc/")
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        assert query_faults(method, query) == []
        kind = lexicon(method)["main"]["type"]
        assert request.method == {"query": "GET", "procedure": "POST"}[kind]
    assert input_faults("com.atproto.server.createSession", json.loads(transport.bodies[0])) == []


def test_the_emulator_knows_the_parameters_of_the_lexicons() -> None:
    for method, parameters in PARAMETERS.items():
        known = lexicon(method)["main"].get("parameters", {}).get("properties", {})
        assert parameters == known.keys()


def test_every_answer_of_the_emulator_has_the_platforms_form() -> None:
    scenario = Scenario(
        start=datetime(2026, 1, 1, tzinfo=UTC).date(),
        days=180,
        metrics=("likes", "comments", "shares", "quotes", "saves"),
        content_types=("text", "image", "video", "link"),
    )
    account = scenario.accounts()[0]
    dialect = BlueskyDialect(scenario, server=SERVER)
    given = dialect.credential(account)
    with Emulator(dialect, clock=lambda: NOW) as emulator:

        def ask(method: str, query: dict[str, Any]) -> Any:
            headers = {"Host": SERVER, "Authorization": f"Bearer {account.token}"}
            url = f"{emulator.url}/xrpc/{method}"
            response = httpx.get(url, params=query, headers=headers, trust_env=False)
            sent = parse_qsl(response.request.url.query.decode())
            assert query_faults(method, sent) == []
            assert response.status_code == 200
            assert answer_faults(method, response.json()) == []
            assert int(response.headers["ratelimit-remaining"]) > 0
            return response.json()

        did = ask("com.atproto.server.getSession", {})["did"]
        feed = ask("app.bsky.feed.getAuthorFeed", {"actor": did, "limit": "100", "includePins": "false"})
        assert len(feed["feed"]) == 101
        emulator.dial.set("foreign_post")
        among = ask("app.bsky.feed.getAuthorFeed", {"actor": did, "limit": "100", "includePins": "false"})
        emulator.dial.clear()
        (theirs,) = [item for item in among["feed"] if item["post"]["author"]["did"] != did]
        assert theirs["reason"]["by"]["did"] == did
        assert [item for item in among["feed"] if item is not theirs] == feed["feed"]
        uris = [item["post"]["uri"] for item in feed["feed"][1:26]]
        posts = ask("app.bsky.feed.getPosts", {"uris": uris})["posts"]
        assert [post["uri"] for post in posts] == uris
        assert [fault for post in posts for fault in record_faults(post["record"])] == []
        assert {post["record"].get("embed", {}).get("$type") for post in posts} > {
            "app.bsky.embed.images",
            "app.bsky.embed.video",
        }
        assert ask("app.bsky.feed.getPosts", {"uris": [uri("never")]})["posts"] == []
        ask("app.bsky.actor.getProfile", {"actor": given["identifier"]})

        typed = {"identifier": given["identifier"], "password": given["app_password"]}
        post = f"{emulator.url}/xrpc/com.atproto.server."
        headers = {"Host": "bsky.social"}
        made = httpx.post(post + "createSession", json=typed, headers=headers, trust_env=False).json()
        assert answer_faults("com.atproto.server.createSession", made) == []
        headers |= {"Authorization": f"Bearer {made['refreshJwt']}"}
        renewed = httpx.post(post + "refreshSession", headers=headers, trust_env=False).json()
        assert answer_faults("com.atproto.server.refreshSession", renewed) == []


def test_the_checks_find_what_is_wrong() -> None:
    query = [("uri", "a"), ("uris", "https://a"), *[("uris", uri(str(n))) for n in range(25)]]
    assert len(query_faults("app.bsky.feed.getPosts", query)) == 3
    assert query_faults("app.bsky.feed.getPosts", []) == ["uris is missing"]
    feed = [("actor", "@ada"), ("limit", "101"), ("filter", "mine"), ("cursor", "a"), ("cursor", "b")]
    assert len(query_faults("app.bsky.feed.getAuthorFeed", feed)) == 4
    post = {"uri": 3, "likeCount": "5", "views": 1, "author": {"did": "ada", "handle": "ada.test"}}
    assert len(answer_faults("app.bsky.feed.getPosts", {"posts": [post]})) == 7
    embed = {"$type": "app.bsky.embed.video", "video": {"$type": "blob", "size": 3}}
    record = {"text": "", "createdAt": "2026-01-01T00:00:00Z", "embed": embed}
    assert record_faults(record) == ["$.embed.video is no blob"]
    reason = {"post": {}, "reason": {"$type": "app.bsky.feed.defs#reasonLike"}}
    faults = answer_faults("app.bsky.feed.getAuthorFeed", {"feed": [reason]})
    assert any("reason is none of" in fault for fault in faults)


def test_what_a_real_server_answered_has_that_form_too() -> None:
    assert answer_faults("app.bsky.feed.getPosts", captured("getPosts.json")) == []
    assert answer_faults("app.bsky.feed.getAuthorFeed", captured("feed.json")) == []
    assert answer_faults("app.bsky.actor.getProfile", captured("profile.json")) == []


async def test_what_a_real_server_answered_can_be_read(bluesky: Bluesky) -> None:
    body = json.dumps(captured("getPosts.json")).encode()
    given = {post["uri"]: post for post in captured("getPosts.json")["posts"]}
    outcomes = await bluesky.fetch_metrics(always(200, body), [*given, uri("deleted")])
    for one, post in given.items():
        outcome = outcomes[one]
        assert isinstance(outcome, Measured)
        assert outcome.reading.values == {
            "likes": post["likeCount"],
            "comments": post["replyCount"],
            "shares": post["repostCount"],
            "quotes": post["quoteCount"],
            "saves": post["bookmarkCount"],
        }
        assert outcome.post is not None
        assert outcome.post.description == post["record"]["text"]
        assert outcome.reading.published_at == datetime(2026, 11, 22, 18, 54, 27, tzinfo=UTC)
    assert isinstance(outcomes[uri("deleted")], Gone)

    feed = captured("feed.json")
    did = feed["feed"][0]["post"]["author"]["did"]
    answered = always(200, json.dumps(feed).encode(), account_id=did)
    page = await bluesky.list_posts(answered, None)
    assert [post.external_id for post in page.posts] == [item["post"]["uri"] for item in feed["feed"]]
    assert page.cursor == feed["cursor"]

    profile = captured("profile.json")
    answered = always(200, json.dumps(profile).encode(), account_id=profile["did"])
    reading = await bluesky.fetch_account(answered)
    assert reading.values == {"followers": 1, "following": 0, "posts_total": 3}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("expired_access_token", ErrorKind.TOKEN_EXPIRED),
        ("garbage_access_token", ErrorKind.TOKEN_EXPIRED),
        ("refresh_token_used_as_access", ErrorKind.TOKEN_EXPIRED),
        ("no_auth", ErrorKind.TOKEN_EXPIRED),
        ("too_many_uris_26", ErrorKind.BAD_REQUEST),
        ("rate_limited", ErrorKind.RATE_LIMITED),
    ],
)
def test_recorded_refusals(name: str, expected: ErrorKind) -> None:
    found = captured("errors.json")[name]
    error = classify(found["status"], {}, json.dumps(found["body"]).encode(), NOW)
    assert (error.kind, error.native) == (expected, found["body"]["error"])


@pytest.mark.parametrize("name", ["revoked_refresh_token", "wrong_password"])
def test_recorded_refusals_of_a_session(name: str) -> None:
    found = captured("errors.json")[name]
    error = classify_session(found["status"], {}, json.dumps(found["body"]).encode(), NOW)
    assert (error.kind, error.native) == (ErrorKind.CREDENTIAL_REVOKED, found["body"]["error"])
