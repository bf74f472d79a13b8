"""Providers that misbehave: they fail their own items, with the right class, and no invented number.

Beside each of them a good network is collected in the same round, and has all its numbers.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from afterpost.domain.errors import ErrorKind, ProviderError, RefreshFailed
from afterpost.domain.scope import SYSTEM
from afterpost.sdk import (
    AccountProfile,
    Call,
    Failed,
    Gone,
    Measured,
    Outcome,
    Page,
    PostInfo,
    Provider,
    Reading,
)
from afterpost.services import exchange
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core
from afterpost.storage import posts, runs
from packages.core.tests.house import EVERYTHING, NOW, MakeCore
from packages.core.tests.plugins.network import NetworkPlugin, Table
from packages.core.tests.zoo.keeper import GOOD, collected, good_network, plugin, raising, views

Does = Callable[..., Any]


class Bad(Table):
    """A network whose posts are b1 and b2; `fetch` and `page` do what the test says."""

    def __init__(
        self, fetch: Callable[..., Any] | None = None, page: Callable[..., Any] | None = None
    ) -> None:
        super().__init__("bad")
        self.views = {"b1": 1, "b2": 2}
        self._fetch = fetch
        self._page = page

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """As told, else well."""
        if self._page is None:
            return await super().list_posts(call, cursor)
        answer = self._page(cursor)
        return await answer if asyncio.iscoroutine(answer) else answer  # type: ignore[no-any-return]

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """As told, else well."""
        if self._fetch is None:
            return await super().fetch_metrics(call, ids)
        answer = self._fetch(ids)
        return await answer if asyncio.iscoroutine(answer) else answer  # type: ignore[no-any-return]


def measured(**changed: Any) -> Measured:
    """A reading with one thing wrong."""
    right: dict[str, Any] = {"observed_at": NOW, "values": {"views": 9}, "definitions": {"views": "1"}}
    return Measured(reading=Reading(**right | changed))


def for_first(outcome: Any) -> Callable[[Sequence[str]], dict[str, Any]]:
    """That outcome for b1, a good one for b2."""
    return lambda ids: {key: outcome if key == "b1" else measured() for key in ids}


async def together(make_core: MakeCore, bad: Provider) -> Core:
    """Both networks, collected once; the good one has to be whole."""
    core = make_core(plugins={"bad": NetworkPlugin(bad), "good": NetworkPlugin(good_network())})
    await collected(core, "bad", "good")
    assert views(core) == GOOD
    return core


def ends(core: Core, platform: str = "bad") -> dict[str, tuple[str, str | None]]:
    """External id -> how the post ended in the last run that had it."""
    with core.read(EVERYTHING) as connection:
        found = posts.find_posts(connection, EVERYTHING, 1, platform, ["b1", "b2"])
        names = {post.id: key for key, post in found.items()}
        return {
            names[item.post_id]: (item.outcome, item.reason)
            for run in reversed(runs.last_runs(connection, EVERYTHING, "collect", 10))
            for item in runs.items_of(connection, EVERYTHING, run.id, runs.OUTCOMES, 10)
            if item.post_id in names
        }


async def never(*_: Any) -> Any:
    """Waits for ever."""
    await asyncio.Event().wait()


async def cancels_itself(*_: Any) -> Any:
    """Says that it was cancelled, which nobody did."""
    raise asyncio.CancelledError


def deep(_: Any) -> Any:
    """Calls itself until there is no room."""
    return deep(_)


WHOLE_CALL: dict[str, tuple[Callable[..., Any], ErrorKind]] = {
    "raises": (raising(RuntimeError("a bug")), ErrorKind.BUG),
    "exits": (raising(SystemExit(9)), ErrorKind.BUG),
    "recurses": (deep, ErrorKind.BUG),
    "hangs": (never, ErrorKind.NETWORK),
    "cancels itself": (cancels_itself, ErrorKind.BUG),
    "answers None": (lambda _: None, ErrorKind.BUG),
    "answers a list": (lambda ids: list(ids), ErrorKind.BUG),
    "answers a text": (lambda _: "views: 5", ErrorKind.BUG),
    "raises a class of its own": (raising(type("Mine", (BaseException,), {})("x")), ErrorKind.BUG),
}


@pytest.mark.parametrize("how", WHOLE_CALL)
async def test_a_call_that_goes_wrong_fails_its_posts_and_no_others(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(exchange, "DEADLINE", 0.2)
    monkeypatch.setattr(exchange, "ATTEMPTS", 1)
    fetch, kind = WHOLE_CALL[how]
    core = await together(make_core, Bad(fetch))
    assert ends(core) == {"b1": ("failed", kind), "b2": ("failed", kind)}
    assert views(core, "bad") == {"b1": None, "b2": None}
    assert {a.platform: a.failure_kind for a in list_accounts(core, EVERYTHING)} == {
        "bad": kind,
        "good": None,
    }


HOSTS: dict[str, Does] = {
    "raises": raising(RuntimeError("a bug")),
    "exits": raising(SystemExit(9)),
    "recurses": deep,
    "answers None": lambda _: None,
    "answers a number": lambda _: 7,
    "answers numbers": lambda _: [7],
}


@pytest.mark.parametrize("how", HOSTS)
async def test_hosts_that_can_not_be_named_fail_their_account_alone(make_core: MakeCore, how: str) -> None:
    class Lost(Bad):
        def __init__(self) -> None:
            super().__init__()
            self.lost = False

        def hosts_for(self, credential: Any) -> Any:
            return HOSTS[how](credential) if self.lost else ()

    lost = Lost()
    core = make_core(plugins={"bad": NetworkPlugin(lost), "good": NetworkPlugin(good_network())})
    await connect(core, EVERYTHING, SYSTEM, "bad", {})
    lost.lost = True
    await collected(core, "good")
    assert views(core) == GOOD
    failed = {account.platform: account.failure_kind for account in list_accounts(core, EVERYTHING)}
    assert failed == {"bad": "bug", "good": None}
    with pytest.raises(RefreshFailed, match="The provider plugin failed"):
        await connect(core, EVERYTHING, SYSTEM, "bad", {})


ONE_OUTCOME: dict[str, Any] = {
    "a text": "fine",
    "a number": 7,
    "none at all": None,
    "a failure without an error": Failed(error=None),  # type: ignore[arg-type]
    "a reading that is none": Measured(reading=None),  # type: ignore[arg-type]
    "values that are none": measured(values=None),
    "values that are a list": measured(values=["views"]),
    "no instant": measured(observed_at=None),
    "an instant without a zone": measured(observed_at=datetime(2026, 11, 22)),  # noqa: DTZ001
    "an instant that is a text": measured(observed_at="2026-11-22"),
    "a publication that is a text": measured(published_at="yesterday"),
    "definitions that are numbers": measured(definitions={"views": 7}),
    "a post of numbers": Measured(
        reading=measured().reading,
        post=PostInfo(external_id=7, title=8),  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize("what", ONE_OUTCOME)
async def test_an_outcome_that_can_not_be_used_fails_its_post_alone(make_core: MakeCore, what: str) -> None:
    core = await together(make_core, Bad(for_first(ONE_OUTCOME[what])))
    assert ends(core) == {"b1": ("failed", "bug"), "b2": ("stored", None)}
    assert views(core, "bad") == {"b1": None, "b2": 9}


@pytest.mark.parametrize("value", [-1, True, "12", 1.5, 2**63, float("nan"), float("inf"), None, [], {}])
async def test_a_value_that_can_not_be_true_is_absent_and_never_zero(make_core: MakeCore, value: Any) -> None:
    core = await together(make_core, Bad(for_first(measured(values={"views": value, "likes": 3}))))
    assert ends(core)["b1"] == ("stored", None)
    assert views(core, "bad") == {"b1": None, "b2": 9}


async def test_what_nobody_asked_for_is_left_out(make_core: MakeCore) -> None:
    core = await together(make_core, Bad(lambda ids: {"g1": measured(), "zzz": measured(), "b2": measured()}))
    assert ends(core) == {"b1": ("failed", "bug"), "b2": ("stored", None)}
    assert views(core) == GOOD


PAGES: dict[str, Callable[[Any], Any]] = {
    "raises": raising(ZeroDivisionError()),
    "exits": raising(SystemExit()),
    "answers None": lambda _: None,
    "answers a tuple": lambda _: ((), None),
    "posts that are texts": lambda _: Page(("b1", "b2")),  # type: ignore[arg-type]
    "a post without a name": lambda _: Page((PostInfo(external_id=None),)),  # type: ignore[arg-type]
    "an instant that is none": lambda _: Page((PostInfo(external_id="b1", published_at="x"),)),  # type: ignore[arg-type]
    "a title that is a number": lambda _: Page((PostInfo(external_id="b1", title=7),)),  # type: ignore[arg-type]
    "goes in circles": lambda _: Page((PostInfo(external_id="b1"),), cursor="again"),
}


@pytest.mark.parametrize("how", PAGES)
async def test_a_list_that_goes_wrong_fails_its_account_alone(make_core: MakeCore, how: str) -> None:
    core = await together(make_core, Bad(page=PAGES[how]))
    accounts = {account.platform: account for account in list_accounts(core, EVERYTHING)}
    kind = "upstream_malformed" if how == "goes in circles" else "bug"
    assert (accounts["bad"].failure_kind, accounts["good"].failure_kind) == (kind, None)
    assert accounts["bad"].state == "active"


@pytest.mark.parametrize("answer", [None, "me", AccountProfile])
async def test_an_account_that_is_none_is_not_connected(make_core: MakeCore, answer: Any) -> None:
    class Anonymous(Bad):
        async def check(self, call: Call) -> AccountProfile:
            return answer  # type: ignore[no-any-return]

    core = make_core(plugins={"bad": NetworkPlugin(Anonymous())})
    with pytest.raises(RefreshFailed, match="The provider plugin failed"):
        await connect(core, EVERYTHING, SYSTEM, "bad", {})
    assert list_accounts(core, EVERYTHING) == []


async def test_arguments_that_are_changed_change_nothing_of_ours(make_core: MakeCore) -> None:
    tries = []

    def greedy(ids: Any) -> Any:
        outcomes = {key: measured() for key in ids}
        ids.clear()
        tries.append(outcomes)
        if len(tries) == 1:
            raise ProviderError(ErrorKind.NETWORK, "Once more, please.")
        return outcomes

    core = await together(make_core, Bad(greedy))
    assert tries[0] == tries[1]
    assert ends(core) == {"b1": ("stored", None), "b2": ("stored", None)}


async def test_what_a_provider_does_to_the_process_changes_no_day(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meddles(ids: Any) -> Any:
        monkeypatch.setenv("TZ", "Pacific/Apia")
        time.tzset()
        return {key: measured() for key in ids}

    try:
        core = await together(make_core, Bad(meddles))
        with core.read(EVERYTHING) as connection:
            days = set(connection.exec_driver_sql("SELECT day FROM post_analytics").scalars())
        assert days == {NOW.date().toordinal() - datetime(1970, 1, 1).toordinal()}  # noqa: DTZ001
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != "Pacific/Apia"


async def test_a_plugin_that_can_not_bring_its_networks_is_degraded_and_its_accounts_wait(
    make_core: MakeCore,
) -> None:
    class NoPlatform(Bad):
        @property
        def capabilities(self) -> Any:
            raise RuntimeError("not today")

    await together(make_core, Bad())
    for bad in (
        plugin("register_providers", raising(RuntimeError("no key"))),
        plugin("register_providers", raising(SystemExit())),
        plugin("register_providers", lambda: (raising(KeyError("x"))() for _ in "x")),
        plugin("register_providers", lambda: [NoPlatform()]),
    ):
        core = make_core(plugins={"bad": bad, "good": NetworkPlugin(good_network())})
        (degraded,) = core.plugins.degraded
        assert (degraded.plugin, degraded.hook) == ("bad", "register_providers")
        assert set(core.providers) == {"good"}
        await collected(core)
        assert views(core, "bad") == {"b1": 1, "b2": 2}


async def test_a_post_that_is_gone_is_kept(make_core: MakeCore) -> None:
    """The control: an outcome that is bad news and no bad behaviour."""
    core = await together(make_core, Bad(for_first(Gone("removed"))))
    assert ends(core) == {"b1": ("failed", "not_found"), "b2": ("stored", None)}
    error = Failed(ProviderError(ErrorKind.METRIC_UNAVAILABLE, "no views"))
    other = make_core("other", plugins={"bad": NetworkPlugin(Bad(for_first(error)))})
    await collected(other, "bad")
    assert ends(other)["b1"] == ("failed", "metric_unavailable")
