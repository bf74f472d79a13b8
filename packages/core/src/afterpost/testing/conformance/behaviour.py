"""H. Behaviour: a provider asks once, where it said it would, and leaves waiting and trying again to core."""

import asyncio
from contextlib import suppress

from afterpost.domain.spend import Operation
from afterpost.emulator import Fault
from afterpost.sdk.provider import Call
from afterpost.services.egress import USER_AGENT
from afterpost.testing.conformance.asking import Act, acts, renewal
from afterpost.testing.conformance.check import check, expect
from afterpost.testing.conformance.lab import Lab, Stage
from afterpost.testing.conformance.wire import Sent
from afterpost.testing.conformance.world import OLD

SLACK = 1
"""Requests that a call may take beyond its declared cost: the first page of a list may have to be found."""
_LOOKS = 2_000
"""How often it is looked for the first request of a call, a two-hundredth of a second apart."""


@check("H1")
async def asks_once(lab: Lab) -> None:
    """A request that fails is neither tried again nor waited for; core does both."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:1]
        every = acts(lab, ids) | renewal(lab)
        for name, act in every.items():
            for fault in ("unavailable", "rate_limited", "disconnect", "html"):
                stage.dial.set(Fault(fault))
                before, slept = stage.dial.fired(), len(lab.watch.slept)
                await _ended(act, stage.call(account))
                times = stage.dial.fired() - before
                expect(
                    times <= 1,
                    f"{name} with {fault} asks {times} times.",
                    "Raise at the first failure; core tries again where that helps.",
                )
                expect(
                    len(lab.watch.slept) == slept,
                    f"{name} with {fault} waits: {', '.join(lab.watch.slept[slept:])}.",
                    "Say when in `retry_at`, and never sleep.",
                )
        stage.dial.clear()
        slept = len(lab.watch.slept)
        for act in every.values():
            await _ended(act, stage.call(account))
        expect(
            len(lab.watch.slept) == slept,
            f"It waits though nothing is wrong: {', '.join(lab.watch.slept[slept:])}.",
            "Declare limits; core spreads the calls.",
        )


async def _ended(act: Act, call: Call) -> None:
    """The call, however it ends; other checks look at that."""
    with suppress(Exception):
        await act(call)


@check("H2")
async def cancelled(lab: Lab) -> None:
    """A call that core cancels ends at once."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:1]
        for name, act in acts(lab, ids).items():
            stage.dial.set(Fault("hang"))
            waiting = len(stage.emulator.requests)
            task = asyncio.ensure_future(act(stage.call(account)))
            for _ in range(_LOOKS):
                if task.done() or len(stage.emulator.requests) > waiting:
                    break
                await asyncio.wait({task}, timeout=0.005)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=5)
            ended = bool(done) and task.cancelled()
            if not done:
                task.cancel()
            elif not task.cancelled():
                task.exception()
            expect(
                ended,
                f"{name} goes on after it was cancelled.",
                "Catch Exception, never BaseException or CancelledError.",
            )


@check("H3")
async def planned(lab: Lab) -> None:
    """A call takes no more requests than its declared cost, and one."""
    size = lab.declared.batch_size
    async with lab.stage(size + 3) as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:size]
        cases: dict[Operation, int] = {
            "check": 0,
            "list_posts": lab.declared.page_size,
            "fetch_metrics": len(ids),
            "fetch_account": 0,
            "fetch_daily": lab.declared.daily_batch_size,
        }
        every = acts(lab, ids)
        for operation, items in cases.items():
            if operation not in every:
                continue
            start = len(stage.wire.sent)
            await stage.within(every[operation](stage.call(account)))
            took, planned = len(stage.wire.sent) - start, lab.declared.cost(operation, items).requests
            expect(
                took <= planned + SLACK,
                f"{operation} for {items} posts takes {took} requests; {planned} are declared.",
                "Declare it: Cost(operation, call=Spend(requests=…), item=Spend(requests=…)).",
            )


async def _heard(lab: Lab) -> tuple[list[Sent], list[Sent], Stage]:
    """The requests of signing in and renewing, and those of all methods that read."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[: lab.declared.batch_size]
        signing = len(stage.wire.sent)
        for act in acts(lab, ids).values():
            await _ended(act, stage.call(account))
        read = stage.wire.sent[signing:]
        if lab.overrides("refresh"):
            await _ended(stage.provider.refresh, stage.call(account))
        return stage.wire.sent, read, stage


@check("H4")
async def hosts(lab: Lab) -> None:
    """Every request goes to a declared host over HTTPS, through the client that core hands over."""
    before = len(lab.watch.reached)
    sent, _, stage = await _heard(lab)
    allowed = {*lab.declared.hosts, *stage.provider.hosts_for(stage.typed())}
    foreign = sorted(
        {
            f"{one.url.scheme}://{one.url.netloc.decode()}"
            for one in sent
            if one.url.host not in allowed or one.url.scheme != "https" or one.url.port is not None
        }
    )
    expect(not foreign, f"It asked {', '.join(foreign)}.", "Declare the host, and use HTTPS at its own port.")
    reached = sorted(set(lab.watch.reached[before:]))
    expect(
        not reached,
        f"It reached for {', '.join(reached)} past the client.",
        "Use call.client for everything; it has the time-outs, the size limit and the gate.",
    )
    expect(bool(sent), "It asked nothing at all.", "Use call.client for everything.")


@check("H5")
async def user_agent(lab: Lab) -> None:
    """Requests carry the User-Agent that core has set."""
    sent, _, _ = await _heard(lab)
    other = sorted({one.headers.get("user-agent", "none") for one in sent} - {USER_AGENT})
    expect(not other, f"It calls itself {', '.join(other)}.", "Leave the header to core's client.")


@check("H6")
async def writes_nothing(lab: Lab) -> None:
    """Methods that read send GET, or POST where its network reads so; nothing is written to the network."""
    _, read, _ = await _heard(lab)
    writing = sorted(
        {
            f"{one.method} {one.url.path}"
            for one in read
            if one.method not in ("GET", "HEAD")
            and not (one.method == "POST" and one.url.path in lab.reads_by_post)
        }
    )
    expect(
        not writing,
        f"Reading, it sent {', '.join(writing)}.",
        "Read with GET; where the network reads by POST, name the path in `reads_by_post`.",
    )
