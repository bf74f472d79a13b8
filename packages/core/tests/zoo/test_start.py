"""Animals that are turned away at the gate: what is wrong with a plugin itself refuses the start, by name."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, EntryPoint, distributions, version
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from afterpost import hookimpl
from afterpost.defaults import AgeLadder, KeepForEver, OneTenant, OpenAccess
from afterpost.domain.errors import PluginError
from afterpost.hookspecs import CONTAINED, FAILURE, Specs
from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.sdk import Guard, Observer, Panel, Provider, UnitOfWork
from packages.core.tests.house import MakeCore, settings_in
from packages.core.tests.plugins.guards import Gate
from packages.core.tests.plugins.network import Table
from packages.core.tests.plugins.pages import Squares
from packages.core.tests.plugins.units import Witness
from packages.core.tests.plugins.watcher import Watcher
from packages.core.tests.zoo.keeper import plugin, raising, with_hook

HOOKS = sorted(name for name in vars(Specs) if not name.startswith("_"))
LATER = {"register_routes", "register_panels", "lifespan"}
"""Asked when the web app is built."""
BY_COMMANDS = "register_commands"
"""Asked by the command line; see cli/test_plugin_commands.py."""
COLLECTIONS = {
    "register_providers",
    "register_routes",
    "register_panels",
    "register_billing_reports",
    "register_observers",
    "register_guards",
}


def start(make_core: MakeCore, **plugins: object) -> None:
    """Open a core with these plugins, and build its web app."""
    build_app(make_core(plugins=plugins))


def refused(make_core: MakeCore, says: str, **plugins: object) -> None:
    """The start has to be refused, naming every one of them with its distribution and version."""
    with pytest.raises(PluginError, match=says) as caught:
        start(make_core, **plugins)
    for name in plugins:
        assert f"Plugin {name} (afterpost built in)" in caught.value.message


def test_every_hook_has_a_class_of_failure() -> None:
    assert sorted(FAILURE) == HOOKS
    assert len(HOOKS) == 14


# --- how a hook is implemented ---


@pytest.mark.parametrize("hook", HOOKS)
def test_an_async_hook(make_core: MakeCore, hook: str) -> None:
    @hookimpl
    async def implementation() -> None: ...

    refused(make_core, f"implements {hook} as async", bad=with_hook(hook, implementation))


def test_an_unknown_hook(make_core: MakeCore) -> None:
    refused(make_core, "register_unicorns", bad=plugin("register_unicorns", list))


def test_an_argument_that_does_not_exist(make_core: MakeCore) -> None:
    @hookimpl
    def register_providers(settings: Any, unicorn: Any) -> list[Provider]:
        return []

    refused(make_core, "unicorn", bad=with_hook("register_providers", register_providers))


def test_a_wrapper_around_the_answers_of_others(make_core: MakeCore) -> None:
    @hookimpl(wrapper=True)
    def tenant_policy() -> Iterator[None]:
        return (yield)

    refused(make_core, "wraps tenant_policy", bad=with_hook("tenant_policy", tenant_policy))


def test_a_plugin_that_can_not_be_registered(make_core: MakeCore) -> None:
    bad = plugin("register_panels", list)
    type(bad).__hash__ = None  # type: ignore[assignment]
    refused(make_core, "does not fit", bad=bad)


# --- what it answers with ---


@pytest.mark.parametrize("hook", sorted(set(HOOKS) - {BY_COMMANDS}))
def test_an_answer_of_another_type(make_core: MakeCore, hook: str) -> None:
    answer: Any = [7] if hook in COLLECTIONS else 7
    refused(make_core, rf"answered {hook} with int, not \w+", bad=plugin(hook, lambda: answer))


@pytest.mark.parametrize("hook", sorted(COLLECTIONS))
@pytest.mark.parametrize("answer", [7, "several", None.__class__])
def test_one_where_several_are_asked_for(make_core: MakeCore, hook: str, answer: Any) -> None:
    refused(make_core, f"answered {hook} with", bad=plugin(hook, lambda: answer))


@pytest.mark.parametrize("hook", HOOKS[:-1])
def test_an_answer_that_would_have_to_be_awaited(make_core: MakeCore, hook: str) -> None:
    if hook == BY_COMMANDS:
        return

    async def later() -> list[Any]:
        return []

    refused(make_core, f"answered {hook} with an awaitable", bad=plugin(hook, later))


@pytest.mark.parametrize("hook", sorted(COLLECTIONS))
def test_a_generator_without_end(make_core: MakeCore, hook: str) -> None:
    refused(make_core, "more than 1,000 objects", bad=plugin(hook, count))


def test_an_object_without_an_id(make_core: MakeCore) -> None:
    class Nameless(Watcher):
        id = ""

    refused(make_core, "has no id", bad=plugin("register_observers", lambda: [Nameless()]))


class AsyncObserver(Observer):
    id = "async"

    async def deliver(self, tx: Any, deliveries: Any) -> None:  # type: ignore[override]
        ...


class AsyncBegin(Witness):
    async def begin(self, tx: Any) -> None:  # type: ignore[override]
        ...


class AsyncCommit(Witness):
    async def before_commit(self, tx: Any, facts: Any) -> None:  # type: ignore[override]
        ...


class AsyncLadder(AgeLadder):
    async def next_due(self, post: Any, now: Any) -> Any:  # type: ignore[override]
        ...


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("register_observers", lambda: [AsyncObserver()]),
        ("unit_of_work", AsyncBegin),
        ("unit_of_work", AsyncCommit),
        ("collection_schedule", AsyncLadder),
    ],
)
def test_an_async_method_where_nobody_awaits(make_core: MakeCore, hook: str, answer: Any) -> None:
    refused(make_core, "so nothing would happen", bad=plugin(hook, answer))


def test_a_provider_of_another_contract(make_core: MakeCore) -> None:
    class Tomorrow(Table):
        @property
        def capabilities(self) -> Any:
            return msgspec.structs.replace(super().capabilities, contract_version=2)

    says = "speaks version 2 of the provider contract for 'table'; this Afterpost speaks 1"
    refused(make_core, says, bad=plugin("register_providers", lambda: [Tomorrow()]))


# --- two of a kind ---


def panel() -> Panel:
    """A panel."""
    return Panel(id="p", title="P", slot="post", spec={}, data_url="/v1/posts")


@pytest.mark.parametrize(
    ("hook", "one", "key"),
    [
        ("register_providers", Table, "table"),
        ("register_observers", Watcher, "watcher"),
        ("register_guards", Gate, "gate"),
        ("register_billing_reports", Squares, "squares"),
        ("register_panels", panel, "p"),
    ],
)
def test_an_id_that_is_taken(make_core: MakeCore, hook: str, one: Callable[[], Any], key: str) -> None:
    both = {name: plugin(hook, lambda: [one()]) for name in ("first", "second")}
    refused(make_core, f"both register '{key}'", **both)


@pytest.mark.parametrize(
    ("hook", "policy"),
    [
        ("tenant_policy", lambda: OneTenant("x")),
        ("access_policy", OpenAccess),
        ("retention_policy", KeepForEver),
        ("collection_schedule", AgeLadder),
    ],
)
def test_a_second_policy(make_core: MakeCore, hook: str, policy: Callable[[], Any]) -> None:
    refused(make_core, f"both answer {hook}", first=plugin(hook, policy), second=plugin(hook, policy))


# --- what raises when it is asked ---


@pytest.mark.parametrize("hook", sorted(h for h in HOOKS if FAILURE[h] not in CONTAINED))
@pytest.mark.parametrize("error", [RuntimeError("out of order"), SystemExit(3), RecursionError()])
def test_what_has_to_be_there_and_fails(make_core: MakeCore, hook: str, error: BaseException) -> None:
    refused(make_core, f"failed in {hook}: {type(error).__name__}", bad=plugin(hook, raising(error)))


# --- what can't be installed ---


def installed(folder: Path, name: str, value: str, *requires: str, dist: str = "plug") -> EntryPoint:
    """The entry point of a real distribution in a folder."""
    info = folder / f"{dist}-1.5.dist-info"
    info.mkdir(exist_ok=True)
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.5\n{needs}")
    (info / "entry_points.txt").write_text(f"[afterpost.plugins]\n{name} = {value}\n")
    (found,) = distributions(path=[str(folder)], name=dist)
    assert isinstance(found, Distribution)
    (point,) = found.entry_points
    return point


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that plugins are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise ImportError('its library is missing')", "ImportError: its library is missing"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("1 / 0", "ZeroDivisionError"),
        ("def (:", "SyntaxError"),
    ],
)
def test_what_can_not_be_imported(shelf: Path, code: str, says: str) -> None:
    name = f"broken_{abs(hash(code))}"
    (shelf / f"{name}.py").write_text(code)
    point = installed(shelf, "bad", name)
    with pytest.raises(PluginError, match=rf"Plugin bad \(plug 1.5\) can't be imported: {says}") as caught:
        build_plugins(settings_in(shelf), {}, installed=[point])
    assert "AFTERPOST_BLOCK=bad" in (caught.value.hint or "")


@pytest.mark.parametrize("block", ["bad", "plug"])
def test_what_is_blocked_is_never_imported(shelf: Path, block: str) -> None:
    (shelf / "never_imported.py").write_text("raise AssertionError('it was imported')")
    point = installed(shelf, "bad", "never_imported")
    settings = msgspec.structs.replace(settings_in(shelf), block=(block,))
    plugins = build_plugins(settings, {}, installed=[point])
    assert plugins.info["bad"].status == "blocked"
    assert "never_imported" not in sys.modules


@pytest.mark.parametrize("needs", ["afterpost>=99", "afterpost[postgres]<0.1", "Afterpost==7.*"])
def test_what_another_afterpost_was_made_for(shelf: Path, needs: str) -> None:
    (shelf / "of_another_time.py").write_text("raise AssertionError('it was imported')")
    point = installed(shelf, "bad", "of_another_time", "httpx>=0.1", needs, "not a requirement !")
    with pytest.raises(PluginError, match=r"Plugin bad \(plug 1.5\) needs afterpost") as caught:
        build_plugins(settings_in(shelf), {}, installed=[point])
    assert f"this is afterpost {version('afterpost')}" in caught.value.message


def test_what_this_afterpost_was_made_for(shelf: Path) -> None:
    (shelf / "of_this_time.py").write_text("")
    point = installed(shelf, "fine", "of_this_time", "afterpost>=0.1", "afterpost[postgres]<2")
    assert build_plugins(settings_in(shelf), {}, installed=[point]).info["fine"].version == "1.5"


@pytest.mark.parametrize("name", ["Upper", "9to5", "a b", "ä", "../x", "x" * 60])
def test_a_name_that_is_no_part_of_a_path(shelf: Path, name: str) -> None:
    point = EntryPoint(name, "never", "afterpost.plugins")
    with pytest.raises(PluginError, match="names its plugin"):
        build_plugins(settings_in(shelf), {}, installed=[point])


def test_a_name_that_is_taken_names_both_distributions(shelf: Path) -> None:
    points = [installed(shelf, "twin", "never", dist=dist) for dist in ("one", "two")]
    with pytest.raises(PluginError, match="'twin' is claimed by one and by two"):
        build_plugins(settings_in(shelf), {}, installed=points)


def test_the_kinds_are_what_they_say() -> None:
    """The good ones these animals are made from are accepted, or the tests above would show nothing."""
    assert isinstance(Gate(), Guard)
    assert isinstance(Witness(), UnitOfWork)
