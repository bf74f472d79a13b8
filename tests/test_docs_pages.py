"""The pages about the house name files and routes that exist, leave none out, and are not behind the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import hook_reference, inventory
from tests.running import ROOT, environment

CORE = inventory.CORE
DOCS = ROOT / "docs"
PAGES = ("architecture.md", "backbone.md", "hooks.md")
PYTHON_FILE = re.compile(r"`((?:[\w-]+/)*\w+\.py)`")
ROUTE = re.compile(r"`(?:(GET|POST|DELETE) )?(/(?:v1|health)/[\w/{}-]*)`")


def text(page: str) -> str:
    """A page of the documentation."""
    return (DOCS / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_names_exists(page: str) -> None:
    named = PYTHON_FILE.findall(text(page))
    assert len(named) > 10
    missing = [name for name in named if not (CORE / name).is_file() and not (ROOT / name).is_file()]
    assert missing == []


def test_every_route_a_page_names_is_mounted_and_every_mounted_one_is_named() -> None:
    surfaces = inventory.surfaces()
    mounted = set(re.findall(r"`([A-Z]+ /[^`]*)`", surfaces))
    assert len(mounted) > 20
    for page in ("architecture.md", "backbone.md"):
        for method, path in ROUTE.findall(text(page)):
            if path in {"/v1/x/"}:
                continue
            routes = {route.partition(" ")[2] for route in mounted if not method or route.startswith(method)}
            assert path in routes, (page, method, path)
    assert mounted <= set(re.findall(r"`([A-Z]+ /[^`]*)`", text("backbone.md")))


def test_every_module_of_core_is_in_the_inventory() -> None:
    named = set(PYTHON_FILE.findall(inventory.modules()))
    modules = {
        path.relative_to(CORE).as_posix()
        for path in CORE.rglob("*.py")
        if "migrations" not in path.parts
        and not (path.name == "__init__.py" and path.parent.parent not in {CORE.parent, CORE})
    }
    assert modules == named
    assert all(
        " | " in line and line.count("|") == 3 for line in inventory.modules().splitlines() if "`" in line[:3]
    )


def test_the_generated_parts_are_what_the_code_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", ".", "--check", "docs/hooks.md", "docs/backbone.md"],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nRun: python3 noxfile.py docs -- -r"


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    stale = tmp_path / "hooks.md"
    stale.write_text(text("hooks.md").replace("Bring in networks", "Bring in something"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", str(ROOT), "--check", str(stale)],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0


def test_every_hook_is_tried_by_a_small_real_plugin() -> None:
    assert list(hook_reference.TRIED_BY) == hook_reference.hooks()
    for hook, name in hook_reference.TRIED_BY.items():
        source = (ROOT / "packages" / "core" / "tests" / "plugins" / name).read_text("utf-8")
        assert re.search(rf"@hookimpl\n    def {hook}\(", source), (hook, name)


def test_the_decisions_are_all_listed() -> None:
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (DOCS / "adr" / "README.md").read_text("utf-8")))
    assert listed == {path.name for path in (DOCS / "adr").glob("0*.md")}
