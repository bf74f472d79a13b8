"""The group `afterpost` and the way into it."""

import io
import os
import sys
from pathlib import Path

import rich_click as click

from afterpost import __version__
from afterpost.cli.budget import budget
from afterpost.cli.connect import connect
from afterpost.cli.demo import demo_command
from afterpost.cli.doctor import doctor
from afterpost.cli.dump import dump
from afterpost.cli.errors import Guarded
from afterpost.cli.extensions import plugin_groups
from afterpost.cli.import_file import import_file
from afterpost.cli.keys import keys
from afterpost.cli.migrate import migrate
from afterpost.cli.output import note
from afterpost.cli.overview import overview
from afterpost.cli.plugins import plugins
from afterpost.cli.posts import posts
from afterpost.cli.proof import proof
from afterpost.cli.provider import provider
from afterpost.cli.quality import quality
from afterpost.cli.receipt import receipt
from afterpost.cli.refresh import refresh
from afterpost.cli.replay import replay_command
from afterpost.cli.replay_archive import replay_archive_command
from afterpost.cli.report import report
from afterpost.cli.rezone import rezone_command
from afterpost.cli.runs import runs
from afterpost.cli.serve import serve
from afterpost.cli.sync import sync
from afterpost.cli.weekly import weekly
from afterpost.cli.wiring import Wiring
from afterpost.domain.errors import AfterpostError
from afterpost.settings import PREFIX


class Afterpost(Guarded):
    """Core's commands, and a group for each plugin that brings some.

    Plugins are loaded only when a name is not core's, or when all are listed.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Core's, then the plugins'; those of a plugin that can't be loaded are missing, with a note."""
        own = super().list_commands(ctx)
        try:
            return own + sorted(plugin_groups(ctx, own))
        except AfterpostError as error:
            note(f"Commands of plugins are not listed: {error.message}")
            return own

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Core's command of that name, else the plugin's group."""
        own = super().get_command(ctx, cmd_name)
        return own or plugin_groups(ctx, list(self.commands)).get(cmd_name)


def _use_plugins_dir(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    """Set it where settings come from, before commands of plugins are looked for."""
    if value is not None:
        os.environ[f"{PREFIX}PLUGINS_DIR"] = str(value.absolute())


@click.group(cls=Afterpost, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--plugins-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    callback=_use_plugins_dir,
    is_eager=True,
    expose_value=False,
    help="Also load each *.py of this folder as a plugin; AFTERPOST_PLUGINS_DIR for this command.",
)
@click.version_option(__version__, prog_name="afterpost")
def afterpost() -> None:
    """What happened after you posted.

    Settings come from the environment and from afterpost.toml in the data directory (docs/settings.md).
    """


for command in (
    demo_command,
    serve,
    connect,
    refresh,
    import_file,
    replay_command,
    posts,
    weekly,
    overview,
    quality,
    proof,
    receipt,
    runs,
    sync,
    report,
    budget,
    doctor,
    keys,
    plugins,
    provider,
    migrate,
    rezone_command,
    dump,
    replay_archive_command,
):
    afterpost.add_command(command)


def run(wiring: Wiring) -> None:
    """Run the command line of this process and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A title may hold what this terminal can't show; that is no reason to end.
            stream.reconfigure(errors="replace")
    afterpost(obj=wiring, prog_name="afterpost")
