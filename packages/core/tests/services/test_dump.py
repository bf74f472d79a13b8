"""The canonical dump: the same facts give the same bytes, however and whenever they came in."""

import json
import random
from collections import Counter
from datetime import timedelta

import pytest

from afterpost.domain.metrics import Kind
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.dump import canonical
from afterpost.services.ingest import Entry
from packages.core.tests.house import EVERYTHING, NOW, Clock, MakeCore, at, day, synced, tell, told

SECRETS = ("run_id", "recorded_at", "created_at", "change_seq", "credential", "due_at", "misses")


def readings() -> list[tuple[Entry, str]]:
    """Readings of two brands, each with its brand: gaps, decreases, gauges, daily series, a second reading a
    day."""
    found = []
    for post in range(6):
        for n in range(8):
            values = {"views": 100 * n * (post + 1) - (40 if n == 5 else 0), "likes": 3 * n + post}
            found.append(
                told(
                    f"v{post}", at(f"2026-11-{3 + n * (1 + post % 2):02d} 1{post}:0{n}"), values,
                    published_at=at(f"2026-11-0{1 + post % 3}"), asked=("views", "likes", "comments"),
                    content_type="video", title=f"Post {post}",
                )
            )  # fmt: skip
        found.append(
            told(
                f"v{post}", at("2026-11-20 18:00"), {"x_toy_stars": 4.5, "avg_view_seconds": 12},
                published_at=at(f"2026-11-0{1 + post % 3}"), kinds={"x_toy_stars": Kind.GAUGE},
                daily={day("2026-11-19"): {"views": 7.0}, day("2026-11-18"): {"views": 7.5}},
                content_type="video", title=f"Post {post}",
            )
        )  # fmt: skip
        found.append(
            told(
                f"v{post}", at("2026-11-21 18:00"), {"watch_time_seconds": 400},
                published_at=at(f"2026-11-0{1 + post % 3}"),
                daily={day("2026-11-19"): {"views": 7.0}}, content_type="video", title=f"Post {post}",
            )
        )  # fmt: skip
    brands = ("Corner Bakery", "Tidewater")
    return [(entry, brands[int(entry.external_id[1:]) % 2]) for entry in found]


def fill(core: Core, told_in: list[tuple[Entry, str]], size: int) -> None:
    """Tell the readings in that order, in batches."""
    for start in range(0, len(told_in), size):
        for brand in ("Corner Bakery", "Tidewater"):
            batch = [entry for entry, of in told_in[start : start + size] if of == brand]
            if batch:
                tell(core, *batch, brand=brand)


def dumped(core: Core, scope: Scope = EVERYTHING) -> bytes:
    """The whole dump."""
    return b"".join(canonical(core, scope))


@pytest.mark.parametrize("seed", range(5))
def test_order_batches_and_time_of_storing_do_not_matter(
    make_core: MakeCore, clock: Clock, seed: int
) -> None:
    first = make_core("first")
    everything = readings()
    fill(first, everything, len(everything))
    synced(first)
    expected = dumped(first)
    clock.now = NOW + timedelta(minutes=seed)
    second = make_core("second")
    shuffled = [*everything, *random.Random(seed).sample(everything, 10)]
    random.Random(seed).shuffle(shuffled)
    fill(second, shuffled, 1 + seed * 3)
    for _ in range(2):
        synced(second)
    assert dumped(second) == expected


def test_every_fact_is_in_it_and_nothing_of_its_storing(core: Core) -> None:
    fill(core, readings(), 20)
    synced(core)
    lines = [json.loads(line) for line in dumped(core).splitlines()]
    count = Counter(line["table"] for line in lines)
    assert set(count) == {
        *("organizations", "brands", "posts", "observations", "daily_metrics", "post_analytics", "latest"),
        *("rollups", "standing", "attendance", "openings", "content_performance"),
    }
    assert (count["posts"], count["observations"], count["brands"]) == (6, 6 * 10, 2)
    for line in lines:
        assert not {*SECRETS, "id", "post_id", "brand_id", "account_id", "organization_id"} & set(line)
        assert None not in line.values()
        assert 0 not in [value for key, value in line.items() if line["table"] in ("rollups", "standing")]
    snapshot = next(
        line for line in lines if line["table"] == "post_analytics" and line["day"] == "2026-11-04"
    )
    assert snapshot == {
        "table": "post_analytics",
        "organization": "default",
        "platform": "youtube",
        "external_id": "v0",
        "day": "2026-11-04",
        "prev_day": "2026-11-03",
        "offers": ["likes", "comments"],
        "source": "api",
        "views_total": 100,
        "views_gain": 100,
        "views_days": 1,
        "likes_total": 3,
        "likes_gain": 3,
        "likes_days": 1,
    }


def test_equal_daily_values_count_once_whichever_came_first(make_core: MakeCore) -> None:
    def entry(hour: int, value: float) -> Entry:
        return told("p", at(f"2026-11-20 {hour:02d}:00"), {}, daily={day("2026-11-19"): {"views": value}})

    told_in = [entry(8, 5.0), entry(9, 5.0), entry(10, 6.5), entry(11, 5.0)]
    forwards, backwards = make_core("forwards"), make_core("backwards")
    for one in told_in:
        tell(forwards, one)
    for one in reversed(told_in):
        tell(backwards, one)
    assert dumped(forwards) == dumped(backwards)
    rows = [json.loads(line) for line in dumped(forwards).splitlines() if b'"daily_metrics"' in line]
    assert [(row["observed_at"][11:13], row["value"]) for row in rows] == [("08", 5), ("10", 6.5), ("11", 5)]


def test_a_scope_narrows_it(core: Core) -> None:
    fill(core, readings(), 100)
    lines = [json.loads(line) for line in dumped(core, Scope(brands=frozenset({1}))).splitlines()]
    assert {line["external_id"] for line in lines if line["table"] == "posts"} == {"v0", "v2", "v4"}
    assert {line.get("brand") for line in lines if line["table"] == "rollups"} == {"corner-bakery"}
    assert [line["slug"] for line in lines if line["table"] == "brands"] == ["corner-bakery"]


def test_a_row_a_line_in_sorted_order(core: Core) -> None:
    fill(core, readings(), 7)
    lines = [json.loads(line) for line in dumped(core).splitlines()]
    for table, key in (
        ("observations", ("platform", "external_id", "observed_at", "digest")),
        ("post_analytics", ("platform", "external_id", "day")),
        ("rollups", ("brand", "platform", "content_type", "day")),
    ):
        rows = [tuple(line[name] for name in key) for line in lines if line["table"] == table]
        assert rows == sorted(set(rows))
