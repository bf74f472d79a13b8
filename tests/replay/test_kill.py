"""Replaying twice, or killing it three times and starting again, leaves what one undisturbed run leaves."""

import os
import random
import signal
import time
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from packages.core.tests.databases import database_url
from tests.replay.oracle import Oracle
from tests.replay.product import FILE, needs_file, replay, words_of
from tests.running import run, start

pytestmark = needs_file

SEED = int(os.environ.get("KILL_SEED", "30"))
DAYS = 30
KILLS = 3


@pytest.fixture(scope="module")
def until() -> date:
    return Oracle(FILE).days[0] + timedelta(days=DAYS - 1)


@pytest.fixture(scope="module")
def undisturbed(until: date, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replay(FILE, tmp_path_factory.mktemp("undisturbed"), until).data_dir


@pytest.fixture(scope="module")
def truth(undisturbed: Path, until: date) -> list[str]:
    """The dump of a replay that ran once, and that holds a line a reading and more."""
    dump = dump_of(undisturbed)
    assert len(dump) > sum(len(video.readings) for video in Oracle(FILE, until).videos.values())
    return dump


def dump_of(data_dir: Path) -> list[str]:
    return run(data_dir, "dump", "--canonical").splitlines()


def unlike(dump: list[str], truth: list[str]) -> list[str]:
    """Lines that only one of two dumps has; the order counts where the lines are the same."""
    if dump == truth:
        return []
    return sorted(set(dump) ^ set(truth))[:10] or ["the same lines in another order or number"]


@cache
def database(data_dir: Path) -> sa.Engine:
    url = sa.make_url(database_url(data_dir))
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    return sa.create_engine(
        f"sqlite:///file:{url.database}?mode=ro&uri=true",
        connect_args={"check_same_thread": False},
        poolclass=sa.NullPool,
    )


def progress(data_dir: Path) -> int:
    """How many readings are committed so far."""
    try:
        with database(data_dir).connect() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM observations")).scalar_one())
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        return 0  # the schema is not there yet, or just being made


def killed_at(data_dir: Path, until: date, moment: int, pause: float) -> int:
    """Start the replay, kill it `pause` seconds after `moment` readings are in; returns how many were."""
    process = start(data_dir, *words_of(FILE, until))
    try:
        while (done := progress(data_dir)) < moment:
            assert process.poll() is None, f"ended after {done} readings: {process.communicate()[0]}"
            time.sleep(0.005)
        time.sleep(pause)
        assert process.poll() is None, "the replay had finished before it was to be killed"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()
    return progress(data_dir)


def test_a_second_replay_changes_nothing(undisturbed: Path, truth: list[str], until: date) -> None:
    again = replay(FILE, undisturbed, until)
    assert again.said["synced"] == 0
    assert unlike(dump_of(undisturbed), truth) == []


def test_a_replay_killed_three_times_and_started_again_leaves_the_same(
    undisturbed: Path, truth: list[str], until: date, tmp_path: Path
) -> None:
    random_ = random.Random(SEED)
    whole = progress(undisturbed)
    moments = sorted(random_.sample(range(1, whole * 19 // 20), KILLS))
    print(f"\nkills after {moments} of {whole} readings, seed {SEED}")
    for moment in moments:
        committed = killed_at(tmp_path, until, moment, random_.uniform(0, 0.05))
        assert moment <= committed < whole
    assert unlike(dump_of(tmp_path), truth) != []
    replay(FILE, tmp_path, until)
    assert unlike(dump_of(tmp_path), truth) == []
