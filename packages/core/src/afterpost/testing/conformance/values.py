"""E. Metrics, of a value: what is not there is absent, 0 is 0, and what can't be a count becomes none."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from afterpost.domain.metrics import CUMULATIVE
from afterpost.emulator import Fault
from afterpost.sdk.provider import Failed, Measured
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.lab import Account, Lab, Stage
from afterpost.testing.conformance.wire import Swap
from afterpost.testing.conformance.world import OLD

MARK = 731_842_657
"""A count that stands nowhere else in an answer."""
BEYOND_FLOATS = 2**53 + 1
"""The first whole number that no float can hold."""
_ODD: tuple[object, ...] = ("many", -5, True, [12], {"count": 12}, 1.5)


def _counters(lab: Lab, stage: Stage) -> list[str]:
    """Counters under a canonical name that the dialect words as they are."""
    native = stage.dialect.native
    found = [
        name
        for name, spec in lab.offered().items()
        if name in native and name in CUMULATIVE and spec.unit == "count"
    ]
    if not found:
        raise NotApplicable("Its emulator has no counter under a canonical name.")
    return found


async def _three(lab: Lab, stage: Stage, account: Account) -> list[str]:
    """Three posts of one batch, or fewer where a batch is smaller."""
    return list(await stage.known(account))[: min(3, lab.declared.batch_size)]


@check("E4")
async def absent_and_zero(lab: Lab) -> None:
    """A count that the network leaves out is absent, and a count of 0 is 0."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        names = _counters(lab, stage)
        known = await stage.known(account)
        tried = 0
        for one, post in list(known.items())[:3]:
            whole = (await stage.measured(account, one)).reading.values
            for name in (name for name in names if name in whole):
                others = dict(stage.world.metrics(post.id, stage.clock.now))
                stage.world.numbers[post.id] = {key: value for key, value in others.items() if key != name}
                without = (await stage.measured(account, one)).reading
                stage.world.numbers[post.id] = others | {name: 0}
                zero = (await stage.measured(account, one)).reading
                del stage.world.numbers[post.id]
                tried += 1
                expect(
                    name not in without.values,
                    f"{name} is not in the network's answer, and is read as {without.values.get(name)!r}.",
                    "Leave out what is not there; a 0 that nobody said spoils every average it gets into.",
                )
                expect(
                    zero.values.get(name) == 0,
                    f"The network says {name} 0, and it is read as {zero.values.get(name)!r}.",
                    "A 0 that was said is a fact: compare with None, not with falsehood.",
                )
        if not tried:
            raise NotApplicable("No post has a counter under a canonical name.")


@check("E17")
async def nulls(lab: Lab) -> None:
    """A count that the network sends as null is absent, never 0."""
    await _swapped(lab, (None,), "Take null for what it is: not known.")


@check("E5")
async def odd_values(lab: Lab) -> None:
    """What is no count (a word, a negative, true, a list, a fraction) becomes none and costs its own post."""
    await _swapped(lab, _ODD, "Check what a field holds before it becomes a number, post by post.")


async def _swapped(lab: Lab, odd: Sequence[object], todo: str) -> None:
    """Puts each odd value in the place of a count of the first of three posts."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = await _three(lab, stage, account)
        post = (await stage.known(account))[ids[0]]
        tried = 0
        for name in _counters(lab, stage):
            for value in odd:
                answer = await _with(stage, account, ids, post.id, {name: MARK}, Swap(MARK, value))
                if answer is None:
                    continue
                tried += 1
                first, *rest = (answer.get(one) for one in ids)
                told: Any = first.reading.values.get(name) if isinstance(first, Measured) else None
                expect(
                    isinstance(first, Measured | Failed) and told is None,
                    f"It says {name} {value!r}, and it is read as {first if told is None else told!r}.",
                    todo,
                )
                expect(
                    all(isinstance(one, Measured) for one in rest),
                    f"With {name} {value!r} of one post, the others came out as {rest!r}.",
                    "Let an odd value cost its own post at most.",
                )
        if not tried:
            raise NotApplicable("Its wire has no count that could be changed.")


async def _with(
    stage: Stage, account: Account, ids: Sequence[str], post_id: str, numbers: Mapping[str, int], swap: Swap
) -> Mapping[str, object] | None:
    """What is read when an answer is changed; None where there was nothing to change."""
    before = dict(stage.world.metrics(post_id, stage.clock.now))
    stage.world.numbers[post_id] = {**before, **numbers}
    stage.wire.rewrite = swap
    try:
        answer = await stage.fetched(account, ids)
    finally:
        stage.wire.rewrite = None
        del stage.world.numbers[post_id]
    return answer if swap.hits else None


@check("E9")
async def rest_kept(lab: Lab) -> None:
    """Where a batch takes several requests, one that fails costs its own posts alone."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = await _three(lab, stage, account)
        start = len(stage.wire.sent)
        await stage.fetched(account, ids)
        if len(stage.wire.sent) - start < len(ids) or len(ids) < 2:
            raise NotApplicable("It reads a batch in one request.")
        broken = False

        def rewrite(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            nonlocal broken
            if broken or ids[1] not in str(request.url):
                return response
            broken = True
            return httpx.Response(200, content=response.content[: len(response.content) // 2])

        stage.wire.rewrite = rewrite
        outcomes = await stage.fetched(account, ids)
        if not broken:
            raise NotApplicable("Its requests do not name a post.")
        kept = [isinstance(outcomes.get(one), Measured) for one in ids]
        expect(
            kept == [one != ids[1] for one in ids] and isinstance(outcomes.get(ids[1]), Failed),
            f"With one of {len(ids)} answers broken, {kept.count(True)} posts are measured.",
            "Answer Failed for that post, and go on with the others.",
        )


@check("E10")
async def dead_metric(lab: Lab) -> None:
    """A metric that the network has taken off is named in `partial` and costs no other metric."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[: min(5, lab.declared.batch_size)]
        whole = {one: (await stage.measured(account, one)).reading.values for one in ids}
        fired = 0
        for name in _counters(lab, stage):
            having = [one for one in ids if name in whole[one]]
            if not having:
                continue
            stage.dial.set(Fault("dead_metric", fields=(name,)))
            before = stage.dial.fired("dead_metric")
            outcome = await stage.measured(account, having[0])
            if stage.dial.fired("dead_metric") == before:
                continue
            fired += 1
            left = {key for key in whole[having[0]] if key != name}
            expect(
                name in outcome.partial and left <= set(outcome.reading.values),
                f"Without {name}: {sorted(outcome.reading.values)}, and partial {outcome.partial}.",
                "Ask again without it, and name it in `partial`.",
            )
        if not fired:
            raise NotApplicable("Its network refuses no call for the sake of one metric.")


@check("E11")
async def large(lab: Lab) -> None:
    """Large counts keep every digit: those beyond 32 bits, and those beyond what a float can hold."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        known = await stage.known(account)
        one, post = next(iter(known.items()))
        tried = 0
        for name in _counters(lab, stage):
            if name not in (await stage.measured(account, one)).reading.values:
                continue
            for count in (2**31 + 11, 10**15 - 1, BEYOND_FLOATS):
                stage.world.numbers[post.id] = {name: count}
                outcome = await stage.measured(account, one)
                told = outcome.reading.values.get(name)
                # More than Afterpost stores may be left out; it must not come out as another number.
                right = told == count or (told is None and count == BEYOND_FLOATS)
                tried += 1
                expect(
                    right and not isinstance(told, float),
                    f"The network says {name} {count:,}, and it is read as {told!r}.",
                    "Keep counts as whole numbers of any size: no float on the way, and no 32 bits.",
                )
        if not tried:
            raise NotApplicable("No post has a counter under a canonical name.")


@check("E13")
async def falling(lab: Lab) -> None:
    """A counter that falls is read as what it fell to."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        one, post = next(iter((await stage.known(account)).items()))
        whole = (await stage.measured(account, one)).reading.values
        names = [name for name in _counters(lab, stage) if name in whole]
        if not names:
            raise NotApplicable("No post has a counter under a canonical name.")
        for name in names:
            for count in (100_000, 40_000):
                stage.world.numbers[post.id] = {name: count}
                told = (await stage.measured(account, one)).reading.values.get(name)
                expect(
                    told == count,
                    f"{name} fell to {count:,}, and is read as {told!r}.",
                    "Report what the network says now, and remember nothing.",
                )
