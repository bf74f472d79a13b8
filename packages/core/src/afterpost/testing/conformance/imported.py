"""Importing a plugin in a process of its own, and what it did and loaded meanwhile.

Run as a program: `python -m afterpost.testing.conformance.imported MODULE` prints it as JSON.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from importlib.metadata import Distribution, packages_distributions
from typing import Any

import msgspec
from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_SIGNS = {
    "socket.connect": "opens a connection",
    "socket.getaddrinfo": "looks a host up",
    "socket.bind": "opens a port",
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.fork": "starts a process",
    "os.mkdir": "makes a folder",
    "os.remove": "removes a file",
    "os.rename": "renames a file",
    "_thread.start_new_thread": "starts a thread",
}


class Imported(Struct, frozen=True):
    """`did`: what no import should do; `modules`: the top-level ones it loaded; `seconds`: of processor."""

    did: tuple[str, ...]
    modules: tuple[str, ...]
    seconds: float


def imported(module: str, seconds: float) -> Imported:
    """Import the module in a fresh interpreter; RuntimeError when that fails or takes too long."""
    command = [sys.executable, "-B", "-m", __name__, module]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, env=env, capture_output=True, timeout=seconds, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Imported)


def declared(dist: Distribution) -> frozenset[str]:
    """The distributions that come with one, by what each requires; canonical names, itself included."""
    found: set[str] = set()
    left = [(dist.name, dist)]
    while left:
        name, one = left.pop()
        found.add(canonicalize_name(name))
        for line in one.requires or ():
            try:
                needed = Requirement(line)
                other = Distribution.from_name(needed.name)
            except (InvalidRequirement, ModuleNotFoundError, ValueError):
                continue
            wanted = needed.marker is None or needed.marker.evaluate({"extra": ""})
            if wanted and canonicalize_name(needed.name) not in found:
                left.append((needed.name, other))
    return frozenset(found)


def undeclared(dist: Distribution, modules: tuple[str, ...]) -> list[str]:
    """Of the modules, those of distributions that do not come with this one, as `module (distribution)`."""
    homes, allowed = packages_distributions(), declared(dist)
    return [
        f"{module} ({homes[module][0]})"
        for module in modules
        if module in homes and not any(canonicalize_name(home) in allowed for home in homes[module])
    ]


def _main(module: str) -> None:
    did: list[str] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
        if event in _SIGNS or writes:
            did.append(_SIGNS.get(event, f"writes the file {args[0]}"))

    before, start = set(sys.modules), time.process_time()
    sys.addaudithook(hook)
    importlib.import_module(module)
    told, spent = sorted(set(did)), time.process_time() - start
    loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
    print(json.dumps({"did": told, "modules": loaded, "seconds": spent}))


if __name__ == "__main__":
    _main(sys.argv[1])
