"""Policies, guards and units of work that misbehave: nothing is allowed by it, and nothing deleted."""

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from afterpost.domain.errors import InvalidInput, PolicyUnavailable
from afterpost.domain.scope import SYSTEM, Actor, Scope
from afterpost.http import build_app
from afterpost.sdk import (
    AccessPolicy,
    Caller,
    CollectionSchedule,
    Deny,
    Guard,
    Pass,
    RetentionPolicy,
    Settlement,
    TenantPolicy,
)
from afterpost.services import doctor_facts
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core
from afterpost.services.runner import Runner
from afterpost.services.sync import sync
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, MakeCore, at, tell, told
from packages.core.tests.plugins.guards import Gate, GatePlugin
from packages.core.tests.plugins.network import NetworkPlugin
from packages.core.tests.plugins.policies import PolicyPlugin
from packages.core.tests.plugins.units import WitnessPlugin
from packages.core.tests.zoo.keeper import GOOD, collected, good_network, raising, views

KEY = {"Authorization": "Bearer a-key-only-tests-know"}
PATIENCE = 0.2


async def never(*_: Any) -> Any:
    """Waits for ever."""
    await asyncio.Event().wait()


async def cancels_itself(*_: Any) -> Any:
    """Says that it was cancelled, which nobody did."""
    raise asyncio.CancelledError


def answering(value: Any) -> Callable[..., Any]:
    """Something asynchronous that answers with it."""

    async def answer(*_: Any) -> Any:
        return value

    return answer


async def fails(*_: Any) -> Any:
    """Raises once it is awaited."""
    raise RuntimeError("no idea")


async def exits(*_: Any) -> Any:
    """Tries to end the process."""
    raise SystemExit(5)


ANIMALS: dict[str, Callable[..., Any]] = {
    "raises": fails,
    "raises before it is awaited": raising(RuntimeError("no idea")),
    "exits": exits,
    "hangs": never,
    "cancels itself": cancels_itself,
    "is not asynchronous": lambda *_: True,
    "answers None": answering(None),
    "answers a text": answering("yes"),
    "answers one": answering(1),
    "answers a coroutine function": answering(answering(True)),
}


def of(kind: type, **methods: Callable[..., Any]) -> Any:
    """An object of that kind whose methods do what they are told."""
    made = {name: staticmethod(method) for name, method in methods.items()}
    rest = {name: staticmethod(raising(AssertionError(name))) for name in kind.__abstractmethods__}  # type: ignore[attr-defined]
    return type("Bad", (kind,), {"id": "bad", **rest, **made})()


def impatient(core: Core) -> Core:
    """The same, and it does not wait long."""
    return dataclasses.replace(core, patience=PATIENCE)


# --- who is calling, and may they ---


@pytest.mark.parametrize("how", ANIMALS)
@pytest.mark.parametrize("door", ["http", "cli", "job", "mcp"])
async def test_a_tenant_policy_that_fails_lets_nobody_in(make_core: MakeCore, how: str, door: Any) -> None:
    policy = of(TenantPolicy, resolve=ANIMALS[how])
    core = impatient(make_core(plugins={"bad": PolicyPlugin(tenant=policy)}))
    with pytest.raises(PolicyUnavailable):
        await core.resolve(Caller(door=door, token=core.settings.api_key))


JUNK: dict[str, Any] = {
    "a scope alone": Scope.default(),
    "the wrong way round": (Scope.default(), ACTOR),
    "three things": (ACTOR, Scope.default(), None),
    "something like a scope": (ACTOR, SimpleNamespace(organizations=None, brands=None, accounts=None)),
    "no scope": (ACTOR, None),
    "an actor that is a text": ("key:me", Scope.default()),
    "organisations that are texts": (ACTOR, Scope(organizations=frozenset({"1"}))),  # type: ignore[arg-type]
    "brands that are a list": (ACTOR, Scope(brands=[1])),  # type: ignore[arg-type]
    "accounts that are true": (ACTOR, Scope(accounts=frozenset({True}))),
    "one organisation and no set": (ACTOR, Scope(organizations=1)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", JUNK)
async def test_what_is_no_actor_and_scope_opens_nothing(make_core: MakeCore, what: str) -> None:
    policy = of(TenantPolicy, resolve=answering(JUNK[what]))
    core = make_core(plugins={"bad": PolicyPlugin(tenant=policy)})
    with pytest.raises(PolicyUnavailable):
        await core.resolve(Caller(door="cli"))


@pytest.mark.parametrize("how", ANIMALS)
async def test_an_access_policy_that_fails_allows_nothing(make_core: MakeCore, how: str) -> None:
    policy = of(AccessPolicy, allow=ANIMALS[how])
    core = impatient(make_core(plugins={"bad": PolicyPlugin(access=policy)}))
    with pytest.raises(PolicyUnavailable):
        await core.permit(ACTOR, "read", EVERYTHING)


def test_over_http_nothing_is_shown_and_the_server_lives(make_core: MakeCore) -> None:
    for name, bad in (
        (
            "tenant",
            PolicyPlugin(tenant=of(TenantPolicy, resolve=fails, sign_in_options=raising(KeyError("x")))),
        ),
        ("access", PolicyPlugin(access=of(AccessPolicy, allow=exits))),
    ):
        core = make_core(name, plugins={"bad": bad})
        tell(core, told("secret", at("2026-11-20"), {"views": 5}))
        with TestClient(build_app(core), raise_server_exceptions=False) as client:
            for method, path in (
                ("GET", "/v1/posts"),
                ("GET", "/v1/analytics/overview"),
                ("POST", "/v1/ingest"),
            ):
                answer = client.request(method, path, headers=KEY)
                assert (answer.status_code, answer.json()["code"]) == (503, "policy_unavailable")
                assert "secret" not in answer.text
                assert "no idea" not in answer.text
            expected = 503 if name == "tenant" else 200
            assert client.get("/v1/sign-in").status_code == expected
            assert client.get("/health/ready").status_code == 200


# --- guards ---


async def raises_an_error_of_ours(*_: Any) -> Any:
    """One that would otherwise end the whole run: an error of the caller's."""
    raise InvalidInput("I did not like it.")


VERDICTS = ANIMALS | {
    "raises an error of ours": raises_an_error_of_ours,
    "answers True": answering(True),
    "answers with the class and no verdict": answering(Pass),
    "answers with something like a pass": answering(SimpleNamespace(reason="ok")),
    "denies without words": answering(Deny(None)),  # type: ignore[arg-type]
    "denies at length": answering(Deny("x" * 10_000_000)),
}


@pytest.mark.parametrize("how", VERDICTS)
async def test_a_guard_that_fails_stops_the_act_before_it_began(make_core: MakeCore, how: str) -> None:
    network, gate = good_network(), Gate("a-good-one")
    bad = of(Guard, review=VERDICTS[how])
    core = make_core(plugins={"net": NetworkPlugin(network), "gates": GatePlugin(gate, bad)})
    core = impatient(core)
    await connect(core, EVERYTHING, SYSTEM, "good", {})
    await Runner(core).run_due()
    assert network.asked == []
    (account,) = list_accounts(core, EVERYTHING)
    kind = "denied" if how.startswith("denies") else "policy_unavailable"
    assert (account.state, account.failure_kind) == ("active", kind)
    assert len(account.failure_message or "") < 1_000
    # The guard that had passed it was told.
    assert [each for _, each in gate.settled] == [Settlement("refused", 0)]
    with core.read(EVERYTHING) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM posts")).scalar() == 0


@pytest.mark.parametrize("how", ANIMALS)
async def test_a_guard_that_fails_to_settle_changes_nothing(make_core: MakeCore, how: str) -> None:
    after = Gate("z-after")
    bad = of(Guard, review=answering(Pass()), settle=ANIMALS[how])
    core = make_core(plugins={"net": NetworkPlugin(good_network()), "gates": GatePlugin(bad, after)})
    core = impatient(core)
    await collected(core, "good")
    assert views(core) == GOOD
    assert [each.state for _, each in after.settled] == ["done", "done"]


async def test_who_is_stopped_while_a_guard_thinks_is_stopped(make_core: MakeCore) -> None:
    """A cancellation of ours is no failure of the guard's."""
    core = make_core(plugins={"gates": GatePlugin(of(Guard, review=never))})
    task = asyncio.create_task(sync(core, EVERYTHING, ACTOR))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --- units of work ---


@pytest.mark.parametrize(
    "objection", [RuntimeError("x"), SystemExit(2), RecursionError(), type("Mine", (BaseException,), {})()]
)
async def test_a_unit_of_work_that_fails_undoes_the_act(
    make_core: MakeCore, objection: BaseException
) -> None:
    plugin = WitnessPlugin()
    core = make_core(plugins={"net": NetworkPlugin(good_network()), "unit": plugin})
    await connect(core, EVERYTHING, SYSTEM, "good", {})
    plugin.witness.objection = objection
    with pytest.raises(PolicyUnavailable, match="Plugin unit"):
        await Runner(core).run_due()
    tables = ("posts", "observations", "post_analytics", "runs", "run_items", "outbox")
    with core.read(EVERYTHING) as connection:
        for table in tables:
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
    plugin.witness.objection = None
    await Runner(core).run_due()
    assert views(core) == GOOD


@pytest.mark.parametrize("method", ["begin", "before_commit"])
@pytest.mark.parametrize("answer", [True, fails])
def test_a_unit_of_work_that_answers_has_not_done_its_work(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch, method: str, answer: Any
) -> None:
    plugin = WitnessPlugin()
    core = make_core(plugins={"unit": plugin})
    said = answer() if callable(answer) else answer
    monkeypatch.setattr(plugin.witness, method, lambda *_: said)
    with pytest.raises(PolicyUnavailable, match="Plugin unit"):
        tell(core, told("x", at("2026-11-20"), {"views": 5}))
    monkeypatch.undo()
    with core.read(EVERYTHING) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM posts")).scalar() == 0


# --- retention and schedule ---


def test_a_retention_policy_that_fails_deletes_nothing_and_is_named(make_core: MakeCore) -> None:
    policy = of(RetentionPolicy, keep_from=fails, describe=raising(RuntimeError("no words")))
    core = make_core(plugins={"bad": PolicyPlugin(retention=policy)})
    tell(core, told("x", at("2020-01-01"), {"views": 5}))
    finding = doctor_facts.retention(core)
    assert (finding.mark, "no words" in finding.sentence) == ("broken", True)
    with core.read(EVERYTHING) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM observations")).scalar() == 1


SCHEDULES: dict[str, Callable[..., Any]] = {
    "raises": raising(RuntimeError("no idea")),
    "exits": raising(SystemExit()),
    "answers a text": lambda *_: "tomorrow",
    "answers without a zone": lambda *_: datetime(2026, 11, 23),  # noqa: DTZ001
    "answers a coroutine function": lambda *_: fails,
}


@pytest.mark.parametrize("how", SCHEDULES)
async def test_a_schedule_that_fails_is_replaced_by_the_ladder(make_core: MakeCore, how: str) -> None:
    schedule = of(CollectionSchedule, next_due=SCHEDULES[how])
    core = make_core(plugins={"net": NetworkPlugin(good_network()), "bad": PolicyPlugin(schedule=schedule)})
    await collected(core, "good")
    assert views(core) == GOOD
    with core.read(EVERYTHING) as connection:
        due = list(connection.execute(sa.text("SELECT due_at FROM posts")).scalars())
    micros = int(NOW.timestamp() * 1_000_000)
    # The ladder reads a new post after an hour, jittered by up to a tenth.
    assert all(micros + 3_600e6 <= each <= micros + 3_960e6 for each in due)
    assert len(due) == 3


async def test_whoever_is_good_is_let_in(make_core: MakeCore) -> None:
    """The control for everything above."""
    who = (Actor("key", "me"), Scope(organizations=frozenset({1})))
    policies = PolicyPlugin(
        tenant=of(TenantPolicy, resolve=answering(who)), access=of(AccessPolicy, allow=answering(True))
    )
    gate = of(Guard, review=answering(Pass()), settle=answering(None))
    core = impatient(make_core(plugins={"good": policies, "gate": GatePlugin(gate)}))
    assert await core.resolve(Caller(door="http")) == who
    await core.permit(*who[:1], "read", who[1])
    assert (await sync(core, EVERYTHING, ACTOR)).rows == 0
