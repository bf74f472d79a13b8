"""Core's wheel, alone in a clean environment: what a user gets, and what a user does first."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from packages.core.tests.databases import POSTGRESQL
from tests.running import ROOT, environment, get, post, run, serving
from tests.smoke import bakery

BLOCKER = """
import sys


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("afterpost_"):
            raise ImportError(f"{name} is blocked here")


sys.meta_path.insert(0, Blocker())
"""

CSV = """\
platform,post_id,observed_at,published_at,title,content_type,views,likes,comments,shares,saves
tiktok,7001,2026-03-02T10:00:00Z,2026-03-01T22:00:00Z,"{title}",video,"3,000",50,9,3,1
tiktok,7001,2026-03-03T10:00:00Z,2026-03-01T22:00:00Z,"{title}",video,"4,800",90,20,8,2
tiktok,7002,2026-03-03T10:00:00Z,2026-03-01T22:00:00Z,Crumb shot,image,200,,1,,
"""
WEEK = {"start_date": "2026-03-01", "end_date": "2026-03-07"}


def quiet(command: Sequence[str], env: dict[str, str], cwd: Path = ROOT) -> str:
    """Run a command that has to end well."""
    done = subprocess.run(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that holds core's wheel, what it depends on, and an import blocker."""
    folder = tmp_path_factory.mktemp("clean")
    env = {name: value for name, value in environment(folder).items() if name != "VIRTUAL_ENV"}
    wheels, place = folder / "wheels", folder / "environment"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    quiet([*build, "--outdir", str(wheels), str(ROOT / "packages" / "core")], env)
    quiet([sys.executable, "-m", "venv", str(place)], env)
    bin_ = place / ("Scripts" if os.name == "nt" else "bin")
    python = str(bin_ / "python")
    (wheel,) = wheels.glob("afterpost-*.whl")
    what = [f"{wheel}[postgres]" if POSTGRESQL else str(wheel), "-c", str(ROOT / "constraints.txt")]
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, *what]
    # uv does not read pip's settings: where only pip knows an index, pip gets its turn.
    if subprocess.run(uv, env=env, cwd=ROOT, capture_output=True, check=False).returncode:
        quiet([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what], env)
    where = quiet([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], env).strip()
    (Path(where) / "blocker_of_plugins.py").write_text(BLOCKER)
    (Path(where) / "blocker_of_plugins.pth").write_text("import blocker_of_plugins\n")
    return bin_


@pytest.fixture
def command(clean: Path) -> list[str]:
    """The console script a user would type."""
    return [str(clean / "afterpost")]


def test_nothing_of_afterpost_but_core_is_there(clean: Path, tmp_path: Path) -> None:
    code = """
import json
from importlib.metadata import distributions, entry_points

import afterpost

print(json.dumps({
    "dists": sorted(d.name for d in distributions() if d.name.lower().startswith("afterpost")),
    "plugins": [entry.name for entry in entry_points(group="afterpost.plugins")],
    "file": afterpost.__file__,
}))
"""
    found = json.loads(quiet([str(clean / "python"), "-c", code], environment(tmp_path), tmp_path))
    assert found["dists"] == ["afterpost"]
    assert found["plugins"] == []
    assert Path(found["file"]).is_relative_to(clean.parent)


def test_no_plugin_could_be_imported_there(clean: Path, tmp_path: Path) -> None:
    code = "import afterpost_youtube"
    done = subprocess.run(
        [clean / "python", "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert "afterpost_youtube is blocked here" in done.stderr


def test_a_file_is_imported_summarised_and_learned_from(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(CSV.format(title=bakery.TITLE), encoding="utf-8")
    run(tmp_path, "import", str(file), command=command)
    with serving(tmp_path, command) as client:
        weekly = get(client, "/v1/content-performance/summary/weekly", **WEEK)
        assert list(bakery.ranked(weekly)) == ["7001"]
        assert bakery.has_the_numbers(bakery.ranked(weekly)["7001"])
        assert weekly["data"]["incomplete"] == 1  # 7002 does not report every part of its engagements
        assert weekly["data"]["earned"]["views"] == 5000
        post(client, "/v1/content-performance/analytics-sync/run")
    rows = bakery.learned(tmp_path)
    assert set(rows) == {("7001", date(2026, 3, day)) for day in (2, 3)} | {("7002", date(2026, 3, 3))}
    assert rows["7001", date(2026, 3, 3)] == bakery.LEARNED
    assert rows["7002", date(2026, 3, 3)]["likes"] is None

    run(tmp_path, "import", str(file), command=command)
    assert bakery.learned(tmp_path) == rows


def test_numbers_sent_now_are_seen_at_once_and_are_in_no_complete_week(
    command: list[str], tmp_path: Path
) -> None:
    with serving(tmp_path, command) as client:
        now = datetime.fromisoformat(get(client, "/v1/analytics/overview")["meta"]["as_of"])
        yesterday = (now - timedelta(days=1)).date()
        body = bakery.entry("7001", now - timedelta(days=3))
        (stored,) = post(client, "/v1/ingest", body)["data"]["posts"]

        summary = get(client, f"/v1/posts/{stored['post_id']}/analytics")["data"]["summary"]
        assert summary["metrics"] == bakery.METRICS
        assert date.fromisoformat(summary["as_of_date"]) > yesterday

        weekly = get(client, "/v1/content-performance/summary/weekly", end_date=yesterday.isoformat())
        assert bakery.ranked(weekly) == {}
        assert post(client, "/v1/content-performance/analytics-sync/run")["data"]["rows"] == 0
    assert bakery.learned(tmp_path) == {}


def test_numbers_sent_late_are_in_the_week_they_belong_to(command: list[str], tmp_path: Path) -> None:
    published = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
    with serving(tmp_path, command) as client:
        post(client, "/v1/ingest", bakery.entry("7001", published, published + timedelta(hours=36)))
        weekly = get(client, "/v1/content-performance/summary/weekly", **WEEK)
        assert bakery.has_the_numbers(bakery.ranked(weekly)["7001"])
        assert weekly["data"]["earned"]["views"] == bakery.METRICS["views"]
        assert post(client, "/v1/content-performance/analytics-sync/run")["data"]["rows"] == 1
    assert bakery.learned(tmp_path) == {("7001", date(2026, 3, 3)): bakery.LEARNED}


def test_the_demo_checks_itself(command: list[str], tmp_path: Path) -> None:
    said = json.loads(run(tmp_path, "demo", "--check", "--json", command=command))
    assert bakery.ranked(said)
