"""Contributions and observers that misbehave: dropped and shown, or asked again; everything else goes on."""

import asyncio
import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from litestar.testing import TestClient

from afterpost.domain.errors import PluginError
from afterpost.hookspecs import CONTAINED, FAILURE
from afterpost.http import build_app
from afterpost.sdk import BillingReport, Column, Observer
from afterpost.services import notify, reports
from afterpost.services.core import Core
from afterpost.services.reports import run_report
from packages.core.tests.house import ACTOR, EVERYTHING, MakeCore
from packages.core.tests.plugins.network import NetworkPlugin
from packages.core.tests.plugins.pages import PagesPlugin
from packages.core.tests.plugins.watcher import Watcher
from packages.core.tests.zoo.keeper import GOOD, collected, good_network, plugin, raising, views

KEY = {"Authorization": "Bearer a-key-only-tests-know"}
AT_THE_DOOR = sorted(
    h for h in FAILURE if FAILURE[h] in CONTAINED and h not in {"register_providers", "register_commands"}
)


def generator(error: BaseException) -> Callable[[], Any]:
    """An answer that fails only when somebody looks at it."""
    return lambda: (raising(error)() for _ in "x")


# --- what raises when it is asked ---


@pytest.mark.parametrize("hook", AT_THE_DOOR)
@pytest.mark.parametrize("error", [RuntimeError("out of order"), SystemExit(3), RecursionError()])
def test_a_contribution_that_fails_is_dropped_and_the_rest_goes_on(
    make_core: MakeCore, hook: str, error: BaseException
) -> None:
    core = make_core(plugins={"bad": plugin(hook, raising(error)), "pages": PagesPlugin()})
    with TestClient(build_app(core)) as client:
        assert client.get("/health/ready").json()["data"]["degraded"] == ["bad"]
        assert client.get("/v1/x/pages/hello", headers=KEY).status_code == 200
        assert len(client.get("/v1/panels", headers=KEY).json()["data"]) == 1
    (degraded,) = core.plugins.degraded
    assert (degraded.plugin, degraded.hook) == ("bad", hook)
    assert f"Plugin bad (afterpost built in) failed in {hook}: {type(error).__name__}" in degraded.cause
    assert "squares" in core.reports


@pytest.mark.parametrize("hook", sorted(set(AT_THE_DOOR) - {"lifespan"}))
def test_so_is_one_that_fails_while_it_is_looked_at(make_core: MakeCore, hook: str) -> None:
    core = make_core(plugins={"bad": plugin(hook, generator(KeyError("x"))), "pages": PagesPlugin()})
    build_app(core)
    assert [(each.plugin, each.hook) for each in core.plugins.degraded] == [("bad", hook)]


# --- lifespans ---


async def never() -> Any:
    """Waits for ever."""
    await asyncio.Event().wait()


async def cancels_itself() -> Any:
    """Says that it was cancelled, which nobody did."""
    raise asyncio.CancelledError


LIVES: dict[str, Callable[[], Any]] = {
    "raises": raising(RuntimeError("no pump")),
    "exits": raising(SystemExit(3)),
    "hangs": never,
    "cancels itself": cancels_itself,
}


class Life:
    """A lifespan that does at its beginning and its end what it is told."""

    def __init__(self, begin: Callable[[], Any] | None = None, end: Callable[[], Any] | None = None) -> None:
        self._begin = begin
        self._end = end

    async def __aenter__(self) -> None:
        await _done(self._begin)

    async def __aexit__(self, *_: object) -> None:
        await _done(self._end)


async def _done(what: Callable[[], Any] | None) -> None:
    answer = what() if what is not None else None
    if asyncio.iscoroutine(answer):
        await answer


@pytest.mark.parametrize("how", LIVES)
def test_a_lifespan_that_does_not_begin_is_shown_and_the_others_do(make_core: MakeCore, how: str) -> None:
    pages = PagesPlugin("pages")
    bad = partial(Life, begin=LIVES[how])
    core = dataclasses.replace(
        make_core(plugins={"bad": plugin("lifespan", bad), "pages": pages}), patience=0.2
    )
    with TestClient(build_app(core)) as client:
        assert client.get("/health/ready").json()["data"]["degraded"] == ["bad"]
        assert pages.log == ["pages begins"]
    assert pages.log == ["pages begins", "pages ends"]


@pytest.mark.parametrize("how", LIVES)
def test_a_lifespan_that_does_not_end_keeps_no_other_from_ending(make_core: MakeCore, how: str) -> None:
    first, last = PagesPlugin("a"), PagesPlugin("z")
    bad = partial(Life, end=LIVES[how])
    plugins = {"a": first, "bad": plugin("lifespan", bad), "z": last}
    core = dataclasses.replace(make_core(plugins=plugins), patience=0.2)
    with TestClient(build_app(core)) as client:
        assert client.get("/health/ready").status_code == 200
    assert (first.log[-1], last.log[-1]) == ("a ends", "z ends")


# --- reports ---


class Report(BillingReport):
    """Answers with what it is told."""

    id = "bad"
    title = "Bad"
    columns = (Column("n", "a number"),)

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    async def run(self, reads: Any, scope: Any, window: Any) -> Any:
        """The answer."""
        found = self._answer()
        return await found if asyncio.iscoroutine(found) else found


REPORTS: dict[str, tuple[Callable[[], Any], str]] = {
    "raises": (raising(RuntimeError("x")), "The report bad failed: RuntimeError"),
    "exits": (raising(SystemExit()), "tried to end the process"),
    "hangs": (never, "no answer within"),
    "cancels itself": (cancels_itself, "cancelled itself"),
    "answers None": (lambda: None, "The report bad failed: TypeError"),
    "answers with other columns": (lambda: [{"m": 1}], "other columns than it declares"),
    "answers with more columns": (lambda: [{"n": 1, "m": 1}], "other columns than it declares"),
    "answers with rows that are none": (lambda: [7], "The report bad failed: TypeError"),
}


@pytest.mark.parametrize("how", REPORTS)
async def test_a_report_that_goes_wrong_says_so_and_is_no_table(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(reports, "DEADLINE", 0.2)
    answer, says = REPORTS[how]
    bad = plugin("register_billing_reports", lambda: [Report(answer)])
    core = make_core(plugins={"bad": bad, "pages": PagesPlugin()})
    with pytest.raises(PluginError, match=says):
        await run_report(core, EVERYTHING, ACTOR, "bad")
    assert len((await run_report(core, EVERYTHING, ACTOR, "squares")).rows) == 2


# --- observers ---


class BadObserver(Observer):
    """Does what it is told with its events."""

    id = "bad"

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    def deliver(self, tx: Any, deliveries: Any) -> None:
        """What it is told."""
        return self.act()  # type: ignore[no-any-return]


async def later() -> None:
    """Would do something, if somebody awaited it."""


OBSERVERS: dict[str, Callable[[], Any]] = {
    "raises": raising(RuntimeError("not today")),
    "exits": raising(SystemExit(1)),
    "recurses": raising(RecursionError()),
    "answers": lambda: "done",
    "answers with work for later": later,
}


@pytest.mark.parametrize("how", OBSERVERS)
async def test_an_observer_that_fails_keeps_its_events_and_harms_nobody(
    make_core: MakeCore, how: str
) -> None:
    bad, good = BadObserver(OBSERVERS[how]), Watcher()
    core = make_core(
        plugins={
            "net": NetworkPlugin(good_network()),
            "bad": plugin("register_observers", lambda: [bad]),
            "good": plugin("register_observers", lambda: [good]),
        }
    )
    await collected(core, "good")
    await notify.deliver(core, EVERYTHING)
    assert views(core) == GOOD
    assert len(good.heard) == 5
    waiting = _waiting(core)
    assert waiting == {"bad": 5}
    bad.act = lambda: None
    assert await notify.deliver(core, EVERYTHING) == 5
    assert _waiting(core) == {}


def _waiting(core: Core) -> dict[str, int]:
    """Observer -> how many events wait for it."""
    query = "SELECT observer, count(*) FROM deliveries GROUP BY observer"
    with core.read(EVERYTHING) as connection:
        return {row[0]: row[1] for row in connection.exec_driver_sql(query)}
