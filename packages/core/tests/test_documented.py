"""Nothing is public without words: settings, commands, options, hooks and the sdk's names, both ways."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import pytest

from afterpost import api, sdk
from afterpost.cli.main import afterpost
from afterpost.domain import errors
from afterpost.hookspecs import Specs
from afterpost.http.errors import TABLE
from afterpost.sdk import ActKind, Door, Slot
from afterpost.sdk.access import Action
from afterpost.sdk.retention import DataClass
from afterpost.settings import ACCEPTABLE, PREFIX, Settings

DOCS = Path(__file__).parents[3] / "docs"
COMMANDS = sorted(afterpost.commands)
SETTINGS = [field for field in msgspec.structs.fields(Settings) if field.name != "sections"]
HOOKS = sorted(name for name in vars(Specs) if not name.startswith("_"))


def page(name: str) -> str:
    """A page of the documentation."""
    return (DOCS / name).read_text(encoding="utf-8")


def sections(name: str, level: int) -> dict[str, str]:
    """heading -> text under it, for the headings of that level; code fences are no headings."""
    found: dict[str, str] = {}
    heading, fenced = "", False
    for line in page(name).splitlines(keepends=True):
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("#" * level + " "):
            heading = line.strip("# \n`")
        elif not fenced and re.match(rf"#{{1,{level}}} ", line):
            heading = ""
        found[heading] = found.get(heading, "") + line
    found.pop("", None)
    return found


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the tables in a text, without their heads."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) > 1:
            yield cells


def options(command: click.Command) -> list[click.Option]:
    """The options of a command and of those below it, without `--help`."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    own = [p for p in command.params if isinstance(p, click.Option) and "--help" not in p.opts]
    return own + [option for each in below for option in options(each)]


# --- settings ---


@pytest.mark.parametrize("field", SETTINGS, ids=lambda field: field.name)
def test_a_setting_is_documented_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    documented = {row[0].strip("`"): row[1:] for row in rows(page("settings.md"))}
    default, meaning = documented[f"{PREFIX}{field.name.upper()}"]
    assert len(meaning) > 20
    assert default
    if isinstance(field.default, bool):
        assert default == ("`on`" if field.default else "`off`")
    elif isinstance(field.default, str | int):
        assert default == f"`{field.default}`"


def test_sections_are_documented() -> None:
    assert f"| `{PREFIX}PLUGIN_<NAME>__<KEY>` |" in page("settings.md")


def test_every_documented_setting_exists() -> None:
    known = {f"{PREFIX}{field.name.upper()}" for field in SETTINGS}
    for name in sorted(path.name for path in DOCS.glob("*.md")):
        named = set(re.findall(rf"`({PREFIX}[A-Z_]+)(?=[`=])", page(name)))
        assert {n for n in named if not n.startswith((f"{PREFIX}CONNECT_", f"{PREFIX}PLUGIN_"))} <= known


def test_what_can_be_accepted_is_documented() -> None:
    (meaning,) = (row[2] for row in rows(page("settings.md")) if row[0] == f"`{PREFIX}ACCEPT`")
    assert set(re.findall(r"`([a-z]+_[a-z_]+)`", meaning)) == ACCEPTABLE


def test_a_setting_says_in_the_code_what_it_is() -> None:
    source = inspect.getsource(Settings)
    for name in Settings.__struct_fields__:
        assert re.search(rf'^    {name}: .*\n    """\S', source, re.MULTILINE), name


# --- commands ---


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_with_an_example(name: str) -> None:
    text = sections("cli.md", 2)[name]
    examples = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    assert any(f"$ afterpost {name}" in example for example in examples)
    # An example shows what is printed, not only what is typed.
    assert any(not line.startswith("$") for example in examples for line in example.splitlines())
    assert f"](#{name})" in page("cli.md")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name: str) -> None:
    command = afterpost.commands[name]
    assert command.help
    assert len(command.help.splitlines()[0]) > 20
    for option in options(command):
        assert option.help, option.opts


@pytest.mark.parametrize("name", COMMANDS)
def test_options_and_arguments_are_documented_and_no_others(name: str) -> None:
    text = sections("cli.md", 2)[name]
    documented = {re.split(r"[ =]", row[0].strip("`"))[0]: row[1] for row in rows(text)}
    existing = {
        opt
        for option in options(afterpost.commands[name])
        for opt in (*option.opts, *option.secondary_opts)
        if opt[:2] == "--"
    }
    assert set(documented) == existing
    assert all(documented.values())
    for parameter in afterpost.commands[name].params:
        if isinstance(parameter, click.Argument):
            metavar = (parameter.metavar or (parameter.name or "").upper()).strip("[]")
            assert f"`{metavar}`" in text


def test_every_documented_command_exists() -> None:
    assert set(sections("cli.md", 2)) == set(COMMANDS)


@pytest.mark.parametrize("code", ["0", "1", "2", "130"])
def test_exit_codes_are_documented(code: str) -> None:
    assert f"| exit code {code} |" in page("cli.md")


# --- hooks ---


def signature(name: str) -> str:
    """A hook's signature as it is written down."""
    spec = inspect.signature(getattr(Specs, name))
    taken = [f"{p.name}: {p.annotation}" for p in spec.parameters.values() if p.name != "self"]
    return f"def {name}({', '.join(taken)}) -> {spec.return_annotation}: ..."


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented_with_its_signature(name: str) -> None:
    text = sections("hooks.md", 3)[name]
    assert f"```python\n{signature(name)}\n```" in text
    assert len(text.rpartition("```")[2].strip()) > 40
    assert inspect.getdoc(getattr(Specs, name))


def test_every_documented_hook_exists() -> None:
    assert sorted(sections("hooks.md", 3)) == HOOKS


def test_the_page_says_of_every_hook_once_when_it_is_asked() -> None:
    table = sections("hooks.md", 2)["When hooks are asked"]
    assert sorted(name for name in re.findall(r"`(\w+)`", table)) == HOOKS


def test_the_refusals_on_the_page_are_errors_with_those_codes() -> None:
    table = sections("hooks.md", 2)["When something is wrong"]
    refusals = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", table, re.MULTILINE)
    assert len(refusals) == 5
    for code, name in refusals:
        assert getattr(errors, name).code == code
        assert code in TABLE


# --- the sdk and the api ---


def described(value: Any) -> bool:
    """True when a class or function has a docstring of its own, not an inherited one."""
    return bool(vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value))


def members(value: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class defines itself."""
    for name, member in vars(value).items():
        if name.startswith("_"):
            continue
        if isinstance(member, classmethod | staticmethod):
            yield name, member.__func__
        elif isinstance(member, property):
            yield name, member.fget
        elif inspect.isfunction(member):
            yield name, member


@pytest.mark.parametrize("name", sorted(sdk.__all__))
def test_a_name_of_the_sdk_is_documented(name: str) -> None:
    value = getattr(sdk, name)
    if not inspect.isclass(value) and not inspect.isfunction(value):
        documented = {
            row[0].strip("`"): row[1] for row in rows(sections("hooks.md", 2)["Values and types of the sdk"])
        }
        assert len(documented[name]) > 20
        return
    assert described(value)
    if inspect.isclass(value):
        assert [found for found, member in members(value) if not inspect.getdoc(member)] == []


@pytest.mark.parametrize("name", sorted(api.__all__))
def test_a_name_of_the_api_is_documented(name: str) -> None:
    assert f"`{name}`" in sections("hooks.md", 2)["Names of the api"]
    value = getattr(api, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert described(value)


def test_every_documented_name_of_the_api_exists() -> None:
    named = set(re.findall(r"`(\w+)`", sections("hooks.md", 2)["Names of the api"])) - {"call"}
    assert named == set(api.__all__)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Action", get_args(Action)),
        ("ActKind", get_args(ActKind)),
        ("DataClass", get_args(DataClass)),
        ("Door", get_args(Door)),
        ("Slot", get_args(Slot)),
    ],
)
def test_the_values_of_a_type_are_documented(name: str, values: tuple[str, ...]) -> None:
    row = next(row for row in rows(page("hooks.md")) if row[0] == f"`{name}`")
    assert [part.strip("`") for part in re.findall(r"`[a-z]+`", row[1])] == list(values)
