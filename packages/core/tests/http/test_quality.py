"""The route of doubtful numbers: its answer, and what it refuses."""

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from packages.core.tests.http.calls import ingest, problem

ASKED = {"start_date": "2026-03-02", "end_date": "2026-03-08"}


def read(client: httpx.Client, day: int, views: int) -> None:
    """One reading of one old post."""
    told = {
        "platform": "tube",
        "external_id": "v1",
        "observed_at": f"2026-03-{day:02}T10:00:00Z",
        "published_at": "2026-01-08T09:00:00Z",
        "metrics": {"views": views},
    }
    ingest(client, told)


def test_a_fall_is_answered_with_its_receipts(client: TestClient[Litestar]) -> None:
    for day, views in ((2, 900), (3, 880), (4, 100)):
        read(client, day, views)
    answer = client.get("/v1/quality", params=ASKED).json()
    warning, note = answer["data"]
    assert warning == {
        "severity": "warning",
        "kind": "backwards",
        "platform": "tube",
        "account_id": None,
        "account": None,
        "metric": "views",
        "whole": None,
        "day": "2026-03-04",
        "posts": 1,
        "post_ids": [1],
        "sentence": "Views of 1 post fell by 780 together, at most by 88.6 % of a post's total.",
        "receipts": ["/v1/posts/1/observations?before=2026-03-05&days=2"],
    }
    assert note["severity"] == "note"
    meta = answer["meta"]
    assert (meta["total"], meta["warnings"], meta["notes"]) == (2, 1, 1)
    assert (meta["window"]["start_date"], meta["receipt"]["snapshots"]) == ("2026-03-02", 3)
    # The receipt leads to the two readings the sentence is about.
    shown = client.get(warning["receipts"][0]).json()["data"]
    assert [reading["values"]["views"] for reading in shown] == [100, 880]


def test_only_one_severity_and_only_so_many(client: TestClient[Litestar]) -> None:
    for day, views in ((2, 900), (3, 880), (4, 100)):
        read(client, day, views)
    notes = client.get("/v1/quality", params={**ASKED, "severity": "note"}).json()
    assert [flaw["severity"] for flaw in notes["data"]] == ["note"]
    one = client.get("/v1/quality", params={**ASKED, "limit": 1}).json()
    assert ([flaw["severity"] for flaw in one["data"]], one["meta"]["total"]) == (["warning"], 2)
    following = {**ASKED, "limit": 1, "cursor": one["meta"]["next_cursor"]}
    two = client.get("/v1/quality", params=following).json()
    assert [flaw["severity"] for flaw in two["data"]] == ["note"]
    assert two["meta"]["next_cursor"] is None
    other = {**following, "severity": "note"}
    problem(client.get("/v1/quality", params=other), 400, "invalid_cursor")


def test_what_is_no_severity_limit_or_brand_is_refused(client: TestClient[Litestar]) -> None:
    for name, value in (("severity", "fatal"), ("severity", ""), ("limit", "0"), ("limit", "201")):
        problem(client.get("/v1/quality", params={name: value}), 400, "invalid_input")
    problem(client.get("/v1/quality", params={"brand_id": 9}), 404, "not_found")
    problem(client.get("/v1/quality", params={**ASKED, "end_date": "2026-03-01"}), 400, "invalid_window")


def test_a_publication_that_can_t_be_is_answered(client: TestClient[Litestar]) -> None:
    told = {"platform": "tube", "external_id": "v1", "observed_at": "2026-03-03T10:00:00Z"}
    ingest(client, {**told, "published_at": "2027-03-03T10:00:00Z", "metrics": {"views": 9}})
    (flaw,) = client.get("/v1/quality", params=ASKED).json()["data"]
    assert (flaw["severity"], flaw["kind"], flaw["metric"]) == ("warning", "doubtful_publication", None)
    assert (flaw["day"], flaw["posts"], flaw["post_ids"]) == ("2026-03-03", 1, [1])
