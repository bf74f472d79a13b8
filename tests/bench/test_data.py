"""The made-up facts are the ones the real path stores."""

from pathlib import Path

from afterpost.storage.dump import TABLES
from tests.bench.data import Size, population
from tests.bench.fill import EVERYTHING, append, opened, record_all


def test_appended_facts_are_those_of_the_real_path(tmp_path: Path) -> None:
    posts = population(Size(posts=400, days=25, organizations=3))
    appended, recorded = opened(tmp_path / "appended.db", posts), opened(tmp_path / "recorded.db", posts)
    count = append(appended, posts)
    record_all(recorded, posts)
    with appended.read() as ours, recorded.read() as theirs:
        for name, rows in TABLES.items():
            assert list(rows(ours, EVERYTHING)) == list(rows(theirs, EVERYTHING)), name
        assert len(list(TABLES["post_analytics"](ours, EVERYTHING))) == count > 5_000
    appended.close()
    recorded.close()
