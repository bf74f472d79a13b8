"""The provider: what Sample offers, and its four calls. It never retries, sleeps or stores; core does."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import msgspec

from afterpost import sdk
from afterpost_sample import errors, payloads

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

T = TypeVar("T")
HOST = "api.sample.invalid"
BATCH_SIZE = 20

_CAPABILITIES = sdk.Capabilities(
    platform="sample",
    display_name="Sample",
    metrics=tuple(
        # The fields of `Stats` are the metrics. Counts may fall: a like can be taken back.
        sdk.MetricSpec(name=field.name, native=field.encode_name, monotonic=False)
        for field in msgspec.structs.fields(payloads.Stats)
    ),
    batch_size=BATCH_SIZE,
    hosts=(HOST,),
)


class Sample(sdk.Provider):
    """Lifetime counts of an account's videos on Sample."""

    @property
    def capabilities(self) -> sdk.Capabilities:
        """Views, likes and comments, twenty posts a call."""
        return _CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[sdk.CredentialField]:
        """The refresh token from Sample's settings page; core has it exchanged for an access token."""
        return (sdk.CredentialField("refresh_token", "Refresh token"),)

    def emulate(self, world: "World") -> "Dialect":
        """Sample's wire over a fake world."""
        # Imported when asked for: a server that only collects needs no fake one.
        from afterpost_sample.emulator import SampleDialect

        return SampleDialect(world)

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        """The credential with a new access token. Some networks send a new refresh token as well: keep it."""
        form = {"refresh_token": call.credential.secret("refresh_token")}
        token = await _ask(call, payloads.Token, "POST", "/token", data=form)
        return sdk.Credential(
            secrets={**call.credential.secrets, "access_token": sdk.Secret(token.access_token)},
            scopes=call.credential.scopes,
            expires_at=call.now + timedelta(seconds=token.expires_in),
        )

    async def check(self, call: sdk.Call) -> sdk.AccountProfile:
        """The account of the access token."""
        found = await _get(call, payloads.Account, "/me", {})
        return sdk.AccountProfile(external_id=found.id, handle=found.handle, name=found.name)

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        """One page of the account's posts, newest first."""
        answer = await _get(call, payloads.Posts, "/posts", {"cursor": cursor} if cursor else {})
        return sdk.Page(tuple(_info(post) for post in answer.posts), answer.next)

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        """The counts of up to twenty posts, in one call."""
        answer = await _get(call, payloads.Posts, "/stats", {"id": list(ids)})
        found = {post.id: post for post in answer.posts}
        # Over the ids that were asked for, not over the answer: each gets exactly one outcome.
        return {one: _outcome(found.get(one), call.now) for one in ids}


def _outcome(post: payloads.Post | None, now: datetime) -> sdk.Outcome:
    if post is None:
        return sdk.Gone()  # Sample leaves out what it no longer shows, and says nothing
    stats = payloads.read(post.stats, payloads.Stats)
    if stats is None:
        return sdk.Failed(sdk.ProviderError(sdk.ErrorKind.UPSTREAM_MALFORMED, "The counts can't be read."))
    reading = sdk.Reading(
        observed_at=now,
        values={name: count for name, count in msgspec.structs.asdict(stats).items() if count is not None},
        # All that was asked for: a metric in here and not in `values` is hidden, not forgotten.
        definitions=_CAPABILITIES.definitions(),
        kinds=_CAPABILITIES.kinds(),  # empty as long as every metric is a lifetime counter
        published_at=post.published_at,
    )
    return sdk.Measured(reading=reading, post=_info(post))


def _info(post: payloads.Post) -> sdk.PostInfo:
    return sdk.PostInfo(
        external_id=post.id, published_at=post.published_at, title=post.title, content_type="video"
    )


async def _get(call: sdk.Call, kind: type[T], path: str, query: Mapping[str, Any]) -> T:
    bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
    return await _ask(call, kind, "GET", path, params=query, headers=bearer)


async def _ask(call: sdk.Call, kind: type[T], method: str, path: str, **sent: Any) -> T:
    """The answer as what it should be; whatever else happens leaves here as a ProviderError."""
    try:
        response = await call.client.request(method, f"https://{HOST}{path}", **sent)
    except httpx.HTTPError as error:
        raise errors.network(error) from error
    answer = payloads.read(response.content, kind) if response.status_code == 200 else None
    if answer is None:
        raise errors.classify(response.status_code, response.headers, response.content, call.now)
    return answer
