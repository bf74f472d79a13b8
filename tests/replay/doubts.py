"""What is doubtful in a snapshot file, worked out straight from it, and what the product says of it.

The rules are written down again from docs/numbers.md; nothing of Afterpost is imported.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import httpx

from tests.replay.oracle import METRICS, Oracle, Video
from tests.running import get

Key = tuple[str, str, str, date, str]
"""Kind, brand, metric, day, severity."""
DAYS = 4
"""Days a request: one page holds their flaws, even where a twentieth of the file is blanked."""


def in_the_file(oracle: Oracle) -> dict[Key, int]:
    """How many videos each flaw of a day concerns; coverage and ratios left out."""
    found: dict[Key, int] = {}
    falls: dict[tuple[str, str, date], list[tuple[int, int]]] = defaultdict(list)
    lost: dict[tuple[str, str, date], int] = defaultdict(int)
    kept: dict[tuple[str, str, date], int] = defaultdict(int)
    moves: dict[tuple[str, str], dict[date, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for video in oracle.videos.values():
        for metric in METRICS:
            for day, before, now, there_before in _steps(video, metric):
                at = (video.brand, metric, day)
                if now is None:
                    lost[at] += there_before
                    continue
                kept[at] += 1
                if before is not None:
                    moves[video.brand, metric][day].append(now != before)
                    if now < before:
                        falls[at].append((before, now))
    for (brand, metric, day), pairs in falls.items():
        zero = [pair for pair in pairs if pair[1] == 0 and pair[0] >= 10]
        rest = [pair for pair in pairs if pair not in zero]
        large = any(b - n >= 10 and 100 * (b - n) > 5 * b for b, n in rest)
        if zero:
            found["became_zero", brand, metric, day, "warning"] = len(zero)
        if rest:
            found["backwards", brand, metric, day, "warning" if large else "note"] = len(rest)
    for (brand, metric, day), count in lost.items():
        if count:
            grave = count >= 3 and 2 * count >= count + kept[brand, metric, day]
            found["became_null", brand, metric, day, "warning" if grave else "note"] = count
    for (brand, metric), days in moves.items():
        for day, count in _frozen(days):
            found["frozen", brand, metric, day, "warning"] = count
    return found


def beyond_in_the_file(oracle: Oracle, start: date, end: date) -> dict[Key, int]:
    """How many videos have an impossible ratio on a day of [start, end], under the last such day."""
    beyond: dict[tuple[str, str], dict[int, date]] = defaultdict(dict)
    for number, video in enumerate(oracle.videos.values()):
        for day, values in video.readings.items():
            if start <= day <= end and "views" in values:
                likes, comments = values.get("likes", 0), values.get("comments", 0)
                if likes >= 100 and likes > values["views"]:
                    beyond["likes", video.brand][number] = day
                if likes + comments >= 100 and likes + comments > 2 * values["views"]:
                    beyond["engagements", video.brand][number] = day
    return {
        ("impossible_ratio", brand, metric, max(posts.values()), "warning"): len(posts)
        for (metric, brand), posts in beyond.items()
    }


def _steps(video: Video, metric: str) -> list[tuple[date, int | None, int | None, bool]]:
    """(day, last known total, total, whether the reading before had one) of each reading."""
    steps = []
    known: int | None = None
    there = False
    for day in sorted(video.readings):
        total = video.readings[day].get(metric)
        steps.append((day, known, total, there))
        there = total is not None
        known = known if total is None else total
    return steps


def _frozen(days: dict[date, list[bool]]) -> list[tuple[date, int]]:
    found: list[tuple[date, int]] = []
    for day in sorted(days):
        frozen_before = {each for each, _ in found}
        usual = [
            moved
            for earlier, posts in days.items()
            if day - timedelta(days=14) <= earlier < day and earlier not in frozen_before
            for moved in posts
        ]
        habit = len(
            [d for d in days if day - timedelta(days=14) <= d < day and d not in frozen_before and days[d]]
        )
        today = days[day]
        if any(today) or len(today) < 5 or habit < 3:
            continue
        if (1 - sum(usual) / len(usual)) ** len(today) < 1e-6:
            found.append((day, len(today)))
    return found


def told(client: httpx.Client, start: date, end: date) -> dict[Key, int]:
    """What `GET /v1/quality` tells of the days [start, end]; coverage left out."""
    brands = {brand["id"]: brand["name"] for brand in get(client, "/v1/brands")["data"]}
    owners = {account["id"]: brands[account["brand_id"]] for account in get(client, "/v1/accounts")["data"]}
    answer = get(client, "/v1/quality", start_date=start.isoformat(), end_date=end.isoformat(), limit=200)
    assert answer["meta"]["total"] == len(answer["data"]), "more flaws than one page holds"
    found: dict[Key, int] = {}
    for flaw in answer["data"]:
        if flaw["kind"] != "low_coverage":
            found[_key(flaw, owners)] = flaw["posts"]
    return found


def _key(flaw: dict[str, Any], owners: dict[int, str]) -> Key:
    day = date.fromisoformat(flaw["day"])
    return (flaw["kind"], owners[flaw["account_id"]], flaw["metric"], day, flaw["severity"])


def doubts(client: httpx.Client, oracle: Oracle) -> tuple[list[str], dict[Key, int]]:
    """Where the two differ, one line each; and all that the product tells, over all days of the file."""
    differ: list[str] = []
    everything: dict[Key, int] = {}
    of_days = in_the_file(oracle)
    start = oracle.days[0]
    while start <= oracle.days[-1]:
        end = min(start + timedelta(days=DAYS - 1), oracle.days[-1])
        truth = {key: count for key, count in of_days.items() if start <= key[3] <= end}
        truth |= beyond_in_the_file(oracle, start, end)
        said = told(client, start, end)
        differ += [
            f"{key} concerns {said.get(key)} posts, the file says {truth.get(key)}"
            for key in sorted(truth.keys() | said.keys())
            if truth.get(key) != said.get(key)
        ]
        everything |= said
        start = end + timedelta(days=1)
    return differ, everything


def by_metric(told_: Mapping[Key, int], *kinds: str) -> dict[str, int]:
    """Metric -> posts that flaws of those kinds concern."""
    return {m: sum(n for key, n in told_.items() if key[0] in kinds and key[2] == m) for m in METRICS}
