"""Providers that are sound but for one thing each, and the check that has to catch it.

`zoo.<name>` is the plugin of each, so that an entry point can name it; `CASES` says which check it is for, and
words that its finding has to hold.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from afterpost import hookimpl, sdk
from packages.core.tests.testing.sound import DECLARED, Plugin, Sound

P = TypeVar("P", bound=sdk.Provider)
zoo = SimpleNamespace()
"""Name -> plugin."""


class Case(NamedTuple):
    """A broken provider: its name, the check that catches it, and a part of what that says."""

    name: str
    check: str
    says: str


CASES: list[Case] = []
change = msgspec.structs.replace


def caught(check: str, says: str) -> Callable[[type[P]], type[P]]:
    """To be written over a broken provider."""

    def keep(provider: type[P]) -> type[P]:
        setattr(zoo, provider.__name__, Plugin(provider))
        CASES.append(Case(provider.__name__, check, says))
        return provider

    return keep


def declaring(name: str, check: str, says: str, **changed: Any) -> None:
    """A provider whose declaration alone is wrong."""
    declared = change(DECLARED, **changed)
    made = type(name, (Sound,), {"capabilities": property(lambda self: declared)})
    caught(check, says)(made)


def spec(at: int, **changed: Any) -> tuple[sdk.MetricSpec, ...]:
    """The metrics, one of them otherwise."""
    return tuple(change(one, **changed) if place == at else one for place, one in enumerate(DECLARED.metrics))


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
declaring("WithScheme", "B7", "https://", hosts=("https://api.sound.invalid",))


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
        return change(fresh, secrets={**fresh.secrets, "access_token": old.get("access_token", fresh.secrets["access_token"])})


@caught("C5", "credential_revoked")
class Forgetful(Sound):
    """Keeps the old refresh token."""

    def credential(self, call: sdk.Call, found: Mapping[str, Any]) -> sdk.Credential:
        fresh = super().credential(call, found)
        return change(fresh, secrets={**fresh.secrets, "refresh_token": call.credential.secrets["refresh_token"]})


class Reclassified(Sound):
    """Takes some refusals for something else."""

    def classified(
        self, call: sdk.Call, response: httpx.Response, found: Mapping[str, Any]
    ) -> sdk.ProviderError:
        error = super().classified(call, response, found)
        error.kind = self.meaning(response.status_code, error)
        return error

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        """What it takes it for."""
        return error.kind


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


@caught("C10", "/me")
class InAddress(Sound):
    """Puts the token where everybody sees it."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        return await self.ask(call, "GET", path, params={**query, "access_token": call.credential.secret("access_token")})


# D. Listing


class Paged(Sound):
    """Does something else with a page."""

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        return self.page(await super().list_posts(call, cursor), call, cursor)

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        """What it makes of it."""
        return page


@caught("D1", "not_found")
class NoneIsAnError(Paged):
    """Takes an empty account for a missing one."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        if not page.posts:
            raise sdk.ProviderError(sdk.ErrorKind.NOT_FOUND, "No posts.", native="none")
        return page


@caught("D2", "did not end")
class Endless(Paged):
    """Begins again at the end."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        return sdk.Page(page.posts, page.cursor or "0", page.measured)


@caught("D2", "are listed, and the account has")
class Gaps(Paged):
    """Loses the last post of each page."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        return sdk.Page(page.posts[:-1], page.cursor, page.measured)


@caught("D3", "another process")
class InMemory(Sound):
    """Keeps the place to itself."""

    place: str | None = None

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        page = await super().list_posts(call, self.place if cursor else None)
        self.place = page.cursor
        return sdk.Page(page.posts, page.cursor and "more", page.measured)


@caught("D4", "posts since")
class TooNew(Paged):
    """Leaves out what is young instead of what is old."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        if call.since is None:
            return page
        return sdk.Page((), page.cursor)


@caught("D7", "is listed as one of")
class Zoned(Sound):
    """Loses the zone of a time."""

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=None)


@caught("D7", "is listed as one of")
class WallTime(Sound):
    """Takes the time on the network's wall for UTC."""

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)


@caught("D8", "does not know")
class FloatIds(Sound):
    """Loses the last digits of an id."""

    def info(self, item: Mapping[str, Any]) -> sdk.PostInfo:
        info = super().info(item)
        return change(info, external_id=str(int(float(info.external_id))))


@caught("D9", "read one post otherwise")
class TwoWays(Paged):
    """Reads a list by other means than a post."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        measured = {
            one: change(each, reading=change(each.reading, values={"views": each.reading.values["views"]}))
            for one, each in page.measured.items()
        }
        return sdk.Page(page.posts, page.cursor, measured)


# E. Metrics


@caught("E1", "At most 3")
class SmallBatch(Sound):
    """Takes less than it declares."""

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        if len(ids) > 3:
            raise sdk.ProviderError(sdk.ErrorKind.BAD_REQUEST, "At most 3.", native="too_many")
        return await super().fetch_metrics(call, ids)


@caught("E2", "Without an outcome")
class DropsMissing(Sound):
    """Says nothing of what is not there."""

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        found = await super().fetch_metrics(call, ids)
        return {one: each for one, each in found.items() if isinstance(each, sdk.Measured)}


@caught("E3", "not there came out as Measured")
class ZeroForGone(Sound):
    """Reads noughts of what is not there."""

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        found = await super().outcome(call, post_id)
        if isinstance(found, sdk.Gone):
            return sdk.Measured(reading=sdk.Reading(observed_at=call.now, values={"views": 0}))
        return found


class Valued(Sound):
    """Does something else with the counts."""

    def values(self, item: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
        found, odd = super().values(item)
        return self.told(found, item), odd

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        """What it makes of them."""
        return found


@caught("E4", "is read as 0")
class ZeroForAbsent(Valued):
    """Takes what is left out for 0."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return {"views": 0, "likes": 0, "comments": 0} | found


@caught("E4", "0, and it is read as None")
class FalseZero(Valued):
    """Takes a 0 that was said for nothing."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return {name: count for name, count in found.items() if count}


@caught("E5", "is read as 1")
class Lenient(Valued):
    """Makes a number of anything."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        counts = item["counts"]
        more = {"likes": int(counts["hearts"])} if isinstance(counts.get("hearts"), bool | float) else {}
        return found | more


@caught("E5", "where nothing was wrong")
class AllOrNothing(Valued):
    """Lets one odd count cost the whole batch."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        for count in item["counts"].values():
            if not isinstance(count, int):
                raise sdk.ProviderError(sdk.ErrorKind.BAD_REQUEST, "An odd count.", native="odd")
        return found


@caught("E6", "watch_time_seconds")
class Milliseconds(Sound):
    """Takes milliseconds for seconds."""

    def converted(self, name: str, count: int) -> int:
        return count


@caught("E7", "shares is reported")
class Undeclared(Valued):
    """Reads a metric that it does not declare."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return found | {"shares": 3}


@caught("E8", "type image has watch_time_seconds")
class EveryType(Valued):
    """Reads of an image how long it was watched."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return {"watch_time_seconds": 1} | found


@caught("E9", "where nothing was wrong")
class Brittle(Sound):
    """Lets one broken answer cost the batch."""

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        found = await super().outcome(call, post_id)
        if isinstance(found, sdk.Failed):
            raise found.error
        return found


@caught("E10", "came out as Failed")
class Resigned(Sound):
    """Gives a post up for the sake of one metric."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        try:
            return await super().get(call, path, **query)
        except sdk.ProviderError as error:
            if error.native == "unknown_count":
                raise self.malformed("unknown_count") from None
            raise


@caught("E11", "is read as 11")
class ThirtyTwoBits(Sound):
    """Counts to two thousand million."""

    def converted(self, name: str, count: int) -> int:
        return super().converted(name, count) & 0x7FFFFFFF


@caught("E11", "9,007,199,254,740,993, and it is read as 9007199254740992")
class Floats(Sound):
    """Lets a count pass through a float."""

    def converted(self, name: str, count: int) -> int:
        return int(float(super().converted(name, count)))


@caught("E12", "second time")
class Wandering(Valued):
    """Reads something else each time."""

    times = 0

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        self.times += 1
        return found | {"likes": self.times}


@caught("E13", "fell to")
class HighWater(Valued):
    """Remembers the most that there was."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        most = self.most[item["id"]] = max(self.most.get(item["id"], 0), found.get("views", 0))
        return found | ({"views": most} if "views" in found else {})


@caught("E14", "The network says likes")
class Swapped(Valued):
    """Takes one number for another."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return found | {"likes": found["comments"], "comments": found["likes"]}


@caught("E15", "a reading is of")
class MachineTime(Sound):
    """Reads at the machine's time."""

    def measured(
        self, call: sdk.Call, item: Mapping[str, Any], partial: tuple[str, ...] = ()
    ) -> sdk.Measured:
        return super().measured(change(call, now=datetime.now(UTC)), item, partial)


@caught("E16", "following")
class MoreOfTheAccount(Sound):
    """Reads of the account what it does not declare."""

    async def fetch_account(self, call: sdk.Call) -> sdk.AccountReading:
        return sdk.AccountReading(values={"followers": 1, "following": 2})


@caught("E17", "None, and it is read as 0")
class ZeroForNull(Valued):
    """Takes null for 0."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        counts = item["counts"]
        return found | ({"likes": 0} if "hearts" in counts and counts["hearts"] is None else {})


# F. Days


declaring("OtherDays", "F1", "gained", metrics=spec(4, day_zone="UTC"))


@caught("F1", "gained")
class NextDay(Sound):
    """Books a day to the one after."""

    def day(self, text: str) -> date:
        return super().day(text) + timedelta(days=1)


@caught("F3", "malformed")
class Uncut(Sound):
    """Asks for days that nobody has."""

    async def fetch_daily(
        self, call: sdk.Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, sdk.Outcome]:
        return {one: await self.days(call, one, start, end) for one in ids}


@caught("F4", "before it")
class ZeroDays(Sound):
    """Reads noughts of days before there was anything."""

    async def days(self, call: sdk.Call, post_id: str, start: date, end: date) -> sdk.Outcome:
        found = await super().days(call, post_id, start, end)
        if not isinstance(found, sdk.Measured):
            return found
        every = {start + timedelta(days=at): {"views": 0} for at in range((end - start).days + 1)}
        return change(found, reading=change(found.reading, daily={**every, **found.reading.daily}))


@caught("F5", "never-heard-of")
class DropsDays(Sound):
    """Says nothing by day of what is not there."""

    async def fetch_daily(
        self, call: sdk.Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, sdk.Outcome]:
        found = await super().fetch_daily(call, ids, start, end)
        return {one: each for one, each in found.items() if isinstance(each, sdk.Measured)}


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
        time.sleep(0.5)
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
            try:
                await client.get("https://stats.sound.invalid/fans")
            except httpx.HTTPError:
                pass
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
