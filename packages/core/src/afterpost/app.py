"""The only wiring: settings and plugins become a Core, a Core becomes a web app or a command line."""

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from litestar import Litestar

from afterpost import cli
from afterpost.builtin import demo, imports, operator
from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.plugin_files import points_in
from afterpost.sdk.markers import ENTRY_POINTS
from afterpost.services.core import Core, open_core, wall_clock
from afterpost.settings import Settings, load_settings

if TYPE_CHECKING:
    from afterpost.testing.conformance import Certificate

BUILTIN: Mapping[str, ModuleType] = {"demo": demo, "imports": imports, "operator": operator}
"""Core's own plugins by name."""


def open_installation(
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime] = wall_clock,
    emulated: Mapping[str, str] | None = None,
) -> Core:
    """Open the installation the settings describe, with every plugin that is installed and not blocked."""
    chosen = settings or load_settings()
    network = demo.DemoNetwork(chosen.data_dir, clock)
    return open_core(
        chosen,
        build_plugins(chosen, BUILTIN),
        clock=clock,
        emulated=network.routes if emulated is None else emulated,
        closers=(network.close,),
    )


def create_app(core: Core | None = None) -> Litestar:
    """The web app over a Core; without one, over the installation of the environment."""
    return build_app(core or open_installation())


def check_provider(settings: Settings, name: str, waivers: Path | None = None) -> "Certificate":
    """The conformance kit's certificate of a plugin that is installed or lies in `plugins_dir`.

    `waivers`: a file of what it is excused from. Raises InvalidInput for a name that no plugin has.
    """
    # Imported when asked for: an installation that runs needs no kit.
    from afterpost.testing.conformance import excuses_in, run

    more = excuses_in(waivers)
    found = [*entry_points(group=ENTRY_POINTS), *points_in(settings.plugins_dir)]
    return run(
        name,
        waivers=more.waivers,
        reads_by_post=more.reads_by_post,
        released=more.released,
        installed=found,
    )


def main() -> None:
    """The `afterpost` command."""
    cli.run(
        cli.Wiring(
            open_core=open_installation,
            create_app=create_app,
            load_plugins=lambda settings: build_plugins(settings, BUILTIN),
            check_provider=check_provider,
        )
    )
