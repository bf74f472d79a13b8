"""What ingest takes and refuses, and what becomes of it."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.domain.metrics import CANONICAL
from packages.core.tests.http.calls import READING, ingest, problem
from packages.core.tests.http.toy import Clock


def refused(client: TestClient[Litestar], *posts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The problem of a call that must store nothing."""
    body = problem(client.post("/v1/ingest", json={"posts": [*posts], **more}), 400, "invalid_input")
    assert client.get("/v1/posts").json()["data"] == []
    return body


def test_each_entry_says_how_it_ended(client: TestClient[Litestar]) -> None:
    other = {**READING, "external_id": "v2"}
    done = ingest(client, READING, other)
    assert done == {
        "run_id": 1,
        "posts": [
            {"platform": "tube", "external_id": "v1", "post_id": 1, "outcome": "stored"},
            {"platform": "tube", "external_id": "v2", "post_id": 2, "outcome": "stored"},
        ],
    }
    again = ingest(client, READING, {**other, "metrics": {"views": 1001}})
    assert [each["outcome"] for each in again["posts"]] == ["unchanged", "stored"]
    run = client.get("/v1/runs/2").json()["data"]["run"]
    assert (run["kind"], run["state"], run["stored"], run["unchanged"]) == ("ingest", "done", 1, 1)


def test_null_is_asked_for_and_not_reported(client: TestClient[Litestar]) -> None:
    ingest(client, {**READING, "metrics": {"views": 0, "likes": None}})
    (observation,) = client.get("/v1/posts/1/observations").json()["data"]
    assert observation["values"] == {"views": 0}
    assert observation["definitions"] == {"views": "ingest", "likes": "ingest"}
    assert observation["source"] == "webhook"
    summary = client.get("/v1/posts/1").json()["data"]["summary"]
    assert summary["metrics"] == {"views": 0}
    overview = client.get("/v1/analytics/overview").json()["data"]
    assert (overview["earned"]["views"], overview["earned"]["likes"]) == (0, None)


def test_only_nulls_are_a_reading_too(client: TestClient[Litestar]) -> None:
    ingest(client, {**READING, "metrics": {"views": None}})
    assert client.get("/v1/posts/1").json()["data"]["summary"]["metrics"] == {}
    assert client.get("/v1/analytics/overview").json()["data"]["earned"]["views"] is None


def test_without_an_instant_the_numbers_are_of_now(client: TestClient[Litestar]) -> None:
    ingest(client, {"platform": "tube", "external_id": "v1", "metrics": {"views": 5}})
    (observation,) = client.get("/v1/posts/1/observations").json()["data"]
    assert observation["observed_at"] == "2026-03-10T12:00:00Z"
    assert client.get("/v1/posts/1").json()["data"]["summary"]["partial_day"] is True


def test_gauges_have_a_latest_value_and_nothing_earned(client: TestClient[Litestar]) -> None:
    metrics = {"views": 10, "avg_view_seconds": 12.5, "x_tube_score": -0.5, "x_tube_stars": 7}
    ingest(client, {**READING, "metrics": metrics, "kinds": {"x_tube_score": "gauge"}})
    summary = client.get("/v1/posts/1").json()["data"]["summary"]
    assert summary["gauges"] == {"avg_view_seconds": 12.5, "x_tube_score": -0.5}
    assert summary["metrics"] == {"views": 10, "x_tube_stars": 7}


@pytest.mark.parametrize(
    ("name", "closest"),
    [("view", "views"), ("Likes", "likes"), ("watch_time", "watch_time_seconds"), ("?", "")],
)
def test_an_unknown_metric_is_refused_with_the_closest(
    client: TestClient[Litestar], name: str, closest: str
) -> None:
    body = refused(client, {**READING, "metrics": {"views": 1, name: 1}})
    assert repr(name) in body["detail"]
    assert repr(closest) in body["detail"] or not closest
    assert all(known in body["hint"] for known in CANONICAL)


def test_a_native_name_has_its_form(client: TestClient[Litestar]) -> None:
    for name in ("x_tube", "x_", "X_tube_a", "x_tube_", "x_1_a", "x_tube_A", "x_tube_" + "a" * 80):
        refused(client, {**READING, "metrics": {name: 1}})


def test_a_counter_is_a_whole_number(client: TestClient[Litestar]) -> None:
    wrong: list[object] = [-1, 1.5, 2.0, "1", True, 10**15 + 1, 2**63, 2**64, 10**400, 1e300, [], {}]
    for value in wrong:
        refused(client, {**READING, "metrics": {"views": value}})
        refused(client, {**READING, "metrics": {"x_tube_stars": value}})


def test_an_average_is_not_negative(client: TestClient[Litestar]) -> None:
    for value in (-0.5, "1", 1e300, 10**400):
        refused(client, {**READING, "metrics": {"avg_view_seconds": value}})


def test_only_native_metrics_of_the_post_have_kinds(client: TestClient[Litestar]) -> None:
    for kinds in ({"views": "gauge"}, {"x_tube_b": "gauge"}, {"x_tube_a": "daily"}):
        refused(client, {**READING, "metrics": {"views": 1, "x_tube_a": 1}, "kinds": kinds})


VIEWS = 1_000
WRONG: list[dict[str, object]] = [
    {"observed_at": "2026-03-09T10:00:00"},
    {"observed_at": "2026-03-10T12:00:00.000001Z"},
    {"observed_at": "1989-12-31T23:59:59Z"},
    {"observed_at": "0001-01-01T00:00:00+14:00"},
    {"observed_at": 1_773_000_000},
    {"published_at": 7},
    {"platform": "Tube"},
    {"platform": ""},
    {"external_id": ""},
    {"external_id": "a b"},
    {"external_id": "a\x00"},
    {"external_id": 7},
    {"external_id": "\u200b\ufeff"},
    {"title": None},
    {"platform": "x", "url": "https://x.com/a/status/1990000000000001234"},
    {"links": {"variant": "a", "unknown": "b"}},
    {"links": {"variant": ""}},
    {"metrics": {}},
    {"metrics": None},
    {"metrics": {f"x_tube_m{n}": 1 for n in range(101)}},
    {"views": 5},
]


def test_a_wrong_entry_stores_nothing_of_the_call(client: TestClient[Litestar]) -> None:
    for change in WRONG:
        refused(client, READING, {**READING, "external_id": "v2", **change})


@pytest.mark.parametrize(
    ("change", "shown", "words"),
    [
        ({"title": "a\x00b"}, {"title": "a b"}, "title: control characters were taken out"),
        ({"title": "x" * 20_001}, {"title": "x" * 20_000}, "title: cut at 20,000 of 20,001 characters"),
        ({"description": "a\x07"}, {"description": "a "}, "description: control characters were taken out"),
        ({"url": "javascript:alert(1)"}, {"url": ""}, "is no web address and was left out"),
        ({"url": "x.org/a"}, {"url": "https://x.org/a"}, "url: https:// was written before it"),
        ({"content_type": "carousel-experiment"}, {"content_type": "caption"}, "kept as caption"),
        ({"content_type": "VIDEO"}, {"content_type": "video"}, None),
        ({"published_at": "soon"}, {"published_at": None}, "published_at: 'soon' is no day like"),
        ({"published_at": "2200-01-01T00:00:00Z"}, {"published_at": None}, "outside 1970 to 2199"),
        ({"published_at": "9999-12-31T23:59:59-14:00"}, {"published_at": None}, "is on no calendar"),
        ({"external_id": "v\u200b1\ufeff"}, {"external_id": "v1"}, None),
        ({"external_id": "7301234567890120000"}, {}, "external_id: 7301234567890120000 looks rounded"),
    ],
)
def test_what_describes_a_post_costs_none_of_its_numbers(
    client: TestClient[Litestar], change: dict[str, Any], shown: dict[str, Any], words: str | None
) -> None:
    bare = {name: value for name, value in READING.items() if name not in ("published_at",)}
    (ended,) = ingest(client, {**bare, **change})["posts"]
    assert ended["outcome"] == "stored"
    assert [words in note for note in ended.get("notes", [])] == ([] if words is None else [True])
    detail = client.get("/v1/posts/1").json()["data"]
    assert detail["summary"]["metrics"]["views"] == VIEWS
    assert {name: detail["post"][name] for name in shown} == shown


def test_entries_that_contradict_each_other_name_each_other(client: TestClient[Litestar]) -> None:
    body = refused(client, READING, {**READING, "external_id": "v2"}, {**READING, "metrics": {"views": 90}})
    assert body["detail"].startswith("posts[0]: Contradicts entry 2: views of tube v1 at ")
    assert body["detail"].endswith(f"is {VIEWS} here and 90 there.")
    done = ingest(client, READING, {**READING, "metrics": {"saves": 9}})
    assert len(done["posts"]) == 2


def test_an_id_with_characters_that_nobody_sees_is_the_same_post(client: TestClient[Litestar]) -> None:
    for external_id in ("v1", "v1\u200b", "\ufeffv\u00ad1"):
        ingest(client, {**READING, "external_id": external_id})
    assert [post["external_id"] for post in client.get("/v1/posts").json()["data"]] == ["v1"]
    made = client.post("/v1/posts", json={"platform": "tube", "external_id": "v\u200b9"})
    assert made.json()["data"]["external_id"] == "v9"
    assert client.post("/v1/posts", json={"platform": "tube", "external_id": "v9"}).status_code == 409
    problem(
        client.post("/v1/posts", json={"platform": "tube", "external_id": "\u200b"}), 400, "invalid_input"
    )


def test_a_brand_with_characters_that_nobody_sees_is_the_same_brand(client: TestClient[Litestar]) -> None:
    for brand in ("Nord", "\u200bNord\ufeff", "No\u00adrd\u00a0"):
        ingest(client, READING, brand=brand)
    assert [each["name"] for each in client.get("/v1/brands").json()["data"]] == ["Nord"]


def test_the_number_of_entries_has_a_limit(client: TestClient[Litestar]) -> None:
    refused(client)
    refused(client, *[{**READING, "external_id": f"v{n}"} for n in range(501)])
    full = ingest(client, *[{**READING, "external_id": f"v{n}"} for n in range(500)])
    assert len(full["posts"]) == 500


def test_a_full_call_of_largest_numbers_adds_up(client: TestClient[Litestar]) -> None:
    """The limit of a value is chosen so that sums stay integers of the database."""
    largest = {"views": 10**15, "likes": 10**15, "comments": 10**15, "shares": 10**15, "saves": 10**15}
    ingest(client, *[{**READING, "external_id": f"v{n}", "metrics": largest} for n in range(500)])
    earned = client.get("/v1/analytics/overview").json()["data"]["earned"]
    assert (earned["views"], earned["engagements"]) == (500 * 10**15, 2_000 * 10**15)


def test_new_posts_get_the_brand_of_the_call(client: TestClient[Litestar]) -> None:
    ingest(client, READING, brand="Nord & Süd")
    (brand,) = client.get("/v1/brands").json()["data"]
    assert (brand["name"], brand["slug"]) == ("Nord & Süd", "nord-sud")
    assert client.get("/v1/posts/1").json()["data"]["post"]["brand_id"] == brand["id"]
    ingest(client, {**READING, "brand": "nord-sud", "external_id": "v2"})
    assert client.get("/v1/posts/2").json()["data"]["post"]["brand_id"] == brand["id"]
    other = client.post("/v1/ingest", json={"posts": [READING], "brand": "West"})
    problem(other, 409, "conflict")
    assert len(client.get("/v1/brands").json()["data"]) == 1  # refused as a whole, the new brand with it


def test_one_call_is_one_brand(client: TestClient[Litestar]) -> None:
    for one, two in (({"brand": "a"}, {"brand": "b"}), ({"brand": "a"}, {})):
        refused(client, {**READING, **one}, {**READING, "external_id": "v2", **two})
    refused(client, {**READING, "brand": "a"}, {**READING, "external_id": "v2"}, brand="b")


def test_a_late_reading_moves_the_day_it_belongs_to(client: TestClient[Litestar], clock: Clock) -> None:
    ingest(client, {**READING, "observed_at": "2026-03-08T12:00:00Z", "metrics": {"views": 100}})
    clock.forward(days=1)
    ingest(client, {**READING, "observed_at": "2026-03-10T12:00:00Z", "metrics": {"views": 300}})
    ingest(client, {**READING, "observed_at": "2026-03-09T12:00:00Z", "metrics": {"views": 250}})
    answer = client.get(
        "/v1/posts/1/analytics", params={"start_date": "2026-03-07", "end_date": "2026-03-10"}
    ).json()
    assert [day["earned"].get("views") for day in answer["data"]["daily"]] == [None, 100, 150, 50]
    assert answer["data"]["daily"][0]["reason"] == "not_published"
    assert answer["meta"]["window"] == {
        "start_date": "2026-03-07",
        "end_date": "2026-03-10",
        "time_zone": "UTC",
        "clamped": False,
    }


def test_readings_are_paged_by_day(client: TestClient[Litestar]) -> None:
    days = ["2026-03-05", "2026-03-06", "2026-03-08", "2026-03-09"]
    ingest(client, *[{**READING, "observed_at": f"{day}T10:00:00Z"} for day in days])
    first = client.get("/v1/posts/1/observations", params={"days": 3}).json()
    assert [each["date"] for each in first["data"]] == days[:0:-1]
    rest = client.get("/v1/posts/1/observations", params={"before": first["meta"]["next_before"]}).json()
    assert [each["date"] for each in rest["data"]] == days[:1]
    assert rest["meta"] == {"next_before": None}


def entry(**change: Any) -> dict[str, Any]:
    """A reading of a post that tells its hour."""
    return {
        "platform": "youtube",
        "external_id": "v1",
        "observed_at": "2026-02-21T10:00:00Z",
        "metrics": {"views": 7},
        **change,
    }


def test_entries_that_contradict_each_other_refuse_the_call_and_are_named(
    client: TestClient[Litestar],
) -> None:
    for other in (
        {"metrics": {"views": 5}},
        {"published_at": "2026-02-20T10:00:00Z", "metrics": {"likes": 1}},
    ):
        rows = [entry(published_at="2026-02-20T08:00:00Z"), entry(external_id="v2"), entry(**other)]
        body = problem(client.post("/v1/ingest", json={"posts": rows}), 400, "invalid_input")
        assert body["detail"].startswith("posts[0]: Contradicts entry 2: ")
        assert client.get("/v1/posts").json()["data"] == []
    alike = [entry(), entry(metrics={"likes": 3}), entry(published_on="2026-02-20")]
    assert client.post("/v1/ingest", json={"posts": alike}).status_code == 200


def test_the_same_key_and_body_are_answered_as_before_and_store_nothing(client: TestClient[Litestar]) -> None:
    def send(key: str, views: int) -> Any:
        body = {"posts": [entry(metrics={"views": views}), entry(external_id="v2")]}
        return client.post("/v1/ingest", json=body, headers={"Idempotency-Key": key})

    first = send("a", 7).json()
    assert send("b", 5).json()["data"]["run_id"] == 2
    assert send("a", 7).json() == first
    views = [reading["values"]["views"] for reading in client.get("/v1/posts/1/observations").json()["data"]]
    assert views == [5, 7]
    # Another key is another call: what was replaced is told anew, and counts.
    send("c", 7)
    (latest, *_) = client.get("/v1/posts/1/observations").json()["data"]
    assert (latest["values"], latest["replaced"]) == ({"views": 7}, False)
    body = problem(send("a", 8), 409, "conflict")
    assert "run 1" in body["detail"]


def test_a_day_and_an_instant_at_once_are_refused(client: TestClient[Litestar]) -> None:
    for field, day in (("observed", "2026-02-21"), ("published", "2026-02-20")):
        row = {**entry(published_at="2026-02-20T10:00:00Z"), f"{field}_on": day}
        body = problem(client.post("/v1/ingest", json={"posts": [row]}), 400, "invalid_input")
        assert f"posts[0].{field}_at and posts[0].{field}_on" in body["detail"]


def test_a_day_has_no_hour(client: TestClient[Litestar]) -> None:
    row = {**entry(), "observed_on": "2026-02-21", "published_on": "2026-02-20"}
    del row["observed_at"]
    client.post("/v1/ingest", json={"posts": [row]})
    post = client.get("/v1/posts/1").json()["data"]["post"]
    assert (post["published_at"], post["published_on"]) == (None, "2026-02-20")
    (reading,) = client.get("/v1/posts/1/observations").json()["data"]
    assert (reading["date"], reading["observed_at"]) == ("2026-02-21", None)
    assert (reading["published_at"], reading["published_on"]) == (None, "2026-02-20")
    row["observed_on"] = "2026-03-29"
    problem(client.post("/v1/ingest", json={"posts": [row]}), 400, "invalid_input")
