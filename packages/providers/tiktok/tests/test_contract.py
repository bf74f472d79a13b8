"""Provider and emulator against the description of the Display API that was written down from its pages."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from afterpost.emulator import Emulator, Fault, Scenario
from afterpost.sdk import Call
from afterpost_tiktok import TikTok
from afterpost_tiktok.emulator import TikTokDialect
from afterpost_tiktok.errors import classify_token
from afterpost_tiktok.tokens import credential_of
from packages.providers.tiktok.tests.shelf import NOW, Shelf
from packages.providers.tiktok.tests.wiring import ToEmulator, always

CONTRACTS = Path(__file__).resolve().parents[5] / "shared" / "contracts" / "tiktok"
SCHEMA = CONTRACTS / "display-api-v2.derived.schema.json"

pytestmark = pytest.mark.skipif(
    not SCHEMA.exists(), reason="the description of the platform's API is not beside this checkout"
)

TYPES: Mapping[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
}


class Description:
    """The schemas, as far as checking needs them. A key that a schema does not name is a fault."""

    def __init__(self) -> None:
        self._schemas: dict[str, Any] = json.loads(SCHEMA.read_text())["$defs"]

    def fields(self, name: str) -> set[str]:
        return set(self._schemas[name]["properties"])

    def faults(self, name: str, value: object) -> list[str]:
        return self._faults(self._schemas[name], value, "$")

    def _faults(self, schema: Mapping[str, Any], value: Any, at: str) -> list[str]:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        if "enum" in schema:
            return [] if value in schema["enum"] else [f"{at} is none of {schema['enum']}"]
        kind: str = schema["type"]
        fits = isinstance(value, TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))
        if not fits:
            return [f"{at} is no {kind}"]
        faults = []
        if kind == "object":
            faults += [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
            for name, part in value.items():
                known = schema["properties"].get(name)
                faults += self._faults(known, part, f"{at}.{name}") if known else [f"{at}.{name} is unknown"]
        elif kind == "array":
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                faults.append(f"{at} has {len(value)} items")
            for place, part in enumerate(value):
                faults += self._faults(schema["items"], part, f"{at}[{place}]")
        elif kind == "integer" and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            faults.append(f"{at} is out of range")
        return faults


@pytest.fixture(scope="module")
def description() -> Description:
    return Description()


async def test_every_request_of_the_provider_is_allowed(
    description: Description, tiktok: TikTok, ask: Callable[[], Call], transport: ToEmulator, shelf: Shelf
) -> None:
    page = await tiktok.list_posts(ask(), None)
    await tiktok.list_posts(ask(), page.cursor)
    await tiktok.fetch_metrics(ask(), list(shelf.videos)[:20])
    assert len(transport.sent) == 3
    for request, name in zip(
        transport.sent, ("video_list_request", "video_list_request", "video_query_request"), strict=True
    ):
        assert request.method == "POST"
        query = parse_qs(request.url.query.decode(), keep_blank_values=True)
        assert query.keys() == {"fields"}
        assert set(query["fields"][0].split(",")) <= description.fields("video")
        assert description.faults(name, json.loads(request.content)) == []


def ask_for(emulator: Emulator, token: str, path: str, body: object) -> httpx.Response:
    headers = {"Host": "open.tiktokapis.com", "Authorization": f"Bearer {token}"}
    return httpx.post(emulator.url + path, json=body, headers=headers, trust_env=False)


def test_every_answer_of_the_emulator_has_the_platforms_form(description: Description) -> None:
    scenario = Scenario(start=datetime(2026, 1, 1, tzinfo=UTC).date(), days=180)
    account = scenario.accounts()[0]
    ids = [post.id for post in scenario.posts(account.id, NOW)[:20]]
    fields = ",".join(sorted(description.fields("video")))
    with Emulator(TikTokDialect(scenario), clock=lambda: NOW) as emulator:
        for path, body in (
            ("list", {"max_count": 20}),
            ("list", {"cursor": 1}),
            ("query", {"filters": {"video_ids": ids}}),
            ("query", {"filters": {"video_ids": ["none"]}}),
        ):
            assert description.faults(f"video_{path}_request", body) == []
            response = ask_for(emulator, account.token, f"/v2/video/{path}/?fields={fields}", body)
            assert response.status_code == 200
            assert description.faults("video_list_response", response.json()) == []
            if "max_count" in body or ids[0] in str(body):
                assert len(response.json()["data"]["videos"]) == 20
        refused = [ask_for(emulator, "x", f"/v2/video/list/?fields={fields}", {})]
        for kind in ("rate_limited", "forbidden", "unavailable"):
            emulator.dial.set(Fault(kind))
            refused.append(ask_for(emulator, account.token, f"/v2/video/list/?fields={fields}", {}))
        for response in refused:
            assert response.status_code >= 400
            assert description.faults("video_list_response", response.json()) == []
        emulator.dial.clear()
        for form in (
            b"",
            b"client_key=c&client_secret=s",
            b"client_key=c&client_secret=s&grant_type=refresh_token",
        ):
            headers = {"Host": "open.tiktokapis.com"}
            answer = httpx.post(
                f"{emulator.url}/v2/oauth/token/", content=form, headers=headers, trust_env=False
            )
            assert description.faults("oauth_error", answer.json()) == []


def test_every_code_of_the_token_endpoint_has_a_meaning(description: Description) -> None:
    codes = json.loads(SCHEMA.read_text())["$defs"]["oauth_error"]["properties"]["error"]["enum"]
    for code in codes:
        body = json.dumps({"error": code, "error_description": "d", "log_id": "l"}).encode()
        assert description.faults("oauth_error", json.loads(body)) == []
        # Were it unknown, status 500 would decide.
        assert classify_token(500, {}, body, NOW).kind != "upstream_unavailable"


def test_the_checks_find_what_is_wrong(description: Description) -> None:
    assert len(description.faults("video_query_request", {"filters": {"video_ids": [], "more": 1}})) == 2
    assert len(description.faults("video_list_request", {"max_count": 21, "cursor": "1"})) == 2
    answer = {"data": {"videos": [{"like_count": "5", "reach_count": 1}]}, "error": {"code": 0}}
    assert len(description.faults("video_list_response", answer)) == 6


def test_recorded_token_answers_of_the_business_api_hold_the_same_fields() -> None:
    recorded = CONTRACTS / "samples-python-tiktok" / "testsdata" / "business" / "access_token"
    for name in ("token_resp.json", "refresh_resp.json"):
        data = json.loads((recorded / name).read_text())["data"]
        credential = credential_of(always(200, b""), json.dumps(data).encode())
        assert credential is not None
        assert credential.secret("refresh_token") == "rft.token"
        assert "video.list" in credential.scopes
        assert credential.expires_at is not None
        assert (credential.expires_at - NOW).total_seconds() == data["expires_in"]
