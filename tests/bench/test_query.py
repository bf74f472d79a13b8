"""Query: each surface through its service function, at 1 M and 10 M snapshots, against DuckDB over the facts.

DuckDB has the same facts as a native table and two threads, and is asked for the same answer, which is
asserted. Both sides take turns. `1m` is one organisation alone, `10m` the same one between others: a question
must not cost more for the neighbours' facts, and no more than three times as much for an organisation that
has three times as many posts. Each is asked twice: with the coverage of its window counted anew, as DuckDB
counts it, which is what the floors are of, and as the product answers when another question about the window
was answered before. Summing facts in SQL, on the same SQLite file, stands beside it once.
"""

import base64
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from afterpost.domain.ranking import Evidence, rank_key, shrunk
from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, day_number
from afterpost.loading import build_plugins
from afterpost.services.advice import hooks, posting_advice
from afterpost.services.boards import leaderboard, platforms
from afterpost.services.core import Core, open_core
from afterpost.services.earned import distinct, earned_of, previous_sums, window_sums
from afterpost.services.kept import Kept
from afterpost.services.overview import overview
from afterpost.services.question import Question, asking
from afterpost.services.rankings import LOOK_BACK, MIN_AGE, ranking
from afterpost.services.series import timeseries
from afterpost.services.weekly import weekly
from afterpost.settings import Settings
from afterpost.storage.types import from_micros, to_micros
from tests.bench.data import ASKED, SEED, TODAY, now_of
from tests.bench.duck import RANKED, SHOWN, Duck
from tests.bench.report import Paired, report
from tests.bench.stock import BIG, MEDIAN, stock

TURNS = int(os.environ.get("AFTERPOST_BENCH_TURNS", "9"))
DAYS = 7
WINDOW = Window(TODAY - timedelta(days=DAYS), TODAY - timedelta(days=1))
START, END = day_number(WINDOW.start), day_number(WINDOW.end)
QUESTION = Question(start=WINDOW.start, end=WINDOW.end)
LISTED = 5
FLOORS = {
    **dict.fromkeys(
        ("overview", "platforms", "timeseries", "brands", "organizations", "week_over_week"), 2.0
    ),
    **dict.fromkeys(("top", "worst", "distinct"), 1 / 3),
}
"""Least speed as a multiple of DuckDB's."""


class Surface(NamedTuple):
    """One question both sides are asked; `same` brings our answer into the form of theirs."""

    ours: Callable[[Core, Scope], Any]
    theirs: Callable[[Duck], Any]
    same: Callable[[Any], Any]


def _totals(totals: Any) -> tuple[Any, ...]:
    return tuple(getattr(totals, name) for name in SHOWN)


def _same_overview(answer: Any) -> Any:
    data, meta = answer
    return (
        _totals(data.earned),
        _totals(data.previous),
        _totals(data.lifetime),
        data.posts,
        data.brands,
        data.active_platforms,
        _attended(meta),
    )


def _attended(meta: Any) -> tuple[Any, ...]:
    return meta.coverage.expected, meta.coverage.observed, meta.provisional


def _same_boards(key: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def same(answer: Any) -> Any:
        data, meta = answer
        found = [(key(each), each.posts, _totals(each.earned), _totals(each.previous)) for each in data]
        return sorted(found), _attended(meta)

    return same


def _same_series(answer: Any) -> Any:
    data, meta = answer
    return [(day_number(point.start_date), *_totals(point.earned)) for point in data], _attended(meta)


def _same_ranking(answer: Any) -> Any:
    data, _, meta = answer
    return [each.post_id for each in data.posts], _attended(meta)


def _earned_twice(core: Core, scope: Scope) -> Any:
    with asking(core, scope, QUESTION) as asked:
        return _totals(earned_of(window_sums(asked))), _totals(earned_of(previous_sums(asked)))


def _distinct(core: Core, scope: Scope) -> Any:
    with asking(core, scope, QUESTION) as asked:
        return distinct(asked)[None]


def _ranked(duck: Duck, worst: bool) -> Any:
    """Their totals, ranked as ours are: the arithmetic is Python's on both sides."""
    since = to_micros(WINDOW.begins_at() - LOOK_BACK)
    until = to_micros(WINDOW.ends_at() - MIN_AGE)
    posts, evidence = [], []
    for post, account, platform, kind, published, *counts in duck.standings(since, until):
        totals = dict(zip(RANKED, counts, strict=True))
        exposed = totals["views"] if totals["views"] is not None else totals["impressions"]
        engaged = sum(totals[part] for part in ASKED[platform] if part not in ("views", "impressions"))
        posts.append((post, exposed, from_micros(published)))
        evidence.append(Evidence(engaged, exposed, ((platform, account, kind), platform)))
    rates = shrunk(evidence)
    ranked = sorted(
        (rank_key(-1.0 if rate is None else 100 * rate, exposed, published, post), post)
        for (post, exposed, published), rate in zip(posts, rates, strict=True)
        if exposed >= 10
    )
    return [post for _, post in (ranked[::-1] if worst else ranked)[:LISTED]], duck.coverage()


SURFACES: dict[str, Surface] = {
    "overview": Surface(lambda c, s: overview(c, s, QUESTION), Duck.overview, _same_overview),
    "platforms": Surface(
        lambda c, s: platforms(c, s, QUESTION),
        lambda d: (d.by("platform"), d.coverage()),
        _same_boards(lambda e: e.name),
    ),
    "timeseries": Surface(
        lambda c, s: timeseries(c, s, QUESTION), lambda d: (d.timeseries(), d.coverage()), _same_series
    ),
    "brands": Surface(
        lambda c, s: leaderboard(c, s, "brands", QUESTION),
        lambda d: (d.by("brand_id"), d.coverage()),
        _same_boards(lambda e: e.id),
    ),
    "organizations": Surface(
        lambda c, s: leaderboard(c, Scope.default(), "organizations", QUESTION),
        lambda d: (d.by("organization_id", everywhere=True), d.coverage(everywhere=True)),
        _same_boards(lambda e: e.id),
    ),
    "week_over_week": Surface(_earned_twice, Duck.week_over_week, lambda a: a),
    "top": Surface(
        lambda c, s: ranking(c, s, QUESTION, limit=LISTED), lambda d: _ranked(d, False), _same_ranking
    ),
    "worst": Surface(
        lambda c, s: ranking(c, s, QUESTION, worst=True, limit=LISTED),
        lambda d: _ranked(d, True),
        _same_ranking,
    ),
    "distinct": Surface(_distinct, Duck.distinct, lambda a: a),
}


ALONE: dict[str, Callable[[Core, Scope], Any]] = {
    "posting times": lambda c, s: posting_advice(c, s),
    "hooks": lambda c, s: hooks(c, s),
    "weekly": lambda c, s: weekly(c, s, QUESTION),
}
"""Surfaces that DuckDB has no question for."""
MOST = dict.fromkeys(("posting times", "hooks"), 1_000)
"""Milliseconds, of the median organisation between the others."""
FLATNESS, SIZE = "time at 10 M / at 1 M", "time of the big / the median"
FLAT, BIGGER = 1.3, 3.0
"""How many times as long as alone it may take between others, and for the big one as for a median one."""


@contextmanager
def core_on(sqlite: Path, folder: Path) -> Iterator[Core]:
    """A core on that file, which nothing is collected into."""
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{sqlite}",
        time_zone="UTC",
        api_key="a-key-only-benches-know",
        secret_key=base64.b64encode(b"32 bytes that only benches know!").decode(),
        accept=("several_organizations",),
    )
    core = open_core(settings, build_plugins(settings, {}, installed=[]), clock=now_of)
    try:
        yield core
    finally:
        core.database.close()


def timed(work: Callable[[], Any]) -> float:
    """Seconds it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_surfaces_against_duckdb_over_the_same_facts(tmp_path: Path) -> None:
    small, large = stock("1m"), stock("10m")
    until = to_micros(WINDOW.ends_at())
    figures: dict[str, Any] = {"snapshots": {"1m": small.snapshots, "10m": large.snapshots}, "window": DAYS}
    times: dict[tuple[str, str], list[float]] = {}
    with core_on(small.sqlite, tmp_path / "1m") as alone, core_on(large.sqlite, tmp_path / "10m") as among:
        ducks = {
            name: Duck(str(large.facts), organization, START, END, until)
            for name, organization in (("median", MEDIAN), ("big", BIG))
        }
        places = {
            "median": (among, Scope(organizations=frozenset({MEDIAN}))),
            "big": (among, Scope(organizations=frozenset({BIG}))),
            "alone": (alone, Scope(organizations=frozenset({1}))),
        }
        for name, surface in SURFACES.items():
            for place, duck in ducks.items():  # warms both sides as well
                assert surface.same(surface.ours(*places[place])) == surface.theirs(duck), (name, place)
            surface.ours(*places["alone"])
            for _ in range(TURNS):
                for place, (core, scope) in places.items():
                    # Nothing that was kept: they work theirs out each time as well.
                    fresh = replace(core, attended=Kept())
                    seconds = timed(partial(surface.ours, fresh, scope))
                    times.setdefault((name, place), []).append(seconds)
                    seconds = timed(partial(surface.ours, core, scope))
                    times.setdefault((name, f"kept {place}"), []).append(seconds)
                    if place in ducks:
                        seconds = timed(partial(surface.theirs, ducks[place]))
                        times.setdefault((name, f"duckdb {place}"), []).append(seconds)
            figures[name] = _figures(name, times)
        for name, ask in ALONE.items():
            for turn in range(TURNS + 1):
                for place, (core, scope) in places.items():
                    seconds = timed(partial(ask, replace(core, attended=Kept()), scope))
                    if turn:  # the first one warms
                        times.setdefault((name, place), []).append(seconds)
            figures[name] = _spread(name, times, tuple(places))
            if name in MOST:
                figures[name]["at most"] = MOST[name]
        figures["overview"]["against summing facts in SQLite"] = _sums_of_facts(among, times)
        for duck in ducks.values():
            duck.close()
    report("query", SEED, figures)
    assert not _missed(figures)


def _missed(figures: dict[str, Any]) -> list[str]:
    """What is slower than it may be. All organisations together are no organisation's question."""
    slow = [name for name in SURFACES if figures[name]["speed"] < FLOORS[name]]
    late = [name for name in MOST if figures[name]["milliseconds"]["median"] > MOST[name]]
    each = [name for name in (*SURFACES, *MOST) if name != "organizations"]
    uneven = [name for name in each if figures[name][FLATNESS] > FLAT or figures[name][SIZE] > BIGGER]
    return [*slow, *late, *uneven]


def _figures(name: str, times: dict[tuple[str, str], list[float]]) -> dict[str, Any]:
    median_pair = Paired(times[name, "median"], times[name, "duckdb median"])
    big_pair = Paired(times[name, "big"], times[name, "duckdb big"])
    kept_pair = Paired(times[name, "kept median"], times[name, "duckdb median"])
    return {
        **median_pair.figures("DuckDB, native table, 2 threads"),
        "floor": round(FLOORS[name], 3),
        "speed of the big organisation": round(big_pair.speed, 3),
        "speed with coverage kept": round(kept_pair.speed, 3),
        **_spread(name, times, ("median", "big", "alone", "kept median", "kept big", "kept alone")),
    }


def _spread(name: str, times: dict[tuple[str, str], list[float]], places: tuple[str, ...]) -> dict[str, Any]:
    """Times by place, and how they lie to each other."""
    ours, big, alone = (times[name, place] for place in ("median", "big", "alone"))
    return {
        "milliseconds": {place: round(1000 * median(times[name, place]), 2) for place in places},
        FLATNESS: round(median(a / b for a, b in zip(ours, alone, strict=True)), 2),
        SIZE: round(median(a / b for a, b in zip(big, ours, strict=True)), 2),
    }


def _sums_of_facts(core: Core, times: dict[tuple[str, str], list[float]]) -> float:
    """How much longer one of the overview's numbers takes without rollups: gains of the days, summed."""
    sql = (
        "SELECT sum(views_gain), sum(likes_gain) FROM post_analytics "
        f"WHERE day BETWEEN {START} AND {END} AND organization_id = {MEDIAN}"
    )
    with core.database.read() as connection:
        seconds = timed(lambda: connection.exec_driver_sql(sql).all())
    return round(seconds / median(times["overview", "median"]), 1)
