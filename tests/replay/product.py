"""What Afterpost says: a file replayed by its command, its numbers asked for over HTTP."""

import json
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.replay.oracle import METRICS, Oracle, Window, previous
from tests.running import SHARED, get, run

FILE = SHARED / "data" / "yt_trending_africa.csv.gz"

needs_file = pytest.mark.skipif(not FILE.exists(), reason=f"the recorded history {FILE.name} is not here")


class Replayed(NamedTuple):
    """A data directory that holds a replayed file, how long that took, and what the command said."""

    data_dir: Path
    seconds: float
    said: dict[str, Any]


def words_of(file: Path, until: date | None) -> list[str]:
    """The command line of a replay by category."""
    words = ["replay", str(file), "--platform", "youtube", "--brand-from", "category", "--json"]
    return words if until is None else [*words, "--until", until.isoformat()]


def replay(file: Path, data_dir: Path, until: date | None = None, timeout: float = 600) -> Replayed:
    """`afterpost replay FILE`, in a process of its own."""
    data_dir.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    said = json.loads(run(data_dir, *words_of(file, until), timeout=timeout))
    return Replayed(data_dir, time.perf_counter() - began, said)


def differences(client: httpx.Client, oracle: Oracle, windows: Iterable[Window]) -> list[str]:
    """Where the overview over HTTP and the sums from the file differ, one line each."""
    brands = {brand["name"]: brand["id"] for brand in get(client, "/v1/brands")["data"]}
    found = [f"brands {sorted(brands)} are not {oracle.brands}"] if sorted(brands) != oracle.brands else []
    for window in windows:
        answer = get(
            client,
            "/v1/analytics/overview",
            start_date=window.start.isoformat(),
            end_date=window.end.isoformat(),
            brand_id=None if window.brand is None else brands[window.brand],
        )
        said, meta, told = answer["data"], answer["meta"]["window"], answer["meta"]
        asked = {"start_date": window.start.isoformat(), "end_date": window.end.isoformat()}
        compared = [("window", meta | asked, meta), ("posts", oracle.posts(window), said["posts"])]
        for metric in METRICS:
            compared += [
                (f"earned {metric}", oracle.earned(window, metric), said["earned"][metric]),
                (f"previous {metric}", oracle.earned(previous(window), metric), said["previous"][metric]),
                (f"lifetime {metric}", oracle.lifetime(window, metric), said["lifetime"][metric]),
                (
                    f"undated {metric}",
                    sum(each.total for each in oracle.undated(window, metric)),
                    told["undated"].get(metric, {"total": 0})["total"],
                ),
                (
                    f"unknown {metric}",
                    oracle.unknown(window, metric),
                    told["unknown_openings"].get(metric, 0),
                ),
            ]
        where = f"{window.brand or 'all brands'} {window.start}..{window.end}"
        found += [
            f"{where}: {what} is {product}, the file says {truth}"
            for what, truth, product in compared
            if product != truth
        ]
    return found


def unproven(data_dir: Path, oracle: Oracle, window: Window) -> list[str]:
    """Where `afterpost proof` and the file differ about a window of all brands."""
    days = ("--start", window.start.isoformat(), "--end", window.end.isoformat())
    said = {row["metric"]: row for row in json.loads(run(data_dir, "proof", *days, "--json"))["data"]}
    found = [] if sorted(said) == sorted(METRICS) else [f"it tells of {sorted(said)}"]
    for metric in METRICS:
        truth = (oracle.summed(window, metric), oracle.earned(window, metric))
        if (said[metric]["summed"], said[metric]["earned"]) != truth:
            found.append(f"{metric}: {said[metric]}, the file says {truth}")
    return found


def by_day(client: httpx.Client, oracle: Oracle, windows: Iterable[Window]) -> list[str]:
    """Where the series by day and by week, and the file, differ."""
    brands = {brand["name"]: brand["id"] for brand in get(client, "/v1/brands")["data"]}
    found = []
    for window in windows:
        asked = {
            "start_date": window.start.isoformat(),
            "end_date": window.end.isoformat(),
            "brand_id": None if window.brand is None else brands[window.brand],
        }
        for group_by in ("day", "week"):
            for point in get(client, "/v1/analytics/timeseries", group_by=group_by, **asked)["data"]:
                start, end = (date.fromisoformat(point[name]) for name in ("start_date", "end_date"))
                for metric in METRICS:
                    truth = oracle.on_days(Window(window.brand, start, end), metric)
                    said = point["earned"][metric]
                    if said != truth or (said is None) != (metric in point["missing"]):
                        where = f"{window.brand} {start}..{end}"
                        found.append(f"{where}: {metric} is {said}, the file says {truth}")
    return found


def by_brand(client: httpx.Client, oracle: Oracle, windows: Iterable[Window]) -> list[str]:
    """Where the board of brands and the file differ, in numbers or in order."""
    found = []
    for window in windows:
        asked = {"start_date": window.start.isoformat(), "end_date": window.end.isoformat()}
        board = get(client, "/v1/analytics/brands/leaderboard", limit=50, **asked)["data"]
        if sorted(each["name"] for each in board) != oracle.brands:
            found.append(f"{window.start}..{window.end} lists {[each['name'] for each in board]}")
        for each in board:
            own = Window(each["name"], window.start, window.end)
            compared: list[tuple[str, int | None, Any]] = [("posts", oracle.posts(own), each["posts"])]
            for metric in METRICS:
                before = oracle.earned(previous(own), metric)
                compared += [
                    (metric, oracle.earned(own, metric), each["earned"][metric]),
                    (f"previous {metric}", before, each["previous"][metric]),
                ]
            found += [
                f"{own}: {what} is {said}, the file says {truth}"
                for what, truth, said in compared
                if said != truth
            ]
        ranked = [each["earned"]["views"] for each in board]
        if ranked != sorted(ranked, key=lambda views: (views is None, -(views or 0))):
            found.append(f"{window.start}..{window.end} is ranked {ranked}")
    return found


def cut_by_gap(oracle: Oracle, windows: Iterable[Window]) -> int:
    """How many of the windows begin or end inside a gap, so that a gain is shared between two windows."""
    return sum(
        any(
            (window.brand in (None, brand)) and (first < window.start <= last or first <= window.end < last)
            for brand, first, last in oracle.gaps()
        )
        for window in windows
    )
