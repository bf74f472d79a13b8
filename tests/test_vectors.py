"""Every recorded case of the original system: kept, corrected on purpose, expected later, or dropped.

The cases lie beside this repository and not in it. `keep` means that ours is the same; `corrected` that the
original's answer was wrong, is named here, and the true one comes out. None is left out in silence: a case
of a surface that is not built stands under the route or module that will bring it, and fails when that is
there.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from afterpost.domain.ages import DAY, HOUR, interval_at
from afterpost.domain.openings import opening_of
from afterpost.domain.performance import performance_of
from afterpost.domain.posting_time import hour_label
from afterpost.domain.posts import learning_type
from afterpost.domain.rates import direction, engagements, growth, rate
from afterpost.domain.windows import resolve_window
from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.services.catalogue import add_organization
from afterpost.services.core import Core, open_core
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, at, day, settings_in, tell, told
from packages.core.tests.services.scenery import ASKED, fix_a
from tests.running import SHARED

FILE = SHARED / "reference" / "vectors.json"
VECTORS: dict[str, dict[str, Any]] = (
    {each["id"]: each for each in json.loads(FILE.read_text("utf-8"))} if FILE.exists() else {}
)
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the original's cases are not here ({FILE.name})")

ALL_PARTS = frozenset({"likes", "comments", "shares", "saves"})


class Place:
    """An installation with a clock set by hand, asked over HTTP."""

    def __init__(self, core: Core, clock: Clock, client: "TestClient[Any]") -> None:
        self.core, self.clock, self.client = core, clock, client
        key = core.settings.api_key
        self.client.headers.update({"Authorization": f"Bearer {key}"})

    def get(self, path: str, **query: object) -> Any:
        """The data of an answer."""
        answer = self.client.get(f"/v1{path}", params={k: str(v) for k, v in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock, settings = Clock(), settings_in(tmp_path)
    core = open_core(settings, build_plugins(settings, {}, installed=[]), clock=clock)
    with TestClient(build_app(core)) as client:
        yield Place(core, clock, client)


Check = Callable[[Place, Any, Any], None]
"""(place, the case's input, what the original answered) -> asserts."""


# --- rates, growth, engagements ---


def overview_of_sums(place: Place, given: Any, original: Any) -> None:
    """Saves are engagements as well, and from 0 nothing grows: the original says 18, and 0 or 100 %."""
    sums = {name.removeprefix("total").lower(): n for name, n in given["current"]["_sum"].items()}
    before = {name.removeprefix("total").lower(): n for name, n in given["previous"]["_sum"].items()}
    assert (engagements(sums), original["totalEngagement"]) == (25, 18)
    assert growth(sums["views"], before["views"]) is None
    assert growth(engagements(sums), engagements(before)) is None
    assert original["viewsGrowth"] in {0, 100}


def overview_of_rows(place: Place, given: Any, original: Any) -> None:
    """The rate is a ratio of sums, where the original averages snapshots to 5.5."""
    now, before = given["current"], given["previous"]
    assert engagements(now) == original["totalEngagement"]
    assert (rate(engagements(now), now["views"]), original["avgEngagementRate"]) == (8.5, 5.5)
    assert growth(now["views"], before["views"]) is None
    assert original["growth"] == {"engagement": 0, "posts": 0, "views": 0}


def nothing_grows(place: Place, given: Any, original: Any) -> None:
    """Without data growth is unknown; the original says 0."""
    assert set(place.get("/analytics/overview")["growth"].values()) == {None}
    assert set(original["growth"].values()) == {0}


def trend(place: Place, given: Any, original: Any) -> None:
    """Engagements against the week before; without one there is no percentage, where the original says 0 or
    100 %."""
    now, before = engagements(given["current"]), engagements(given["previous"])
    percent = growth(now, before)
    if not given["previous"]:
        assert (percent, direction(percent)) == (None, None)
        assert original["percentageChange"] in {0, 100}
        return
    assert now == original.get("currentEngagement", now)
    assert before == original.get("previousEngagement", before)
    assert direction(percent) == original["direction"]
    assert percent == pytest.approx(original.get("percentageChange", percent))


def plain_rate(place: Place, given: Any, original: Any) -> None:
    """The same formula; the original has two more that give other results."""
    assert rate(engagements(given), given["views"]) == original["engagementRate"]


# --- windows ---


def default_window(place: Place, given: Any, original: Any) -> None:
    window = resolve_window(at(given["now"][:16].replace("T", " ")), "UTC")
    assert (window.start, window.end) == (day(original["start"][:10]), day(original["end"][:10]))


def clamped_window(place: Place, given: Any, original: Any) -> None:
    now = at(given["now"][:16].replace("T", " "))
    window = resolve_window(now, "UTC", day(given["start"]), day(given["end"]))
    assert (window.end, window.clamped) == (day(original["end"][:10]), True)


def previous_window(place: Place, given: Any, original: Any) -> None:
    before = resolve_window(at("2026-08-10"), "UTC", day(given["start"]), day(given["end"])).previous()
    assert (before.start, before.end) == tuple(
        day(original[name][:10]) for name in ("previousStart", "previousEnd")
    )


def one_day_window(place: Place, given: Any, original: Any) -> None:
    """One day is a window; the original refuses it."""
    window = resolve_window(at("2026-08-10"), "UTC", day(given["start"]), day(given["end"]))
    assert window.days == 1
    assert original["error"] == "startDate must be before endDate"


# --- series and boards ---


def series(place: Place, given: Any, original: Any) -> None:
    """A day without data is unknown and says why; the original fills every platform with zeros."""
    (row,) = given["rows"]
    values = {name: row[name] for name in ("views", "likes", "comments", "shares", "saves")}
    tell(place.core, told("a", at("2025-01-01 12:00"), values, published_at=at("2025-01-01 08:00")))
    days = place.get(
        "/analytics/timeseries", platform="youtube", start_date="2025-01-01", end_date="2025-01-02"
    )
    assert len(days) == original["length"]
    kept = {name: days[0]["earned"][name] for name in values}
    assert kept == {name: original["0.youtube"][name] for name in values}
    assert original["1.youtube"] == "zeros"
    assert set(days[1]["earned"].values()) == {None}
    assert set(days[1]["missing"].values()) == {"not_collected"}


def board_entry(place: Place, given: Any, original: Any) -> None:
    """Growth without a previous is unknown; the original says 100 %."""
    now = given["current"]
    assert engagements(now) == original["totalEngagement"]
    assert (growth(engagements(now), None), original["growth"]) == (None, 100)


def board_growth(place: Place, given: Any, original: Any) -> None:
    """Of what was earned, and not rounded; the original's two sums are of lifetime totals."""
    assert growth(given["currentEngagement"], given["previousEngagement"]) == original["growth"]


def board_limit(place: Place, given: Any, original: Any) -> None:
    for n in range(given["orgs"] - 1):
        add_organization(place.core, EVERYTHING, ACTOR, f"Organisation {n}")
    board = place.get("/analytics/organizations/leaderboard", limit=given["limit"])
    assert len(board) == original["length"]
    assert {each["earned"]["views"] for each in board} == {None}  # those with nothing stand in it


def brand_entry(place: Place, given: Any, original: Any) -> None:
    """What was earned, where the original sums lifetime totals; its platforms are a question of their own."""
    now = given["current"]
    values = {name: now[name] for name in ("views", "likes", "comments", "shares", "saves")}
    for platform, part in zip(now["platforms"], (values, {"likes": 0}), strict=True):
        entry = told("a", at("2026-11-20"), part, published_at=at("2026-11-20 08:00"), platform=platform)
        tell(place.core, entry, brand="Nord")
    (brand,) = place.get("/analytics/brands/leaderboard")
    assert brand["earned"]["views"] == original["totalViews"]
    assert brand["earned"]["engagements"] == original["totalEngagement"]
    seen = {each["name"] for each in place.get("/analytics/platforms", brand_id=brand["id"])}
    assert seen == set(original["activePlatforms"])


def earned_on(place: Place, read: str, values: Mapping[str, int], post: str = "a") -> None:
    """A post that is read within hours of its publication, so that its totals are what it earned."""
    entry = told(post, at(f"{read} 12:00"), values, published_at=at(f"{read} 08:00"), asked=ASKED)
    tell(place.core, entry)


def breakdown(place: Place, given: Any, original: Any) -> None:
    sums = given.get("_sum", given)
    values = {name.removeprefix("total").lower(): n for name, n in sums.items()}
    earned_on(place, "2026-11-20", values)
    found = place.get("/analytics/engagement")
    assert found["total"] == original["total"]
    for name in ALL_PARTS:
        assert found["parts"][name]["earned"] == original[name]
        wanted = original.get(f"{name}Percentage", original.get(f"percentages.{name}~"))
        if wanted is not None:
            assert found["parts"][name]["share"] == pytest.approx(wanted, abs=0.01)


def day_against_a_period(place: Place, given: Any, original: Any) -> None:
    """A day is compared with the day before; the original compares it with a whole period's total, so that
    what grew reads as +50 % or -20 %."""
    ((said,), before) = (original, given["previous"])
    metric = "views" if said["value"] == given["current"][0]["views"] else "engagements"
    total = int(before["views"] if metric == "views" else engagements(before) or 0)
    # Ten equal days make up the previous period; the next one earned what the case says.
    for n in range(10):
        earned_on(place, f"2026-11-{11 + n}", {"views": total // 10, "likes": total // 10}, f"p{n}")
    earned_on(place, "2026-11-21", {"views": said["value"], "likes": said["value"]}, "last")
    asked = {"start_date": "2026-11-21", "end_date": "2026-11-21"}
    found = place.get("/analytics/growth", **asked)[metric]
    assert (found["current"], found["previous"]) == (said["value"], total / 10)
    assert (found["growth"], found["direction"]) == (1_000 * said["value"] / total - 100, "up")
    assert said["growth"] == 100 * (said["value"] - total) / total


def prompts(place: Place, given: Any, original: Any) -> None:
    for case in given["rows"]:
        values = {"views": case["views"], "likes": round(case["er"] * case["views"] / 100)}
        entry = told(
            case["post"],
            at("2026-11-20 12:00"),
            values,
            published_at=at("2026-11-20 08:00"),
            asked=values,
            description=case["description"],
        )
        tell(place.core, entry)
    found = place.get("/content-performance/summary/prompt-performance")
    assert [(each["prompt"], each["engagement_rate"], each["posts"], each["exposed"]) for each in found] == [
        (said["promptSnippet"], said["avgEngagementRate"], said["totalPosts"], said["totalViews"])
        for said in original
    ]


# --- the history the original was run on ---


def steady_truth(place: Place, given: Any, original: Any) -> None:
    fix_a(place.core)
    found = place.get("/analytics/overview", brand_id=1)
    assert found["earned"]["views"] == original["viewsGained7d"]
    assert found["previous"]["views"] == original["previousViewsGained"]
    assert found["growth"]["views"] == pytest.approx(original["viewsGrowth"])
    assert found["lifetime"]["views"] == original["latestCumulativeViews"]


def steady_overview(place: Place, given: Any, original: Any) -> None:
    """770 views and two posts; the original counts 7,700 and 14, and a growth of 233 %."""
    fix_a(place.core)
    found = place.get("/analytics/overview", brand_id=1)
    assert (found["earned"]["views"], original["totalViews"]) == (770, 7_700)
    assert (found["posts"], original["totalPosts"]) == (2, 14)
    assert (round(found["growth"]["views"]), round(original["growth"]["views"])) == (17, 233)
    assert found["earned"]["engagements"] == original["totalEngagement"] / 10


def steady_week(place: Place, given: Any, original: Any) -> None:
    """Each post once; the original lists p2 five times."""
    fix_a(place.core)
    week = place.get("/content-performance/summary/weekly", brand_id=1)
    assert original["postIds"] == ["p2"] * 5
    assert [each["external_id"] for each in week["top"]] == ["p2", "p1"]
    assert original["worstPostIds"] == ["p1"] * 5
    assert [each["external_id"] for each in week["worst"]] == ["p1", "p2"]
    assert original["topHooks"] == ["Hook p2"] * 5
    assert [each["text"] for each in week["hooks"]] == ["Hook p2", "Hook p1"]
    change = week["week_over_week"]["engagements"]
    assert (change["direction"], round(change["growth"], 1)) == ("up", 16.7)
    assert round(original["trend"]["percentageChange"]) == 233


def steady_hours(place: Place, given: Any, original: Any) -> None:
    """Hours of publication, with saves; the original counts none, or reads the hour of a date: always 0."""
    fix_a(place.core)
    week = place.get("/content-performance/summary/weekly", brand_id=1)
    hours = {each["hour"]: (each["posts"], each["engagement_rate"]) for each in week["posting_hours"]}
    assert hours == {9: (1, 12.0), 14: (1, 40.0)}
    said = {each["hour"]: each["avgEngagementRate"] for each in original}
    assert said in ({14: 30, 9: 11}, {0: 20.5})


def steady_series(place: Place, given: Any, original: Any) -> None:
    """110 views each day; the original says 0 for every platform."""
    fix_a(place.core)
    days = place.get("/analytics/timeseries", brand_id=1, platform="youtube")
    assert [each["earned"]["views"] for each in days] == [110] * 7
    assert original == "every platform object is all zeros for every day"


def steady_platforms(place: Place, given: Any, original: Any) -> None:
    """7,770 views of three posts; the original sums lifetimes, counts rows, and shows a tenant both."""
    fix_a(place.core)
    (said,) = original
    (whole,) = place.get("/analytics/platforms")
    assert (whole["earned"]["views"], whole["posts"]) == (7_770, 3)
    assert (said["totalViews"], said["totalPosts"]) == (77_700, 21)
    (own,) = place.get("/analytics/platforms", brand_id=1)
    assert (own["earned"]["views"], own["posts"]) == (770, 2)


def steady_reading(place: Place, given: Any, original: Any) -> None:
    """A metric that is not told today loses nothing; the original books -13 saves."""
    fix_a(place.core)
    tell(place.core, told("p1", place.clock.now, given["provider"]))
    place.clock.advance(timedelta(days=1))
    today = place.get("/posts/1/analytics", start_date="2026-11-22", end_date="2026-11-22")["daily"][0]
    assert today["earned"] == {
        "views": original["totalViewsIncrement"],
        "likes": original["totalLikesIncrement"],
        "comments": original["totalCommentsIncrement"],
    }
    assert original["totalSavesIncrement"] == -13


def steady_board(place: Place, given: Any, original: Any) -> None:
    """7,000 against 770; the original says 70,000 against 7,700, both grown by 233 %."""
    fix_a(place.core)
    board = place.get("/analytics/brands/leaderboard")
    assert [(each["rank"], each["earned"]["views"], each["posts"]) for each in board] == [
        (said["rank"], said["totalViews"] / 10, said["totalPosts"]) for said in original
    ]
    assert [round(each["growth"]["views"], 2) for each in board] == [16.67, 16.67]
    assert {said["growth"] for said in original} == {233.33}


# --- the text for a prompt ---


def context_of_nothing(place: Place, given: Any, original: Any) -> None:
    """Nothing was learned; the original says that engagement is stable at 0 %."""
    found = place.get("/content-performance/summary/generation-context")
    assert found["evidence"] == "none"
    assert found["context"].startswith("Nothing was learned from ")
    assert "STABLE 0%" in original


def context_of_little(place: Place, given: Any, original: Any) -> None:
    """One post on each of two platforms tells neither an hour nor a platform apart; the original names the
    best of both as if it did."""
    for platform, each in zip(("instagram", "tiktok"), given["platforms"], strict=True):
        assert platform == each["platform"]
        entry = told(
            platform,
            at("2026-11-18"),
            {"views": 100, "likes": each["er"]},
            published_at=at(f"2026-11-17 {given['bestHour']}:00"),
            asked=("views", "likes"),
            platform=platform,
            title=given["topTitles"][0],
        )
        tell(place.core, entry)
    found = place.get("/content-performance/summary/generation-context")
    assert f'"{given["topTitles"][0]}" (' in found["context"]
    assert "No posting time is clearly better" in found["context"]
    assert "tiktok (9.0 %) and instagram (3.0 %) can't be told apart yet." in found["context"]
    assert found["evidence"] == "weak"
    assert "Best posting time: 2PM. Best platform: tiktok." in original


def hour_as_people_say_it(place: Place, given: Any, original: Any) -> None:
    """By a clock of 24 hours, as on every surface; the original says 12AM, 12PM, 2PM."""
    assert hour_label(given["hour"]) == {"12AM": "00:00", "12PM": "12:00", "2PM": "14:00"}[original]


# --- the loop ---


def learned_once_over(place: Place, given: Any, original: Any) -> None:
    top = original["topPerformers[0]"]
    metrics = ("views", "likes", "comments")
    place.clock.now = at("2026-04-16 12:00")
    entry = told(
        "clip",
        place.clock.now,
        {name: top[name] for name in metrics},
        published_at=at("2026-04-15 10:00"),
        title=top["title"],
        description=f"{original['topHooks'][0]}.\nThen the rest.",
        asked=metrics,
    )
    tell(place.core, entry)
    asked = {"start_date": given["startDate"][:10], "top_n": given["topN"], "worst_n": given["worstN"]}
    path = "/content-performance/summary/weekly"
    assert place.get(path, **asked, end_date="2026-04-15")["top"] == []
    place.clock.now = at(given["now"][:16].replace("T", " "))
    week = place.get(path, **asked, end_date=given["endDate"][:10])
    (found,) = week["top"]
    assert (found["title"], found["engagement_rate"]) == (top["title"], top["engagementRate"])
    assert (found["exposed"], found["engagements"]) == (top["views"], top["likes"] + top["comments"])
    (said,) = original["avgEngagementByPlatform"]
    (platform,) = week["platforms"]
    assert (platform["name"].upper(), platform["posts"]) == (said["platform"], said["totalPosts"])
    assert platform["engagement_rate"] == said["avgEngagementRate"]
    assert [each["text"] for each in week["hooks"]] == original["topHooks"]


def opening(place: Place, given: Any, original: Any) -> None:
    assert [opening_of(given["description"], given["label"])] == original
    assert opening_of("", given["label"]) == given["label"]
    assert opening_of("", "") is None


def row(place: Place, given: Any, original: Any) -> None:
    made = performance_of(given, ALL_PARTS)
    assert made.performance_score == original["performanceScore"]
    assert made.engagement_rate == original.get("engagementRate", 100)


def row_without_views(place: Place, given: Any, original: Any) -> None:
    """Without exposure there is no rate; the original says 0."""
    made = performance_of(given, ALL_PARTS)
    assert (made.engagement_rate, made.performance_score) == (None, None)
    assert (original["engagementRate"], original["performanceScore"]) == (0, 0)


def kind_of_content(place: Place, given: Any, original: Any) -> None:
    assert learning_type(given["category"]) == original


def next_read(place: Place, given: Any, original: Any) -> None:
    age = timedelta(days=given["ageDays"] or 0)
    assert interval_at(age) == {"24h": DAY, "7d": 7 * DAY, "1h": HOUR}[original["delay"]]


def no_account(place: Place, given: Any, original: Any) -> None:
    """Nothing is written, and the caller is told why; the original writes a line into its log."""
    tell(place.core, told("a", at("2026-11-20"), {"views": 5}, asked=ASKED))
    before = place.get("/posts/1/observations")
    answer = place.client.post("/v1/posts/1/refresh-analytics")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert len(place.get("/posts/1/observations")) - len(before) == original["writes"]
    assert original["log"] == "Missing credential"


CHECKS: Mapping[str, Check] = {
    "GV-1": overview_of_sums,
    "GV-2": overview_of_sums,
    "GV-7": breakdown,
    "GV-8": series,
    "GV-9": overview_of_rows,
    "GV-11": nothing_grows,
    "GV-15": breakdown,
    "GV-17": day_against_a_period,
    "GV-19": day_against_a_period,
    "GV-23": board_entry,
    "GV-24": board_growth,
    "GV-26": board_limit,
    "GV-27": brand_entry,
    "GV-51": learned_once_over,
    "GV-52": default_window,
    "GV-55": clamped_window,
    "GV-56": previous_window,
    "GV-58": one_day_window,
    "GV-59": one_day_window,
    **dict.fromkeys(("GV-60", "GV-61", "GV-62", "GV-63", "GV-64"), trend),
    "GV-67": prompts,
    "GV-69": opening,
    "GV-77": row,
    "GV-78": row_without_views,
    "GV-71": context_of_nothing,
    "GV-72": context_of_little,
    **dict.fromkeys(("GV-73", "GV-75", "GV-76"), hour_as_people_say_it),
    "GV-79": row,
    **dict.fromkeys(("GV-89", "GV-90", "GV-91", "GV-92", "GV-93"), kind_of_content),
    **dict.fromkeys(("GV-109", "GV-110", "GV-111"), next_read),
    "GV-123": no_account,
    "GV-125": plain_rate,
    "GV-135": steady_truth,
    "GV-136": steady_overview,
    "GV-137": steady_week,
    "GV-138": steady_hours,
    "GV-139": steady_hours,
    "GV-140": steady_series,
    "GV-141": steady_platforms,
    "GV-143": steady_reading,
    "GV-144": steady_board,
}
"""Case -> what has to hold."""

LATER: Mapping[str, str] = {
    **dict.fromkeys(("GV-35", "GV-36", "GV-37", "GV-39", "GV-145"), "business"),
    **dict.fromkeys(
        ("GV-40", "GV-41", "GV-42", "GV-43", "GV-44", "GV-45", "GV-46", "GV-48", "GV-49"), "business"
    ),
    **dict.fromkeys(("GV-84", "GV-85", "GV-86", "GV-87", "GV-88"), "variants"),
}
"""Case -> the module of `domain` that will hold its formula: business analytics, scores of variants."""

DROPPED = frozenset(
    {
        *("GV-32", "GV-81", "GV-101", "GV-103", "GV-114", "GV-115", "GV-119"),
        *("GV-126", "GV-128", "GV-129", "GV-130", "GV-132"),
    }
)
"""Cases of surfaces that are not ours: shapes of requests, files and logs, and names for what is missing."""


@pytest.mark.parametrize("key", CHECKS)
def test_a_case_comes_out(place: Place, key: str) -> None:
    case = VECTORS[key]
    CHECKS[key](place, case["input"], case["expected"])


def test_none_is_left_out_and_each_stands_in_one_place() -> None:
    tables = [*CHECKS, *LATER, *DROPPED]
    assert sorted(tables) == sorted(VECTORS)
    assert {key for key, case in VECTORS.items() if case["status"] == "dropped"} == DROPPED
    assert len(VECTORS) == 84


def test_a_corrected_case_says_what_the_original_answers() -> None:
    silent = {steady_truth, plain_rate}  # the first is the truth itself, the second the same by luck
    for key, check in CHECKS.items():
        if VECTORS[key]["status"] == "corrected" and check not in silent:
            assert "original" in (check.__doc__ or ""), key


def test_a_later_case_is_tried_as_soon_as_its_module_is_there() -> None:
    assert importlib.util.find_spec("afterpost.domain.rates") is not None
    built = [key for key, name in LATER.items() if importlib.util.find_spec(f"afterpost.domain.{name}")]
    assert built == [], "write the checks of these cases"
