"""Provider and emulator against the platform's own description and recorded answers."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from afterpost.emulator import Emulator, Scenario
from afterpost.sdk import Call, ErrorKind, Measured
from afterpost_youtube import YouTube, emulated_reports
from afterpost_youtube.emulator import COMMON_PARAMETERS, PARAMETERS, PARTS, YouTubeDialect
from afterpost_youtube.errors import classify
from afterpost_youtube.payloads import items_of, list_answer, listed_post
from afterpost_youtube.reports import METRICS
from packages.providers.youtube.tests.discovery import CONTRACTS, FILES, MISSING, Discovery
from packages.providers.youtube.tests.shelf import NOW, Shelf
from packages.providers.youtube.tests.wiring import ToEmulator, always

pytestmark = pytest.mark.skipif(not all((CONTRACTS / name).exists() for name in FILES), reason=MISSING)

OVER = datetime(2026, 6, 29, 7, tzinfo=UTC)
"""When the last day ended, in Pacific time, that has a row at `NOW`."""

SAMPLES = CONTRACTS / "samples-python-youtube" / "testdata"


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    return Discovery()


async def test_every_request_of_the_provider_is_allowed(
    discovery: Discovery, youtube: YouTube, ask: Callable[[], Call], transport: ToEmulator, shelf: Shelf
) -> None:
    await youtube.check(ask())
    page = await youtube.list_posts(ask(), None)
    await youtube.list_posts(ask(), page.cursor)
    await youtube.fetch_metrics(ask(), list(shelf.videos)[:50])
    await youtube.fetch_daily(ask(), ["v001"], date(2026, 6, 1), date(2026, 6, 30))
    assert len(transport.sent) == 6
    for request in transport.sent:
        assert request.url.host == discovery.host(request.url.path)
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        assert discovery.query_faults(request.url.path, query) == []
        assert request.method == discovery.method(request.url.path)["httpMethod"]


def test_the_emulator_knows_no_parameter_that_the_platform_does_not(discovery: Discovery) -> None:
    for resource, parameters in PARAMETERS.items():
        assert parameters | COMMON_PARAMETERS <= discovery.parameters(f"/youtube/v3/{resource}").keys()
    known = discovery.parameters(emulated_reports.PATH)
    assert known.keys() >= emulated_reports.PARAMETERS | COMMON_PARAMETERS
    assert {name for name, spec in known.items() if spec.get("required")} == set(emulated_reports.REQUIRED)


def ask_for(
    emulator: Emulator, path: str, query: dict[str, str], token: str, host: str = "youtube.googleapis.com"
) -> httpx.Response:
    headers = {"Host": host, "Authorization": f"Bearer {token}"}
    return httpx.get(emulator.url + path, params=query, headers=headers, trust_env=False)


def test_every_answer_of_the_emulator_has_the_platforms_form(discovery: Discovery) -> None:
    scenario = Scenario(start=datetime(2026, 1, 1, tzinfo=UTC).date(), days=180)
    account = scenario.accounts()[0]
    with Emulator(YouTubeDialect(scenario), clock=lambda: NOW) as emulator:
        ids = [post.id for post in scenario.posts(account.id, NOW)[:50]]
        for resource, query in (
            ("channels", {"mine": "true"}),
            ("channels", {"id": f"{account.id},UCnobody"}),
            ("channels", {"forHandle": account.handle}),
            ("channels", {"id": "UCnobody"}),
            ("playlistItems", {"playlistId": "UU" + account.id[2:], "maxResults": "50"}),
            ("videos", {"id": ",".join(ids)}),
            ("videos", {"id": "nothing"}),
        ):
            path = f"/youtube/v3/{resource}"
            query = query | {"part": ",".join(sorted(PARTS[resource]))}
            assert discovery.query_faults(path, list(query.items())) == []
            response = ask_for(emulator, path, query, account.token)
            assert response.status_code == 200
            assert discovery.answer_faults(path, response.json()) == []
            if resource == "videos" and len(query["id"]) > 20:
                assert len(response.json()["items"]) == 50


def test_every_report_of_the_emulator_has_the_platforms_form(discovery: Discovery) -> None:
    metrics = ("views", "likes", "comments", "shares", "follows", "watch_time_seconds")
    scenario = Scenario(start=date(2026, 4, 1), days=90, metrics=metrics)
    account, path = scenario.accounts()[0], emulated_reports.PATH
    with Emulator(YouTubeDialect(scenario), clock=lambda: NOW) as emulator:
        for post in scenario.posts(account.id, NOW)[:20]:
            for start, end in (("2026-04-01", "2026-07-01"), ("2026-06-30", "2026-07-01")):
                query = {
                    "ids": "channel==MINE",
                    "startDate": start,
                    "endDate": end,
                    "metrics": ",".join(METRICS.values()),
                    "dimensions": "day",
                    "filters": f"video=={post.id}",
                }
                assert discovery.query_faults(path, list(query.items())) == []
                response = ask_for(emulator, path, query, account.token, discovery.host(path))
                assert response.status_code == 200
                report = response.json()
                assert discovery.answer_faults(path, report) == []
                # What the schema leaves to the columns: dimensions first, then metrics as they were asked.
                columns = report["columnHeaders"]
                assert [one["name"] for one in columns] == ["day", *METRICS.values()]
                assert [one["columnType"] for one in columns] == ["DIMENSION", *["METRIC"] * len(METRICS)]
                # "If no data is available for the given query, the `rows` element will be omitted".
                assert ("rows" in report) == (start == "2026-04-01" and post.published_at < OVER)
                for day, *cells in report.get("rows", ()):
                    assert start <= day <= "2026-06-28", "the most recent days have no rows"
                    assert all(cell is None or type(cell) is int for cell in cells)
                    assert len(cells) == len(METRICS)


def test_the_checks_find_what_is_wrong_with_a_report(discovery: Discovery) -> None:
    path = emulated_reports.PATH
    query = [("ids", "MINE"), ("startDate", "2026-6-1"), ("metric", "views"), ("maxResults", "many")]
    # Two are missing: endDate and metrics.
    assert len(discovery.query_faults(path, query)) == 6
    answer = {"kind": 1, "columns": [], "columnHeaders": [{"name": 3}], "rows": [["2026-06-01", {}], "x"]}
    assert len(discovery.answer_faults(path, answer)) == 5


def test_the_checks_find_what_is_wrong(discovery: Discovery) -> None:
    path = "/youtube/v3/videos"
    query = [("ids", "a"), ("maxResults", "51"), ("chart", "worst")]
    assert len(discovery.query_faults(path, query)) == 4
    answer = {
        "kind": 3,
        "item": [],
        "items": [
            {"statistics": {"viewCount": 5, "likeCount": "-1"}, "contentDetails": {"caption": "maybe"}}
        ],
    }
    assert len(discovery.answer_faults(path, answer)) == 5


def recorded(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("apidata/videos/videos_info_single.json", "youtube#videoListResponse", 1),
        ("apidata/videos/videos_info_multi.json", "youtube#videoListResponse", 2),
        ("apidata/videos/videos_chart_paged_1.json", "youtube#videoListResponse", 5),
        ("apidata/playlist_items/playlist_items_paged_1.json", "youtube#playlistItemListResponse", 10),
        ("apidata/playlist_items/playlist_items_paged_2.json", "youtube#playlistItemListResponse", 3),
        ("apidata/channels/info.json", "youtube#channelListResponse", 1),
        ("apidata/channels/info_multiple.json", "youtube#channelListResponse", 2),
    ],
)
def test_recorded_lists_can_be_read(name: str, kind: str, count: int) -> None:
    answer = list_answer(recorded(name), kind)
    assert answer is not None
    items = items_of(answer)
    assert len(items) == count
    assert all(item is not None and item["id"] for item in items)


@pytest.mark.parametrize(
    "file",
    sorted((SAMPLES / "apidata" / "videos").glob("videos_*.json")),
    ids=lambda file: file.stem,
)
async def test_recorded_videos_are_measured(file: Path) -> None:
    body = recorded(f"apidata/videos/{file.name}")
    given = {item["id"]: item for item in json.loads(body)["items"]}
    outcomes = await YouTube().fetch_metrics(always(200, body), list(given))
    for video_id, item in given.items():
        outcome = outcomes[video_id]
        assert isinstance(outcome, Measured)
        told = item.get("statistics", {})
        fields = {
            "views": "viewCount",
            "likes": "likeCount",
            "dislikes": "dislikeCount",
            "comments": "commentCount",
        }
        assert outcome.reading.values == {
            metric: int(told[field]) for metric, field in fields.items() if field in told
        }
        assert outcome.partial == ()
        assert outcome.post is not None
        assert outcome.post.title == item.get("snippet", {}).get("title", "")
        assert (outcome.post.published_at is None) == ("snippet" not in item)


def test_recorded_playlists_are_listed() -> None:
    answer = list_answer(
        recorded("apidata/playlist_items/playlist_items_paged_1.json"), "youtube#playlistItemListResponse"
    )
    assert answer is not None
    assert answer.next_page_token == "CAoQAA"
    # These were recorded without `contentDetails`, where the provider finds the video.
    assert [listed_post(item) for item in items_of(answer) if item] == [None] * 10


async def test_the_recorded_channel_is_known() -> None:
    profile = await YouTube().check(always(200, recorded("apidata/channels/info.json")))
    assert profile.external_id == "UC_x5XG1OV2P6uZZ5FSM9Ttw"
    assert (profile.handle, profile.name) == ("@googledevelopers", "Google Developers")


@pytest.mark.parametrize(
    ("name", "status", "expected", "native"),
    [
        ("error_response.json", 400, ErrorKind.BAD_REQUEST, "keyInvalid"),
        ("error_response_simple.json", 400, ErrorKind.BAD_REQUEST, "http_400"),
        ("apidata/error_permission_resp.json", 403, ErrorKind.PERMISSION_MISSING, "SERVICE_UNAVAILABLE"),
    ],
)
def test_recorded_refusals(name: str, status: int, expected: ErrorKind, native: str) -> None:
    error = classify(status, {}, recorded(name), NOW)
    assert (error.kind, error.native) == (expected, native)
