"""The oracle itself, against sums worked out by hand."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from tests.replay.oracle import Oracle, Window

HEADER = "video_id,snapshot_date,published_at,title,channel,category,views,likes,comments\n"
FILE = """\
new,2026-03-02,2026-03-01T10:00:00Z,A,C,Gaming,101,5,
new,2026-03-05,2026-03-01T10:00:00Z,A,C,Music,111,,4
new,2026-03-06,2026-03-01T10:00:00Z,A,C,Music,108,4,6
old,2026-03-02,2026-02-28T11:59:59Z,B,C,Music,1000,50,7
old,2026-03-04,2026-02-28T11:59:59Z,B,C,Music,1007,50,7
early,2026-03-03,2026-03-09T00:00:00Z,D,C,Gaming,3,1,0
"""


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    file = tmp_path / "file.csv.gz"
    file.write_bytes(gzip.compress((HEADER + FILE).encode()))
    return Oracle(file)


def asked(oracle: Oracle, brand: str | None, metric: str, first: int, last: int) -> list[int | None]:
    """What March's days from `first` to `last` earned, one by one."""
    days = [date(2026, 3, day) for day in range(first, last + 1)]
    return [oracle.earned(Window(brand, day, day), metric) for day in days]


def test_gains_are_spread_over_the_days_they_cover(oracle: Oracle) -> None:
    # new: 101 on 1–2 March (50 + 51), 10 on 3–5 (3 + 3 + 4), −3 on the 6th. old: 7 on 3–4 (3 + 4).
    assert asked(oracle, "Music", "views", 1, 7) == [50, 51, 3 + 3, 3 + 4, 4, -3, None]


def test_a_first_total_counts_only_within_48_hours(oracle: Oracle) -> None:
    # old was first read 48 h and 1 s after publication; early before its publication.
    assert asked(oracle, "Music", "likes", 2, 2) == [3]
    assert asked(oracle, "Gaming", "views", 3, 3) == [3]


def test_a_metric_that_first_appears_later_gains_nothing_from_0(oracle: Oracle) -> None:
    # new: comments first on the 5th, then +2; old: 7 and 7. Likes, missing on the 5th, fell from 5 to 4.
    assert asked(oracle, "Music", "comments", 1, 6) == [None, None, 0, 0, None, 2]
    # A window with the whole of both spans earns their totals, one with a part of them nothing of them.
    march = Window("Music", date(2026, 3, 1), date(2026, 3, 6))
    assert (oracle.earned(march, "comments"), oracle.unknown(march, "comments")) == (2 + 4, 1)
    assert oracle.earned(march._replace(start=date(2026, 2, 28)), "comments") == 2 + 4 + 7
    assert asked(oracle, "Music", "likes", 3, 6) == [0, 0, 0, -1]


def test_the_last_possible_publication_counts(tmp_path: Path) -> None:
    """A premiere moves; nothing with views a day and more before can have been published then."""
    row = "a,2026-03-{:02},2026-03-{:02}T10:00:00Z,A,C,Music,{},0,0\n"
    file = tmp_path / "file.csv.gz"
    for lines, day in (
        (((2, 1, 5), (3, 2, 6)), 2),
        (((2, 1, 5), (3, 4, 6)), 1),
        (((2, 1, 0), (3, 4, 6)), 4),
        (((2, 5, 5),), 5),
    ):
        file.write_bytes(gzip.compress((HEADER + "".join(row.format(*line) for line in lines)).encode()))
        assert Oracle(file).videos["a"].published_at.day == day


def test_summing_lifetime_totals_counts_each_again_every_day(oracle: Oracle) -> None:
    march = Window("Music", date(2026, 3, 1), date(2026, 3, 31))
    assert oracle.summed(march, "views") == 101 + 111 + 108 + 1_000 + 1_007
    assert oracle.summed(march, "likes") == 5 + 4 + 50 + 50


def test_lifetime_totals_are_the_last_known_ones(oracle: Oracle) -> None:
    march = [Window("Music", date(2026, 3, 1), date(2026, 3, day)) for day in (1, 2, 5, 31)]
    assert [oracle.lifetime(window, "views") for window in march] == [None, 1101, 1118, 1115]
    assert oracle.lifetime(march[2], "likes") == 5 + 50
    assert oracle.posts(march[3]) == 2


def test_gaps_leave_openings_out(oracle: Oracle) -> None:
    gaps = [("Music", date(2026, 3, 3), date(2026, 3, 5)), ("Music", date(2026, 3, 3), date(2026, 3, 4))]
    assert oracle.gaps() == gaps
