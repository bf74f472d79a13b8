"""G. Errors: each fault of the network becomes the kind that says what helps, in every method that reads."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta

import httpx

from afterpost.domain.errors import STOPPING, WAITING, ErrorKind, ProviderError
from afterpost.emulator import Fault, FaultKind
from afterpost.sdk.provider import Failed
from afterpost.sdk.waits import LONGEST_WAIT
from afterpost.testing.conformance.asking import acts
from afterpost.testing.conformance.check import Broken, NotApplicable, check, expect
from afterpost.testing.conformance.lab import Lab, Stage
from afterpost.testing.conformance.wire import Unheard
from afterpost.testing.conformance.world import NOW, OLD

Judge = Callable[[str, ProviderError], None]
MALFORMED = (ErrorKind.UPSTREAM_MALFORMED,)
_REFUSALS: tuple[FaultKind, ...] = ("forbidden", "unauthorized", "quota")
"""Refusals whose envelope G11 words anew."""


async def _each(lab: Lab, fault: Fault, judge: Judge, *, patience: float | None = None) -> None:
    """Judges what every method that reads makes of this fault; NotApplicable where none meets it."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:1]
        if patience is not None:
            stage.client.timeout = httpx.Timeout(patience)
        met = 0
        for name, act in acts(lab, ids).items():
            stage.dial.set(fault)
            before = stage.dial.fired()
            answer = await _answer(stage, name, act(stage.call(account)))
            if stage.dial.fired() == before:
                continue
            met += 1
            judge(f"{name} with {fault.kind}", _error(name, answer))
        if not met:
            raise NotApplicable("Its network has no such refusal, as its emulator words it.")


async def _answer(stage: Stage, name: str, asked: Awaitable[object]) -> object:
    """What a call answers, or the ProviderError that it ends with; Broken for any other end."""
    try:
        return await stage.within(asked)
    except ProviderError as error:
        return error
    except Exception as error:
        raise Broken(
            f"{name}: {type(error).__name__} left the provider instead of a ProviderError.",
            "Turn whatever goes wrong into a ProviderError of the right kind.",
        ) from error


def _error(name: str, answer: object) -> ProviderError:
    """The error that an answer is, or that its outcomes hold; Broken where it has none."""
    if isinstance(answer, ProviderError):
        return answer
    for outcome in answer.values() if isinstance(answer, Mapping) else ():
        if isinstance(outcome, Failed):
            return outcome.error
    raise Broken(
        f"{name}: the provider answered as if nothing were wrong: {str(answer)[:200]}.",
        "What can't be read must never become a number, an empty answer, or a post that is gone.",
    )


def _is(kinds: Collection[ErrorKind], todo: str) -> Judge:
    """Judges the kind, and that the platform's own code is kept."""

    def judge(what: str, error: ProviderError) -> None:
        expect(error.kind in kinds, f"{what} is told as {error.kind}.", todo)
        expect(
            bool(error.native) and bool(error.message),
            f"{what} is told without the code of the network.",
            "Keep it in `native`: it is what a person looks up.",
        )

    return judge


@check("G1")
async def rate_limited(lab: Lab) -> None:
    """A rate limit is RATE_LIMITED until the instant that the network says, in any form, unless it passed."""
    waits: dict[str, list[timedelta]] = {}

    def judge(what: str, error: ProviderError) -> None:
        _is((ErrorKind.RATE_LIMITED,), "Raise RATE_LIMITED; it passes, so nobody has to be asked.")(
            what, error
        )
        _sensible(what, error)
        if error.retry_at is None:
            raise Broken(
                f"{what} is told without saying until when.", "Make retry_at of what the network says."
            )
        waits.setdefault(what, []).append(error.retry_at - NOW)

    for seconds in ("120", "1800"):
        await _each(lab, Fault("rate_limited", retry_after=seconds), judge)
    for what, (short, long) in ((what, pair) for what, pair in waits.items() if len(pair) == 2):
        expect(
            short == timedelta(seconds=120) and long == timedelta(seconds=1800),
            f"{what}, told to wait for 120 and for 1,800 s, waits for {short} and {long}.",
            "Make retry_at of what the network says: retry_after() and reset_at() read its forms.",
        )

    def passed(what: str, error: ProviderError) -> None:
        _is((ErrorKind.RATE_LIMITED,), "Raise RATE_LIMITED, whatever its headers say.")(what, error)
        _sensible(f"{what}, told to wait until an hour ago,", error)

    await _each(lab, Fault("rate_limited", retry_after="-3600"), passed)


def _sensible(what: str, error: ProviderError) -> None:
    """An instant to wait for, where there is one, is aware, ahead, and within reach."""
    at = error.retry_at
    if at is None:
        return
    expect(
        at.utcoffset() is not None and NOW < at <= NOW + max(LONGEST_WAIT, timedelta(days=31)),
        f"{what} waits until {at!r}; it is {NOW}.",
        "Make retry_at an aware instant ahead of call.now; don't believe waits that can't be true.",
    )


@check("G2")
async def quota(lab: Lab) -> None:
    """A quota that is used up is a kind that waits, never one that stops the account."""

    def judge(what: str, error: ProviderError) -> None:
        _is(WAITING, "Raise QUOTA_EXHAUSTED, or BUDGET_EXHAUSTED where it was paid for.")(what, error)
        _sensible(what, error)

    await _each(lab, Fault("quota"), judge)


@check("G3")
async def forbidden(lab: Lab) -> None:
    """A missing permission is PERMISSION_MISSING, and names the scope where scopes are declared."""
    scoped = any(spec.scopes for spec in lab.declared.metrics)

    def judge(what: str, error: ProviderError) -> None:
        _is((ErrorKind.PERMISSION_MISSING,), "Raise PERMISSION_MISSING: no waiting helps.")(what, error)
        expect(
            bool(error.scopes) or not scoped,
            f"{what} is told without the scopes that are missing.",
            "Name them in `scopes`, so that `connect` can ask for them.",
        )

    await _each(lab, Fault("forbidden"), judge)


@check("G4")
async def unauthorized(lab: Lab) -> None:
    """An access token that is over is TOKEN_EXPIRED, or CREDENTIAL_REVOKED where nothing can renew it."""
    if not lab.overrides("refresh"):
        todo = "Raise CREDENTIAL_REVOKED: without `refresh` only connecting again helps."
        await _each(lab, Fault("unauthorized"), _is((ErrorKind.CREDENTIAL_REVOKED,), todo))
        return
    async with lab.stage() as stage:
        renewable = "refresh_token" in (await stage.connected(OLD)).credential.secrets
    # Some networks renew a token by itself, before it ends and never after.
    kinds = (
        (ErrorKind.TOKEN_EXPIRED,) if renewable else (ErrorKind.TOKEN_EXPIRED, ErrorKind.CREDENTIAL_REVOKED)
    )
    await _each(lab, Fault("unauthorized"), _is(kinds, "Raise TOKEN_EXPIRED: core renews it and asks again."))


@check("G5")
async def outage(lab: Lab) -> None:
    """Every outage (500, 502, 503, 504) is UPSTREAM_UNAVAILABLE."""
    for status in (500, 502, 503, 504):
        todo = f"Raise UPSTREAM_UNAVAILABLE for {status}: it passes by itself."
        await _each(lab, Fault("unavailable", status=status), _is((ErrorKind.UPSTREAM_UNAVAILABLE,), todo))


@check("G6")
async def html(lab: Lab) -> None:
    """A page of HTML, or nothing at all, in the place of an answer is UPSTREAM_MALFORMED."""
    for fault in (Fault("html"), Fault("empty")):
        await _each(lab, fault, _is(MALFORMED, "Decode into a type; what does not fit is no answer."))


@check("G7")
async def truncated(lab: Lab) -> None:
    """Half an answer, or one nested beyond all measure, is UPSTREAM_MALFORMED."""
    for fault in (Fault("truncated"), Fault("deep")):
        await _each(lab, fault, _is(MALFORMED, "Catch what the decoder raises, RecursionError included."))


@check("G8")
async def redirect(lab: Lab) -> None:
    """A redirect to another host is UPSTREAM_MALFORMED, and nobody follows it."""
    await _each(lab, Fault("redirect"), _is(MALFORMED, "Leave follow_redirects off."))


@check("G9")
async def no_answer(lab: Lab) -> None:
    """A connection that breaks, and an answer that never comes, are NETWORK."""
    judge = _is((ErrorKind.NETWORK,), "Turn httpx.TransportError into NETWORK.")
    await _each(lab, Fault("disconnect"), judge)
    await _each(lab, Fault("hang"), judge, patience=0.3)


@check("G10")
async def too_large(lab: Lab) -> None:
    """An answer beyond core's size limit, packed small or not, ends the call with UPSTREAM_MALFORMED."""

    def judge(what: str, error: ProviderError) -> None:
        expect(
            error.kind is ErrorKind.UPSTREAM_MALFORMED,
            f"{what} is told as {error.kind}.",
            "Let core's own ProviderError through: its client stops what is too large.",
        )

    await _each(lab, Fault("gzip_bomb", times=1), judge)


@check("G11")
async def unheard_of(lab: Lab) -> None:
    """A refusal that nobody knows never stops the account, and none but a 401 may spend a renewal."""
    harmless = set(ErrorKind) - STOPPING - {ErrorKind.TOKEN_EXPIRED, ErrorKind.BUG}
    judge = _is(harmless, "Keep kinds that only a person can mend for refusals that are known.")
    # What 401 means is the same everywhere: the token is not accepted. To renew it costs little, and tells.
    of_401 = harmless | ({ErrorKind.TOKEN_EXPIRED} if lab.overrides("refresh") else set())
    judge_401 = _is(of_401, "Keep CREDENTIAL_REVOKED for refusals that are known.")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:1]
        body = b'{"teapot": ["short", "and", "stout"]}'
        stage.wire.rewrite = lambda request, response: httpx.Response(418, content=body)
        for name, act in acts(lab, ids).items():
            answer = await _answer(stage, name, act(stage.call(account)))
            judge(f"{name} with the status 418", _error(name, answer))
        # The network's own envelope, and in it a code and a sentence that it never had.
        for kind in _REFUSALS:
            for status in (400, 401, 403, 418):
                stage.wire.rewrite = Unheard(status)
                for name, act in acts(lab, ids).items():
                    stage.dial.set(Fault(kind))
                    before = stage.dial.fired()
                    answer = await _answer(stage, name, act(stage.call(account)))
                    if stage.dial.fired() == before:
                        continue
                    told = judge_401 if status == 401 else judge
                    told(f"{name}, refused with {status} and a code of no meaning,", _error(name, answer))


@check("G12")
async def status_counts(lab: Lab) -> None:
    """What comes with the status of an outage is no result, however good it looks."""
    judge = _is((ErrorKind.UPSTREAM_UNAVAILABLE,), "Look at the status before the body is read as a result.")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:1]
        stage.wire.rewrite = lambda request, response: httpx.Response(503, content=response.content)
        for name, act in acts(lab, ids).items():
            answer = await _answer(stage, name, act(stage.call(account)))
            judge(f"{name}, answered rightly with the status 503,", _error(name, answer))
