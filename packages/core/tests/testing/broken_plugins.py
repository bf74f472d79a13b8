"""Broken plugins: what is wrong is how it is packaged, declared, or signs in."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from afterpost import hookimpl, sdk
from packages.core.tests.testing.keeper import CASES, Case, Reclassified, caught, change, declaring, spec, zoo
from packages.core.tests.testing.sound import DECLARED, Plugin, Sound

# A. Packaging (A1 and A2 have modules of their own)


declaring("OtherContract", "A3", "version 2", contract_version=2)
declaring("Shouting", "A5", "'Sound!'", platform="Sound!")


class UnknownHook(Plugin):
    """Implements a hook that there is not."""

    @hookimpl
    def register_wonders(self) -> None:
        """Never asked."""


zoo.UnknownHook = UnknownHook(Sound)
CASES.append(Case("UnknownHook", "A4", "register_wonders"))


@caught("A6", "other answers")
class Shared(Sound):
    """Keeps the call on itself, and takes another's."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        self._call = call
        await asyncio.sleep(0)
        return await super().get(self._call, path, **query)


# B. Declaration


@caught("B1", "changed")
class Unstable(Sound):
    """Declares something else each time."""

    looks = 0

    @property
    def capabilities(self) -> sdk.Capabilities:
        type(self).looks += 1
        return change(DECLARED, display_name=f"Sound {self.looks}")


declaring("OwnName", "B2", "hearts", metrics=spec(1, name="hearts"))
declaring("OthersName", "B2", "x_other_likes", metrics=spec(1, name="x_other_likes"))
declaring("Zoneless", "B3", "zone None", metrics=spec(4, day_zone=None))
declaring("Nowhere", "B3", "Mars/Olympus", metrics=spec(4, day_zone="Mars/Olympus"))
declaring("Unasked", "B4", "insights", metrics=spec(1, scopes=("insights",)))
declaring(
    "Vague",
    "B5",
    "'daily'",
    limits=(sdk.RateLimit(unit="units", amount=10, seconds=86_400, scope="app", resets="daily"),),
)
declaring("Forgets", "B6", "likes is gone", metrics=(DECLARED.metrics[0], *DECLARED.metrics[2:]))
declaring("OtherUnit", "B6", "by the same definition", metrics=spec(1, unit="ratio"))
declaring("OtherKind", "B6", "was cumulative count", metrics=spec(1, kind=sdk.Kind.GAUGE))
declaring("WithScheme", "B7", "https://", hosts=("https://api.sound.invalid",))
declaring("Elsewhere", "B7", "answers for api.sound.invalid, which is not", hosts=("www.sound.invalid",))


# C. Credentials


@caught("C1", "not 'kitada")
class NewId(Sound):
    """Calls an account otherwise each time."""

    times = 0

    async def check(self, call: sdk.Call) -> sdk.AccountProfile:
        self.times += 1
        return change(await super().check(call), external_id=f"kitada-{self.times}")


@caught("C2", "refresh_token")
class OpenField(Sound):
    """Declares a token to be no secret."""

    @property
    def credential_fields(self) -> Sequence[sdk.CredentialField]:
        return (sdk.CredentialField("refresh_token", "Refresh token", secret=False),)


@caught("C3", "was told")
class Quoting(Sound):
    """Repeats what the network says."""

    def message(self, kind: sdk.ErrorKind, found: Mapping[str, Any]) -> str:
        return str(found.get("message"))


@caught("C3", "was told")
class Chatty(Sound):
    """Logs what it sends."""

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        logging.getLogger("sound").debug("asking with %s", sent)
        return await super().send(call, method, url, **sent)


@caught("C4", "token_expired")
class Stale(Sound):
    """Keeps the old access token."""

    def credential(self, call: sdk.Call, found: Mapping[str, Any]) -> sdk.Credential:
        fresh = super().credential(call, found)
        old = call.credential.secrets
        return change(
            fresh,
            secrets={**fresh.secrets, "access_token": old.get("access_token", fresh.secrets["access_token"])},
        )


@caught("C5", "credential_revoked")
class Forgetful(Sound):
    """Keeps the old refresh token."""

    def credential(self, call: sdk.Call, found: Mapping[str, Any]) -> sdk.Credential:
        fresh = super().credential(call, found)
        return change(
            fresh, secrets={**fresh.secrets, "refresh_token": call.credential.secrets["refresh_token"]}
        )


@caught("C6", "token_expired")
class Hopeful(Reclassified):
    """Takes a dead grant for a token to be renewed."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        return sdk.ErrorKind.TOKEN_EXPIRED if error.native == "grant_over" else error.kind


@caught("C7", "credential_revoked")
class Desperate(Sound):
    """Takes every failed renewal for the end."""

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        try:
            return await super().refresh(call)
        except sdk.ProviderError:
            raise sdk.ProviderError(sdk.ErrorKind.CREDENTIAL_REVOKED, "It is over.", native="over") from None


@caught("C8", "lives for")
class OwnClock(Sound):
    """Asks the machine for the time."""

    def credential(self, call: sdk.Call, found: Mapping[str, Any]) -> sdk.Credential:
        return super().credential(change(call, now=datetime.now(UTC)), found)


@caught("C9", "signs in as 'kitbob'")
class KeepsTheAnswer(Sound):
    """Keeps what it heard in the provider, where the next call finds it."""

    found: Mapping[str, Any]

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        form = {"refresh_token": call.credential.secret("refresh_token")}
        self.found = await self.ask(call, "POST", "/token", data=form)
        await asyncio.sleep(0)
        return self.credential(call, self.found)


@caught("C9", "ended with RuntimeError")
class OneAtATime(Sound):
    """Renews one credential at a time, and fails whoever comes meanwhile."""

    busy = False

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        if self.busy:
            raise RuntimeError("busy")
        self.busy = True
        try:
            return await super().refresh(call)
        finally:
            self.busy = False


@caught("C9", "one of two calls ended with upstream_malformed")
class HandsOut(Sound):
    """Gives the answer for a credential to the first that asks, and nothing to the second."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        token = call.credential.secret("refresh_token")
        if token in self.asked:
            raise self.malformed("asked_already")
        self.asked.add(token)
        try:
            return await super().refresh(call)
        finally:
            self.asked.remove(token)


@caught("C10", "/me")
class InAddress(Sound):
    """Puts the token where everybody sees it."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        return await self.ask(
            call, "GET", path, params={**query, "access_token": call.credential.secret("access_token")}
        )
