"""Writing a new provider: the sample of `template`, under another name."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from afterpost.domain.errors import InvalidInput

_TEMPLATE = "template"
_SUFFIX = ".txt"
"""Of the template's files: no tool takes them for code of this package."""


def write_provider(name: str, into: Path) -> Path:
    """Write the package `afterpost-<name>` into that folder; returns its own folder.

    Raises InvalidInput for a name that can't be a platform's or that the code needs for something else, and
    for a folder that exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]{0,29}", name):
        raise InvalidInput(
            f"{name!r} can't be the name of a provider.",
            hint="Use up to 30 lower-case letters and digits, a letter first; the rest follows from it.",
        )
    template = dict(_files(files("afterpost.cli") / _TEMPLATE, Path()))
    used = {word for text in template.values() for word in re.findall(r"[A-Z]\w*", text)} - {"Sample"}
    if name.capitalize() in used:
        raise InvalidInput(
            f"{name!r} can't be the name of a provider: {name.capitalize()} means something else in it.",
            hint="Take a longer one.",
        )
    folder = into / f"afterpost-{name}"
    if folder.exists():
        raise InvalidInput(
            f"{folder} exists already.", hint="Remove it, or choose another folder with --into."
        )
    for path, text in template.items():
        target = folder / _named(str(path), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_named(text, name), encoding="utf-8")
    return folder


def _named(text: str, name: str) -> str:
    return text.replace("sample", name).replace("Sample", name.capitalize())


def _files(place: Traversable, at: Path) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for each in sorted(place.iterdir(), key=lambda one: one.name):
        if each.is_dir():
            found += _files(each, at / each.name)
        elif each.name.endswith(_SUFFIX):
            found.append((at / each.name.removesuffix(_SUFFIX), each.read_text(encoding="utf-8")))
    return found
