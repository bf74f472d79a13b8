"""What others build on: a name that appears or goes is a decision, not an accident."""

import ast
from pathlib import Path

import afterpost
from afterpost import api, sdk

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "public_names.txt"
AFTER = "If that is meant, write the golden file anew: python -m tests.test_public_names"


def names() -> str:
    """Every public name, one a line."""
    modules = {"afterpost": afterpost, "afterpost.api": api, "afterpost.sdk": sdk}
    return "".join(f"{name}.{each}\n" for name, module in modules.items() for each in sorted(module.__all__))


def test_the_public_names_are_these() -> None:
    assert names() == GOLDEN.read_text("utf-8"), AFTER


def test_each_of_them_is_there_and_listed_once() -> None:
    for module in (api, sdk):
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)


def test_the_typing_file_uses_every_name_of_the_sdk() -> None:
    tree = ast.parse((HERE / "typing_api.py").read_text("utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sdk"
    }
    assert set(sdk.__all__) - used == set()


if __name__ == "__main__":
    GOLDEN.write_text(names(), "utf-8")
