"""Provider and emulator against recorded answers and the names in Meta's own client.

Meta publishes no description of this API. The names of fields and metrics are read from the source of its
Python client, `facebook-business`, where that is installed; nothing of it is copied.
"""

import ast
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from afterpost.emulator import Emulator, Scenario
from afterpost.sdk import Call, ErrorKind, Measured
from afterpost_instagram import Instagram, wire
from afterpost_instagram.emulator import PARAMETERS, InstagramDialect
from afterpost_instagram.errors import classify
from afterpost_instagram.payloads import InsightsAnswer, post_of, read, values_of
from afterpost_instagram.tokens import long_lived, short_lived
from packages.providers.instagram.tests.shelf import NOW, Shelf
from packages.providers.instagram.tests.wiring import ToEmulator, always, scripted

CONTRACTS = Path(__file__).resolve().parents[5] / "shared" / "contracts" / "meta"
SAMPLES = CONTRACTS / "samples-python-facebook" / "testdata"

with_samples = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the platform's recorded answers are not beside this checkout"
)


def names_of(module: str, inner: str) -> set[str]:
    """The values of a class within a class of Meta's client."""
    try:
        files = distribution("facebook-business").files or []
    except PackageNotFoundError:
        pytest.skip("facebook-business, which names the platform's fields and metrics, is not installed")
    (source,) = [file for file in files if str(file) == f"facebook_business/adobjects/{module}.py"]
    found = [
        node
        for node in ast.walk(ast.parse(Path(str(source.locate())).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name == inner
    ]
    return {
        statement.value.value
        for statement in found[0].body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    }


async def sent_by_all_methods(
    instagram: Instagram, ask: Callable[[], Call], transport: ToEmulator, shelf: Shelf
) -> list[tuple[str, dict[str, list[str]]]]:
    """Path and query of every request of the reading methods, for every kind of post."""
    await instagram.check(ask())
    page = await instagram.list_posts(ask(), None)
    await instagram.list_posts(ask(), page.cursor)
    await instagram.fetch_metrics(ask(), list(shelf.shelved)[:4])
    await instagram.fetch_account(ask())
    return [
        (request.url.path, parse_qs(request.url.query.decode(), keep_blank_values=True))
        for request in transport.sent
    ]


def kind_of(path: str) -> str:
    tail = path.removeprefix("/v24.0/")
    return {"me": "user", "me/media": "list"}.get(tail) or (
        "insights" if tail.endswith("/insights") else "media"
    )


async def test_every_request_holds_known_parameters_once(
    instagram: Instagram, ask: Callable[[], Call], transport: ToEmulator, shelf: Shelf
) -> None:
    sent = await sent_by_all_methods(instagram, ask, transport, shelf)
    assert [kind_of(path) for path, _ in sent] == [
        "user",
        "list",
        "list",
        *["media", "insights"] * 4,
        "user",
    ]
    for path, query in sent:
        assert query.keys() <= PARAMETERS[kind_of(path)]
        assert all(len(values) == 1 for values in query.values())


async def test_every_name_that_is_asked_for_is_one_of_the_platforms(
    instagram: Instagram, ask: Callable[[], Call], transport: ToEmulator, shelf: Shelf
) -> None:
    metrics = names_of("instagraminsightsresult", "Metric")
    media = names_of("igmedia", "Field")
    # With Instagram Login an account also has its id under this name.
    user = names_of("iguser", "Field") | {"user_id"}
    for path, query in await sent_by_all_methods(instagram, ask, transport, shelf):
        known = {"user": user, "list": media, "media": media, "insights": metrics}[kind_of(path)]
        asked = {name for key in ("fields", "metric") for name in query.get(key, [""])[0].split(",") if name}
        assert asked
        assert asked <= known


def test_the_emulator_knows_no_name_that_the_platform_does_not() -> None:
    metrics = names_of("instagraminsightsresult", "Metric")
    assert {name for names in wire.METRICS.values() for name in names} <= metrics
    assert set(wire.MEDIA_FIELDS) <= names_of("igmedia", "Field")
    own = {"user_id", "account_type"}
    assert set(wire.USER_FIELDS) <= names_of("iguser", "Field") | own


def same_form(recorded: Any, made: Any, at: str = "$") -> list[str]:
    """Where a made value has another type than the recorded one in the same place, or a name it lacks."""
    if isinstance(recorded, dict) and isinstance(made, dict):
        return [
            fault
            for name, part in made.items()
            for fault in (
                same_form(recorded[name], part, f"{at}.{name}")
                if name in recorded
                else [f"{at}.{name} was never recorded"]
            )
        ]
    if isinstance(recorded, list) and isinstance(made, list):
        merged: dict[str, Any] = {}
        for one in recorded:
            merged |= one
        return [fault for place, one in enumerate(made) for fault in same_form(merged, one, f"{at}[{place}]")]
    return [] if type(recorded) is type(made) else [f"{at} is {made!r}"]


def recorded(name: str) -> Any:
    return json.loads((SAMPLES / name).read_bytes())


@with_samples
def test_every_answer_of_the_emulator_has_the_form_of_a_recorded_one() -> None:
    scenario = Scenario(
        start=datetime(2026, 1, 1, tzinfo=UTC).date(),
        days=180,
        metrics=("views", "reach", "likes", "comments", "shares", "saves", "watch_time_seconds"),
    )
    account = scenario.accounts()[0]
    media_id = scenario.posts(account.id, NOW)[0].id
    page = recorded("instagram/apidata/users/medias_p1.json")
    media = {name: part for one in page["data"] for name, part in one.items()}
    # Recorded before there were product types, and without captions in this list.
    media |= {"media_product_type": "FEED", "caption": "", "shortcode": "", "username": ""}
    user = recorded("instagram/apidata/users/user_fields.json")
    user |= {"user_id": "1", "account_type": "BUSINESS", "follows_count": 1}
    insights = recorded("instagram/apidata/medias/insights.json")
    error = recorded("error.json")
    error["error"] |= {"error_subcode": 33, "is_transient": True}
    every = ",".join
    with Emulator(InstagramDialect(scenario), clock=lambda: NOW) as emulator:

        def ask_for(path: str, token: str = account.token) -> Any:
            headers = {"Host": "graph.instagram.com", "Authorization": f"Bearer {token}"}
            return httpx.get(f"{emulator.url}/v24.0/{path}", headers=headers, trust_env=False).json()

        listed = ask_for(f"me/media?fields={every(wire.MEDIA_FIELDS)}&limit=100")
        assert len(listed["data"]) == 100
        assert same_form(page | {"data": [media]}, listed) == []
        assert same_form(media, ask_for(f"{media_id}?fields={every(wire.MEDIA_FIELDS)}")) == []
        assert same_form(user, ask_for(f"me?fields={every(wire.USER_FIELDS)}")) == []
        told = ask_for(f"{media_id}/insights?metric={every(wire.METRICS['REELS'])}")
        assert len(told["data"]) >= 7
        assert same_form(insights, told) == []
        for refused in (ask_for("nobody"), ask_for("me", "x"), ask_for("me?more=1")):
            assert refused["error"].keys() >= {"message", "type", "code", "fbtrace_id"}
            assert same_form(error, refused) == []
        token = ask_for(f"../refresh_access_token?grant_type=ig_refresh_token&access_token={account.token}")
        assert same_form(recorded("base/long_term_token.json"), token) == []


def test_that_comparison_finds_what_is_wrong() -> None:
    known = {"data": [{"id": "a", "like_count": 1}, {"caption": "c"}], "paging": {"next": "n"}}
    made = {"data": [{"id": 5, "like_count": "1", "reach": 3}], "paging": [], "more": 1}
    assert len(same_form(known, made)) == 5
    assert same_form(known, {"data": [{"id": "b", "caption": ""}], "paging": {}}) == []


@with_samples
def test_recorded_media_are_read() -> None:
    page = recorded("instagram/apidata/users/medias_p1.json")
    posts = [post_of(item) for item in page["data"]]
    assert [post.external_id for post in posts if post] == ["17895731045244887", "17896622936197745"]
    assert posts[0] is not None
    assert posts[0].published_at == datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC)
    for item in recorded("instagram/apidata/medias/medias_fields.json").values():
        post = post_of(item)
        assert post is not None
        assert post.description == item.get("caption", "")
        assert post.published_at is not None
    album = post_of(recorded("instagram/apidata/medias/media_default.json"))
    assert album is not None
    assert (album.description, album.content_type) == ("ALBUM", "carousel")


@with_samples
async def test_a_recorded_page_leads_on() -> None:
    body = (SAMPLES / "instagram/apidata/users/medias_p1.json").read_bytes()
    page = await Instagram().list_posts(always(200, body), None)
    assert page.cursor == "after"
    assert len(page.posts) == 2


@with_samples
async def test_recorded_insights_are_read() -> None:
    body = (SAMPLES / "instagram/apidata/medias/insights.json").read_bytes()
    answer = read(body, InsightsAnswer)
    assert values_of(answer, ["reach", "saves", "views"]) == ({"reach": 5, "saves": 0}, ())
    newer = read((SAMPLES / "instagram/apidata/medias/insights_new.json").read_bytes(), InsightsAnswer)
    assert [insight.name for insight in newer.data] == ["profile_activity"]

    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/insights"):
            return httpx.Response(200, content=body)
        return httpx.Response(200, json={"id": "17846368219941692", "media_product_type": "FEED"})

    outcome = (await Instagram().fetch_metrics(scripted(reply), ["17846368219941692"]))["17846368219941692"]
    assert isinstance(outcome, Measured)
    assert (outcome.reading.values, outcome.partial) == ({"reach": 5, "saves": 0}, ())


@with_samples
async def test_the_recorded_account_is_counted() -> None:
    body = (SAMPLES / "instagram/apidata/users/user_fields.json").read_bytes()
    reading = await Instagram().fetch_account(always(200, body))
    assert (reading.values, reading.partial) == ({"followers": 64_363, "posts_total": 427}, ())


@with_samples
@pytest.mark.parametrize(
    ("name", "expected", "native"),
    [
        ("error.json", ErrorKind.BAD_REQUEST, "100"),
        ("base/error_data.json", ErrorKind.BAD_REQUEST, "100"),
    ],
)
def test_recorded_refusals(name: str, expected: ErrorKind, native: str) -> None:
    error = classify(400, {}, (SAMPLES / name).read_bytes(), NOW)
    assert (error.kind, error.native) == (expected, native)
    assert error.request_id


@with_samples
@pytest.mark.parametrize(
    ("name", "seconds"),
    [("base/long_term_token.json", 5_184_000), ("base/threads_user_long_lived_token.json", 5_183_944)],
)
def test_recorded_tokens(name: str, seconds: int) -> None:
    credential = long_lived(always(200, b""), (SAMPLES / name).read_bytes(), ("a",))
    assert credential is not None
    assert credential.expires_at is not None
    assert (credential.expires_at - NOW).total_seconds() == seconds
    assert credential.scopes == ("a",)


@with_samples
def test_a_recorded_token_of_an_hour() -> None:
    assert short_lived((SAMPLES / "base/basic_display_api_user_token.json").read_bytes()) == ("token", ())
