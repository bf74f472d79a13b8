"""`afterpost plugins`: what is loaded, what is blocked, and which networks that brings."""

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import json_option
from afterpost.cli.output import note, print_json, print_table
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN
from afterpost.plugins import PluginInfo, Plugins
from afterpost.services.import_run import file_formats


class PluginRow(Struct, frozen=True):
    """A plugin. `status`: loaded, blocked or degraded; `causes`: why something of it was dropped."""

    name: str
    dist: str
    version: str
    status: str
    hooks: tuple[str, ...]
    causes: tuple[str, ...]


class ProviderRow(Struct, frozen=True):
    """A platform. `connects`: accounts can be connected; `metrics`: what it reports; `fields`: what
    connecting asks for."""

    platform: str
    name: str
    connects: bool
    metrics: tuple[str, ...]
    fields: tuple[str, ...]


class Installed(Struct, frozen=True):
    """Everything plugins bring; `formats`: names of the files that can be imported."""

    plugins: tuple[PluginRow, ...]
    providers: tuple[ProviderRow, ...]
    formats: tuple[str, ...]


def _row(plugins: Plugins, info: PluginInfo) -> PluginRow:
    causes = tuple(each.cause for each in plugins.degraded if each.plugin == info.name)
    status = "degraded" if causes else info.status
    return PluginRow(info.name, info.dist, info.version, status, info.hooks, causes)


@click.command()
@json_option
@click.pass_obj
def plugins(wiring: Wiring, as_json: bool) -> None:
    """List the plugins, the platforms they bring, and the files that can be imported."""
    with opened(wiring, "read") as session:
        found = Installed(
            tuple(_row(session.core.plugins, info) for info in session.core.plugins.info.values()),
            tuple(
                ProviderRow(
                    platform,
                    provider.capabilities.display_name,
                    provider.capabilities.lists_posts,
                    tuple(metric.name for metric in provider.capabilities.metrics),
                    tuple(field.name for field in provider.credential_fields),
                )
                for platform, provider in sorted(session.core.providers.items())
            ),
            tuple(sorted(each.name for each in file_formats(session.core))),
        )
    if as_json:
        print_json(found)
        return
    print_table(
        ("plugin", "distribution", "version", "status", "hooks"),
        [
            (row.name, row.dist, row.version, row.status, ", ".join(row.hooks) or UNKNOWN)
            for row in found.plugins
        ],
    )
    for row in found.plugins:
        for cause in row.causes:
            note(cause)
    print_table(
        ("platform", "name", "connects accounts", "metrics", "asks for"),
        [
            (
                row.platform,
                row.name,
                "yes" if row.connects else "no",
                ", ".join(row.metrics) or UNKNOWN,
                ", ".join(row.fields) or UNKNOWN,
            )
            for row in found.providers
        ],
    )
    print_table(("files that can be imported",), [(name,) for name in found.formats])
