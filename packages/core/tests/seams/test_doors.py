"""What plugins add to the web app: routes, panels, ways to sign in, and what lives while it serves."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from litestar import get
from litestar.testing import TestClient
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from afterpost import hookimpl
from afterpost.http import build_app
from afterpost.sdk import Panel, SignInOption, TenantPolicy
from afterpost.services.core import Core
from packages.core.tests.house import MakeCore
from packages.core.tests.plugins.pages import PagesPlugin
from packages.core.tests.plugins.policies import NarrowTenant, PolicyPlugin

KEY = {"Authorization": "Bearer a-key-only-tests-know"}
OpenCore = Callable[..., Core]


# --- routes ---


def test_routes_are_mounted_under_the_plugins_name_and_need_the_key(make_core: MakeCore) -> None:
    with TestClient(build_app(make_core(plugins={"pages": PagesPlugin()}))) as client:
        assert client.get("/v1/x/pages/hello").status_code == 401
        assert client.get("/v1/x/pages/hello", headers=KEY).json() == {"data": {"actor": "key:default"}}
        assert client.post("/v1/x/pages/wave", headers=KEY).status_code == 200
        answer = client.post("/v1/x/pages/closed", headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_they_stand_in_the_description(make_core: MakeCore) -> None:
    with TestClient(build_app(make_core(plugins={"pages": PagesPlugin()}))) as client:
        document = client.get("/schema/openapi.json").json()
    operation = document["paths"]["/v1/x/pages/hello"]["get"]
    assert operation["operationId"] == "x_pages_read_hello"
    assert operation["summary"] == "A greeting"
    assert "Greeting" in document["components"]["schemas"]


class Problem(Struct):
    """Has the name of one of core's structs."""

    mine: int


class Clashes:
    @hookimpl
    def register_routes(self) -> Sequence[ControllerRouterHandler]:
        @get("/mine")
        async def read_mine() -> Problem:
            return Problem(1)

        return [read_mine]


class Unmountable:
    @hookimpl
    def register_routes(self) -> Sequence[ControllerRouterHandler]:
        @get("/{key:int}/{key:int}")
        async def read_twice(key: int) -> None: ...

        return [read_twice]


BAD = [(Clashes(), "struct Problem"), (Unmountable(), "can't be mounted")]


@pytest.mark.parametrize(("plugin", "says"), BAD)
def test_routes_that_would_change_core_are_dropped_and_shown(
    make_core: MakeCore, plugin: object, says: str
) -> None:
    core = make_core(plugins={"bad": plugin, "pages": PagesPlugin()})
    with TestClient(build_app(core)) as client:
        assert client.get("/health/ready").json()["data"] == {"degraded": ["bad"], "status": "ready"}
        assert client.get("/v1/x/bad/mine", headers=KEY).status_code == 404
        assert client.get("/v1/x/pages/hello", headers=KEY).status_code == 200
        assert client.get("/schema/openapi.json").status_code == 200
    (degraded,) = core.plugins.degraded
    assert says in degraded.cause


class Greeting(Struct):
    """Has the name of a struct of the plugin `pages`."""

    mine: int


class ClashesWithPages:
    @hookimpl
    def register_routes(self) -> Sequence[ControllerRouterHandler]:
        @get("/mine")
        async def read_mine() -> Greeting:
            return Greeting(1)

        return [read_mine]


def test_two_plugins_can_not_describe_one_name_in_two_ways(make_core: MakeCore) -> None:
    core = make_core(plugins={"z": ClashesWithPages(), "pages": PagesPlugin()})
    with TestClient(build_app(core)) as client:
        assert client.get("/v1/x/pages/hello", headers=KEY).status_code == 200
        assert client.get("/v1/x/z/mine", headers=KEY).status_code == 404
    assert [(each.plugin, "struct Greeting" in each.cause) for each in core.plugins.degraded] == [("z", True)]


# --- panels, sign-in ---


def test_panels_are_listed_by_slot_and_id(make_core: MakeCore) -> None:
    plugins = {"b": PagesPlugin("b"), "a": PagesPlugin("a")}
    with TestClient(build_app(make_core(plugins=plugins))) as client:
        found = client.get("/v1/panels", headers=KEY).json()["data"]
    assert [panel["id"] for panel in found] == ["a-line", "b-line"]
    assert found[0]["data_url"] == "/v1/analytics/overview"
    assert found[0]["spec"]["mark"] == "line"


@pytest.mark.parametrize(
    "changed",
    [
        {"data_url": "https://elsewhere.example/x"},
        {"data_url": "//elsewhere.example/v1/"},
        {"slot": "footer"},
        {"spec": {"data": {"values": []}}},
        {"spec": {"layer": [{"transform": [{"from": {"data": {"url": "x"}}}]}]}},
    ],
)
def test_a_panel_that_would_bring_in_something_else_can_not_be_made(changed: dict[str, Any]) -> None:
    right: dict[str, Any] = {"id": "p", "title": "P", "slot": "post", "spec": {}, "data_url": "/v1/posts"}
    Panel(**right)
    with pytest.raises(ValueError, match="panel 'p'"):
        Panel(**right | changed)


class Single(NarrowTenant):
    """Signs in elsewhere."""

    def sign_in_options(self) -> Sequence[SignInOption]:
        """One."""
        return [SignInOption(id="corp", title="The company", url="/v1/x/corp/begin")]


@pytest.mark.parametrize(
    ("tenant", "options"),
    [
        (None, [{"id": "key", "title": "API key", "url": None}]),
        (Single(), [{"id": "corp", "title": "The company", "url": "/v1/x/corp/begin"}]),
    ],
)
def test_whoever_has_no_key_is_told_how_to_get_in(
    make_core: MakeCore, tenant: TenantPolicy | None, options: list[Any]
) -> None:
    core = make_core(plugins={"policy": PolicyPlugin(tenant=tenant)})
    with TestClient(build_app(core)) as client:
        assert client.get("/v1/sign-in").json()["data"] == options


# --- lifespans ---


def test_lifespans_begin_by_name_and_end_in_reverse(make_core: MakeCore) -> None:
    log: list[str] = []
    core = make_core(plugins={"two": PagesPlugin("two", log), "one": PagesPlugin("one", log)})
    assert log == []
    with TestClient(build_app(core)):
        assert log == ["one begins", "two begins"]
    assert log == ["one begins", "two begins", "two ends", "one ends"]
