"""The emulated TikTok: what it refuses, and how."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from afterpost.emulator import Emulator
from packages.providers.tiktok.tests.shelf import Shelf


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": "open.tiktokapis.com", "Authorization": "Bearer token-ada-s3cret"}
    with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False) as http:
        yield http


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code, after a look at the envelope."""
    answer = response.json()
    assert answer["data"] == {}
    assert answer["error"]["message"]
    assert answer["error"]["log_id"]
    return response.status_code, answer["error"]["code"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("fields=id&max_count=5", {}),
        ("field=id", {}),
        ("", {}),
        ("fields=id,reach_count", {}),
        ("fields=", {}),
        ("fields=id", {"max_count": 0}),
        ("fields=id", {"max_count": 21}),
        ("fields=id", {"max_count": "20"}),
        ("fields=id", {"max_count": True}),
        ("fields=id", {"cursor": "5"}),
        ("fields=id", {"count": 5}),
        ("fields=id", [1]),
    ],
)
def test_what_a_list_refuses(query: str, body: object, http: httpx.Client) -> None:
    assert refusal(http.post(f"/v2/video/list/?{query}", json=body)) == (400, "invalid_params")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filters": {}},
        {"filters": {"video_ids": []}},
        {"filters": {"video_ids": "v001"}},
        {"filters": {"video_ids": [1]}},
        {"filters": {"video_ids": ["v001"] * 21}},
        {"filters": {"video_ids": ["v001"], "more": 1}},
        {"filters": {"video_ids": ["v001"]}, "more": 1},
        {"video_ids": ["v001"]},
    ],
)
def test_what_a_query_refuses(body: object, http: httpx.Client) -> None:
    assert refusal(http.post("/v2/video/query/?fields=id", json=body)) == (400, "invalid_params")


def test_other_paths_methods_and_fields(http: httpx.Client) -> None:
    assert refusal(http.get("/v2/video/query/?fields=id&video_ids=v001")) == (404, "invalid_params")
    assert refusal(http.get("/v2/oauth/token/")) == (404, "invalid_params")
    assert refusal(http.get("/")) == (404, "invalid_params")
    assert refusal(http.get("/v2/user/info/?fields=open_id,view_count")) == (400, "invalid_params")


def test_who_may_ask(http: httpx.Client) -> None:
    for bearer in ("", "Bearer x", "Basic token-ada-s3cret"):
        response = http.get("/v2/user/info/?fields=open_id", headers={"Authorization": bearer})
        assert refusal(response) == (401, "access_token_invalid")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_key": ""}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"refresh_token": "unknown"}, 400, "invalid_grant"),
        ({"refresh_token": "token-ada-s3cret"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "refresh-ada-s3cret"}, 400, "invalid_request"),
    ],
)
def test_the_token_endpoint(changed: dict[str, str], status: int, code: str, http: httpx.Client) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_key": "c",
        "client_secret": "s",
        "refresh_token": "refresh-ada-s3cret",
    }
    response = http.post("/v2/oauth/token/", data=form | changed)
    assert (response.status_code, response.json()["error"]) == (status, code)
    answer = http.post("/v2/oauth/token/", data=form).json()
    assert (answer["token_type"], answer["expires_in"], answer["open_id"]) == ("Bearer", 7_200, "open-ada")
    dead = http.post("/v2/oauth/token/", data=form).json()
    assert dead["error"] == "invalid_grant"


def test_pages_lead_on_until_there_is_no_more(http: httpx.Client) -> None:
    def page(**body: int) -> dict[str, Any]:
        return dict(http.post("/v2/video/list/?fields=id", json=body).json()["data"])

    first = page(max_count=20)
    assert first["has_more"]
    assert [video["id"] for video in first["videos"]] == [f"v{n:03}" for n in range(119, 99, -1)]
    second = page(max_count=20, cursor=first["cursor"])
    assert second["videos"][0] == {"id": "v099"}
    assert second["cursor"] < first["cursor"]
    assert len(page()["videos"]) == 10
    last = page(max_count=20, cursor=page(max_count=1)["cursor"] - 119 * 3_600_000)
    assert (last["videos"], last["has_more"]) == ([], False)


def test_hidden_counts_are_absent(http: httpx.Client, shelf: Shelf) -> None:
    shelf.numbers["v001"] = {"views": 2**60, "saves": 4}
    body = {"filters": {"video_ids": ["v001"]}}
    fields = "id,view_count,like_count,create_time"
    (video,) = http.post(f"/v2/video/query/?fields={fields}", json=body).json()["data"]["videos"]
    assert video == {
        "id": "v001",
        "view_count": 2**60,
        "create_time": int(shelf.videos["v001"].published_at.timestamp()),
    }


def test_ids_go_missing_from_queries_only(http: httpx.Client, emulator: Emulator) -> None:
    emulator.dial.set("missing_id")
    listed = http.post("/v2/video/list/?fields=id", json={"max_count": 2}).json()["data"]["videos"]
    assert [video["id"] for video in listed] == ["v119", "v118"]
    body = {"filters": {"video_ids": ["v001", "v002"]}}
    found = http.post("/v2/video/query/?fields=id", json=body).json()["data"]["videos"]
    assert [video["id"] for video in found] == ["v002"]
    assert emulator.dial.fired() == 1
