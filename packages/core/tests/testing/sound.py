"""A provider that does everything right, cut so that each of its parts can be done wrong (`broken.py`)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost import hookimpl, sdk
from afterpost.emulator import Dialect, World
from packages.core.tests.testing.sound_wire import COUNTS, HOST, PAGE, SoundDialect

KINDS = {
    "slow_down": sdk.ErrorKind.RATE_LIMITED,
    "quota_used_up": sdk.ErrorKind.QUOTA_EXHAUSTED,
    "scope_missing": sdk.ErrorKind.PERMISSION_MISSING,
    "token_over": sdk.ErrorKind.TOKEN_EXPIRED,
    "grant_over": sdk.ErrorKind.CREDENTIAL_REVOKED,
    "no_such_post": sdk.ErrorKind.NOT_FOUND,
    "unknown_count": sdk.ErrorKind.METRIC_UNAVAILABLE,
}
MEANS = {"views": "Plays.", "likes": "Hearts.", "comments": "Replies.", "watch_time_seconds": "Time watched."}
SPECS = (
    *(
        sdk.MetricSpec(
            name=name,
            native=field,
            meaning=MEANS[name],
            unit="seconds" if name.endswith("_seconds") else "count",
            content_types=("video",) if name.endswith("_seconds") else (),
            scopes=("read",),
            monotonic=False,
        )
        for name, field in COUNTS.items()
    ),
    sdk.MetricSpec(
        name="views", native="plays", kind=sdk.Kind.DAILY, day_zone="America/New_York", scopes=("read",)
    ),
    sdk.MetricSpec(
        name="watch_time_seconds",
        native="minutes",
        kind=sdk.Kind.DAILY,
        unit="seconds",
        day_zone="America/New_York",
        scopes=("read",),
    ),
)
DECLARED = sdk.Capabilities(
    platform="sound",
    display_name="Sound",
    metrics=SPECS,
    account_metrics=(sdk.MetricSpec(name="followers", native="fans", kind=sdk.Kind.GAUGE, scopes=("read",)),),
    batch_size=5,
    page_size=PAGE,
    list_carries_metrics=True,
    daily_days=90,
    hosts=(HOST,),
    limits=(sdk.RateLimit(unit="requests", amount=100, seconds=60, scope="app"),),
    costs=(sdk.Cost(operation="fetch_metrics", call=sdk.Spend(), item=sdk.Spend(requests=1)),),
    renewal=sdk.Renewal(rotates=True),
)


class Sound(sdk.Provider):
    """Answers, and each step on the way there in a method of its own."""

    @property
    def capabilities(self) -> sdk.Capabilities:
        return DECLARED

    @property
    def credential_fields(self) -> Sequence[sdk.CredentialField]:
        return (sdk.CredentialField("refresh_token", "Refresh token"),)

    @property
    def oauth(self) -> sdk.OAuth | None:
        return sdk.OAuth(authorize_url=f"https://{HOST}/authorize", scopes=(sdk.OAuthScope("read", "read"),))

    def emulate(self, world: World) -> Dialect | None:
        return SoundDialect(world)

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        form = {"refresh_token": call.credential.secret("refresh_token")}
        found = await self.ask(call, "POST", "/token", data=form)
        return self.credential(call, found)

    def credential(self, call: sdk.Call, found: Mapping[str, Any]) -> sdk.Credential:
        names = ("access_token", "refresh_token")
        if not all(isinstance(found.get(name), str) for name in names):
            raise self.malformed("no_token")
        secrets = {name: sdk.Secret(found[name]) for name in names}
        ends = call.now + timedelta(seconds=found["expires_in"])
        return sdk.Credential(secrets={**call.credential.secrets, **secrets}, expires_at=ends)

    async def check(self, call: sdk.Call) -> sdk.AccountProfile:
        found = await self.get(call, "/me")
        return sdk.AccountProfile(external_id=found["id"], handle=found["handle"], name=found["name"])

    async def fetch_account(self, call: sdk.Call) -> sdk.AccountReading:
        return sdk.AccountReading(values={"followers": (await self.get(call, "/me"))["fans"]})

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        query = {} if call.since is None else {"since": call.since.isoformat()}
        found = await self.get(call, "/posts", **query, **({"cursor": cursor} if cursor else {}))
        if not isinstance(found.get("posts"), list):
            raise self.malformed("no_posts")
        own = [item for item in found["posts"] if self.own(call, item)]
        posts = [self.info(item) for item in own]
        measured = {
            post.external_id: self.measured(call, item) for post, item in zip(posts, own, strict=True)
        }
        return sdk.Page(tuple(posts), found.get("next"), measured=measured)

    def own(self, call: sdk.Call, item: Mapping[str, Any]) -> bool:
        return bool(item["of"] == call.account_id)

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        return {one: await self.outcome(call, one) for one in dict.fromkeys(ids)}

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        if not (post_id.isascii() and post_id.isdigit() and len(post_id) <= 20):
            return sdk.Failed(sdk.ProviderError(sdk.ErrorKind.BAD_REQUEST, "This is no id of a post."))
        names = list(COUNTS.values())
        partial: tuple[str, ...] = ()
        try:
            try:
                item = await self.get(call, f"/posts/{post_id}/counts", names=",".join(names))
            except sdk.ProviderError as error:
                if error.kind is not sdk.ErrorKind.METRIC_UNAVAILABLE:
                    raise
                dead = error.scopes[0]
                partial = tuple(name for name, field in COUNTS.items() if field == dead)
                names.remove(dead)
                item = await self.get(call, f"/posts/{post_id}/counts", names=",".join(names))
                item["counts"].pop(dead, None)
            return self.measured(call, item, partial)
        except sdk.ProviderError as error:
            if error.kind is sdk.ErrorKind.NOT_FOUND:
                return sdk.Gone()
            if error.kind in (sdk.ErrorKind.UPSTREAM_MALFORMED, sdk.ErrorKind.METRIC_UNAVAILABLE):
                return sdk.Failed(error)
            raise

    def measured(
        self, call: sdk.Call, item: Mapping[str, Any], partial: tuple[str, ...] = ()
    ) -> sdk.Measured:
        values, odd = self.values(item)
        info = self.info(item)
        reading = sdk.Reading(
            observed_at=call.now,
            values=values,
            definitions=self.capabilities.definitions(),
            kinds=self.capabilities.kinds(),
            published_at=info.published_at,
        )
        return sdk.Measured(reading=reading, post=info, partial=(*partial, *odd))

    def values(self, item: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
        counts = item.get("counts")
        if not isinstance(counts, dict):
            raise self.malformed("no_counts")
        found: dict[str, int] = {}
        odd = []
        for name, field in COUNTS.items():
            count = counts.get(field)
            if type(count) is int and count >= 0:
                found[name] = self.converted(name, count)
            elif count is not None:
                odd.append(name)
        return found, tuple(odd)

    def converted(self, name: str, count: int) -> int:
        return count // 1_000 if name == "watch_time_seconds" else count

    def info(self, item: Mapping[str, Any]) -> sdk.PostInfo:
        return sdk.PostInfo(
            external_id=item["id"],
            published_at=self.instant(item["at"]),
            content_type=item["kind"],
        )

    def instant(self, text: str) -> datetime:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise self.malformed("no_zone")
        return found

    async def fetch_daily(
        self, call: sdk.Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, sdk.Outcome]:
        start = max(start, call.now.date() - timedelta(days=90))
        return {one: await self.days(call, one, start, end) for one in ids}

    async def days(self, call: sdk.Call, post_id: str, start: date, end: date) -> sdk.Outcome:
        if not post_id.isdigit():
            return sdk.Gone()
        found = await self.get(
            call, f"/posts/{post_id}/days", **{"from": start.isoformat(), "to": end.isoformat()}
        )
        daily = {
            self.day(row["day"]): {
                "views": row["plays"],
                "watch_time_seconds": self.seconds(row["minutes"]),
            }
            for row in found["days"]
        }
        return sdk.Measured(reading=sdk.Reading(observed_at=call.now, values={}, daily=daily))

    def seconds(self, minutes: int) -> int:
        return minutes * 60

    def day(self, text: str) -> date:
        return date.fromisoformat(text)

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
        return await self.ask(call, "GET", path, params=query, headers=bearer)

    async def ask(self, call: sdk.Call, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            response = await self.send(call, method, f"https://{HOST}{path}", **sent)
        except httpx.HTTPError as error:
            native = type(error).__name__
            raise sdk.ProviderError(sdk.ErrorKind.NETWORK, f"No answer ({native}).", native=native) from error
        found = self.decoded(response)
        if response.status_code != 200 or not isinstance(found, dict):
            raise self.classified(call, response, found if isinstance(found, dict) else {})
        return found

    async def send(self, call: sdk.Call, method: str, url: str, **sent: Any) -> httpx.Response:
        return await call.client.request(method, url, **sent)

    def decoded(self, response: httpx.Response) -> object:
        try:
            return msgspec.json.decode(response.content)
        except (ValueError, RecursionError):
            return None

    def classified(
        self, call: sdk.Call, response: httpx.Response, found: Mapping[str, Any]
    ) -> sdk.ProviderError:
        code = str(found.get("error", f"http_{response.status_code}"))
        status = response.status_code
        kind = KINDS.get(code) or (
            sdk.ErrorKind.UPSTREAM_UNAVAILABLE if status >= 500 else sdk.ErrorKind.UPSTREAM_MALFORMED
        )
        scopes = ("read",) if kind is sdk.ErrorKind.PERMISSION_MISSING else ()
        if kind is sdk.ErrorKind.METRIC_UNAVAILABLE:
            scopes = (str(found.get("name")),)
        return sdk.ProviderError(
            kind,
            self.message(kind, found),
            native=code,
            retry_at=self.retry_at(call, response) if kind is sdk.ErrorKind.RATE_LIMITED else None,
            scopes=scopes,
        )

    def message(self, kind: sdk.ErrorKind, found: Mapping[str, Any]) -> str:
        return f"Sound refuses it: {kind}."

    def retry_at(self, call: sdk.Call, response: httpx.Response) -> datetime | None:
        return sdk.retry_after(response.headers.get("retry-after"), call.now)

    def malformed(self, native: str) -> sdk.ProviderError:
        return sdk.ProviderError(
            sdk.ErrorKind.UPSTREAM_MALFORMED, "No answer that can be read.", native=native
        )


class Plugin:
    """Brings one provider, made anew each time it is asked."""

    def __init__(self, provider: type[sdk.Provider]) -> None:
        self.provider = provider

    @hookimpl
    def register_providers(self, settings: Mapping[str, str]) -> Sequence[sdk.Provider]:
        return [self.provider()]


plugin = Plugin(Sound)
