"""What the tests ask for: shortcuts over a client, and one valid request for every route."""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from packages.core.tests.http.toy import KEY

READING = {
    "platform": "tube",
    "external_id": "v1",
    "observed_at": "2026-03-09T10:00:00Z",
    "published_at": "2026-03-08T09:00:00+01:00",
    "metrics": {"views": 1000, "likes": 50, "comments": 5, "shares": 2, "saves": None},
    "title": "How to begin",
}


def ingest(client: httpx.Client, *posts: Mapping[str, Any], **more: Any) -> Any:
    """Send readings; the data of the answer."""
    response = client.request("POST", "/v1/ingest", json={"posts": [*posts], **more})
    assert response.status_code == 200, response.text
    return response.json()["data"]


def connect(client: httpx.Client, **more: Any) -> Any:
    """Connect the toy account; the account."""
    body = {"platform": "toy", "credential": {"token": "open-sesame"}, **more}
    response = client.request("POST", "/v1/accounts", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]


def finished(client: httpx.Client, run_id: int) -> Any:
    """The run, once it has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        run = client.request("GET", f"/v1/runs/{run_id}").json()["data"]["run"]
        if run["state"] != "running":
            return run
        time.sleep(0.01)
    raise AssertionError(f"run {run_id} does not end")


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem in a response, checked for its shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) <= {"type", "title", "status", "detail", "code", "hint", "retry_at"}
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in response.text
    assert KEY not in response.text
    return body


PAYLOAD = hashlib.sha256(
    json.dumps({"posts": [READING]}, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
).hexdigest()
"""Of the body that `ingest(client, READING)` sends."""
CALLBACK = ("GET", "/v1/connect/{platform}/callback")


def came_back(client: httpx.Client) -> str:
    """The address a browser ends at after a sign-in that was begun now."""
    begun = client.request("GET", "/v1/connect/toy/start", headers={"Authorization": f"Bearer {KEY}"})
    query = parse_qs(urlsplit(begun.json()["data"]["authorize_url"]).query)
    return f"/v1/connect/toy/callback?state={query['state'][0]}&code=a-code&iss=toy"


VALID: Mapping[tuple[str, str], tuple[str, Any]] = {
    ("GET", "/v1/panels"): ("/v1/panels", None),
    ("GET", "/v1/sign-in"): ("/v1/sign-in", None),
    ("GET", "/v1/connect"): ("/v1/connect", None),
    ("GET", "/v1/connect/{platform}/start"): ("/v1/connect/toy/start", None),
    ("GET", "/v1/connect/{platform}/callback"): ("/v1/connect/toy/callback", None),
    ("GET", "/v1/accounts/{account_id}/metrics"): ("/v1/accounts/1/metrics", None),
    ("POST", "/v1/posts"): ("/v1/posts", {"platform": "tube", "external_id": "n1"}),
    ("GET", "/v1/posts"): ("/v1/posts", None),
    ("GET", "/v1/posts/{post_id}"): ("/v1/posts/1", None),
    ("PATCH", "/v1/posts/{post_id}"): ("/v1/posts/1", {"title": "How to begin"}),
    ("GET", "/v1/posts/{post_id}/analytics"): ("/v1/posts/1/analytics", None),
    ("GET", "/v1/posts/{post_id}/observations"): ("/v1/posts/1/observations", None),
    ("POST", "/v1/posts/{post_id}/refresh-analytics"): ("/v1/posts/2/refresh-analytics", None),
    ("POST", "/v1/posts/analytics"): ("/v1/posts/analytics", None),
    ("GET", "/v1/runs"): ("/v1/runs", None),
    ("GET", "/v1/runs/{run_id}"): ("/v1/runs/1", None),
    ("GET", "/v1/runs/{run_id}/lines"): ("/v1/runs/3/lines", None),
    ("GET", "/v1/payloads/{sha256}"): (f"/v1/payloads/{PAYLOAD}", None),
    ("POST", "/v1/accounts"): (
        "/v1/accounts",
        {"platform": "toy", "credential": {"token": "open-sesame"}},
    ),
    ("GET", "/v1/accounts"): ("/v1/accounts", None),
    ("DELETE", "/v1/accounts/{account_id}"): ("/v1/accounts/1", None),
    ("POST", "/v1/brands"): ("/v1/brands", {"name": "Nord"}),
    ("GET", "/v1/brands"): ("/v1/brands", None),
    ("POST", "/v1/ingest"): ("/v1/ingest", {"posts": [READING]}),
    ("GET", "/v1/analytics/overview"): ("/v1/analytics/overview", None),
    ("GET", "/v1/analytics/timeseries"): ("/v1/analytics/timeseries", None),
    ("GET", "/v1/analytics/platforms"): ("/v1/analytics/platforms", None),
    ("GET", "/v1/analytics/growth"): ("/v1/analytics/growth", None),
    ("GET", "/v1/analytics/engagement"): ("/v1/analytics/engagement", None),
    ("GET", "/v1/analytics/top"): ("/v1/analytics/top", None),
    ("GET", "/v1/analytics/worst"): ("/v1/analytics/worst", None),
    ("GET", "/v1/analytics/brands"): ("/v1/analytics/brands", None),
    ("GET", "/v1/analytics/organizations"): ("/v1/analytics/organizations", None),
    ("GET", "/v1/analytics/receipt"): ("/v1/analytics/receipt", None),
    ("GET", "/v1/analytics/posting-times"): ("/v1/analytics/posting-times", None),
    ("GET", "/v1/analytics/hooks"): ("/v1/analytics/hooks", None),
    ("GET", "/v1/analytics/brands/leaderboard"): ("/v1/analytics/brands/leaderboard", None),
    ("GET", "/v1/analytics/organizations/leaderboard"): ("/v1/analytics/organizations/leaderboard", None),
    ("GET", "/v1/brands/{brand_id}/analytics"): ("/v1/brands/1/analytics", None),
    ("GET", "/v1/brands/{brand_id}/platforms/{platform}/analytics"): (
        "/v1/brands/1/platforms/tube/analytics",
        None,
    ),
    ("GET", "/v1/brands/{brand_id}/analytics/timeseries"): ("/v1/brands/1/analytics/timeseries", None),
    ("GET", "/v1/quality"): ("/v1/quality", None),
    ("GET", "/v1/content-performance/summary/weekly"): ("/v1/content-performance/summary/weekly", None),
    ("GET", "/v1/content-performance/summary/top-performers"): (
        "/v1/content-performance/summary/top-performers",
        None,
    ),
    ("GET", "/v1/content-performance/summary/worst-performers"): (
        "/v1/content-performance/summary/worst-performers",
        None,
    ),
    ("GET", "/v1/content-performance/summary/prompt-performance"): (
        "/v1/content-performance/summary/prompt-performance",
        None,
    ),
    ("GET", "/v1/content-performance/summary/generation-context"): (
        "/v1/content-performance/summary/generation-context",
        None,
    ),
    ("POST", "/v1/content-performance/import/csv"): (
        "/v1/content-performance/import/csv",
        "platform,post_id,views\ntube,f1,5\n",
    ),
    ("POST", "/v1/content-performance/import/manual"): (
        "/v1/content-performance/import/manual",
        {"posts": [READING]},
    ),
    ("POST", "/v1/content-performance/analytics-sync/run"): (
        "/v1/content-performance/analytics-sync/run",
        None,
    ),
    ("GET", "/v1/content-performance/analytics-sync/status"): (
        "/v1/content-performance/analytics-sync/status",
        None,
    ),
    ("GET", "/health/live"): ("/health/live", None),
    ("GET", "/health/ready"): ("/health/ready", None),
    ("GET", "/"): ("/", None),
}
"""(method, path) -> a request that succeeds on an installation with an ingested and a connected post, and an
imported file; the callback only with what `came_back` adds. Its body is JSON, a file's text, or None."""
