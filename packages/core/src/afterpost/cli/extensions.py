"""The commands that plugins bring: `afterpost <plugin> …`."""

from collections.abc import Collection

import click as plain_click
import rich_click as click

from afterpost.cli.output import note
from afterpost.cli.session import settings_of_environment
from afterpost.cli.wiring import Wiring
from afterpost.domain.errors import PluginError
from afterpost.services.core import context_of, wall_clock


def plugin_groups(ctx: click.Context, own: Collection[str]) -> dict[str, plain_click.Group]:
    """Plugin name -> its group. A plugin that fails to tell its commands is noted and left out.

    Raises PluginError for one that answers with something else, or has the name of one of core's (`own`).
    """
    wiring = ctx.obj
    if not isinstance(wiring, Wiring):
        return {}
    settings = settings_of_environment(make=False)
    plugins = wiring.load_plugins(settings)
    groups = plugins.commands(lambda name: context_of(settings, wall_clock, name))
    for name, group in groups.items():
        if not isinstance(group, plain_click.Group):
            raise PluginError(
                f"{plugins.label(name)} answered register_commands with {type(group).__name__}, not Group."
            )
        if name in own:
            raise PluginError(f"{plugins.label(name)} has commands, but {name!r} is a command of core.")
    for each in plugins.degraded:
        note(each.cause)
    return groups
