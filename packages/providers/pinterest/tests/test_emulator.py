"""The emulated Pinterest: what it refuses, and how."""

from collections.abc import Iterator

import httpx
import pytest

from afterpost.emulator import Emulator
from packages.providers.pinterest.tests.shelf import Shelf

DAYS = "start_date=2026-06-01&end_date=2026-06-30"


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"Host": "api.pinterest.com", "Authorization": "Bearer token-ada-s3cret"}
    with httpx.Client(base_url=emulator.url + "/v5", headers=headers, trust_env=False) as http:
        yield http


def refusal(response: httpx.Response) -> tuple[int, int]:
    body = response.json()
    assert body["message"]
    return response.status_code, body["code"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("pins?page_size=251", 400, 1),
        ("pins?page_size=0", 400, 1),
        ("pins?page_size=" + "9" * 5_000, 400, 1),
        ("pins?pin_filter=mine", 400, 1),
        ("pins?sort=new", 400, 1),
        ("pins?bookmark=nonsense", 400, 1),
        ("pins?bookmark=%C3%A9", 400, 1),
        ("pins/9", 404, 50),
        ("pins/1001?pin_metric=true", 400, 1),
        (f"pins/1001/analytics?{DAYS}", 400, 1),
        (f"pins/1001/analytics?{DAYS}&metric_types=CLICK", 400, 1),
        (f"pins/1000/analytics?{DAYS}&metric_types=IMPRESSION,VIDEO_START", 400, 1),
        ("pins/1001/analytics?metric_types=IMPRESSION", 400, 1),
        ("pins/1001/analytics?start_date=2026-01-01&end_date=2026-06-30&metric_types=IMPRESSION", 400, 1),
        ("pins/1001/analytics?start_date=2026-06-30&end_date=2026-06-01&metric_types=IMPRESSION", 400, 1),
        (f"pins/9/analytics?{DAYS}&metric_types=IMPRESSION", 404, 50),
        ("boards", 404, 0),
    ],
)
def test_what_the_platform_refuses(path: str, status: int, code: int, http: httpx.Client) -> None:
    assert refusal(http.get(path)) == (status, code)


def test_other_methods_and_paths(http: httpx.Client, emulator: Emulator) -> None:
    assert refusal(http.post("pins")) == (404, 0)
    assert refusal(http.get(emulator.url + "/pins")) == (404, 0)
    assert refusal(http.get("oauth/token")) == (404, 0)


def test_who_may_ask(http: httpx.Client) -> None:
    assert refusal(http.get("pins", headers={"Authorization": ""})) == (401, 2)
    assert refusal(http.get("pins", headers={"Authorization": "Bearer x"})) == (401, 2)
    other = {"Authorization": "Bearer token-bob-s3cret"}
    assert refusal(http.get("pins/1001", headers=other)) == (403, 29)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"grant_type": "password"}, 400),
        ({"grant_type": "authorization_code"}, 400),
        ({"refresh_token": "unknown"}, 401),
        ({"refresh_token": "token-ada-s3cret"}, 401),
    ],
)
def test_the_token_endpoint(changed: dict[str, str], status: int, http: httpx.Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "refresh-ada-s3cret"}
    assert http.post("oauth/token", data=form | changed, auth=("id", "s")).status_code == status
    for app in (("id", ""), ("", "s")):
        assert refusal(http.post("oauth/token", data=form, auth=app)) == (401, 2)
    assert refusal(http.post("oauth/token", data=form)) == (401, 2), "a bearer is no app"
    assert refusal(http.post("oauth/token", data=form, headers={"Authorization": "Basic x"})) == (401, 2)
    assert http.post("oauth/token", data=form, auth=("id", "s")).json()["token_type"] == "bearer"


def test_pages_follow_each_other(http: httpx.Client, shelf: Shelf) -> None:
    first = http.get("pins?page_size=250").json()
    second = http.get("pins", params={"page_size": "250", "bookmark": first["bookmark"]}).json()
    third = http.get("pins", params={"page_size": "250", "bookmark": second["bookmark"]}).json()
    assert third["bookmark"] is None
    found = [pin["id"] for page in (first, second, third) for pin in page["items"]]
    assert found == list(shelf.kept)
    assert "pin_metrics" not in first["items"][0]


def test_a_list_has_saved_pins_unless_it_is_asked_for_none(http: httpx.Client, emulator: Emulator) -> None:
    emulator.dial.set("foreign_post")
    saved = http.get("pins").json()["items"]
    own = http.get("pins?pin_filter=exclude_repins").json()["items"]
    assert [pin["is_owner"] for pin in saved] == [True, False, *[True] * 24]
    assert own == [pin for pin in saved if pin["is_owner"]]
    assert emulator.dial.fired("foreign_post") == 2


@pytest.mark.parametrize(("asked", "told"), [("true", True), ("True", True), ("false", False), ("", False)])
def test_counts_come_where_they_are_asked_for(
    asked: str, told: bool, http: httpx.Client, shelf: Shelf
) -> None:
    page = http.get("pins", params={"pin_metrics": asked}).json()
    assert [("pin_metrics" in pin) for pin in page["items"]] == [told] * 25


def test_hidden_counts_are_absent(http: httpx.Client, shelf: Shelf) -> None:
    shelf.numbers["1001"] = {"likes": 2**60, "views": 4}
    pin = http.get("pins/1001?pin_metrics=true").json()
    assert pin["pin_metrics"]["lifetime_metrics"] == {"reaction": 2**60}


def test_days_have_a_status(http: httpx.Client, shelf: Shelf) -> None:
    shelf.by_day["1600"] = {"impressions": 24}
    query = "start_date=2026-06-29&end_date=2026-07-01&metric_types=IMPRESSION"
    rows = http.get(f"pins/1600/analytics?{query}").json()["all"]["daily_metrics"]
    assert [row["data_status"] for row in rows] == ["BEFORE_PIN_CREATED", "ESTIMATE", "PROCESSING"]
    assert rows[0]["metrics"] == {}
