"""The emulated X: what it refuses, and how."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from afterpost.emulator import Emulator, Scenario
from afterpost_x.emulator import XDialect
from afterpost_x.payloads import published_by_id
from packages.providers.x.tests.shelf import ADA, NOW, Shelf

LIST = f"users/{ADA}/tweets"


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": "api.x.com", "Authorization": "Bearer token-ada-s3cret"}
    with httpx.Client(base_url=emulator.url + "/2", headers=headers, trust_env=False) as http:
        yield http


def refusal(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["status"] == response.status_code
    assert body["title"]
    assert response.headers["x-transaction-id"]
    return response.status_code, body["type"].rpartition("/")[2]


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        (f"{LIST}?max_results=101", 400, "invalid-request"),
        (f"{LIST}?max_results=4", 400, "invalid-request"),
        (f"{LIST}?max_results=" + "9" * 5_000, 400, "invalid-request"),
        (f"{LIST}?start_time=yesterday", 400, "invalid-request"),
        (f"{LIST}?end_time=2026-01-01", 400, "invalid-request"),
        (f"{LIST}?pagination_token=nonsense", 400, "invalid-request"),
        (f"{LIST}?post.fields=text", 400, "invalid-request"),
        (f"{LIST}?tweet.fields=likes", 400, "invalid-request"),
        ("tweets?ids=a", 400, "invalid-request"),
        ("tweets", 400, "invalid-request"),
        ("tweets?ids=" + ",".join(str(number) for number in range(101)), 400, "invalid-request"),
        ("tweets?id=1", 400, "invalid-request"),
        ("users/me?tweet.fields=text", 400, "invalid-request"),
        ("users/ada/tweets", 404, "about:blank"),
        ("tweets/search/recent", 404, "about:blank"),
    ],
)
def test_what_the_platform_refuses(path: str, status: int, name: str, http: httpx.Client) -> None:
    assert refusal(http.get(path)) == (status, name)


def test_who_may_ask(http: httpx.Client) -> None:
    assert refusal(http.get("users/me", headers={"Authorization": ""})) == (401, "about:blank")
    assert refusal(http.get("users/me", headers={"Authorization": "Bearer x"})) == (401, "about:blank")
    assert refusal(http.post("users/me")) == (404, "about:blank")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"refresh_token": "unknown"}, "invalid_request"),
        ({"refresh_token": "token-ada-s3cret"}, "invalid_request"),
    ],
)
def test_the_token_endpoint(changed: dict[str, str], code: str, http: httpx.Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "refresh-ada-s3cret"}
    answer = http.post("oauth2/token", data=form | changed, auth=("id", "s"))
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert http.post("oauth2/token", data=form).json()["error"] == "unauthorized_client"
    basic = {"Authorization": "Basic x"}
    assert http.post("oauth2/token", data=form, headers=basic).json()["error"] == "unauthorized_client"
    assert http.post("oauth2/token", data=form | {"client_id": "id"}).json()["token_type"] == "bearer"


def test_pages_follow_each_other(http: httpx.Client, shelf: Shelf) -> None:
    found: list[str] = []
    token: str | None = None
    while token is not None or not found:
        query = {"max_results": "100"} | ({"pagination_token": token} if token else {})
        page = http.get(LIST, params=query)
        assert int(page.headers["x-rate-limit-remaining"]) > 0
        found += [post["id"] for post in page.json()["data"]]
        token = page.json()["meta"].get("next_token")
    assert found == shelf.ids


def test_a_list_has_reposts_unless_it_is_asked_for_none(http: httpx.Client, emulator: Emulator) -> None:
    emulator.dial.set("foreign_post")
    with_reposts = http.get(LIST, params={"max_results": "5"}).json()["data"]
    without = http.get(LIST, params={"max_results": "5", "exclude": "replies,retweets"}).json()["data"]
    assert [post["text"][:3] == "RT " for post in with_reposts] == [False, True, *[False] * 4]
    assert without == [post for post in with_reposts if not post["text"].startswith("RT ")]
    assert emulator.dial.fired("foreign_post") == 2


def test_old_posts_do_not_tell_what_only_the_author_may_see(http: httpx.Client, shelf: Shelf) -> None:
    young, old = shelf.ids[0], shelf.ids[-1]
    query = {"ids": f"{young},{old}", "tweet.fields": "non_public_metrics"}
    answer = http.get("tweets", params=query).json()
    assert ["non_public_metrics" in post for post in answer["data"]] == [True, False]
    assert [problem["field"] for problem in answer["errors"]] == ["non_public_metrics"]
    other = {"Authorization": "Bearer token-bob-s3cret"}
    answer = http.get("tweets", params=query, headers=other).json()
    assert not any("non_public_metrics" in post for post in answer["data"]), "nor does another account see it"


def test_what_is_told_without_being_asked(http: httpx.Client, shelf: Shelf) -> None:
    (post,) = http.get("tweets", params={"ids": shelf.ids[0]}).json()["data"]
    assert post.keys() == {"id", "text", "edit_history_tweet_ids"}
    assert post["edit_history_tweet_ids"] == [shelf.ids[0]]


def test_hidden_counts_are_absent(http: httpx.Client, shelf: Shelf) -> None:
    shelf.numbers[shelf.ids[0]] = {"likes": 2**60, "views": 4}
    (post,) = http.get("tweets", params={"ids": shelf.ids[0], "tweet.fields": "public_metrics"}).json()[
        "data"
    ]
    assert post["public_metrics"] == {"like_count": 2**60}


def test_ids_carry_the_time_whatever_the_world_calls_its_posts() -> None:
    scenario = Scenario(start=(NOW - timedelta(days=60)).date(), days=60)
    dialect = XDialect(scenario)
    account = scenario.accounts()[0]
    posts = scenario.posts(account.id, NOW)
    assert posts
    for post in posts:
        digits = dialect.ids.of_post(post)
        published = published_by_id(digits)
        assert published is not None
        assert abs(published - post.published_at) < timedelta(seconds=1)
        assert dialect.ids.post(digits, NOW) == post
