"""What plugins add to the web app: routes under /v1/x/<plugin>/, panels, and what lives while it serves.

A plugin whose routes can't be mounted is dropped and shown as degraded; core's own routes and their
description never change by what a plugin adds.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from litestar import Controller, Litestar, Router, get
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from afterpost.domain.errors import PluginError
from afterpost.http.errors import problems
from afterpost.http.openapi import openapi, schemas_of
from afterpost.http.scope import Call, acting
from afterpost.http.views import NoMeta
from afterpost.sdk.panel import Panel
from afterpost.services.closed import contained
from afterpost.services.core import Core


def plugin_routers(core: Core, own: Callable[[], Litestar]) -> list[Router]:
    """One router a plugin. `own` makes the app with core's routes alone, whose description must stay as it
    is: half of a start's work, and done only where a plugin has routes."""
    found = []
    described: list[Litestar] = []
    for name, handlers in core.plugins.routes(core.context).items():
        for handler in handlers:
            if not _mountable(handler):
                raise PluginError(
                    f"{core.plugins.label(name)} answered register_routes with {type(handler).__name__}, "
                    "not a Litestar handler, router or controller."
                )
        described = described or [own()]
        try:
            router = Router(f"/x/{name}", route_handlers=handlers, tags=[name])
            described.append(_alone(router, described))
        except Exception as error:
            core.plugins.degrade(name, "register_routes", "has routes that can't be mounted", error)
            continue
        found.append(router)
    return found


def _mountable(handler: object) -> bool:
    return isinstance(handler, Router | BaseRouteHandler) or (
        isinstance(handler, type) and issubclass(handler, Controller)
    )


def _alone(router: Router, described: Sequence[Litestar]) -> Litestar:
    """An app with that router alone; raises what core's app would have raised, mounting or describing it.

    Also ValueError where one of its structs has the name of another in `described`: both would be renamed.
    """
    call = {"call": Provide(acting, sync_to_thread=False)}
    alone = Litestar(
        [Router("/v1", route_handlers=[router], dependencies=call)],
        openapi_config=openapi(),
        logging_config=None,
    )
    alone.openapi_schema.to_schema()
    before, together = schemas_of(*described), schemas_of(*described, alone)
    if taken := [name for name in before if together.get(name) != before[name]]:
        raise ValueError(f"its struct {taken[0]} has a name that is taken; give it another")
    return alone


class PanelView(Struct, frozen=True):
    """A chart of a plugin: Vega-Lite without data, and the path that gives the data."""

    id: str
    title: str
    slot: str
    spec: dict[str, Any]
    data_url: str


class PanelsAnswer(Struct, frozen=True):
    """The charts plugins add to pages, by slot and id."""

    data: list[PanelView]
    meta: NoMeta = NoMeta()


def panel_route(panels: Mapping[str, Panel]) -> ControllerRouterHandler:
    """The route that lists them."""
    ordered = sorted(panels.values(), key=lambda panel: (panel.slot, panel.id))
    views = [PanelView(p.id, p.title, p.slot, dict(p.spec), p.data_url) for p in ordered]

    @get("/panels", summary="Charts of plugins", responses=problems())
    async def read_panels(call: Call) -> PanelsAnswer:
        """The charts that plugins add to pages."""
        return PanelsAnswer(views)

    return read_panels


@asynccontextmanager
async def living(
    core: Core, lifespans: Mapping[str, AbstractAsyncContextManager[object]]
) -> AsyncIterator[Sequence[str]]:
    """Enter what plugins have to do while the app serves, by name; leave it in reverse.

    One that fails to enter, or hangs, is degraded; one that fails to leave is logged.
    """
    entered: list[tuple[str, AbstractAsyncContextManager[object]]] = []
    try:
        for name, each in lifespans.items():
            try:
                await contained(each.__aenter__, core.patience)
                entered.append((name, each))
            except Exception as error:
                core.log.exception("the lifespan of plugin %s failed to begin", name)
                core.plugins.degrade(name, "lifespan", "failed to begin its lifespan", error)
        yield [name for name, _ in entered]
    finally:
        for name, each in reversed(entered):
            try:
                await contained(partial(each.__aexit__, None, None, None), core.patience)
            except Exception:
                core.log.exception("the lifespan of plugin %s failed to end", name)
