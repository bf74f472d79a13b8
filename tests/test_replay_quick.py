"""The first days of a real history through the whole system; `tests/replay` takes all of it."""

import random
from datetime import timedelta
from pathlib import Path

from tests.replay.doubts import by_metric, doubts
from tests.replay.oracle import Oracle, Window, choose
from tests.replay.product import FILE, cut_by_gap, differences, needs_file, replay, unproven
from tests.replay.surfaces import Surfaces
from tests.running import serving

pytestmark = needs_file

DAYS = 25
SEED = 25


def test_numbers_of_random_windows_and_all_doubts_equal_those_from_the_file(tmp_path: Path) -> None:
    until = Oracle(FILE).days[0] + timedelta(days=DAYS - 1)
    oracle = Oracle(FILE, until)
    windows = choose(oracle, 30, random.Random(SEED))
    assert cut_by_gap(oracle, windows) >= 5
    assert replay(FILE, tmp_path, until, timeout=180).said["days"] == DAYS
    assert unproven(tmp_path, oracle, Window(None, oracle.days[7], oracle.days[-1])) == []
    with serving(tmp_path) as client:
        found = differences(client, oracle, windows)
        differ, told = doubts(client, oracle)
        surfaces = Surfaces(client, oracle)
        differ_elsewhere = [each for window in windows[:6] for each in surfaces.differences(window)]
        differ_elsewhere += [each for name in list(oracle.videos)[:20] for each in surfaces.post(name)]
    assert found == [], "\n".join(found)
    assert differ_elsewhere == [], "\n".join(map(str, differ_elsewhere))
    assert differ == [], "\n".join(differ)
    assert all(by_metric(told, "backwards").values())
