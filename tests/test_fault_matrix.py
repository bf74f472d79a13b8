"""Every fault that is scripted here x every provider, through its own emulator over real HTTP.

Of each: the error is of the right class, what could not be read is no number and no post that is gone,
nothing else than a ProviderError leaves the provider, no secret is told although every refusal quotes all of
them, and what was good in a batch is kept.
Each meets every method of a provider. What a platform's own words mean, and until when it wants to be left
alone, is for its `test_faults.py`.
"""

import logging
import traceback
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import NamedTuple

import httpx
import pytest

from afterpost.domain.errors import STOPPING, WAITING
from afterpost.emulator import FAULT_KINDS, Fault
from afterpost.emulator.faults import PLATFORM_FAULTS
from afterpost.sdk import AccountReading, ErrorKind, Failed, Gone, Measured, Outcome, ProviderError
from afterpost.testing.conformance.asking import Act, acts, renewal
from afterpost.testing.conformance.lab import Account, Lab, Stage
from afterpost.testing.conformance.wire import quoting
from afterpost.testing.conformance.world import NOW

PROVIDERS = ("bluesky", "instagram", "pinterest", "tiktok", "x", "youtube")
HARMLESS = frozenset(ErrorKind) - STOPPING - {ErrorKind.TOKEN_EXPIRED, ErrorKind.BUG}
"""Kinds for a refusal that nobody knows: neither does it stop the account, nor spend a renewal."""
MALFORMED = frozenset({ErrorKind.UPSTREAM_MALFORMED})
UNAVAILABLE = frozenset({ErrorKind.UPSTREAM_UNAVAILABLE})
LIMITED = frozenset({ErrorKind.RATE_LIMITED})
NETWORK = frozenset({ErrorKind.NETWORK})


class Total(NamedTuple):
    """A fault that leaves nothing of an answer: what makes it, and what it may be told as.

    `wrong`: the dial's fault, or what the network says in the place of its answer.
    """

    wrong: Fault | Callable[[httpx.Response], httpx.Response]
    kinds: Collection[ErrorKind]


def _says(body: bytes, status: int = 200) -> Callable[[httpx.Response], httpx.Response]:
    return lambda response: httpx.Response(status, content=body)


def _date(after: timedelta) -> str:
    return format_datetime(NOW + after, usegmt=True)


TOTAL: Mapping[str, Total] = {
    "429": Total(Fault("rate_limited"), LIMITED),
    "429 with seconds": Total(Fault("rate_limited", retry_after="120"), LIMITED),
    "429 with a date": Total(Fault("rate_limited", retry_after=_date(timedelta(minutes=10))), LIMITED),
    "429 with a date that is past": Total(
        Fault("rate_limited", retry_after=_date(timedelta(days=-30))), LIMITED
    ),
    "429 with a wait of ages": Total(Fault("rate_limited", retry_after="9" * 30), LIMITED),
    "429 with a wait that is none": Total(Fault("rate_limited", retry_after="soon"), LIMITED),
    "quota used up": Total(Fault("quota"), WAITING),
    "500": Total(Fault("unavailable", status=500), UNAVAILABLE),
    "502": Total(Fault("unavailable", status=502), UNAVAILABLE),
    "503": Total(Fault("unavailable"), UNAVAILABLE),
    "503 with seconds": Total(Fault("unavailable", retry_after="120"), UNAVAILABLE),
    "504": Total(Fault("unavailable", status=504), UNAVAILABLE),
    "a right answer with 503": Total(lambda right: httpx.Response(503, content=right.content), UNAVAILABLE),
    "permission missing": Total(Fault("forbidden"), {ErrorKind.PERMISSION_MISSING}),
    "token over": Total(Fault("unauthorized"), {ErrorKind.TOKEN_EXPIRED}),
    "a refusal never heard of": Total(_says(b'{"teapot": "short"}', 418), HARMLESS),
    "a page of HTML": Total(Fault("html"), MALFORMED),
    "nothing": Total(Fault("empty"), MALFORMED),
    "half an answer": Total(Fault("truncated"), MALFORMED),
    "nested beyond measure": Total(Fault("deep"), MALFORMED),
    "null": Total(_says(b"null"), MALFORMED),
    "a list": Total(_says(b"[0, 0]"), MALFORMED),
    "a number": Total(_says(b"0"), MALFORMED),
    "no UTF-8": Total(_says(b'{"items": "\xff\xfe"}'), MALFORMED),
    "an empty object": Total(_says(b"{}"), MALFORMED),
    "a page of HTML with 502": Total(_says(b"<!DOCTYPE html><title>502</title>", 502), UNAVAILABLE),
    "too large": Total(Fault("huge"), MALFORMED),
    "too large once unpacked": Total(Fault("gzip_bomb"), MALFORMED),
    "a redirect": Total(Fault("redirect"), MALFORMED),
    "broken off": Total(Fault("disconnect"), NETWORK),
    "no answer": Total(Fault("hang"), NETWORK),
}
PARTIAL: Mapping[str, Fault] = {
    "likes left out": Fault("absent_field", fields=("likes",)),
    "a post left out": Fault("missing_id"),
    "a metric taken off": Fault("dead_metric", fields=("likes",)),
}
_NO_QUOTA = "It limits calls within a window, which is the 429, and has no quota of a day beside that."
_NOT_BY_NAME = "Metrics are not asked for by name, or one that was taken off costs no other."
NOT_HERE: Mapping[tuple[str, str], str] = {
    ("bluesky", "quota used up"): _NO_QUOTA,
    ("tiktok", "quota used up"): _NO_QUOTA,
    **{(name, "a metric taken off"): _NOT_BY_NAME for name in PROVIDERS if name != "instagram"},
}
"""(provider, fault) -> why that platform can't have it; its emulator then has no such refusal."""
OTHERWISE: Mapping[tuple[str, str], Collection[ErrorKind]] = {
    # There is no refresh token: a token that is over is the end, until a person connects again.
    ("instagram", "token over"): {ErrorKind.CREDENTIAL_REVOKED},
}
"""(provider, fault) -> what that platform means by it, where not what the others do."""


class Asked(NamedTuple):
    """A provider on its stage, an account that has signed in, and three of its posts."""

    stage: Stage
    account: Account
    ids: list[str]

    async def fetch(self) -> Mapping[str, Outcome]:
        """What the provider answers for the posts."""
        return await self.stage.fetched(self.account, self.ids)


@asynccontextmanager
async def asked_of(name: str) -> AsyncIterator[Asked]:
    """The provider before its own emulator."""
    async with Lab(name).stage() as stage:
        account = await stage.connected()
        yield Asked(stage, account, list(await stage.known(account))[:3])


def canaries(asked: Asked) -> list[str]:
    """The secrets of the credential."""
    plain = {field.name for field in asked.stage.provider.credential_fields if not field.secret}
    secrets = asked.account.credential.secrets.items()
    return [secret.reveal() for name, secret in secrets if name not in plain]


def untold(asked: Asked, error: BaseException, log: str) -> None:
    """Nothing that the error says or holds, nor what was logged, has a secret in it."""
    told = "".join(traceback.format_exception(error)) + repr(vars(error)) + log
    assert canaries(asked)
    assert [one for one in canaries(asked) if one in told] == []


async def ended(asked: Asked, act: Act) -> list[ProviderError] | None:
    """The errors that a call ends with: its own, or those of all its posts; none where it ends well.

    None: it says of an account that there is no number, which is neither.
    """
    try:
        answer = await asked.stage.within(act(asked.stage.call(asked.account)))
    except ProviderError as raised:
        return [raised]
    if isinstance(answer, AccountReading) and not answer.values:
        return None
    if not isinstance(answer, Mapping):
        return []
    errors = [outcome.error for outcome in answer.values() if isinstance(outcome, Failed)]
    assert len(errors) in (0, len(answer)), answer
    return errors


@pytest.mark.parametrize("fault", TOTAL)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_fault_is_told_as_what_it_is_and_nothing_is_made_up(
    name: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever method meets it; a token endpoint has no limits and permissions, and renews as ever."""
    caplog.set_level(logging.DEBUG)
    async with asked_of(name) as asked:
        wrong, kinds = TOTAL[fault]
        stage = asked.stage
        if isinstance(wrong, Fault):
            stage.dial.set(wrong)
            stage.wire.rewrite = quoting(lambda: canaries(asked))
        else:
            stage.wire.rewrite = lambda request, response: wrong(response)
        if fault == "no answer":
            stage.client.timeout = httpx.Timeout(0.3)
        reading, renewing = acts(stage.lab, asked.ids), renewal(stage.lab)
        assert {"check", "list_posts", "fetch_metrics"} <= reading.keys()
        if fault.startswith("too large"):
            # Core cuts it off before any method sees it, and it takes seconds.
            reading, renewing = {"fetch_metrics": reading["fetch_metrics"]}, {}
        for what, act in (reading | renewing).items():
            if what in renewing:
                stage.clock.now += timedelta(days=2)  # some platforms renew no token of today
            now, fired, sent = stage.clock.now, stage.dial.fired(), len(stage.wire.sent)
            errors = await ended(asked, act)
            requests = [(one.method, one.url, one.body) for one in stage.wire.sent[sent:]]
            assert len(requests) == len(set(requests)), "a provider never tries again by itself"
            if errors is None:
                assert fault == "an empty object"
                continue
            here = (name, fault) not in NOT_HERE
            if isinstance(wrong, Fault) and what in renewing and stage.dial.fired() == fired:
                here = False
                assert wrong.kind in PLATFORM_FAULTS - {"unavailable"}
            assert bool(errors) == here, what
            assert not isinstance(wrong, Fault) or (stage.dial.fired() > fired) == here
            for error in errors:
                assert error.kind in OTHERWISE.get((name, fault), kinds), what
                assert error.native or fault.startswith("too large"), "what is too large core says itself"
                assert error.retry_at is None or now < error.retry_at <= now + timedelta(days=31)
                assert error.retry_at is not None or error.kind not in LIMITED
                if kinds in (MALFORMED, NETWORK):
                    assert (error.retry_at, error.scope) == (None, "account"), what
                if fault == "503 with seconds":
                    assert error.retry_at == now + timedelta(seconds=120)
                untold(asked, error, caplog.text)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_dead_grant_asks_for_a_person(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with asked_of(name) as asked:
        asked.stage.dial.set("revoked")
        asked.stage.wire.rewrite = quoting(lambda: canaries(asked))
        with pytest.raises(ProviderError) as raised:
            await asked.stage.provider.refresh(asked.stage.call(asked.account))
        assert raised.value.kind is ErrorKind.CREDENTIAL_REVOKED
        untold(asked, raised.value, caplog.text)


@pytest.mark.parametrize("fault", PARTIAL)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_good_part_is_kept(name: str, fault: str) -> None:
    async with asked_of(name) as asked:
        whole = await asked.fetch()
        wrong = PARTIAL[fault]
        left_out = asked.ids[1] if wrong.kind == "missing_id" else None
        asked.stage.dial.set(Fault("missing_id", ids=(left_out,)) if left_out else wrong)
        fired = asked.stage.dial.fired()
        outcomes = await asked.fetch()
        assert (asked.stage.dial.fired() == fired) == ((name, fault) in NOT_HERE)
        for one in asked.ids:
            before, after = whole[one], outcomes[one]
            assert isinstance(before, Measured)
            if one == left_out:
                assert isinstance(after, Gone | Failed)
                continue
            assert isinstance(after, Measured)
            lost = before.reading.values.keys() - after.reading.values.keys()
            assert lost <= {"likes"}, "nothing but what the fault took is lost"
            # What is there is what was there: nothing came to be 0.
            assert after.reading.values.items() <= before.reading.values.items()


def test_the_matrix_is_whole() -> None:
    scripted = {each.wrong.kind for each in TOTAL.values() if isinstance(each.wrong, Fault)}
    # Somebody else's post is a thing of lists: check D5 of the conformance kit.
    elsewhere = {"revoked", "foreign_post"}
    assert scripted | {fault.kind for fault in PARTIAL.values()} | elsewhere == FAULT_KINDS
    assert len(TOTAL) + len(PARTIAL) + 1 >= 25
    known = {(name, fault) for name in PROVIDERS for fault in (*TOTAL, *PARTIAL)}
    assert NOT_HERE.keys() | OTHERWISE.keys() <= known
