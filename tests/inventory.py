"""What stands in docs as a list: modules, surfaces and checks, as they are. See `hook_reference.py`."""

import ast
import asyncio
import base64
import inspect
import re
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from litestar.handlers import HTTPRouteHandler

from afterpost.app import BUILTIN
from afterpost.cli.main import afterpost as command_line
from afterpost.http import build_app
from afterpost.http.openapi import described_handlers
from afterpost.loading import build_plugins
from afterpost.services.core import context_of, open_core, wall_clock
from afterpost.settings import Settings
from afterpost.testing.conformance import CHECKS
from afterpost.testing.conformance.kit import LEFT_OUT

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "packages" / "core" / "src" / "afterpost"
FLOORS = {
    "domain": "facts and formulas",
    "sdk": "what a plugin implements",
    "": "the hooks, and the wiring",
    "emulator": "fake platforms",
    "storage": "rows",
    "services": "the jobs",
    "http": "a door",
    "cli": "a door",
    "builtin": "core's own plugins",
    "testing": "for plugin authors",
}
"""Folder of core -> what floor it is, from the lowest up."""


def said(module: Path) -> str:
    """The first line of a module's docstring, and on to the end of a sentence that goes on."""
    first, _, rest = (ast.get_docstring(ast.parse(module.read_text("utf-8"))) or "").partition("\n")
    if first.endswith((".", "?", "!")):
        return first
    on = re.match(r".*?[.?!](?=\s|$)", " ".join(rest.split()))
    return f"{first} {on[0]}" if on else first


def modules() -> str:
    """Every module of core with what it is for, by floor."""
    parts = []
    for folder, what in FLOORS.items():
        place = CORE / folder
        found = sorted(place.glob("*.py")) if not folder else sorted(place.rglob("*.py"))
        rows = [
            f"| `{path.relative_to(CORE).as_posix()}` | {said(path)} |"
            for path in found
            if "migrations" not in path.parts and not (path.name == "__init__.py" and path.parent != place)
        ]
        title = f"`{folder}/`, {what}" if folder else f"`afterpost/`, {what}"
        parts.append("\n".join([f"### {title}\n", "| module | what it is for |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def surfaces() -> str:
    """Every route and command with its owner: core, or the plugin that adds it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            database_url=f"sqlite:///{folder}/inventory.db",
            api_key="an-inventory-needs-no-key",
            secret_key=base64.b64encode(b"i" * 32).decode(),
            collect=False,
        )
        ours = [point for point in entry_points(group="afterpost.plugins") if point.name == "ee"]
        plugins = build_plugins(settings, BUILTIN, installed=ours)
        core = open_core(settings, plugins)
        routes = described_handlers(build_app(core))
        groups = plugins.commands(lambda name: context_of(settings, wall_clock, name))
        asyncio.run(core.close())
    rows = [
        f"| `{method} {path}` | {owner(path)} | {answer(handler)} |"
        for (method, path), handler in sorted(routes.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
    commands = [
        f"| `afterpost {name}` | core | {first(command.help)} |"
        for name, command in sorted(command_line.commands.items())
    ]
    commands += [
        f"| `afterpost {plugin} {name}` | afterpost-{plugin} | {first(command.help)} |"
        for plugin, group in sorted(groups.items())
        for name, command in sorted(group.commands.items())
    ]
    return "\n".join(["| surface | owner | what it answers |", "|---|---|---|", *rows, *commands, ""])


def owner(path: str) -> str:
    """Whose route it is."""
    return f"afterpost-{path.split('/')[3]}" if path.startswith("/v1/x/") else "core"


def answer(handler: HTTPRouteHandler) -> str:
    """What a route says of itself."""
    return f"{handler.summary}"


def first(text: str | None) -> str:
    """The first line of a help text."""
    return (text or "").partition("\n")[0]


def checks() -> str:
    """Every check of the conformance kit with its demand, by the module it is in; and what is not checked."""
    groups: dict[str, list[str]] = {}
    for check in CHECKS.values():
        title = f"{inspect.getmodule(check.run).__doc__}".strip()
        groups.setdefault(title, []).append(f"| {check.id} | {check.demand} |")
    groups["What is not checked, and why"] = [f"| {one.id} | {one.reason} |" for one in LEFT_OUT]
    parts = [
        "\n".join([f"### {title.removesuffix('.')}", "", "| check | |", "|---|---|", *rows, ""])
        for title, rows in groups.items()
    ]
    return "\n".join(parts)
