"""Pinterest's own generated client before the emulated Pinterest.

It is what Pinterest's SDK wraps; the SDK itself demands urllib3 1. It can't send the refresh token that
renewing needs, so it is handed an access token here.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from openapi_generated.pinterest_client import ApiClient, ApiException, Configuration
from openapi_generated.pinterest_client.api.pins_api import PinsApi
from openapi_generated.pinterest_client.api.user_account_api import UserAccountApi
from openapi_generated.pinterest_client.exceptions import (
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)

from afterpost.emulator import Emulator, FaultKind, Scenario
from afterpost_pinterest.emulator import PinterestDialect
from tests.clients.reach import NOW, ada, emulated, scenario, second

LIFETIME = {
    "impressions": "impression",
    "likes": "reaction",
    "comments": "comment",
    "clicks_link": "clickthrough",
    "clicks_post": "pin_click",
}
"""Canonical metric -> lifetime count of a pin."""
BY_DAY = {"impressions": "IMPRESSION", "saves": "SAVE", "clicks_post": "PIN_CLICK"}


@pytest.fixture
def world() -> Scenario:
    return scenario([*LIFETIME, "saves"], ("image", "video", "carousel", "idea"))


@pytest.fixture
def wire(world: Scenario) -> PinterestDialect:
    return PinterestDialect(world)


@pytest.fixture
def emulator(wire: PinterestDialect) -> Iterator[Emulator]:
    with emulated(wire) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator, world: Scenario) -> Iterator[ApiClient]:
    configuration = Configuration(host=f"{emulator.url}/v5", access_token=ada(world)[0].token)
    with ApiClient(configuration) as made:
        made.set_default_header("Host", "api.pinterest.com")
        yield made


def test_it_lists_and_reads_what_the_world_holds(
    client: ApiClient, world: Scenario, wire: PinterestDialect
) -> None:
    account, posts = ada(world)
    me = UserAccountApi(client).user_account_get()
    assert (me.business_name, me.id) == (account.name, wire.ids.of(account.id))

    pins = PinsApi(client)
    listed: list[dict[str, Any]] = []
    bookmark: dict[str, str] = {}
    while bookmark or not listed:
        page = pins.pins_list(page_size=100, pin_metrics=True, **bookmark)
        listed += page["items"]
        bookmark = {"bookmark": page["bookmark"]} if page["bookmark"] else {}
    ids = [wire.ids.of(post.id) for post in posts]
    assert [pin["id"] for pin in listed] == ids

    # The client models a single pin, and leaves a list as it came.
    read = {pin_id: pins.pins_get(pin_id, pin_metrics=True) for pin_id in ids[:40]}
    for pin, post in zip(listed, posts, strict=True):
        metrics = world.metrics(post.id, NOW)
        expected = {native: metrics[name] for name, native in LIFETIME.items() if name in metrics}
        assert pin["pin_metrics"]["lifetime_metrics"] == expected
        modelled = read.get(pin["id"])
        if modelled is not None:
            assert modelled.pin_metrics["lifetime_metrics"] == expected
            assert modelled.created_at.replace(tzinfo=UTC) == second(post.published_at)
            assert modelled.title == post.title[:100]


def test_days_add_up_to_what_the_world_holds(
    client: ApiClient, world: Scenario, wire: PinterestDialect
) -> None:
    _, posts = ada(world)
    yesterday = NOW.date() - timedelta(days=1)
    for post in posts[5:25]:
        answer = PinsApi(client).pins_analytics(
            wire.ids.of(post.id), post.published_at.date(), yesterday, list(BY_DAY.values())
        )
        rows = answer["all"]["daily_metrics"]
        days = [row["date"] for row in rows]
        first = post.published_at.date()
        assert days == [str(first + timedelta(days=n)) for n in range((yesterday - first).days + 1)]
        assert date.fromisoformat(days[-1]) == yesterday
        last_midnight = datetime.combine(NOW.date(), time(), UTC)
        held = world.metrics(post.id, last_midnight)
        for metric, native in BY_DAY.items():
            assert sum(row["metrics"][native] for row in rows) == held[metric]


@pytest.mark.parametrize(
    ("kind", "raises", "status"),
    [
        ("rate_limited", ApiException, 429),
        ("quota", ApiException, 429),
        ("unauthorized", UnauthorizedException, 401),
        ("forbidden", ForbiddenException, 403),
        ("unavailable", ServiceException, 503),
    ],
)
def test_a_refusal_is_an_error_of_its_own(
    kind: FaultKind, raises: type[ApiException], status: int, client: ApiClient, emulator: Emulator
) -> None:
    emulator.dial.set(kind)
    with pytest.raises(ApiException) as raised:
        UserAccountApi(client).user_account_get()
    assert type(raised.value) is raises
    assert raised.value.status == status


def test_a_pin_that_is_not_there_is_an_error_of_its_own(client: ApiClient) -> None:
    with pytest.raises(NotFoundException):
        PinsApi(client).pins_get("1")
