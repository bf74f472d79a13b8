"""Provider and emulator against Pinterest's own OpenAPI description."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from afterpost.emulator import Emulator, Scenario
from afterpost.sdk import Call, CodeGrant, Secret
from afterpost_pinterest import Pinterest
from afterpost_pinterest.emulator import PARAMETERS, PinterestDialect
from afterpost_pinterest.payloads import DAILY
from afterpost_pinterest.wire import METRIC_TYPES
from packages.providers.pinterest.tests.shelf import NOW, Shelf
from packages.providers.pinterest.tests.wiring import ToEmulator, call
from tests.openapi import CONTRACTS, MISSING, Description

FILE = CONTRACTS / "pinterest" / "openapi.json"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=MISSING)


@pytest.fixture(scope="module")
def description() -> Description:
    return Description(FILE)


async def test_every_request_of_the_provider_is_allowed(
    description: Description,
    pinterest: Pinterest,
    client: httpx.AsyncClient,
    transport: ToEmulator,
    shelf: Shelf,
) -> None:
    def ask() -> Call:
        return call(client)

    await pinterest.check(ask())
    page = await pinterest.list_posts(ask(), None)
    await pinterest.list_posts(ask(), page.cursor)
    await pinterest.fetch_metrics(ask(), ["1001"])
    await pinterest.fetch_account(ask())
    for pin in ("1001", "1002"):
        await pinterest.fetch_daily(ask(), [pin], date(2026, 6, 1), date(2026, 6, 30))
    assert len(transport.sent) == 8, "the days of a pin that is no video take two requests"
    for request in transport.sent:
        path = request.url.path.removeprefix("/v5")
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        assert description.query_faults(request.method, path, query) == []

    await pinterest.refresh(ask())
    grant = CodeGrant(code=Secret("refresh-bob-s3cret"), verifier=None, redirect_uri="http://127.0.0.1:5000/")
    await pinterest.exchange_code(ask(), grant)
    for body, kind in zip(transport.bodies[-2:], ("Refresh", "Code"), strict=True):
        form = dict(parse_qsl(body.decode()))
        # Told of in the operation's text and not in its schema.
        assert form.pop("continuous_refresh") == "true"
        assert description.form_faults(f"OauthAccessTokenRequest{kind}", form) == []


def test_the_emulator_knows_no_parameter_that_the_platform_does_not(description: Description) -> None:
    for path, parameters in PARAMETERS.items():
        known = description.parameters("GET", path.replace("{pin_id}", "1"))
        assert parameters <= known.keys()
    types = description.parameters("GET", "/pins/1/analytics")["metric_types"]["schema"]["items"]["oneOf"]
    assert {name for one in types for name in one["enum"]} == METRIC_TYPES
    assert set(DAILY.values()) <= METRIC_TYPES


def test_every_answer_of_the_emulator_has_the_platforms_form(description: Description) -> None:
    scenario = Scenario(
        start=datetime(2026, 1, 1, tzinfo=UTC).date(),
        days=180,
        metrics=("views", "impressions", "likes", "comments", "clicks_link", "clicks_post", "saves"),
        content_types=("image", "video", "carousel", "idea"),
    )
    account = scenario.accounts()[0]
    dialect = PinterestDialect(scenario)
    with Emulator(dialect, clock=lambda: NOW) as emulator:

        def ask(path: str, query: dict[str, str], status: int = 200) -> Any:
            headers = {"Host": "api.pinterest.com", "Authorization": f"Bearer {account.token}"}
            url = f"{emulator.url}/v5{path}"
            response = httpx.get(url, params=query, headers=headers, trust_env=False)
            assert response.status_code == status
            if status == 200:
                assert description.query_faults("GET", path, list(query.items())) == []
            assert description.answer_faults("GET", path, response.json(), status) == []
            return response.json()

        ask("/user_account", {})
        pins = ask("/pins", {"page_size": "250", "pin_metrics": "true"})["items"]
        assert len(pins) > 100
        ask("/pins", {"page_size": "5"})
        for pin in pins[:4]:
            ask(f"/pins/{pin['id']}", {"pin_metrics": "true"})
            days = {"start_date": "2026-06-01", "end_date": "2026-07-01", "metric_types": "IMPRESSION,SAVE"}
            answer = ask(f"/pins/{pin['id']}/analytics", days)
            assert len(answer["all"]["daily_metrics"]) == 31
        ask("/pins/1", {}, 404)
        ask(f"/pins/{pins[0]['id']}/analytics", {}, 400)

        form = {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
        answer = httpx.post(
            f"{emulator.url}/v5/oauth/token",
            data=form,
            headers={"Host": "api.pinterest.com"},
            auth=("id", "secret"),
            trust_env=False,
        ).json()
        assert description.form_faults("OauthAccessTokenResponseRefresh", answer) == []


def test_the_checks_find_what_is_wrong(description: Description) -> None:
    query = [("page_size", "251"), ("pin_metric", "true"), ("pin_filter", "mine"), ("pin_metrics", "yes")]
    assert len(description.query_faults("GET", "/pins", query)) == 4
    days = [("start_date", "yesterday"), ("metric_types", "IMPRESSION,CLICK")]
    assert len(description.query_faults("GET", "/pins/1/analytics", days)) == 3
    pin = {"id": "a", "titel": "", "is_owner": "yes", "media": {"media_type": "gif"}}
    answer = {"items": [pin], "bookmark": 5}
    assert len(description.answer_faults("GET", "/pins", answer)) == 5
