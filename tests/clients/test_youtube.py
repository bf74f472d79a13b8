"""python-youtube, of the sns-sdks project, before the emulated YouTube."""

from collections.abc import Iterator

import pytest
from pyyoutube import Client, PyYouTubeException

from afterpost.emulator import Emulator, Fault, Scenario
from afterpost_youtube.emulator import YouTubeDialect
from tests.clients.reach import NOW, Reach, ada, emulated, scenario, second, told

FIELDS = {"views": "viewCount", "likes": "likeCount", "comments": "commentCount"}
"""Canonical metric -> the client's name of it."""


@pytest.fixture
def world() -> Scenario:
    return scenario(list(FIELDS), ("video", "short"))


@pytest.fixture
def emulator(world: Scenario) -> Iterator[Emulator]:
    with emulated(YouTubeDialect(world)) as emulator:
        yield emulator


def client(emulator: Emulator, **signed_in: str) -> Client:
    made = Client(client_id="client", client_secret="secret", **signed_in)
    # The API has two names; the client knows the older one.
    Reach(emulator, {"www.googleapis.com": "youtube.googleapis.com"}).on(made.session)
    return made


def test_it_renews_lists_and_reads_what_the_world_holds(emulator: Emulator, world: Scenario) -> None:
    account, posts = ada(world)
    anonymous = client(emulator)
    renewed = anonymous.refresh_access_token(account.refresh_token)
    assert renewed.expires_in == 3600

    signed_in = client(emulator, access_token=renewed.access_token)
    (channel,) = signed_in.channels.list(mine=True, parts="id,snippet,contentDetails,statistics").items
    assert (channel.id, channel.snippet.title) == (account.id, account.name)
    assert int(channel.statistics.videoCount) == len(posts)

    found: list[str] = []
    token: str | None = None
    while token is not None or not found:
        page = signed_in.playlistItems.list(
            playlist_id=channel.contentDetails.relatedPlaylists.uploads,
            parts="contentDetails,snippet",
            max_results=50,
            page_token=token,
        )
        assert page.pageInfo.totalResults == len(posts)
        found += [item.contentDetails.videoId for item in page.items]
        token = page.nextPageToken
    assert found == [post.id for post in posts]

    for start in range(0, len(posts), 50):
        batch = posts[start : start + 50]
        videos = signed_in.videos.list(
            video_id=[post.id for post in batch], parts="snippet,contentDetails,statistics"
        ).items
        assert [video.id for video in videos] == [post.id for post in batch]
        for video, post in zip(videos, batch, strict=True):
            metrics = world.metrics(post.id, NOW)
            said = {metric: getattr(video.statistics, name) for metric, name in FIELDS.items()}
            assert {metric: int(value) for metric, value in told(said).items()} == metrics
            assert video.snippet.title == post.title
            published = video.snippet.string_to_datetime(video.snippet.publishedAt)
            assert published == second(post.published_at)
            assert video.contentDetails.get_video_seconds_duration() == post.duration_seconds


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (Fault("rate_limited"), 429, "Rate Limit Exceeded"),
        (Fault("quota"), 403, "quota"),
        (Fault("unauthorized"), 401, "Invalid Credentials"),
        (Fault("forbidden"), 403, "insufficient authentication scopes"),
        (Fault("unavailable"), 503, "Backend Error"),
    ],
)
def test_a_refusal_is_an_error_of_its_own(
    fault: Fault, status: int, says: str, emulator: Emulator, world: Scenario
) -> None:
    account, posts = ada(world)
    emulator.dial.set(fault)
    with pytest.raises(PyYouTubeException) as raised:
        client(emulator, access_token=account.token).videos.list(video_id=posts[0].id, parts="statistics")
    assert raised.value.status_code == status
    assert says in raised.value.message


def test_a_revoked_grant_is_an_error_of_its_own(emulator: Emulator, world: Scenario) -> None:
    emulator.dial.set("revoked")
    with pytest.raises(PyYouTubeException):
        client(emulator).refresh_access_token(ada(world)[0].refresh_token)
