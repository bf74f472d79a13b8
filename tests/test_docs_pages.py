"""The pages about the house name files and routes that exist, leave none out, and are not behind the code."""

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from afterpost.loading import build_plugins
from afterpost.sdk import Act, Actor, Deny, Pass, Scope
from afterpost.services.core import context_of, wall_clock
from afterpost.settings import load_settings
from afterpost.storage.tables import metadata
from tests import hook_reference, inventory
from tests.running import ROOT, environment

CORE = inventory.CORE
DOCS = ROOT / "docs"
PAGES = ("architecture.md", "backbone.md", "hooks.md")
GENERATED = ("docs/hooks.md", "docs/backbone.md", "docs/conformance.md")
PYTHON_FILE = re.compile(r"`((?:[\w-]+/)*\w+\.py)`")
FOLDER = re.compile(r"`((?:[\w-]+/)+[\w-]*)`")
LINK = re.compile(r"\]\(([^)\s#:]*)(#[\w-]+)?\)")
EVERY_PAGE = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CONTEXT.md"))]
)
ROUTE = re.compile(r"`(?:(GET|POST|DELETE) )?(/(?:v1|health)/[\w/{}-]*)`")


def text(page: str) -> str:
    """A page of the documentation."""
    return (DOCS / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_names_exists(page: str) -> None:
    named = PYTHON_FILE.findall(text(page))
    assert len(named) > 10
    named += FOLDER.findall(text(page))
    places = (CORE, CORE.parent, ROOT)
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert missing == []


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text("utf-8")):
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), (page.name, name)
        if anchor:
            assert anchor[1:] in headings(target), (page.name, name, anchor)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    without_code = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


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
    rows = [line for line in inventory.modules().splitlines() if line.startswith("| `")]
    assert [row for row in rows if not re.fullmatch(r"\| `[\w/.]+` \| [^|]{10,}[.?] \|", row)] == []


def test_the_generated_parts_are_what_the_code_says(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", ".", "--check", *GENERATED],
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


def test_the_decisions_are_all_listed_under_their_titles() -> None:
    listed = re.findall(
        r"^\| \[(\d{4})\]\((\1-[\w-]+\.md)\) \| (.*) \|$",
        (DOCS / "adr" / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    titles = {path.name: path.read_text("utf-8").partition("\n")[0] for path in (DOCS / "adr").glob("0*.md")}
    assert {name: f"# {number} {title}" for number, name, title in listed} == titles


def test_the_floors_are_those_that_are_checked() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in config["contracts"] if each["id"] == "floors")
    checked = [set(re.findall(r"\w+", layer)) for layer in layers]
    exists = {path.stem for path in CORE.iterdir()} - {"__main__"}
    table = text("architecture.md").partition("## The floors")[2].partition("\n## ")[0]
    shown = [
        {name.removesuffix(".py") for name in re.findall(r"`([\w.]+)`", row.split("|")[1])}
        for row in table.splitlines()
        if row.startswith("| `")
    ]
    assert shown == [floor & exists for floor in checked]


def test_the_pipeline_has_eight_steps_that_keep_what_they_do_in_tables_of_core() -> None:
    part = text("backbone.md").partition("## The pipeline")[2].partition("\n## ")[0]
    steps = re.findall(r"^\| (\d) \w.*\|(.*)\|$", part, re.MULTILINE)
    assert [number for number, _ in steps] == list("12345678")
    tables = {name for _, kept in steps for name in re.findall(r"`(\w+)`", kept)}
    assert tables - set(metadata.tables) == set()
    # What is no fact of the pipeline: who is read, for whom, what it costs, and how runs went.
    beside = {"accounts", "brands", "organizations", "run_items", "runs", "import_files", "import_lines"}
    beside |= {"account_metrics", "parkings", "pauses", "sign_ins", "spending", "versions"}
    assert set(metadata.tables) - tables == beside


@pytest.mark.parametrize(
    ("hour", "verdict"),
    [
        (5, Deny("It is night.", datetime(2026, 3, 2, 6, tzinfo=UTC))),
        (6, Pass()),
        (21, Pass()),
        (22, Deny("It is night.", datetime(2026, 3, 3, 6, tzinfo=UTC))),
    ],
)
async def test_the_plugin_that_the_page_shows_does_what_it_says(
    tmp_path: Path, hour: int, verdict: Pass | Deny
) -> None:
    code = text("hooks.md").partition("```python\n")[2].partition("```")[0]
    quiet = ModuleType("quiet_nights")
    exec(compile(code, "docs/hooks.md", "exec"), vars(quiet))
    settings = load_settings(environment(tmp_path))
    plugins = build_plugins(settings, {"quiet": quiet}, installed=())
    guards = plugins.guards(lambda name: context_of(settings, wall_clock, name))
    act = Act(
        id="1",
        kind="collect",
        actor=Actor("key", "test"),
        scope=Scope.default(),
        organization_id=1,
        subject="an account",
        amount=None,
        at=datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(minutes=30),
    )
    assert await guards["quiet"].review(act) == verdict
    assert await guards["quiet"].review(msgspec.structs.replace(act, kind="sync")) == Pass()
