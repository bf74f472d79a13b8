"""Guards: every act is reviewed before it begins, and each guard that passed it is told what came of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from afterpost.domain.errors import AfterpostError, Denied, Held, PolicyUnavailable
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.guard import Act, ActKind, Deny, Guard, Hold, Pass, Settlement
from afterpost.services.closed import asked, unavailable
from afterpost.services.core import Core

REFUSALS = (Denied, Held, PolicyUnavailable)
"""How an act is refused."""
_REASON = 500
"""Characters of a guard's reason that are kept."""


class Done:
    """How much of an act was done; whoever does it counts here."""

    def __init__(self) -> None:
        self.amount = 0


@asynccontextmanager
async def guarded(
    core: Core,
    scope: Scope,
    actor: Actor,
    kind: ActKind,
    subject: str,
    *,
    organization_id: int,
    amount: int | None,
) -> AsyncIterator[Done]:
    """Do an act inside this: it is entered only when every guard passes the act.

    Raises Denied, Held or PolicyUnavailable before anything is done. However the act ends, each guard that
    passed it is told.
    """
    act = Act(
        id=core.new_id(),
        kind=kind,
        actor=actor,
        scope=scope,
        organization_id=organization_id,
        subject=subject,
        amount=amount,
        at=core.now(),
    )
    passed: list[Guard] = []
    done = Done()
    state: Settlement = Settlement("refused", 0)
    try:
        for name, guard in core.guards.items():
            await _review(core, name, guard, act)
            passed.append(guard)
        state = Settlement("failed", 0)
        yield done
        state = Settlement("done", done.amount)
    except BaseException:
        if state.state == "failed":
            state = Settlement("failed", done.amount)
        raise
    finally:
        if passed:
            # Shielded: an act that is cancelled still has to give back what was reserved for it.
            await asyncio.shield(_settle(core, act, state, passed))


async def _review(core: Core, name: str, guard: Guard, act: Act) -> None:
    who = f"The guard {name}"
    verdict = await _verdict(core, who, guard, act)
    if isinstance(verdict, Pass):
        return
    if isinstance(verdict, Deny):
        raise Denied(_sentence(name, "denies", act, verdict.reason), retry_at=verdict.retry_at)
    if isinstance(verdict, Hold):
        raise Held(_sentence(name, "holds", act, verdict.reason))
    raise unavailable(who, f"it answered with {type(verdict).__name__}")


async def _verdict(core: Core, who: str, guard: Guard, act: Act) -> object:
    try:
        return await asked(lambda: guard.review(act), who, core.patience)
    except REFUSALS:
        raise
    except AfterpostError as error:
        # A guard speaks in verdicts: another error of ours would be taken for the act's own.
        raise unavailable(who, error.code) from error


def _sentence(name: str, verb: str, act: Act, reason: object) -> str:
    return f"The guard {name} {verb} this {act.kind}: {str(reason)[:_REASON]}"


async def _settle(core: Core, act: Act, settlement: Settlement, guards: Sequence[Guard]) -> None:
    for guard in guards:
        try:
            await asked(partial(guard.settle, act, settlement), f"The guard {guard.id}", core.patience)
        except AfterpostError as error:
            core.log.warning("settling an act changed nothing: %s", error.message)
