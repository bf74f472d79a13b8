"""`afterpost provider`: begin a provider, and hold one to the conformance kit."""

import shlex
from pathlib import Path

import rich_click as click

from afterpost.cli.errors import FAILED
from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, say
from afterpost.cli.provider_new import write_provider
from afterpost.cli.session import settings_of_environment
from afterpost.cli.wiring import Wiring


@click.group()
def provider() -> None:
    """Write a provider for a network, and check one (docs/write-a-provider.md)."""


@provider.command()
@click.argument("name")
@click.option(
    "--into",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder to write the package into. Default: the working directory.",
)
def new(name: str, into: Path) -> None:
    """Write a package afterpost-NAME: a provider with an emulator and tests that pass."""
    folder = write_provider(name, into)
    say(f"{folder} holds a provider for {name}. It works already, with a network that is made up. Next:")
    say(f"  cd {shlex.quote(str(folder))}")
    say("  python -m pip install -e . pytest pytest-asyncio")
    say("  python -m pytest")
    say(f"  afterpost provider check {name}")
    say("Then make it speak as your network does, file by file; TODO.md says where.")


@provider.command()
@click.argument("name")
@click.option(
    "--waivers",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What the provider is excused from, as TOML; added to its package's conformance.toml.",
)
@json_option
@click.pass_context
def check(ctx: click.Context, name: str, waivers: Path | None, as_json: bool) -> None:
    """Run the conformance kit on the plugin NAME, offline; 1 where a check fails."""
    wiring = ctx.find_object(Wiring)
    assert wiring is not None
    certificate = wiring.check_provider(settings_of_environment(make=False), name, waivers)
    if as_json:
        print_json(certificate)
    else:
        say(certificate.table())
    if not certificate.ok:
        ctx.exit(FAILED)
