"""A plugin with a route, commands, a panel, a report and a lifespan: what it adds to the doors."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import rich_click as click
from litestar import get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from afterpost import hookimpl
from afterpost.api import Call, Wiring, opened, say
from afterpost.sdk import BillingReport, Column, Panel, PluginContext, Reads, Scope, Window


class Greeting(Struct, frozen=True):
    """Who is greeted."""

    actor: str


class GreetingAnswer(Struct, frozen=True):
    """A greeting."""

    data: Greeting


@get("/hello", summary="A greeting")
async def read_hello(call: Call) -> GreetingAnswer:
    """Greets whoever asks."""
    return GreetingAnswer(Greeting(str(call.actor)))


@post("/wave", status_code=200, opt={"action": "manage"}, summary="A wave")
async def wave(call: Call) -> GreetingAnswer:
    """Waves back."""
    return GreetingAnswer(Greeting(str(call.actor)))


@post("/closed", status_code=200, summary="Closed")
async def closed(call: Call) -> GreetingAnswer:
    """Never reached: it does not say what it does."""
    return GreetingAnswer(Greeting(str(call.actor)))


@click.group()
def pages() -> None:
    """Greetings."""


@pages.command()
@click.pass_obj
def hello(wiring: Wiring) -> None:
    """Greet whoever acts here."""
    with opened(wiring, "read") as session:
        say(f"hello {session.actor}")


class Squares(BillingReport):
    """Two rows."""

    id = "squares"
    title = "Squares"
    columns = (Column("n", "a number"), Column("square", "the number times itself"))

    async def run(self, reads: Reads, scope: Scope, window: Window) -> Sequence[Mapping[str, Any]]:
        """Of 1 and 2."""
        return [{"square": n * n, "n": n} for n in (1, 2)]


class PagesPlugin:
    """The plugin; `log` says when its lifespan begins and ends."""

    def __init__(self, name: str = "pages", log: list[str] | None = None) -> None:
        self.name = name
        self.log: list[str] = [] if log is None else log

    @hookimpl
    def register_routes(self, context: PluginContext) -> Sequence[ControllerRouterHandler]:
        """Three routes."""
        return [read_hello, wave, closed]

    @hookimpl
    def register_commands(self) -> click.RichGroup:
        """One group."""
        return pages

    @hookimpl
    def register_panels(self) -> Iterable[Panel]:
        """One chart."""
        spec = {"mark": "line", "encoding": {"x": {"field": "date"}, "y": {"field": "views"}}}
        url = "/v1/analytics/overview"
        return [Panel(id=f"{self.name}-line", title="A line", slot="overview", spec=spec, data_url=url)]

    @hookimpl
    def register_billing_reports(self) -> Iterable[BillingReport]:
        """One report."""
        return [Squares()] if self.name == "pages" else []

    @hookimpl
    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Notes its beginning and its end."""

        @asynccontextmanager
        async def living() -> AsyncIterator[None]:
            self.log.append(f"{self.name} begins")
            yield
            self.log.append(f"{self.name} ends")

        return living()
