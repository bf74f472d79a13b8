"""A real history through the whole system, against sums worked out straight from the file."""

import os
import random
from datetime import date
from pathlib import Path

import pytest

from tests.replay.context import context
from tests.replay.doubts import by_metric, doubts
from tests.replay.months import Months
from tests.replay.oracle import Oracle, Window, blank, choose
from tests.replay.product import (
    FILE,
    Replayed,
    by_brand,
    by_day,
    cut_by_gap,
    differences,
    needs_file,
    replay,
    unproven,
)
from tests.replay.surfaces import Surfaces
from tests.running import serving

pytestmark = needs_file

SEED = int(os.environ.get("REPLAY_SEED", "20260822"))
WINDOWS = 50
SERIES, BOARDS = 12, 4
"""How many of them are also asked for by day and week, and by brand: the oracle is slow."""
SURFACES = 8
"""How many windows every other surface is asked about."""
CONTEXTS = 16
"""How many the generation context is asked about."""
LIMIT = 240.0
"""Seconds the whole file may take."""


@pytest.fixture(scope="module", params=["as recorded", "5 % blanked"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "as recorded":
        return FILE
    changed = tmp_path_factory.mktemp("file") / FILE.name
    print(f"\n{blank(FILE, changed, 0.05, SEED):,} likes and comments blanked with seed {SEED}")
    return changed


@pytest.fixture(scope="module")
def oracle(file: Path) -> Oracle:
    return Oracle(file)


@pytest.fixture(scope="module")
def replayed(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    done = replay(file, tmp_path_factory.mktemp("replayed"))
    print(f"\nreplayed {done.said['readings']:,} readings in {done.seconds:.0f} s")
    return done


def test_the_whole_file_is_replayed_in_time(replayed: Replayed, oracle: Oracle) -> None:
    readings = sum(len(video.readings) for video in oracle.videos.values())
    assert (replayed.said["days"], replayed.said["readings"]) == (len(oracle.days), readings)
    assert replayed.said["accounts"] == len(oracle.brands)
    assert replayed.seconds < LIMIT


def test_every_number_of_fifty_random_windows_equals_the_sum_from_the_file(
    replayed: Replayed, oracle: Oracle
) -> None:
    windows = choose(oracle, WINDOWS, random.Random(SEED))
    cut = cut_by_gap(oracle, windows)
    print(f"\n{len(windows)} windows with seed {SEED}, {cut} of them cut a gap")
    assert cut >= WINDOWS // 4
    with serving(replayed.data_dir) as client:
        found = differences(client, oracle, windows)
        series = by_day(client, oracle, [window for window in windows if window.brand is not None][:SERIES])
        boards = by_brand(client, oracle, windows[:BOARDS])
    assert found == [], "\n".join(found)
    assert series == [], "\n".join(series)
    assert boards == [], "\n".join(boards)


def test_every_month_says_how_far_its_numbers_can_be_trusted(replayed: Replayed, oracle: Oracle) -> None:
    with serving(replayed.data_dir) as client:
        months = Months(client, oracle)
        found = [each for month in months.windows() for each in months.differences(month)]
    assert found == [], "\n".join(map(str, found))


def test_every_other_surface_says_what_the_file_says(replayed: Replayed, oracle: Oracle) -> None:
    windows = [w for w in choose(oracle, WINDOWS, random.Random(SEED + 1)) if w.brand is not None][:SURFACES]
    windows.append(Window(None, oracle.days[-40], oracle.days[-34]))
    names = random.Random(SEED).sample(sorted(oracle.videos), 50)
    with serving(replayed.data_dir) as client:
        surfaces = Surfaces(client, oracle)
        found = [each for window in windows for each in surfaces.differences(window)]
        found += [each for name in names for each in surfaces.post(name)]
    assert found == [], "\n".join(map(str, found))


def test_what_a_prompt_is_told_is_what_the_file_says(replayed: Replayed, oracle: Oracle) -> None:
    windows = choose(oracle, WINDOWS, random.Random(SEED + 2))[:CONTEXTS]
    windows.append(Window(None, oracle.days[-40], oracle.days[-34]))
    with serving(replayed.data_dir) as client:
        surfaces = Surfaces(client, oracle)
        found = [each for window in windows for each in context(surfaces, window)]
    assert found == [], "\n".join(map(str, found))


def test_every_doubt_is_one_that_the_file_gives(replayed: Replayed, oracle: Oracle, file: Path) -> None:
    with serving(replayed.data_dir) as client:
        differ, told = doubts(client, oracle)
    assert differ == [], "\n".join(differ)
    fell = by_metric(told, "backwards", "became_zero")
    print(f"\n{fell} totals fell, {by_metric(told, 'became_null')} are absent after a reading that had them")
    if file == FILE:
        assert fell == {"views": 203, "likes": 1_525, "comments": 743}


def test_the_proof_is_what_the_file_says(replayed: Replayed, oracle: Oracle, file: Path) -> None:
    march = Window(None, date(2026, 3, 1), date(2026, 3, 31))
    assert unproven(replayed.data_dir, oracle, march) == []
    summed, earned = oracle.summed(march, "views"), oracle.earned(march, "views")
    if file == FILE:
        # The figures of README.md and docs/numbers.md.
        assert (summed, earned) == (15_698_256_077, 1_178_746_520)
