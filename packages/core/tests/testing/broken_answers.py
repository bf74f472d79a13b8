"""Broken answers to refusals, and bad manners."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost import sdk
from afterpost.emulator import Dialect, World, WorldAccount
from packages.core.tests.testing.keeper import Reclassified, caught
from packages.core.tests.testing.sound import KINDS, Sound
from packages.core.tests.testing.sound_wire import SoundDialect

# G. Errors


@caught("G1", "waits for")
class QuarterOfAnHour(Sound):
    """Waits as it sees fit."""

    def retry_at(self, call: sdk.Call, response: httpx.Response) -> datetime | None:
        return call.now + timedelta(minutes=15)


@caught("G1", "without saying until when")
class Whenever(Sound):
    """Does not say until when."""

    def retry_at(self, call: sdk.Call, response: httpx.Response) -> datetime | None:
        return None


@caught("G1", "told to wait until an hour ago, waits until")
class BelievesThePast(Sound):
    """Takes a wait for one that is over."""

    def retry_at(self, call: sdk.Call, response: httpx.Response) -> datetime | None:
        return call.now + timedelta(seconds=int(response.headers["retry-after"]))


@caught("G2", "credential_revoked")
class EveryForbidden(Reclassified):
    """Takes every 403 for a dead credential."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        return sdk.ErrorKind.CREDENTIAL_REVOKED if status == 403 else error.kind


@caught("G3", "token_expired")
class RenewsForScopes(Reclassified):
    """Hopes that a new token has more scopes."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        return sdk.ErrorKind.TOKEN_EXPIRED if error.native == "scope_missing" else error.kind


@caught("G4", "credential_revoked")
class GivesUp(Reclassified):
    """Takes the end of a token for the end of the credential."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        return sdk.ErrorKind.CREDENTIAL_REVOKED if status == 401 else error.kind


class WithoutRenewal(SoundDialect):
    """The same network with tokens that a person types."""

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        return {"access_token": account.token}


@caught("G4", "told as token_expired")
class NothingToRenew(Sound):
    """Takes a token that nothing renews for one to be renewed."""

    refresh = sdk.Provider.refresh

    @property
    def credential_fields(self) -> Sequence[sdk.CredentialField]:
        return (sdk.CredentialField("access_token", "Access token"),)

    def emulate(self, world: World) -> Dialect | None:
        return WithoutRenewal(world)


@caught("G5", "bad_request")
class OnlyFiveHundred(Reclassified):
    """Knows one status of an outage."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        return sdk.ErrorKind.BAD_REQUEST if status in (502, 503, 504) else error.kind


@caught("G6", "as if nothing were wrong")
class HtmlIsEmpty(Sound):
    """Takes what it can't read for an answer without anything in it."""

    def decoded(self, response: httpx.Response) -> object:
        found = super().decoded(response)
        return {"id": "1", "handle": "", "name": "", "posts": []} if found is None else found


@caught("G7", "RecursionError left")
class NotDeep(Sound):
    """Catches one of the two errors of decoding."""

    def decoded(self, response: httpx.Response) -> object:
        try:
            return msgspec.json.decode(response.content)
        except ValueError:
            return None


@caught("G8", "told as bug")
class Follows(Sound):
    """Goes wherever it is sent."""

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        return await call.client.request(method, url, follow_redirects=True, **sent)


@caught("G9", "left the provider")
class Raw(Sound):
    """Lets errors of the client through."""

    async def ask(self, call: sdk.Call, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            return await super().ask(call, method, path, **sent)
        except sdk.ProviderError as error:
            if isinstance(error.__cause__, httpx.HTTPError):
                raise error.__cause__ from None
            raise


@caught("G10", "told as network")
class Relabels(Sound):
    """Takes what core's client refuses for a broken line."""

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        try:
            return await super().send(call, method, url, **sent)
        except sdk.ProviderError:
            raise sdk.ProviderError(sdk.ErrorKind.NETWORK, "Broken off.", native="broken") from None


@caught("G11", "credential_revoked")
class FearsTheUnknown(Reclassified):
    """Takes every refusal that it does not know for the end."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        unknown = (error.native or "").startswith("http_4")
        return sdk.ErrorKind.CREDENTIAL_REVOKED if unknown else error.kind


@caught("G11", "refused with 403 and a code of no meaning, is told as permission_missing")
class StatusOfPermissions(Reclassified):
    """Takes every 403 that it does not know for a missing permission."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        unknown = status == 403 and error.native not in KINDS
        return sdk.ErrorKind.PERMISSION_MISSING if unknown else error.kind


@caught("G11", "refused with 401 and a code of no meaning, is told as credential_revoked")
class StatusOfTheEnd(Reclassified):
    """Takes every 401 that it does not know for the end of the credential."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        unknown = status == 401 and error.native not in KINDS
        return sdk.ErrorKind.CREDENTIAL_REVOKED if unknown else error.kind


@caught("G11", "refused with 400 and a code of no meaning, is told as token_expired")
class RenewsOnSuspicion(Reclassified):
    """Renews the token after any refusal that it does not know."""

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        unknown = status == 400 and error.native not in KINDS
        return sdk.ErrorKind.TOKEN_EXPIRED if unknown else error.kind


@caught("G12", "as if nothing were wrong")
class BodyFirst(Sound):
    """Takes whatever looks like a result for one."""

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        response = await super().send(call, method, url, **sent)
        found = self.decoded(response)
        if isinstance(found, dict) and "error" not in found:
            response.status_code = 200
        return response


# H. Behaviour


class TriesAgain(Sound):
    """Tries three times, waiting in some way."""

    async def ask(self, call: sdk.Call, method: str, path: str, **sent: Any) -> dict[str, Any]:
        for _ in range(2):
            try:
                return await super().ask(call, method, path, **sent)
            except sdk.ProviderError:
                await self.wait()
        return await super().ask(call, method, path, **sent)

    async def wait(self) -> None:
        """Between two tries."""


caught("H1", "asks 3 times")(TriesAgain)


@caught("H1", "asyncio.sleep")
class Sleeps(Sound):
    """Waits before it gives up."""

    async def ask(self, call: sdk.Call, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            return await super().ask(call, method, path, **sent)
        except sdk.ProviderError as error:
            if error.kind is sdk.ErrorKind.RATE_LIMITED:
                await asyncio.sleep(60)
            raise


@caught("H1", "time.sleep")
class Blocks(Sound):
    """Waits so that nobody else can do anything meanwhile."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        time.sleep(0.5)  # noqa: ASYNC251 - that is what is wrong with it
        return await super().get(call, path, **query)


@caught("H2", "goes on")
class Stubborn(Sound):
    """Catches its own cancellation."""

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        try:
            return await super().send(call, method, url, **sent)
        except BaseException:
            raise sdk.ProviderError(sdk.ErrorKind.NETWORK, "Broken off.", native="broken") from None


@caught("H3", "takes 10 requests; 5 are declared")
class Doubles(Sound):
    """Asks whose account it is before each post."""

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        await self.get(call, "/me")
        return await super().outcome(call, post_id)


@caught("H4", "stats.sound.invalid")
class OtherHost(Sound):
    """Asks a host that it does not declare."""

    async def fetch_account(self, call: sdk.Call) -> sdk.AccountReading:
        await call.client.get("https://stats.sound.invalid/fans")
        return await super().fetch_account(call)


@caught("H4", "past the client")
class OwnClient(Sound):
    """Opens connections of its own."""

    async def fetch_account(self, call: sdk.Call) -> sdk.AccountReading:
        async with httpx.AsyncClient(trust_env=False) as client:
            with suppress(httpx.HTTPError):
                await client.get("https://stats.sound.invalid/fans")
        return await super().fetch_account(call)


@caught("H5", "browser")
class Disguised(Sound):
    """Calls itself a browser."""

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        sent["headers"] = {**sent.get("headers", {}), "User-Agent": "a browser"}
        return await super().send(call, method, url, **sent)


@caught("H6", "POST /posts")
class Writes(Sound):
    """Reads by a method that writes."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
        return await self.ask(call, "POST", path, params=query, headers=bearer)
