"""Posting-time advice where the truth is known: how often it is wrong, how often it finds what is there.

Figures go to stdout and to `power.json` (AFTERPOST_POWER_DIR); the table of docs/posting-time.md is made of
them. Every history has a seed of its own, so the same code gives the same figures on every machine.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from afterpost.domain.posting_time import PostingTimes, posting_times
from packages.core.tests.domain.simulated import HOUR, NULLS, dated, uniform

UTC = ZoneInfo("UTC")
HISTORIES = 1_000
"""Without any effect, of each kind."""
PROMISED = 400
"""With the effect that has to be found."""
CELL = 100
"""A cell of the table."""
SPREADS = (0.6, 0.8, 1.0, 1.3)
BOOSTS = (0.0, 0.5, 1.0, 2.0)
SIZES = (150, 600, 2_400)


class Outcome(NamedTuple):
    """What was said of a history: the verdict on the hour that does better, and what was recommended."""

    called: str
    recommended: str


class Case(NamedTuple):
    """A history with an effect, or with a `boost` of 0."""

    seed: int
    posts: int
    sd: float
    boost: float


class Row(NamedTuple):
    """How many of the `histories` of a cell ended how; `clear` is None where there is nothing to find."""

    sd: float
    posts: int
    boost: float
    histories: int
    clear: int | None
    hour: int
    part: int
    wrong: int
    nothing: int


def outcome_of(found: PostingTimes, boost: float) -> Outcome:
    """Any recommendation is wrong where no hour does better; a part of the day that holds it is right."""
    advice = found.recommended
    if advice is None:
        said = "nothing"
    elif not boost or not advice.start <= HOUR < advice.end:
        said = "wrong"
    else:
        said = "hour" if advice.end - advice.start == 1 else "part"
    return Outcome(found.hours[HOUR].effect.verdict, said)


def simulated(case: Case) -> Outcome:
    """One history of the table."""
    posts = uniform(case.seed, posts=case.posts, sd=case.sd, boost=case.boost)
    return outcome_of(posting_times(posts, UTC, seed=case.seed), case.boost)


def without_effect(asked: tuple[str, int]) -> Outcome:
    """One history in which the hour has nothing to do with how a post does."""
    kind, seed = asked
    return outcome_of(posting_times(dated(NULLS[kind](Random(seed))), UTC, seed=seed), 0.0)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """A process per core."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        yield processes


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Gathers the figures; written once all are there."""
    found: dict[str, Any] = {}
    yield found
    folder = Path(os.environ.get("AFTERPOST_POWER_DIR") or tmp_path_factory.mktemp("power"))
    (folder / "power.json").write_text(json.dumps(found, indent=1))
    print(f"\n{folder / 'power.json'}")


def outcomes(
    pool: ProcessPoolExecutor, simulate: Callable[[Any], Outcome], cases: Sequence[Any]
) -> list[Outcome]:
    return list(pool.map(simulate, cases, chunksize=10))


@pytest.mark.parametrize("kind", NULLS)
def test_without_an_effect_at_most_one_history_in_twenty_gets_a_recommendation(
    kind: str, pool: ProcessPoolExecutor, figures: dict[str, Any]
) -> None:
    told = outcomes(pool, without_effect, [(kind, seed) for seed in range(HISTORIES)])
    wrong = sum(outcome.recommended != "nothing" for outcome in told)
    figures.setdefault("without_effect", {})[kind] = {"histories": HISTORIES, "recommended": wrong}
    print(f"\nno effect, {kind}: {wrong} of {HISTORIES} histories get a recommendation")
    assert wrong <= 0.05 * HISTORIES


def test_an_hour_that_does_twice_as_well_is_called_clear(
    pool: ProcessPoolExecutor, figures: dict[str, Any]
) -> None:
    told = outcomes(pool, simulated, [Case(50_000 + n, 600, 0.8, 1.0) for n in range(PROMISED)])
    clear = sum(outcome.called == "clear" for outcome in told)
    figures["promised"] = {"histories": PROMISED, "clear": clear}
    print(f"\n600 posts, sd 0.8, one hour at +100 %: called clear in {clear} of {PROMISED} histories")
    assert clear >= 0.8 * PROMISED


def test_the_power_table(pool: ProcessPoolExecutor, figures: dict[str, Any]) -> None:
    grid = [(sd, posts, boost) for sd in SPREADS for posts in SIZES for boost in BOOSTS]
    cases = [
        Case(100_000 + 1_000 * n + seed, posts, sd, boost)
        for n, (sd, posts, boost) in enumerate(grid)
        for seed in range(CELL)
    ]
    told = outcomes(pool, simulated, cases)
    rows: list[Row] = []
    head = ("sd", "posts", "an hour at", "called clear", "hour advised", "part advised", "wrong", "nothing")
    print(f"\n| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for n, (sd, posts, boost) in enumerate(grid):
        cell = told[n * CELL : (n + 1) * CELL]
        said = Counter(outcome.recommended for outcome in cell)
        clear = sum(outcome.called == "clear" for outcome in cell)
        shares = {name: said[name] for name in ("hour", "part", "wrong", "nothing")}
        row = Row(sd, posts, boost, CELL, clear if boost else None, **shares)
        rows.append(row)
        texts = " | ".join("–" if share is None else f"{100 * share / CELL:.0f} %" for share in row[4:])
        print(f"| {sd} | {posts:,} | +{100 * boost:.0f} % | {texts} |")
    figures["table"] = [row._asdict() for row in rows]
    nothing_there = [row for row in rows if not row.boost]
    assert sum(row.wrong for row in nothing_there) <= 0.05 * CELL * len(nothing_there)
    # More evidence is never worth less, beyond what a hundred histories leave to chance.
    for sd in SPREADS:
        for boost in BOOSTS[1:]:
            found = [row.clear or 0 for row in rows if (row.sd, row.boost) == (sd, boost)]
            assert all(more >= less - 10 for less, more in pairwise(found))
