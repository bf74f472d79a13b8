"""The emulated Instagram: what it refuses, and how."""

from collections.abc import Iterator

import httpx
import pytest

from afterpost.emulator import Emulator, Fault
from packages.providers.instagram.tests.shelf import Shelf

REELS_ONLY = "ig_reels_avg_watch_time"


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": "graph.instagram.com", "Authorization": "Bearer token-ada-s3cret"}
    with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False) as http:
        yield http


def refusal(response: httpx.Response) -> tuple[int, int, int | None]:
    """Status, code and subcode, after a look at the envelope."""
    error = response.json()["error"]
    assert error["message"]
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    return response.status_code, error["code"], error.get("error_subcode")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("me?fields=user_id,reach", (400, 100, None)),
        ("me?limit=5", (400, 100, None)),
        ("me/media?fields=id,insights", (400, 100, None)),
        ("me/media?limit=101", (400, 100, None)),
        ("me/media?limit=0", (400, 100, None)),
        ("me/media?limit=x", (400, 100, None)),
        ("me/media?after=nonsense", (400, 100, None)),
        ("me/media?after=%C3%A9", (400, 100, None)),
        ("me/media?since=5", (400, 100, None)),
        ("me/stories", (400, 2500, None)),
        ("p001?fields=views", (400, 100, None)),
        ("p001?metric=views", (400, 100, None)),
        ("p001/children", (400, 2500, None)),
        ("nobody", (400, 100, 33)),
        ("nobody/insights?metric=views", (400, 100, 33)),
        ("p001/insights", (400, 100, None)),
        ("p001/insights?metric=plays", (400, 100, None)),
        ("p001/insights?metric=views&fields=id", (400, 100, None)),
        (f"p000/insights?metric=views,{REELS_ONLY}", (400, 100, None)),
        ("p001/insights?metric=views,follows", (400, 100, None)),
    ],
)
def test_what_the_platform_refuses(
    path: str, expected: tuple[int, int, int | None], http: httpx.Client
) -> None:
    assert refusal(http.get(f"/v24.0/{path}")) == expected


def test_a_refusal_of_metrics_names_them(http: httpx.Client) -> None:
    refused = http.get(f"/v24.0/p000/insights?metric=views,{REELS_ONLY}").json()["error"]["message"]
    assert f"does not support the {REELS_ONLY} metric" in refused
    unknown = http.get("/v24.0/p000/insights?metric=views,plays").json()["error"]["message"]
    assert "metric[1] must be one of the following values: " in unknown


def test_other_paths_methods_and_tokens(http: httpx.Client) -> None:
    assert refusal(http.get("/me")) == (400, 2500, None)
    assert refusal(http.post("/v24.0/me")) == (400, 100, None)
    for bearer in ("", "Bearer x"):
        assert refusal(http.get("/v24.0/me", headers={"Authorization": bearer})) == (401, 190, None)
    by_query = http.get(
        "/v24.0/me?access_token=token-bob-s3cret&fields=user_id", headers={"Authorization": ""}
    )
    assert by_query.json()["user_id"] == "ig-bob"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/refresh_access_token", 100),
        ("/refresh_access_token?grant_type=ig_refresh_token", 100),
        ("/refresh_access_token?grant_type=ig_exchange_token&access_token=token-ada-s3cret", 100),
        ("/refresh_access_token?grant_type=ig_refresh_token&access_token=x", 190),
        ("/refresh_access_token?grant_type=ig_refresh_token&access_token=token-ada-s3cret&more=1", 100),
        ("/access_token?grant_type=ig_exchange_token&client_secret=s&access_token=x", 190),
        ("/access_token?grant_type=ig_exchange_token&access_token=x", 100),
    ],
)
def test_what_the_token_endpoints_refuse(path: str, code: int, http: httpx.Client) -> None:
    assert refusal(http.get(path)) == (400, code, None)


def test_what_the_endpoint_for_codes_refuses(http: httpx.Client) -> None:
    host = {"Host": "api.instagram.com"}
    form = {
        "client_id": "c",
        "client_secret": "s",
        "redirect_uri": "https://x.example/",
        "grant_type": "authorization_code",
        "code": "refresh-ada-s3cret",
    }
    good = http.post("/oauth/access_token", data=form, headers=host).json()["data"][0]
    assert (good["user_id"], good["permissions"].count(",")) == ("ig-ada", 1)
    for changed in ({"code": "x"}, {"client_secret": ""}, {"redirect_uri": ""}, {"grant_type": "password"}):
        response = http.post("/oauth/access_token", data=form | changed, headers=host)
        assert (response.status_code, response.json()["error_type"]) == (400, "OAuthException")


def test_pages_lead_on_until_there_is_no_more(http: httpx.Client) -> None:
    first = http.get("/v24.0/me/media?limit=100").json()
    assert len(first["data"]) == 100
    assert "access_token=token-ada-s3cret" in first["paging"]["next"]
    last = http.get(f"/v24.0/me/media?limit=100&after={first['paging']['cursors']['after']}").json()
    last = http.get(f"/v24.0/me/media?limit=100&after={last['paging']['cursors']['after']}").json()
    assert [len(last["data"]), last["data"][-1]] == [40, {"id": "p000"}]
    assert "next" not in last["paging"]
    assert len(http.get("/v24.0/me/media").json()["data"]) == 25
    beyond = http.get(f"/v24.0/me/media?after={last['paging']['cursors']['after']}").json()
    assert beyond == {"data": []}


def test_the_address_of_the_next_page_asks_as_the_first_one_did(http: httpx.Client) -> None:
    page = http.get("/v24.0/me/media?fields=id,timestamp&limit=100").json()
    found = list(page["data"])
    for left in (100, 40):
        following = httpx.URL(page["paging"]["next"])
        # Whoever follows it has nothing else: it signs in by itself.
        page = http.get(following.raw_path.decode(), headers={"Authorization": ""}).json()
        assert len(page["data"]) == left
        found += page["data"]
    assert len({media["id"] for media in found}) == 240
    assert all(media.keys() == {"id", "timestamp"} for media in found)


def test_hidden_numbers_are_left_out(http: httpx.Client, shelf: Shelf) -> None:
    shelf.numbers["p001"] = {"views": 2**60, "dislikes": 4}
    data = http.get("/v24.0/p001/insights?metric=views,likes,total_interactions").json()["data"]
    assert [(one["name"], one["values"]) for one in data] == [("views", [{"value": 2**60}])]
    assert http.get("/v24.0/p001?fields=id,like_count").json() == {"id": "p001"}


def test_the_limit_of_an_account_names_minutes(http: httpx.Client, emulator: Emulator) -> None:
    emulator.dial.set(Fault("rate_limited", retry_after="90"))
    response = http.get("/v24.0/me")
    assert refusal(response) == (400, 80002, None)
    assert '"estimated_time_to_regain_access":2' in response.headers["x-business-use-case-usage"]
