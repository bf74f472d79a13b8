"""Plugins of one file: each *.py of a folder stands for an entry point that is named like it."""

import importlib
import re
import sys
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

from afterpost.domain.errors import Misconfigured, PluginError
from afterpost.sdk.markers import ENTRY_POINTS

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def points_in(folder: Path | None) -> dict[EntryPoint, Path]:
    """The plugins of the folder, each with its file; the folder becomes importable, and nothing is imported.

    A file whose name begins with _ is no plugin: others may import it. Raises Misconfigured when there is no
    such folder, PluginError for a file whose name can't be imported or is another module's.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise Misconfigured(f"There is no folder {folder}, which AFTERPOST_PLUGINS_DIR names.")
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    # Last: what is installed goes on meaning what it means.
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()
    for path in files:
        _refuse(path)
    return {EntryPoint(path.stem, path.stem, ENTRY_POINTS): path for path in files}


def _refuse(path: Path) -> None:
    if not _NAME.fullmatch(path.stem):
        raise PluginError(
            f"{path} can't be a plugin: the name of its file is lower-case letters, digits and _, and begins "
            "with a letter."
        )
    spec = find_spec(path.stem)
    origin = spec.origin if spec else None
    if origin is None or not Path(origin).exists() or not path.samefile(origin):
        raise PluginError(
            f"{path} can't be a plugin: there is another module {path.stem} ({origin or 'built in'}).",
            hint="Give the file a name of its own.",
        )
