"""The tables of what was found wrong name a test for each point, and each of those tests exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "points").glob("*.md"))
NAMED = re.compile(r"`((?:packages|tests)/[^`:]+\.py)::([A-Za-z0-9_]+)`")
POINTS = {"13.md": {str(number) for number in range(11)}}
"""The points of an issue that its table must name."""


@cache
def functions_of(path: str) -> frozenset[str]:
    """The names of a file's test functions."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def rows_of(page: Path) -> list[list[str]]:
    """The cells of a table's rows, its head left out."""
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][1:]


def test_there_are_such_tables() -> None:
    assert {page.name for page in PAGES} >= set(POINTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_row_names_tests_that_exist(page: Path) -> None:
    missing = []
    for point, _, tests in rows_of(page):
        named = NAMED.findall(tests)
        missing += [] if named else [f"point {point}: {tests}"]
        missing += [f"{path}::{name}" for path, name in named if name not in functions_of(path)]
    assert missing == []


@pytest.mark.parametrize(("name", "points"), POINTS.items())
def test_every_point_is_there(name: str, points: set[str]) -> None:
    assert points <= {point for point, *_ in rows_of(ROOT / "docs" / "points" / name)}
