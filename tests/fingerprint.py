"""Run in a process of its own: does loading every installed plugin change anything of core?

Prints JSON: the names of core's functions, classes and their attributes that are not the same object any
more once every plugin was imported whole, loaded, asked and served from; and what there is to compare.
"""

import asyncio
import json
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import FunctionType, ModuleType

import afterpost


def modules_of(package: str) -> Iterator[ModuleType]:
    """A package with everything in it, imported; the scripts of migrations are no modules of it."""
    root = import_module(package)
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".migrations" not in info.name and not info.name.endswith("__main__"):
            yield import_module(info.name)


def fingerprint() -> dict[str, object]:
    """Dotted name -> every module attribute of core, and every attribute of its classes.

    The objects themselves, for an identity can be given to another one once its owner is gone.
    """
    found: dict[str, object] = {}
    for module in list(modules_of("afterpost")):
        for name, value in vars(module).items():
            # What the interpreter and submodule imports put there is nobody's patch.
            if name.startswith("__") or isinstance(value, ModuleType):
                continue
            found[f"{module.__name__}.{name}"] = value
            owned = str(getattr(value, "__module__", "")).partition(".")[0] == "afterpost"
            if isinstance(value, type) and owned:
                for attribute, held in vars(value).items():
                    # Caches of the interpreter and of abc are made while a class is used.
                    if attribute not in {"__dict__", "__weakref__", "_abc_impl", "__abstractmethods__"}:
                        found[f"{module.__name__}.{name}.{attribute}"] = held
            elif isinstance(value, FunctionType):
                found[f"{module.__name__}.{name}.__code__"] = value.__code__
    return found


def main() -> None:
    """Compare before and after."""
    before = fingerprint()
    assert not [name for name in sys.modules if name.startswith("afterpost_")], "core imported a plugin"
    plugins = sorted(point.value.partition(".")[0] for point in entry_points(group="afterpost.plugins"))
    for plugin in plugins:
        list(modules_of(plugin))
    from afterpost.app import create_app, open_installation

    core = open_installation()
    app = create_app(core)
    app.openapi_schema.to_schema()
    asyncio.run(core.close())
    after = fingerprint()
    names = before.keys() | after.keys()
    changed = sorted(name for name in names if before.get(name) is not after.get(name))
    where = str(Path(afterpost.__file__).parent)
    print(json.dumps({"changed": changed, "compared": len(before), "plugins": plugins, "core": where}))


if __name__ == "__main__":
    main()
