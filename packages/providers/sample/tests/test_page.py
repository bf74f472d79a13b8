"""docs/write-a-provider.md shows this package as it is, all of it. Not for a copy: leave this file out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DIST = Path(__file__).parents[1]
PACKAGE = DIST / "src" / "afterpost_sample"
PAGE = (DIST.parents[2] / "docs" / "write-a-provider.md").read_text("utf-8")
SOURCES = sorted(PACKAGE.glob("*.py"))


def blocks() -> Iterator[tuple[Path, list[str]]]:
    """Every block of Python or TOML as lines, with the file that the heading above it names."""
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        named = re.match(r".*?`([\w./]+\.(?:py|toml))`", section.partition("\n")[0])
        for block in re.findall(r"^```(?:python|toml)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
            assert named is not None, f"no heading says where this is from:\n{block}"
            folder = DIST if "/" in named[1] or named[1].endswith(".toml") else PACKAGE
            yield folder / named[1], block.splitlines()


def places(excerpt: list[str], lines: list[str]) -> list[int]:
    """The line numbers, from 0, at which the lines have this excerpt."""
    return [at for at in range(len(lines)) if lines[at : at + len(excerpt)] == excerpt]


def test_every_block_is_an_exact_excerpt() -> None:
    found = list(blocks())
    for path, excerpt in found:
        assert places(excerpt, path.read_text("utf-8").splitlines()), (path.name, *excerpt)
    assert len(found) == len(re.findall("```(?:python|toml)", PAGE))
    assert set(re.findall(r"```\w*", PAGE)) == {"```", "```python", "```toml", "```console"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_together_they_are_the_whole_file(source: Path) -> None:
    lines = source.read_text("utf-8").splitlines()
    shown = {
        at + offset
        for path, excerpt in blocks()
        if path == source
        for at in places(excerpt, lines)
        for offset in range(len(excerpt))
    }

    assert [line for at, line in enumerate(lines) if line and at not in shown] == []


def test_the_emulator_takes_nothing_from_the_provider() -> None:
    assert "afterpost_sample" not in (PACKAGE / "emulator.py").read_text("utf-8")


def test_the_readme_walks_through_every_file() -> None:
    readme = (DIST / "README.md").read_text("utf-8")
    tests = sorted((DIST / "tests").glob("*.py"))
    assert [path.name for path in [*SOURCES, *tests] if f"`{path.name}`" not in readme] == []
