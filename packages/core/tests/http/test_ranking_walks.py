"""Every ranking, page by page: each entry once, in its own order, with a total that stays; unknown is last,
after negative, from either end."""

from collections.abc import Mapping
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from packages.core.tests.http.calls import ingest
from packages.core.tests.http.toy import Clock

WINDOW = {"start_date": "2026-03-03", "end_date": "2026-03-09"}
SORTS = ("engagement_rate", "views", "engagements")
METRICS = ("posts", "views", "likes", "comments", "shares", "saves", "engagements", "engagement_rate")


def read(name: str, published: str, day: str, views: int | None, likes: int, **more: Any) -> dict[str, Any]:
    """A reading at noon, of a post published at eight."""
    exposure = "impressions" if views is None else "views"
    return {
        "platform": "tube",
        "external_id": name,
        "published_at": f"{published}T08:00:00Z",
        "observed_at": f"{day}T12:00:00Z",
        "metrics": {exposure: 50_000 if views is None else views, "likes": likes},
        **more,
    }


POSTS: Mapping[str, list[dict[str, Any]]] = {
    "Up": [
        read("up", "2026-03-03", "2026-03-03", 100, 10),
        read("up", "2026-03-03", "2026-03-05", 300, 30),
        # Equal in all but their ids.
        *(read(f"same-{n}", "2026-03-04", "2026-03-05", 200, 8) for n in range(3)),
        # Equal but for when they came out, and but for the exposure.
        read("newer", "2026-03-05", "2026-03-06", 200, 8),
        read("more", "2026-03-04", "2026-03-05", 400, 16),
    ],
    "Fell": [
        read("fell", "2026-03-01", "2026-03-01", 500, 50),
        read("fell", "2026-03-01", "2026-03-05", 460, 40),
    ],
    "Flat": [
        read("flat", "2026-03-01", "2026-03-01", 500, 25),
        read("flat", "2026-03-01", "2026-03-05", 500, 25),
    ],
    # Nothing is known of it in the window.
    "Quiet": [read("quiet", "2026-02-20", "2026-02-20", 9_000, 5)],
    # Reports no views.
    "Shown": [
        read("shown", "2026-03-03", "2026-03-03", None, 70, platform="gram"),
        read("shown", "2026-03-03", "2026-03-04", None, 90, platform="gram"),
    ],
    "Empty": [],
}


@pytest.fixture
def filled(client: TestClient[Litestar], clock: Clock) -> TestClient[Litestar]:
    """Posts that earned something, nothing, less than nothing, and nobody knows what."""
    for brand, readings in POSTS.items():
        if not readings:
            client.post("/v1/brands", json={"name": brand})
        for reading in readings:
            ingest(client, reading, brand=brand)
    return client


def walked(client: TestClient[Litestar], path: str, size: int, **asked: str) -> tuple[list[Any], set[int]]:
    """All entries, a page at a time, and each total that was told on the way."""
    found: list[Any] = []
    totals: set[int] = set()
    query = {**WINDOW, **asked, "limit": str(size)}
    while True:
        response = client.get(path, params=query)
        assert response.status_code == 200, response.text
        data, meta = response.json()["data"], response.json()["meta"]
        page = data if isinstance(data, list) else data["posts"]
        assert len(page) == size or meta["next_cursor"] is None
        found += page
        totals.add(meta["total"])
        if meta["next_cursor"] is None:
            return found, totals
        query["cursor"] = meta["next_cursor"]


def place(value: float | None, exposed: float | None, published: str, identity: int, sign: int) -> Any:
    """Where an entry belongs: `sign` -1 from the best, 1 from the worst."""
    sized = [(each is None, 0 if each is None else sign * each) for each in (value, exposed)]
    day = sign * int(published[:10].replace("-", ""))
    return (*sized, day, -sign * identity)


RANKINGS = [
    *(("/v1/analytics/" + end, {"sort": sort}) for end in ("top", "worst") for sort in SORTS),
    ("/v1/content-performance/summary/top-performers", {}),
    ("/v1/content-performance/summary/worst-performers", {}),
]


@pytest.mark.parametrize(("path", "asked"), RANKINGS)
def test_a_ranking_of_posts_is_walked_to_its_end(
    filled: TestClient[Litestar], path: str, asked: dict[str, str]
) -> None:
    sort = asked.get("sort", "engagement_rate")
    whole, _ = walked(filled, path, 50, **asked)
    assert {post["external_id"] for post in whole} == {
        reading["external_id"] for readings in POSTS.values() for reading in readings
    }

    def where(post: Any) -> Any:
        value = post["shrunk_rate"] if sort == "engagement_rate" else post["earned"][sort]
        sign = 1 if "worst" in path else -1
        return place(value, post["exposed"], post["published_at"], post["post_id"], sign)

    assert whole == sorted(whole, key=where)
    for size in (1, 2, 3, 7):
        assert walked(filled, path, size, **asked) == (whole, {len(whole)})
    if sort == "views":
        earned = [post["earned"]["views"] for post in whole]
        assert earned.count(None) == 2
        assert any(each is not None and each < 0 for each in earned)
        assert None not in earned[:-2]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("of", ["brands", "organizations"])
def test_a_board_is_walked_to_its_end(filled: TestClient[Litestar], of: str, metric: str) -> None:
    path = f"/v1/analytics/{of}/leaderboard"
    whole, _ = walked(filled, path, 50, metric=metric)
    if of == "brands":
        assert {one["name"] for one in whole} == set(POSTS)

    def where(one: Any) -> Any:
        value = one[metric] if metric in ("posts", "engagement_rate") else one["earned"][metric]
        return place(value, one["earned"]["views"], "0", one["id"], -1)

    assert whole == sorted(whole, key=where)
    assert [one["rank"] for one in whole] == list(range(1, len(whole) + 1))
    for size in (1, 2, 3):
        assert walked(filled, path, size, metric=metric) == (whole, {len(whole)})


def test_prompts_are_walked_to_their_end(client: TestClient[Litestar], clock: Clock) -> None:
    path = "/v1/content-performance/summary/prompt-performance"
    for n, (prompt, likes) in enumerate((("a", 5), ("b", 9), ("c", 5), ("b", 0), ("d", 1))):
        ingest(client, read(f"p{n}", "2026-03-04", "2026-03-05", 200, likes, title=prompt))
    whole, totals = walked(client, path, 50)
    assert [(each["prompt"], each["engagement_rate"]) for each in whole] == [
        ("a", 2.5),
        ("c", 2.5),
        ("b", 2.25),
        ("d", 0.5),
    ]
    assert totals == {4}
    for size in (1, 2, 3):
        assert walked(client, path, size) == (whole, {4})


def test_a_board_by_posts(filled: TestClient[Litestar]) -> None:
    whole, _ = walked(filled, "/v1/analytics/brands/leaderboard", 50, metric="posts")
    assert [(one["name"], one["posts"]) for one in whole][:1] == [("Up", 6)]
    assert {one["name"]: one["posts"] for one in whole}["Empty"] == 0


@pytest.mark.parametrize("path", ["/v1/analytics/brands", "/v1/analytics/organizations"])
def test_a_list_by_id_says_how_many_there_are(filled: TestClient[Litestar], path: str) -> None:
    whole, totals = walked(filled, path, 1)
    assert totals == {len(whole)}


def test_an_unknown_number_of_a_platform_stands_after_a_negative_one(
    client: TestClient[Litestar], clock: Clock
) -> None:
    ingest(client, *POSTS["Fell"])
    ingest(client, *POSTS["Shown"])
    platforms = client.get("/v1/analytics/platforms", params=WINDOW).json()["data"]
    assert [(each["name"], each["earned"]["views"]) for each in platforms] == [("tube", -30), ("gram", None)]
    weekly = client.get("/v1/content-performance/summary/weekly", params=WINDOW).json()["data"]
    assert [(each["name"], each["views"]) for each in weekly["platforms"]] == [("tube", -30), ("gram", None)]
