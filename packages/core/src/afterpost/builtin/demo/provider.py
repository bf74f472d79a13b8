"""The demo networks' provider and their wire: plain JSON over three paths."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx
import msgspec
from msgspec import Struct

from afterpost.emulator import Dialect, Fault, Request, Response, World
from afterpost.sdk import (
    AccountProfile,
    Call,
    Capabilities,
    CredentialField,
    ErrorKind,
    Gone,
    Measured,
    MetricSpec,
    Outcome,
    Page,
    PostInfo,
    Provider,
    ProviderError,
    Reading,
)

PAGE = 50


class Kind(Struct, frozen=True):
    """One demo network: its slug, its name, what it counts, and what is posted on it."""

    platform: str
    title: str
    metrics: tuple[str, ...]
    content_type: str

    @property
    def host(self) -> str:
        """A host that exists nowhere (RFC 2606); an emulator answers for it."""
        return f"{self.platform.replace('_', '-')}.invalid"


PLATFORMS: Mapping[str, Kind] = {
    kind.platform: kind
    for kind in (
        Kind("demo_video", "Demo Video", ("views", "likes", "comments", "shares"), "video"),
        Kind("demo_photo", "Demo Photo", ("impressions", "reach", "likes", "comments", "saves"), "image"),
        Kind("demo_text", "Demo Text", ("likes", "comments", "shares"), "article"),
    )
}


class _Post(Struct):
    id: str
    title: str
    text: str
    published_at: datetime
    counts: dict[str, int] = {}


class _Listing(Struct):
    posts: list[_Post]
    next: str | None = None


class _Account(Struct):
    id: str
    handle: str
    name: str


class DemoProvider(Provider):
    """Reads one demo network."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._capabilities = Capabilities(
            platform=kind.platform,
            display_name=kind.title,
            metrics=tuple(MetricSpec(name=name, native=name) for name in kind.metrics),
            batch_size=PAGE,
            hosts=(kind.host,),
        )
        self._definitions = self._capabilities.definitions()

    @property
    def capabilities(self) -> Capabilities:
        """Lifetime counts, in batches of fifty."""
        return self._capabilities

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """The demo account's token; `afterpost demo` fills it in."""
        return (CredentialField("access_token", "Access token"),)

    def emulate(self, world: World) -> Dialect:
        """This network's wire."""
        return DemoDialect(self._kind, world)

    async def check(self, call: Call) -> AccountProfile:
        """The account of the token."""
        found = msgspec.json.decode(await self._get(call, "/me", {}), type=_Account)
        return AccountProfile(external_id=found.id, handle=found.handle, name=found.name)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """Fifty posts, newest first."""
        query = {} if cursor is None else {"after": cursor}
        listing = msgspec.json.decode(await self._get(call, "/posts", query), type=_Listing)
        return Page(tuple(self._info(post) for post in listing.posts), listing.next)

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The counts of up to fifty posts; one that is not in the answer is gone."""
        body = await self._get(call, "/counts", {"ids": ",".join(ids)})
        found = {post.id: post for post in msgspec.json.decode(body, type=_Listing).posts}
        return {key: self._outcome(found.get(key), call.now) for key in ids}

    def _outcome(self, post: _Post | None, now: datetime) -> Outcome:
        if post is None:
            return Gone()
        reading = Reading(
            observed_at=now,
            values=post.counts,
            definitions=self._definitions,
            published_at=post.published_at,
        )
        return Measured(reading=reading, post=self._info(post))

    def _info(self, post: _Post) -> PostInfo:
        return PostInfo(
            external_id=post.id,
            published_at=post.published_at,
            title=post.title,
            description=post.text,
            content_type=self._kind.content_type,
        )

    async def _get(self, call: Call, path: str, query: Mapping[str, str]) -> bytes:
        try:
            response = await call.client.get(
                f"https://{self._kind.host}{path}",
                params=dict(query),
                headers={"Authorization": f"Bearer {call.credential.secret('access_token')}"},
            )
        except httpx.TransportError as error:
            raise ProviderError(ErrorKind.NETWORK, "The demo network does not answer.") from error
        if response.status_code == 401:
            raise ProviderError(ErrorKind.CREDENTIAL_REVOKED, "The demo network does not know this token.")
        if response.status_code != 200:
            raise ProviderError(
                ErrorKind.UPSTREAM_UNAVAILABLE, f"The demo network answered {response.status_code}."
            )
        return response.content


class DemoDialect(Dialect):
    """The wire of a demo network over a world."""

    def __init__(self, kind: Kind, world: World) -> None:
        super().__init__(world)
        self.hosts = (kind.host,)
        self._kind = kind

    def answer(self, request: Request, now: datetime) -> Response:
        """`/me`, `/posts?after=` and `/counts?ids=` of the token's account."""
        account = self.world.account_for_token(request.bearer or "")
        if account is None:
            return Response.json({"error": "unknown token"}, 401)
        if request.path == "/me":
            return Response.json({"id": account.id, "handle": account.handle, "name": account.name})
        if request.path == "/posts":
            start = int(request.param("after") or 0)
            visible = self.world.posts(account.id, now)
            more = str(start + PAGE) if len(visible) > start + PAGE else None
            listed = [_Post(p.id, p.title, p.description, p.published_at) for p in visible[start:][:PAGE]]
            return Response.json(_Listing(listed, more))
        if request.path == "/counts":
            asked = (request.param("ids") or "").split(",")
            found = [post for post in (self.world.post(key, now) for key in asked) if post is not None]
            return Response.json(
                _Listing(
                    [
                        _Post(p.id, p.title, p.description, p.published_at, self._counts(p.id, now))
                        for p in found
                        if p.account_id == account.id
                    ]
                )
            )
        return Response.json({"error": "no such path"}, 404)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """The demo networks have one way to fail: they are down."""
        return Response.json({"error": fault.kind}, 503)

    def _counts(self, post_id: str, now: datetime) -> dict[str, int]:
        known = self.world.metrics(post_id, now)
        return {name: known[name] for name in self._kind.metrics if name in known}
