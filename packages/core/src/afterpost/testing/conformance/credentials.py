"""C. Credentials: what is typed becomes what signs in, is renewed in time, and is never told to anybody."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from io import StringIO

import msgspec

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.emulator import Fault, FaultKind
from afterpost.sdk.credentials import Credential, Secret
from afterpost.sdk.provider import Call
from afterpost.services.redaction import SHORTEST
from afterpost.testing.conformance.asking import acts, renewal
from afterpost.testing.conformance.check import Broken, NotApplicable, check, expect
from afterpost.testing.conformance.lab import Account, Lab, Stage
from afterpost.testing.conformance.wire import Meeting, quoting
from afterpost.testing.conformance.world import OLD, YOUNG

_SECRET_NAMES = ("token", "secret", "password")
_LEAKY: tuple[FaultKind, ...] = (
    "revoked",
    "unauthorized",
    "forbidden",
    "rate_limited",
    "unavailable",
    "html",
    "truncated",
    "disconnect",
)


@check("C1")
async def round_trip(lab: Lab) -> None:
    """What a person types becomes a credential that can be stored, and signs in as that account."""
    fields = [field.name for field in lab.provider.credential_fields]
    expect(len(set(fields)) == len(fields), "Two fields have one name.", "Name each field once.")
    async with lab.stage() as stage:
        typed = set(stage.typed().secrets)
        if not fields:
            raise NotApplicable("It asks nobody for a credential.")
        expect(
            typed <= set(fields),
            f"Its emulator's credential has {', '.join(sorted(typed - set(fields)))}, which is no field.",
            "Let `credential` of the dialect use the names of `credential_fields`.",
        )
        account = await stage.connected(OLD)
        stored = msgspec.json.encode({name: one.reveal() for name, one in account.credential.secrets.items()})
        secrets = {name: Secret(value) for name, value in msgspec.json.decode(stored).items()}
        again = stage.replaced(account, msgspec.structs.replace(account.credential, secrets=secrets))
        profile = await stage.within(stage.provider.check(stage.call(again)))
        expect(
            bool(profile.external_id) and profile.external_id == account.id,
            f"Stored and read again, the credential is that of {profile.external_id!r}, not {account.id!r}.",
            "Keep in `secrets` all that signing in needs, as texts.",
        )


@check("C2")
async def secret_typed(lab: Lab) -> None:
    """Every secret is a Secret, and every field that is named like one is declared as one."""
    for field in lab.provider.credential_fields:
        named = any(word in field.name for word in _SECRET_NAMES)
        expect(
            field.secret or not named,
            f"The field {field.name} is declared to be no secret.",
            "Leave `secret` to its default: what is no secret is shown and kept as it is.",
        )
    async with lab.stage() as stage:
        for secrets in await _credentials(stage, lab):
            held: Mapping[str, object] = secrets.secrets
            wrong = [name for name, value in held.items() if not isinstance(value, Secret)]
            expect(
                not wrong,
                f"{', '.join(wrong)} of a credential is a plain text.",
                "Wrap it: Secret(text).",
            )


async def _credentials(stage: Stage, lab: Lab) -> list[Credential]:
    account = await stage.connected(OLD)
    found = [account.credential]
    if lab.overrides("refresh"):
        stage.clock.now += timedelta(days=2)
        found.append(await stage.within(stage.provider.refresh(stage.call(account))))
    return found


@check("C3")
async def no_leaks(lab: Lab) -> None:
    """No secret is in an error, an outcome, a log line or anything printed, though the network quotes it."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:3]
        with _heard() as heard:
            stage.wire.rewrite = quoting(lambda: _values(account))
            for what, act in (acts(lab, ids) | renewal(lab)).items():
                for kind in _LEAKY:
                    stage.dial.set(Fault(kind))
                    told = await _told(act, stage.call(account)) + heard()
                    leaked = [name for name, one in _secrets(account) if one in told]
                    expect(
                        not leaked,
                        f"{what}, refused with {kind}: {', '.join(leaked)} was told.",
                        "Put no text of the network into a message; chain no cause that quotes a request.",
                    )


async def _told(act: Callable[[Call], Awaitable[object]], call: Call) -> str:
    """Everything that a person could get to see of how the call ended."""
    try:
        return repr(await act(call))
    except ProviderError as error:
        return "".join(traceback.format_exception(error)) + repr(vars(error))
    except Exception as error:
        return "".join(traceback.format_exception(error))


def _secrets(account: Account) -> list[tuple[str, str]]:
    """The secrets that would be told if they were told: a word such as a host's name is none."""
    return [
        (name, value)
        for name, one in account.credential.secrets.items()
        if len(value := one.reveal()) >= SHORTEST and any(word in name for word in _SECRET_NAMES)
    ]


def _values(account: Account) -> list[str]:
    return [value for _, value in _secrets(account)]


@contextmanager
def _heard() -> Iterator[Callable[[], str]]:
    """What is logged and printed meanwhile."""
    text = StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(text), redirect_stderr(text):
            yield text.getvalue
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@check("C4")
async def refreshed(lab: Lab) -> None:
    """Renewing gives a credential that still signs in as the same account."""
    lab.need("refresh", "renew credentials")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        stage.clock.now += timedelta(days=2)
        renewed = await stage.within(stage.provider.refresh(stage.call(account)))
        profile = await stage.within(stage.provider.check(stage.call(stage.replaced(account, renewed))))
        expect(
            profile.external_id == account.id,
            f"The renewed credential is that of {profile.external_id!r}, not {account.id!r}.",
            "Keep all secrets of the old credential that the new one needs.",
        )


@check("C5")
async def rotated(lab: Lab) -> None:
    """Where renewing gives a new refresh token, the answer has it, and with it the next renewal works."""
    lab.need("refresh", "renew credentials")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        tokens = [account.credential.secrets.get("refresh_token")]
        for _ in range(2):
            stage.clock.now += timedelta(days=2)  # some networks renew no token of today
            renewed = await stage.within(stage.provider.refresh(stage.call(account)))
            account = stage.replaced(account, renewed)
            tokens.append(renewed.secrets.get("refresh_token"))
        changes = len(set(tokens)) > 1
        if not lab.declared.renewal.rotates and not changes:
            raise NotApplicable("Its refresh tokens stay the same.")
        expect(
            lab.declared.renewal.rotates and len(set(tokens)) == len(tokens),
            f"Declared to rotate: {lab.declared.renewal.rotates}; of {len(tokens)} tokens in a row "
            f"{len(set(tokens))} are different.",
            "Put the new refresh token into the answer, and declare Renewal(rotates=True).",
        )


@check("C6")
async def revoked(lab: Lab) -> None:
    """A grant that was taken back is CREDENTIAL_REVOKED when it is to be renewed."""
    lab.need("refresh", "renew credentials")
    error = await _refused(lab, Fault("revoked"))
    if error is None:
        raise NotApplicable("Its emulator has no grant that could be taken back.")
    expect(
        error.kind is ErrorKind.CREDENTIAL_REVOKED,
        f"It is told as {error.kind}.",
        "Raise CREDENTIAL_REVOKED: only connecting again helps.",
    )


@check("C7")
async def renewal_fails(lab: Lab) -> None:
    """A renewal that an outage or a broken answer spoils is told as passing, and costs no credential."""
    lab.need("refresh", "renew credentials")
    tried = 0
    for fault, kind in (
        (Fault("unavailable"), ErrorKind.UPSTREAM_UNAVAILABLE),
        (Fault("html"), ErrorKind.UPSTREAM_MALFORMED),
        (Fault("truncated"), ErrorKind.UPSTREAM_MALFORMED),
        (Fault("disconnect"), ErrorKind.NETWORK),
    ):
        error = await _refused(lab, fault)
        tried += error is not None
        expect(
            error is None or error.kind is kind,
            f"The fault {fault.kind} is told as {error.kind if error else 'nothing'}.",
            f"Raise {kind.name}: it passes by itself.",
        )
    if not tried:
        raise NotApplicable("It renews without asking its network.")


async def _refused(lab: Lab, fault: Fault) -> ProviderError | None:
    """What a renewal with this fault ends with; None where the emulator does not know it."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        stage.clock.now += timedelta(days=2)
        stage.dial.set(fault)
        try:
            await stage.within(stage.provider.refresh(stage.call(account)))
        except ProviderError as error:
            return error
        if stage.dial.fired():
            raise Broken(
                f"The fault {fault.kind} went unnoticed while the credential was renewed.",
                "Look at status and body before a token is taken from them.",
            )
        return None


@check("C8")
async def expiry(lab: Lab) -> None:
    """When a token ends is counted from `call.now`, as an aware instant, whenever that is."""
    lab.need("refresh", "renew credentials")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        left = []
        for days in (2, 5):
            stage.clock.now += timedelta(days=days)
            account = stage.replaced(account, await stage.within(stage.provider.refresh(stage.call(account))))
            ends = account.credential.expires_at
            if ends is None:
                raise NotApplicable("Its network does not say when a token ends.")
            expect(
                ends.utcoffset() is not None,
                f"expires_at is {ends!r}, without a zone.",
                "Make it of call.now, which is aware UTC.",
            )
            left.append(ends - stage.clock.now)
        expect(
            timedelta() < left[0] == left[1],
            f"A token lives for {left[0]}, and five days later for {left[1]}.",
            "Count from call.now, and never ask the machine for the time.",
        )


@check("C9")
async def at_once(lab: Lab) -> None:
    """Renewals at once, of two accounts or of one credential, share nothing: each has a whole answer."""
    lab.need("refresh", "renew credentials")
    async with lab.stage() as stage:
        two = [await stage.connected(place) for place in (OLD, YOUNG)]
        stage.clock.now += timedelta(days=2)
        for account, ended in zip(two, await _at_once(stage, two), strict=True):
            if isinstance(ended, Exception):
                raise Broken(
                    f"Of two accounts that are renewed at once, one ended with {_words(ended)}.",
                    "Keep what a call needs in its own variables, none in the provider.",
                ) from ended
            profile = await stage.within(stage.provider.check(stage.call(stage.replaced(account, ended))))
            expect(
                profile.external_id == account.id,
                f"The renewed credential of {account.id!r} signs in as {profile.external_id!r}.",
                "Keep what a call needs in its own variables, none in the provider.",
            )
    await _one_twice(lab)


async def _one_twice(lab: Lab) -> None:
    """One credential, renewed twice at once: a refresh token that works once is refused the second time."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        stage.clock.now += timedelta(days=2)
        ended = await _at_once(stage, [account, account])
        whole = [one for one in ended if isinstance(one, Credential)]
        for one in ended:
            expect(
                isinstance(one, Credential) or _is_spent(one, lab),
                f"Renewed twice at once, one of two calls ended with {_words(one)}.",
                "Let each call ask its network; what that refuses is CREDENTIAL_REVOKED.",
            )
        expect(
            bool(whole), "Renewed twice at once, no call ended well.", "Let no call wait for or undo another."
        )
        for credential in whole:
            try:
                profile = await stage.within(stage.provider.check(stage.call(credential=credential)))
            except ProviderError as error:
                if len(whole) < len(ended) and error.kind in _OVER:
                    continue  # a network may take a grant back whose token came twice
                raise
            expect(
                profile.external_id == account.id,
                f"Renewed twice at once, {account.id!r} signs in as {profile.external_id!r}.",
                "Take both tokens of one answer.",
            )


async def _at_once(stage: Stage, accounts: Sequence[Account]) -> list[Credential | Exception]:
    """How their renewals end, begun in the same moment."""
    asked = (stage.provider.refresh(stage.call(account)) for account in accounts)
    stage.wire.meeting = Meeting(len(accounts))
    ended = await stage.within(asyncio.gather(*asked, return_exceptions=True))
    stage.wire.meeting = None
    for one in ended:
        if isinstance(one, BaseException) and not isinstance(one, Exception):
            raise one
    return [one for one in ended if isinstance(one, Credential | Exception)]


def _is_spent(error: object, lab: Lab) -> bool:
    """True for the refusal of a refresh token that works once and was used meanwhile."""
    revoked = isinstance(error, ProviderError) and error.kind is ErrorKind.CREDENTIAL_REVOKED
    return revoked and lab.declared.renewal.rotates


_OVER = frozenset({ErrorKind.TOKEN_EXPIRED, ErrorKind.CREDENTIAL_REVOKED})


def _words(error: object) -> str:
    return error.kind if isinstance(error, ProviderError) else type(error).__name__


@check("C10")
async def not_in_addresses(lab: Lab) -> None:
    """No secret stands in the address of a request, where every proxy and log on the way could keep it."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:3]
        for act in acts(lab, ids).values():
            await _told(act, stage.call(account))
        stage.clock.now += timedelta(days=2)
        if lab.overrides("refresh"):
            await _told(stage.provider.refresh, stage.call(account))
        values = {
            *_values(account),
            *(one.reveal() for name, one in stage.typed().secrets.items() if "token" in name),
        }
        places = sorted(
            {sent.url.path for sent in stage.wire.sent if any(one in str(sent.url) for one in values)}
        )
        expect(
            not places,
            f"A secret is part of the address at {', '.join(places)}.",
            "Send it in the Authorization header or in the body; waive it where the network demands it so.",
        )
