"""Commands and reports that plugins bring."""

from pathlib import Path

import pytest
import rich_click as click

from afterpost import hookimpl
from packages.core.tests.cli.kit import Cli
from packages.core.tests.plugins.pages import PagesPlugin, pages


def test_a_plugins_commands_are_a_group_of_its_name(cli: Cli) -> None:
    cli.plugins["pages"] = PagesPlugin()
    assert "pages" in cli.done("--help").out
    assert cli.done("pages", "hello").out == "hello cli:local\n"
    assert cli.run("pages", "nothing").code == 2


def test_looking_at_the_commands_writes_nothing(cli: Cli) -> None:
    cli.plugins["pages"] = PagesPlugin()
    folder = Path(cli.environment["AFTERPOST_DATA_DIR"])
    before = sorted(path.name for path in folder.iterdir()) if folder.exists() else None
    cli.done("--help")
    cli.done("pages", "--help")
    assert (sorted(path.name for path in folder.iterdir()) if folder.exists() else None) == before


def test_a_plugins_report_is_run_by_its_id(cli: Cli) -> None:
    cli.plugins["pages"] = PagesPlugin()
    assert '"square":4' in cli.done("report", "squares", "--json").out.replace(" ", "")


class NoGroup:
    """Answers with a command alone."""

    @hookimpl
    def register_commands(self) -> object:
        """Not a group."""
        return click.Command("lonely")


class Fails:
    """Does not get as far."""

    @hookimpl
    def register_commands(self) -> click.RichGroup:
        """Raises."""
        raise RuntimeError("out of order")


def test_what_is_no_group_is_named_when_commands_are_asked_for(cli: Cli) -> None:
    cli.plugins["bad"] = NoGroup()
    ran = cli.run("bad")
    assert ran.code == 1
    assert "Plugin bad (afterpost built in) answered register_commands with Command, not Group" in ran.err
    listed = cli.done("--help")
    assert "not Group" in listed.err
    assert "weekly" in listed.out


def test_a_plugin_that_fails_to_tell_its_commands_is_noted_and_the_others_work(cli: Cli) -> None:
    cli.plugins["bad"], cli.plugins["pages"] = Fails(), PagesPlugin()
    ran = cli.done("pages", "hello")
    assert "failed in register_commands: RuntimeError: out of order" in ran.err
    assert ran.out == "hello cli:local\n"
    assert cli.done("weekly").err == ""


@pytest.mark.parametrize("name", ["sync", "weekly"])
def test_a_plugin_can_not_have_the_name_of_a_command_of_cores(cli: Cli, name: str) -> None:
    class Takes:
        @hookimpl
        def register_commands(self) -> click.RichGroup:
            return pages

    cli.plugins[name] = Takes()
    assert f"{name!r} is a command of core" in cli.run("pages").err
    assert cli.run(name).code == 0
