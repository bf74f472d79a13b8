"""The emulated Bluesky: what it refuses, and how."""

from collections.abc import Iterator

import httpx
import pytest

from afterpost.emulator import Emulator
from packages.providers.bluesky.tests.shelf import SERVER, Shelf, uri

FEED = "app.bsky.feed.getAuthorFeed"


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": SERVER, "Authorization": "Bearer token-ada-s3cret"}
    with httpx.Client(base_url=emulator.url + "/xrpc/", headers=headers, trust_env=False) as http:
        yield http


def refusal(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["message"]
    return response.status_code, body["error"]


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        (f"{FEED}?actor=ada.test&sort=new", 400, "InvalidRequest"),
        (FEED, 400, "InvalidRequest"),
        (f"{FEED}?actor=eve.test", 400, "InvalidRequest"),
        (f"{FEED}?actor=ada.test&limit=101", 400, "InvalidRequest"),
        (f"{FEED}?actor=ada.test&limit=0", 400, "InvalidRequest"),
        (f"{FEED}?actor=ada.test&limit=" + "9" * 5_000, 400, "InvalidRequest"),
        (f"{FEED}?actor=ada.test&cursor=nonsense", 400, "InvalidRequest"),
        ("app.bsky.feed.getPosts", 400, "InvalidRequest"),
        ("app.bsky.feed.getPosts?" + "&".join(f"uris={n}" for n in range(26)), 400, "InvalidRequest"),
        ("app.bsky.actor.getProfile?actor=eve.test", 400, "InvalidRequest"),
        ("app.bsky.feed.getTimeline", 501, "MethodNotImplemented"),
        ("com.atproto.server.createSession", 501, "MethodNotImplemented"),
    ],
)
def test_what_the_platform_refuses(path: str, status: int, name: str, http: httpx.Client) -> None:
    assert refusal(http.get(path)) == (status, name)


def test_other_methods_and_hosts(http: httpx.Client) -> None:
    assert refusal(http.post("app.bsky.feed.getPosts")) == (405, "InvalidRequest")
    posts = f"app.bsky.feed.getPosts?uris={uri('v001')}"
    assert refusal(http.get(posts, headers={"Host": "bsky.social"})) == (501, "MethodNotImplemented")
    create = "com.atproto.server.createSession"
    assert refusal(http.post(create, json={})) == (501, "MethodNotImplemented")


def test_who_may_ask(http: httpx.Client) -> None:
    path = f"app.bsky.feed.getPosts?uris={uri('v001')}"
    assert refusal(http.get(path, headers={"Authorization": ""})) == (401, "AuthMissing")
    assert refusal(http.get(path, headers={"Authorization": "Bearer x"})) == (400, "InvalidToken")


@pytest.mark.parametrize(
    ("typed", "status", "name"),
    [
        ({}, 400, "InvalidRequest"),
        ({"identifier": "ada.test"}, 400, "InvalidRequest"),
        ({"identifier": "eve.test", "password": "refresh-ada-s3cret"}, 401, "AuthenticationRequired"),
        ({"identifier": "bob.test", "password": "refresh-ada-s3cret"}, 401, "AuthenticationRequired"),
    ],
)
def test_signing_in(typed: dict[str, str], status: int, name: str, http: httpx.Client) -> None:
    host = {"Host": "bsky.social"}
    create = "com.atproto.server.createSession"
    for identifier in ("ada.test", "did:plc:ada"):
        good = {"identifier": identifier, "password": "refresh-ada-s3cret"}
        assert http.post(create, json=good, headers=host).json()["did"] == "did:plc:ada"
    assert refusal(http.post(create, json=typed, headers=host)) == (status, name)


def test_renewing(http: httpx.Client) -> None:
    renew = "com.atproto.server.refreshSession"
    host = {"Host": "bsky.social"}
    assert refusal(http.post(renew, headers=host | {"Authorization": ""})) == (401, "AuthMissing")
    assert refusal(http.post(renew, headers=host)) == (400, "ExpiredToken"), "an access token renews nothing"
    first = {"Authorization": "Bearer refresh-ada-s3cret"} | host
    second = http.post(renew, headers=first).json()["refreshJwt"]
    assert refusal(http.post(renew, headers=first)) == (400, "ExpiredToken")
    assert http.post(renew, headers=host | {"Authorization": f"Bearer {second}"}).status_code == 200


def test_pages_follow_each_other_and_begin_with_a_repost(http: httpx.Client) -> None:
    first = http.get(f"{FEED}?actor=did:plc:ada&limit=100").json()
    second = http.get(FEED, params={"actor": "ada.test", "limit": "100", "cursor": first["cursor"]}).json()
    third = http.get(FEED, params={"actor": "ada.test", "cursor": second["cursor"]}).json()
    assert "cursor" not in third
    assert [len(page["feed"]) for page in (first, second, third)] == [101, 100, 20]
    reposted, newest = first["feed"][0], first["feed"][1]
    assert reposted["reason"]["$type"] == "app.bsky.feed.defs#reasonRepost"
    assert reposted["post"]["uri"] == third["feed"][-1]["post"]["uri"] == uri("v000")
    assert newest["post"]["uri"] == uri("v219")
    assert not any("reason" in item for item in first["feed"][1:])


def test_posts_go_missing_from_batches_only(http: httpx.Client, emulator: Emulator) -> None:
    emulator.dial.set("missing_id")
    assert len(http.get(f"{FEED}?actor=ada.test&limit=2").json()["feed"]) == 3
    batch = http.get("app.bsky.feed.getPosts", params={"uris": [uri("v001"), uri("v002")]}).json()
    assert [post["uri"] for post in batch["posts"]] == [uri("v002")]
    assert emulator.dial.fired() == 1


def test_hidden_counts_are_absent(http: httpx.Client, shelf: Shelf) -> None:
    shelf.numbers["v001"] = {"likes": 2**60, "views": 4}
    (post,) = http.get(f"app.bsky.feed.getPosts?uris={uri('v001')}").json()["posts"]
    assert {name: value for name, value in post.items() if name.endswith("Count")} == {"likeCount": 2**60}
