"""The floors hold, and core stands without any plugin."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.running import ROOT, environment

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("afterpost_"):
            raise AssertionError(f"core imported {name}")

sys.meta_path.insert(0, Blocker())
"""

BOOT = """
import asyncio

from afterpost.app import create_app, open_installation

core = open_installation()
app = create_app(core)
paths = {route.path for route in app.routes}
assert "/v1/ingest" in paths, paths
print(len(paths), "routes")
asyncio.run(core.close())
"""


def python(code: str, data_dir: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment(data_dir) | more,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_import_contract_is_kept(tmp_path: Path) -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-logo"],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_the_app_boots_where_no_plugin_can_be_imported(tmp_path: Path) -> None:
    blocked = ",".join(sorted(entry.name for entry in entry_points(group="afterpost.plugins")))
    assert blocked
    done = python(BLOCKED + BOOT, tmp_path, AFTERPOST_BLOCK=blocked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "routes" in done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "afterpost_bluesky",
        "afterpost_instagram",
        "afterpost_pinterest",
        "afterpost_sample",
        "afterpost_tiktok",
        "afterpost_x",
        "afterpost_youtube",
    ],
)
def test_the_blocker_of_that_test_blocks(module: str, tmp_path: Path) -> None:
    done = python(f"{BLOCKED}\nimport {module}", tmp_path)
    assert f"core imported {module}" in done.stderr
