"""Every distribution is complete, and nothing in the repository belongs to one machine or one registry."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT

DISTS = sorted(path.parent for path in ROOT.glob("packages/**/pyproject.toml"))
CORE = ROOT / "packages" / "core"
EE = ROOT / "packages" / "ee"
GROUP = "afterpost.plugins"

OTHER_EDITION = re.compile(r"afterpost[-_]ee|enterprise|licen[cs]e|entitlement", re.IGNORECASE)
REGISTRY = re.compile(
    r"(?:pypi|pythonhosted|npmjs|yarnpkg|anaconda|crates)\.(?:org|com|io)|index[-_]url *[=:]"
)
MACHINE = re.compile(r"(?<![\w.:-])/(?:home|Users|root|work|mnt)/\w|[A-Z]:\\+Users\b")

per_dist = pytest.mark.parametrize("dist", DISTS, ids=lambda dist: dist.name)


@cache
def project(dist: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((dist / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def package(dist: Path) -> str:
    """The one import package of a distribution."""
    name: str = project(dist)["name"]
    return name.replace("-", "_")


def files() -> list[Path]:
    """Every file that is tracked, or would be after `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, so what is tracked is unknown")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def words(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name and string of a module, with its line."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        for _, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    yield line, item


def test_there_is_core_and_at_least_one_provider() -> None:
    assert CORE in DISTS
    assert len(DISTS) > 1


@per_dist
def test_a_distribution_names_its_licence_and_carries_its_text(dist: Path) -> None:
    assert project(dist)["license-files"] == ["LICENSE"]
    text = (dist / "LICENSE").read_text("utf-8")
    if dist == EE:
        # Open to read, and under no other distribution's terms.
        assert project(dist)["license"] == "LicenseRef-Afterpost-Enterprise"
        assert text.startswith("Afterpost Enterprise Source Licence 1.0\n")
        return
    assert project(dist)["license"] == "Apache-2.0"
    assert text == (ROOT / "LICENSE").read_text("utf-8")


@per_dist
def test_a_distribution_says_which_python_it_needs(dist: Path) -> None:
    assert project(dist)["requires-python"] == ">=3.11"


@per_dist
def test_a_distribution_has_a_readme_that_names_it(dist: Path) -> None:
    readme = (dist / project(dist)["readme"]).read_text(encoding="utf-8")
    assert readme.startswith(f"# {project(dist)['name']}\n")


@per_dist
def test_a_distribution_ships_its_types(dist: Path) -> None:
    assert (dist / "src" / package(dist) / "py.typed").is_file()
    assert "Typing :: Typed" in project(dist)["classifiers"]


@per_dist
def test_a_plugin_is_found_by_one_entry_point_and_core_is_none(dist: Path) -> None:
    groups = project(dist).get("entry-points", {})
    if dist == CORE:
        assert groups == {"pytest11": {"afterpost": "afterpost_pytest"}}
        assert project(dist)["scripts"] == {"afterpost": "afterpost.app:main"}
        return
    name = project(dist)["name"].removeprefix("afterpost-")
    # A module, so that `afterpost plugins` and errors can name it; a larger one has its hooks in a file.
    assert groups in ({GROUP: {name: package(dist)}}, {GROUP: {name: f"{package(dist)}.plugin"}})
    needs = [re.match(r"afterpost(\[\w+\])?>=", need) for need in project(dist)["dependencies"]]
    assert any(needs)


@per_dist
def test_a_wheel_holds_the_package_whole_and_no_tests(dist: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(dist)]
    done = subprocess.run(build, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = dist / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / package(dist)).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if dist == CORE:
        expected.add("afterpost_pytest.py")
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == expected
    assert f"{package(dist)}/py.typed" in inside
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    code = [name for name in inside if not name.endswith(".txt")]  # what `provider new` writes is text
    assert not [name for name in code if "tests" in name.split("/") or name.endswith("conftest.py")]
    if dist == CORE:
        assert "afterpost/storage/migrations/env.py" in inside
        assert any(name.startswith("afterpost/storage/migrations/versions/0001_") for name in inside)


def test_the_constraints_pin_versions_and_name_no_place() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        pin = line.partition("#")[0].strip()
        assert not pin or re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;@/]+( ; .+)?", pin), line
        assert "://" not in line


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRY) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE) == []
    assert lines_with(re.compile(re.escape(str(ROOT)) + r"(?![\w-])")) == []


def test_core_has_no_word_for_another_edition() -> None:
    found = []
    for path in (CORE / "src").rglob("*"):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        text = path.read_text("utf-8", errors="replace")
        said = words(ast.parse(text)) if path.suffix == ".py" else enumerate(text.splitlines(), 1)
        found += [
            f"{path.relative_to(ROOT)}:{line}: {word[:80]}"
            for line, word in said
            if OTHER_EDITION.search(word)
        ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    ["import afterpost_ee", "from x import Entitlements", "def f(license_key): ...", 'a = f"{b} enterprise"'],
)
def test_that_search_finds_names_imports_arguments_and_strings(code: str) -> None:
    assert any(OTHER_EDITION.search(word) for _, word in words(ast.parse(code)))


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRY, "https://" + "pypi" + ".org/simple"),
        (MACHINE, "open('" + "/ho" + "me/me/x')"),
        (MACHINE, "C:" + "\\Users\\me"),
    ],
)
def test_those_searches_find_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)
