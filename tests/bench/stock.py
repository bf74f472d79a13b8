"""Databases of made-up facts, made once and kept: ten million snapshots take some minutes to write."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import duckdb

from afterpost.storage import tables
from tests.bench import data, fill
from tests.bench.data import Size, population

HERE = Path(__file__).resolve().parent
SIZES = {"1m": Size(posts=16_900, days=100, organizations=1), "10m": Size(posts=169_000, days=100)}
"""An organisation alone, and the same between seven others, one of which has three times as much."""
MEDIAN, BIG = 2, 1
"""Organisations of `10m`: one of the many alike, and the one with 30 % of all posts."""


class Stock(NamedTuple):
    """A SQLite file, and a DuckDB file with the same facts as a native table."""

    sqlite: Path
    facts: Path
    snapshots: int


def stock(name: str) -> Stock:
    """The databases of that size, made where `AFTERPOST_BENCH_DATA` (else `tests/bench/results`) has none."""
    folder = Path(os.environ.get("AFTERPOST_BENCH_DATA", HERE / "results"))
    folder.mkdir(parents=True, exist_ok=True)
    # What they are made by is part of their name: no figure comes from a database of yesterday's schema.
    made_by = hashlib.sha256()
    for module in (data, fill, tables):
        made_by.update(Path(module.__file__ or "").read_bytes())
    stem = folder / f"{name}-{made_by.hexdigest()[:12]}"
    found = Stock(stem.with_suffix(".db"), stem.with_suffix(".duckdb"), 0)
    done = stem.with_suffix(".count")
    if not done.exists():
        for path in (found.sqlite, found.facts):
            path.unlink(missing_ok=True)
        posts = population(SIZES[name])
        with duckdb.connect(str(found.facts)) as facts:
            database = fill.opened(found.sqlite, posts)
            count = fill.append(database, posts, facts=facts)
            database.close()
        done.write_text(str(count))
    return found._replace(snapshots=int(done.read_text()))
