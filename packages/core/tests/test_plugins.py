"""Loading plugins: what is wrong is a start-up error that names the plugin; order never matters."""

import random
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from afterpost import hookimpl
from afterpost.defaults import AgeLadder, KeepForEver, OpenAccess
from afterpost.domain.errors import Forbidden, PluginError
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.http import build_app
from afterpost.loading import build_plugins
from afterpost.sdk import Caller, Provider
from packages.core.tests.house import MakeCore, settings_in
from packages.core.tests.plugins.guards import Gate, GatePlugin
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.plugins.pages import PagesPlugin
from packages.core.tests.plugins.policies import (
    Broken,
    BrokenTenant,
    EveryMonth,
    NarrowTenant,
    PolicyPlugin,
    ReadOnly,
    TenYears,
)
from packages.core.tests.plugins.units import WitnessPlugin
from packages.core.tests.plugins.watcher import WatcherPlugin


class AsyncHook:
    @hookimpl
    async def register_providers(self) -> Iterable[Provider]:
        return []


class UnknownHook:
    @hookimpl
    def register_unicorns(self) -> list[str]:
        return []


class ExtraArgument:
    @hookimpl
    def register_providers(self, settings: Any, unicorn: Any) -> Iterable[Provider]:
        return []


class NotProviders:
    @hookimpl
    def register_providers(self) -> Any:
        return ["youtube"]


class NotEvenSeveral:
    @hookimpl
    def register_providers(self) -> Any:
        return 7


class Coroutine:
    @hookimpl
    def register_providers(self) -> Any:
        async def later() -> list[Provider]:
            return []

        return later()


@pytest.mark.parametrize(
    ("plugin", "says"),
    [
        (AsyncHook(), "as async"),
        (UnknownHook(), "register_unicorns"),
        (ExtraArgument(), "unicorn"),
        (NotProviders(), "with str, not Provider"),
        (NotEvenSeveral(), "with int"),
        (Coroutine(), "awaitable"),
    ],
)
def test_a_plugin_that_would_fail_later_is_refused_by_name(
    plugin: object, says: str, make_core: MakeCore
) -> None:
    with pytest.raises(PluginError, match=says) as caught:
        make_core(plugins={"culprit": plugin})
    assert "culprit" in str(caught.value)


def test_two_plugins_for_one_platform_are_refused_naming_both(make_core: MakeCore) -> None:
    with pytest.raises(PluginError) as caught:
        make_core(plugins={"one": NetworkPlugin(Table()), "two": NetworkPlugin(Table())})
    assert "one" in str(caught.value)
    assert "two" in str(caught.value)
    assert "'table'" in str(caught.value)


def test_two_policies_are_refused_naming_both(make_core: MakeCore) -> None:
    with pytest.raises(PluginError, match="access_policy") as caught:
        make_core(plugins={"one": PolicyPlugin(access=ReadOnly()), "two": PolicyPlugin(access=Broken())})
    assert "one" in str(caught.value)
    assert "two" in str(caught.value)


def test_the_order_plugins_are_given_in_changes_nothing(make_core: MakeCore) -> None:
    log: list[str] = []
    plugins: dict[str, object] = {
        **{f"net{n}": NetworkPlugin(Table(f"net{n}")) for n in range(3)},
        **{f"gate{n}": GatePlugin(Gate(f"gate-{n}")) for n in range(3)},
        **{f"page{n}": PagesPlugin(f"page{n}", log) for n in range(3)},
        "watcher": WatcherPlugin(),
        "unit": WitnessPlugin(),
        "policies": PolicyPlugin(access=ReadOnly()),
    }
    seen = set()
    for seed in range(5):
        names = list(plugins)
        random.Random(seed).shuffle(names)
        core = make_core(f"order{seed}", plugins={name: plugins[name] for name in names})
        log.clear()
        with TestClient(build_app(core)) as client:
            routes = tuple(client.get("/schema/openapi.json").json()["paths"])
        asked = (core.providers, core.guards, core.observers, core.plugins.info)
        seen.add((tuple(map(tuple, asked)), type(core.access), routes, tuple(log)))
    assert len(seen) == 1


def test_without_an_answer_the_defaults_hold(make_core: MakeCore) -> None:
    core = make_core(plugins={"silent": PolicyPlugin()})
    assert isinstance(core.access, OpenAccess)
    assert isinstance(core.retention, KeepForEver)
    assert isinstance(core.schedule, AgeLadder)


def test_a_policy_that_is_given_is_in_force(make_core: MakeCore) -> None:
    core = make_core(plugins={"p": PolicyPlugin(retention=TenYears(), schedule=EveryMonth())})
    assert core.retention.describe() == "Ten years are kept."
    assert isinstance(core.schedule, EveryMonth)


async def test_a_tenant_policy_narrows_the_scope(make_core: MakeCore) -> None:
    core = make_core(plugins={"p": PolicyPlugin(tenant=NarrowTenant())})
    actor, scope = await core.resolve(Caller(door="http", token="whatever"))
    assert (actor.id, scope.brands) == ("narrow", frozenset({7}))


@pytest.mark.parametrize("policy", [ReadOnly(), Broken()])
async def test_an_access_policy_that_refuses_or_fails_denies(policy: Any, make_core: MakeCore) -> None:
    core = make_core(plugins={"p": PolicyPlugin(access=policy)})
    with pytest.raises(Forbidden):
        await core.permit(SYSTEM, "sync", Scope.default())


async def test_a_tenant_policy_that_fails_denies(make_core: MakeCore) -> None:
    core = make_core(plugins={"p": PolicyPlugin(tenant=BrokenTenant())})
    with pytest.raises(Forbidden):
        await core.resolve(Caller(door="http", token="whatever"))


def test_what_a_plugin_implements_is_known(tmp_path: Path) -> None:
    plugins = build_plugins(settings_in(tmp_path), {"w": WatcherPlugin()}, installed=[])
    assert plugins.info["w"].hooks == ("register_observers",)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Two installed plugins, one of which can't be imported."""
    (tmp_path / "good_plugin.py").write_text("IMPORTED = True\n")
    (tmp_path / "bad_plugin.py").write_text("raise ImportError('its library is missing')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return [
        EntryPoint("good", "good_plugin", "afterpost.plugins"),
        EntryPoint("bad", "bad_plugin", "afterpost.plugins"),
    ]


def test_an_import_error_names_plugin_and_cause(installed: list[EntryPoint], tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="its library is missing") as caught:
        build_plugins(settings_in(tmp_path), {}, installed=installed)
    assert caught.value.hint is not None
    assert "AFTERPOST_BLOCK=bad" in caught.value.hint


def test_a_blocked_plugin_is_never_imported(installed: list[EntryPoint], tmp_path: Path) -> None:
    settings = msgspec.structs.replace(settings_in(tmp_path), block=("bad", "good"))
    plugins = build_plugins(settings, {}, installed=installed)
    assert {name: info.status for name, info in plugins.info.items()} == {"bad": "blocked", "good": "blocked"}
    assert "good_plugin" not in sys.modules


def test_only_the_plugins_asked_for_are_loaded(installed: list[EntryPoint], tmp_path: Path) -> None:
    settings = msgspec.structs.replace(settings_in(tmp_path), plugins=("good",))
    plugins = build_plugins(settings, {}, installed=installed)
    assert plugins.info["good"].status == "loaded"
    assert plugins.info["bad"].status == "blocked"


def test_one_name_claimed_twice_is_refused(installed: list[EntryPoint], tmp_path: Path) -> None:
    twice = [installed[0], EntryPoint("good", "other_plugin", "afterpost.plugins")]
    with pytest.raises(PluginError, match="'good' is claimed"):
        build_plugins(settings_in(tmp_path), {}, installed=twice)
