"""The emulated YouTube: what it refuses, and how."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from afterpost.emulator import Emulator
from packages.providers.youtube.tests.shelf import NOW, Shelf


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": "youtube.googleapis.com", "Authorization": "Bearer token-ada-s3cret"}
    with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False) as http:
        yield http


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and reason, after a look at the envelope."""
    error = response.json()["error"]
    assert error["code"] == response.status_code
    assert error["message"] == error["errors"][0]["message"]
    assert error["status"].isupper()
    assert error["errors"][0]["domain"]
    return response.status_code, error["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("videos?part=id&id=v001&chart=mostPopular", 400, "invalid"),
        ("videos?part=id&id=v001&maxResults=5", 400, "invalid"),
        ("videos?part=id&id=v001&color=blue", 400, "invalid"),
        ("videos?id=v001", 400, "missingRequiredParameter"),
        ("videos?part=&id=v001", 400, "missingRequiredParameter"),
        ("videos?part=id,likes&id=v001", 400, "unknownPart"),
        ("videos?part=id", 400, "missingRequiredParameter"),
        ("videos?part=id&id=" + ",".join(f"v{n:03}" for n in range(51)), 400, "invalidFilters"),
        ("playlistItems?part=id", 400, "missingRequiredParameter"),
        ("playlistItems?part=id&playlistId=UUnobody", 404, "playlistNotFound"),
        ("playlistItems?part=id&playlistId=UUbob", 404, "playlistNotFound"),
        ("playlistItems?part=id&playlistId=UUada&maxResults=51", 400, "invalidParameter"),
        ("playlistItems?part=id&playlistId=UUada&maxResults=-1", 400, "invalidParameter"),
        ("playlistItems?part=id&playlistId=UUada&maxResults=" + "9" * 5_000, 400, "invalidParameter"),
        ("playlistItems?part=id&playlistId=UUada&pageToken=nonsense", 400, "invalidPageToken"),
        ("playlistItems?part=id&playlistId=UUada&pageToken=%C3%A9", 400, "invalidPageToken"),
        ("playlistItems?part=id&playlistId=UUada&pageToken=cGFnZSA5OTk", 400, "invalidPageToken"),
        ("channels?part=id", 400, "missingRequiredParameter"),
        ("search?part=id", 404, "notFound"),
        ("", 404, "notFound"),
    ],
)
def test_what_the_platform_refuses(path: str, status: int, reason: str, http: httpx.Client) -> None:
    assert refusal(http.get(f"/youtube/v3/{path}")) == (status, reason)


REPORT = {
    "ids": "channel==MINE",
    "startDate": "2026-06-01",
    "endDate": "2026-06-30",
    "metrics": "views",
    "dimensions": "day",
    "filters": "video==v001",
}
ANALYTICS = {"Host": "youtubeanalytics.googleapis.com"}


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"ids": ""}, 400, "required"),
        ({"metrics": ""}, 400, "required"),
        ({"endDate": ""}, 400, "required"),
        ({"ids": "channel==UCbob"}, 403, "forbidden"),
        ({"ids": "contentOwner==ada"}, 403, "forbidden"),
        ({"filters": "video==never"}, 403, "forbidden"),
        ({"startDate": "tomorrow"}, 400, "invalid"),
        ({"startDate": "2026-07-01"}, 400, "invalid"),
        ({"metrics": "views,plays"}, 400, "badRequest"),
        ({"dimensions": "month"}, 400, "badRequest"),
        ({"filters": "video==v001,v002"}, 400, "badRequest"),
        ({"filters": ""}, 400, "badRequest"),
        ({"sort": "day"}, 400, "invalid"),
    ],
)
def test_what_reports_refuse(changed: dict[str, str], status: int, reason: str, http: httpx.Client) -> None:
    response = http.get("/v2/reports", params=REPORT | changed, headers=ANALYTICS)
    assert refusal(response) == (status, reason)


def test_a_report_is_for_the_owner_alone(http: httpx.Client) -> None:
    assert http.get("/v2/reports", params=REPORT, headers=ANALYTICS).status_code == 200
    for token in ("", "Bearer x"):
        headers = ANALYTICS | {"Authorization": token}
        assert refusal(http.get("/v2/reports", params=REPORT, headers=headers)) == (401, "authError")
    other = ANALYTICS | {"Authorization": "Bearer token-bob-s3cret"}
    assert refusal(http.get("/v2/reports", params=REPORT, headers=other)) == (403, "forbidden")
    assert refusal(http.get("/v2/groups", params=REPORT, headers=ANALYTICS)) == (404, "notFound")
    # Neither API answers for the other.
    assert refusal(http.get("/v2/reports", params=REPORT)) == (404, "notFound")


def test_a_count_that_falls_is_a_negative_day_and_an_unknown_one_is_null(
    http: httpx.Client, shelf: Shelf
) -> None:
    shelf.publish("v001", NOW - timedelta(days=9), views=-24)
    answer = http.get("/v2/reports", params=REPORT | {"metrics": "likes,views"}, headers=ANALYTICS).json()
    assert answer["rows"][1] == ["2026-06-23", None, -24]
    assert [row[0] for row in answer["rows"]] == [f"2026-06-{day}" for day in range(22, 29)]


def test_other_paths_and_methods(http: httpx.Client) -> None:
    assert refusal(http.get("/videos")) == (404, "notFound")
    assert refusal(http.post("/youtube/v3/videos?part=id&id=v001")) == (404, "notFound")
    assert refusal(http.get("/token", headers={"Host": "oauth2.googleapis.com"})) == (404, "notFound")


def test_who_may_ask(http: httpx.Client) -> None:
    path = "/youtube/v3/videos?part=id&id=v001"
    assert refusal(http.get(path, headers={"Authorization": ""})) == (403, "forbidden")
    assert refusal(http.get(path, headers={"Authorization": "Bearer x"})) == (401, "authError")
    assert "www-authenticate" in http.get(path, headers={"Authorization": "Bearer x"}).headers


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"refresh_token": "unknown"}, 400, "invalid_grant"),
        ({"refresh_token": "token-ada-s3cret"}, 400, "invalid_grant"),
    ],
)
def test_the_token_endpoint(changed: dict[str, str], status: int, code: str, http: httpx.Client) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "refresh-ada-s3cret",
    }
    host = {"Host": "oauth2.googleapis.com"}
    assert http.post("/token", data=form, headers=host).json()["token_type"] == "Bearer"
    response = http.post("/token", data=form | changed, headers=host)
    assert (response.status_code, response.json()["error"]) == (status, code)


def test_pages_lead_forth_and_back(http: httpx.Client) -> None:
    def page(token: str | None, size: int) -> dict[str, object]:
        query = {"part": "contentDetails", "playlistId": "UUada", "maxResults": str(size)}
        return dict(
            http.get(
                "/youtube/v3/playlistItems", params=query | ({"pageToken": token} if token else {})
            ).json()
        )

    first = page(None, 50)
    second = page(str(first["nextPageToken"]), 50)
    third = page(str(second["nextPageToken"]), 50)
    assert "prevPageToken" not in first
    assert "nextPageToken" not in third
    assert page(str(second["prevPageToken"]), 50) == first
    assert first["pageInfo"] == {"totalResults": 120, "resultsPerPage": 50}
    assert page(None, 0)["items"] == []
    assert "nextPageToken" not in page(None, 0)


def test_ids_go_missing_from_batches_only(http: httpx.Client, emulator: Emulator) -> None:
    emulator.dial.set("missing_id")
    page = http.get("/youtube/v3/playlistItems?part=contentDetails&playlistId=UUada&maxResults=2").json()
    assert [item["contentDetails"]["videoId"] for item in page["items"]] == ["v119", "v118"]
    batch = http.get("/youtube/v3/videos?part=id&id=v001,v002,v003").json()
    assert [item["id"] for item in batch["items"]] == ["v002", "v003"]
    assert emulator.dial.fired() == 1


def test_parts_and_ids_may_be_repeated_or_separated(http: httpx.Client) -> None:
    one = http.get("/youtube/v3/videos?part=statistics,snippet&id=v001,v002,v001").json()
    other = http.get("/youtube/v3/videos?part=statistics&part=snippet&id=v001&id=v002").json()
    assert one == other
    assert [item["id"] for item in one["items"]] == ["v001", "v002"]
    assert one["items"][0].keys() == {"kind", "id", "statistics", "snippet"}


def test_counts_are_strings_and_hidden_ones_absent(http: httpx.Client, shelf: Shelf) -> None:
    shelf.numbers["v001"] = {"views": 2**60, "shares": 4}
    item = http.get("/youtube/v3/videos?part=statistics,contentDetails&id=v001").json()["items"][0]
    assert item["statistics"] == {"viewCount": str(2**60), "favoriteCount": "0"}


@pytest.mark.parametrize(
    ("video", "written"), [("v000", "P0D"), ("v059", "PT59S"), ("v060", "PT1M"), ("v119", "PT1M59S")]
)
def test_durations(video: str, written: str, http: httpx.Client) -> None:
    item = http.get(f"/youtube/v3/videos?part=contentDetails&id={video}").json()["items"][0]
    assert item["contentDetails"]["duration"] == written


def test_channels_by_id_handle_and_owner(http: httpx.Client) -> None:
    mine = http.get("/youtube/v3/channels?part=snippet,statistics&mine=true").json()["items"]
    assert [(item["id"], item["statistics"]["videoCount"]) for item in mine] == [("UCada", "120")]
    assert mine[0]["statistics"]["viewCount"] == "120000"
    assert http.get("/youtube/v3/channels?part=snippet,statistics&mine=True").json()["items"] == mine
    both = http.get("/youtube/v3/channels?part=snippet&id=UCbob,UCada,UCeve").json()["items"]
    assert [item["id"] for item in both] == ["UCbob", "UCada"]
    named = http.get("/youtube/v3/channels?part=snippet&forHandle=bob").json()["items"]
    assert [item["id"] for item in named] == ["UCbob"]
    none = http.get("/youtube/v3/channels?part=snippet&forHandle=@eve").json()
    assert "items" not in none
    assert none["pageInfo"]["totalResults"] == 0
