"""A network with OAuth and rotating refresh tokens, on a real wire: provider, plugin and its platform.

The platform is unforgiving, as real ones are: an access token lasts two hours, a refresh token works once,
and one that is used a second time kills the grant.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from afterpost import hookimpl
from afterpost.emulator import Dialect, Fault, Request, Response, World, WorldAccount
from afterpost.sdk import (
    AccountProfile,
    AccountReading,
    Call,
    Capabilities,
    CodeGrant,
    Cost,
    Credential,
    CredentialField,
    ErrorKind,
    Gone,
    Kind,
    Measured,
    MetricSpec,
    OAuth,
    OAuthScope,
    Outcome,
    Page,
    PostInfo,
    Provider,
    ProviderError,
    RateLimit,
    Reading,
    Renewal,
    Secret,
)

HOST = "api.rotating.invalid"
LIFETIME = timedelta(hours=2)
METRICS = (
    MetricSpec(name="views", native="views", scopes=("posts.read",)),
    MetricSpec(name="likes", native="likes", scopes=("posts.read", "insights")),
)
FOLLOWERS = MetricSpec(name="followers", native="fans", kind=Kind.GAUGE, scopes=("account.read",))


class Grants:
    """What the platform remembers of one account's grant."""

    def __init__(self) -> None:
        self.number = 0
        self.refreshes = 0
        self.reused = 0
        self.dead = False
        self.ends_at: datetime | None = None
        self.challenges: dict[str, tuple[str, str]] = {}
        self.scopes = "posts.read account.read"
        self.refusal: tuple[int, str] | None = None
        self.fans = 1_000

    def issue(self, now: datetime) -> Response:
        """A new pair of tokens; those before are over."""
        self.number += 1
        self.ends_at = now + LIFETIME
        return Response.json(
            {
                "access_token": f"rotating-access-{self.number}",
                "refresh_token": f"rotating-refresh-{self.number}",
                "expires_in": int(LIFETIME.total_seconds()),
                "refresh_expires_in": 180 * 86_400,
                "scope": self.scopes,
            }
        )


class RotatingDialect(Dialect):
    """The platform's wire. The world's first account is the one that every grant opens."""

    hosts = (HOST,)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.grants = Grants()

    @property
    def owner(self) -> WorldAccount:
        """Whose grant it is."""
        return self.world.accounts()[0]

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """A refresh token that works once."""
        self.grants.number += 1
        return {"client_id": "app-1", "refresh_token": f"rotating-refresh-{self.grants.number}"}

    def answer(self, request: Request, now: datetime) -> Response:
        grants = self.grants
        if grants.refusal is not None and request.path != "/token":
            status, code = grants.refusal
            return Response.json({"error": code}, status)
        if request.path == "/token":
            return self._token(request, now)
        if request.bearer != f"rotating-access-{grants.number}" or grants.dead:
            return Response.json({"error": "invalid_token"}, 401)
        if grants.ends_at is None or grants.ends_at <= now:
            return Response.json({"error": "expired_token"}, 401)
        if request.path == "/me":
            owner = self.owner
            return Response.json(
                {"id": owner.id, "handle": owner.handle, "name": owner.name, "fans": grants.fans}
            )
        if request.path == "/posts":
            since = request.param("since")
            posts = [
                {"id": post.id, "at": post.published_at, **self.world.metrics(post.id, now)}
                for post in self.world.posts(self.owner.id, now)
                if since is None or post.published_at >= datetime.fromisoformat(since)
            ]
            wanted = request.params("id")
            return Response.json([post for post in posts if not wanted or post["id"] in wanted])
        return Response.json({"error": "not_found"}, 404)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        return Response.json({"error": fault.kind}, 503)

    def _token(self, request: Request, now: datetime) -> Response:
        form, grants = request.form, self.grants
        if form.get("grant_type") == "authorization_code":
            challenge, redirect = grants.challenges.pop(form.get("code", ""), ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not challenge or made != challenge or form.get("redirect_uri") != redirect:
                return Response.json({"error": "invalid_grant"}, 400)
            grants.dead = False
            return grants.issue(now)
        grants.refreshes += 1
        if form.get("refresh_token") != f"rotating-refresh-{grants.number}":
            grants.reused += 1
            grants.dead = True  # it must have been stolen
        if grants.dead:
            return Response.json({"error": "invalid_grant"}, 400)
        return grants.issue(now)


class _Tokens(msgspec.Struct):
    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int
    scope: str


class Rotating(Provider):
    """Reads the network."""

    def __init__(self, *, limits: tuple[RateLimit, ...] = (), costs: tuple[Cost, ...] = ()) -> None:
        self._capabilities = Capabilities(
            platform="rotating",
            display_name="Rotating",
            metrics=METRICS,
            account_metrics=(FOLLOWERS,),
            hosts=(HOST,),
            limits=limits,
            costs=costs,
            renewal=Renewal(rotates=True),
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        return (
            CredentialField("client_id", "Client id", secret=False, of_app=True),
            CredentialField("client_secret", "Client secret", required=False, of_app=True),
            CredentialField("refresh_token", "Refresh token", required=False),
        )

    @property
    def oauth(self) -> OAuth:
        return OAuth(
            authorize_url=f"https://{HOST}/authorize",
            scopes=(
                OAuthScope("posts.read", "read your posts"),
                OAuthScope("account.read", "read your profile"),
                OAuthScope("insights", "read insights", required=False),
            ),
        )

    def emulate(self, world: World) -> Dialect:
        return RotatingDialect(world)

    async def exchange_code(self, call: Call, grant: CodeGrant) -> Credential:
        assert grant.verifier is not None
        form = {
            "grant_type": "authorization_code",
            "code": grant.code.reveal(),
            "code_verifier": grant.verifier.reveal(),
            "redirect_uri": grant.redirect_uri,
        }
        return await self._tokens(call, form)

    async def refresh(self, call: Call) -> Credential:
        form = {"grant_type": "refresh_token", "refresh_token": call.credential.secret("refresh_token")}
        return await self._tokens(call, form)

    async def _tokens(self, call: Call, form: Mapping[str, str]) -> Credential:
        response = await call.client.post(f"https://{HOST}/token", data=dict(form))
        if response.status_code != 200:
            raise ProviderError(ErrorKind.CREDENTIAL_REVOKED, "The grant is dead.", native="invalid_grant")
        found = msgspec.json.decode(response.content, type=_Tokens)
        return Credential(
            secrets={
                **call.credential.secrets,
                "access_token": Secret(found.access_token),
                "refresh_token": Secret(found.refresh_token),
            },
            scopes=tuple(found.scope.split()),
            expires_at=call.now + timedelta(seconds=found.expires_in),
            refresh_expires_at=call.now + timedelta(seconds=found.refresh_expires_in),
        )

    async def check(self, call: Call) -> AccountProfile:
        me = await self._get(call, "/me")
        return AccountProfile(external_id=me["id"], handle=me["handle"], name=me["name"])

    async def fetch_account(self, call: Call) -> AccountReading:
        return AccountReading(values={"followers": (await self._get(call, "/me"))["fans"]})

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        query = [] if call.since is None else [("since", call.since.isoformat())]
        posts = await self._get(call, "/posts", query)
        return Page(tuple(self._info(post) for post in posts))

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        found = {post["id"]: post for post in await self._get(call, "/posts", [("id", one) for one in ids])}
        return {one: self._outcome(call, found.get(one)) for one in ids}

    def _outcome(self, call: Call, post: Mapping[str, object] | None) -> Outcome:
        if post is None:
            return Gone()
        views = post["views"]
        assert isinstance(views, int)
        reading = Reading(
            observed_at=call.now, values={"views": views}, definitions=self._capabilities.definitions()
        )
        return Measured(reading=reading, post=self._info(post))

    def _info(self, post: Mapping[str, object]) -> PostInfo:
        return PostInfo(external_id=str(post["id"]), published_at=datetime.fromisoformat(str(post["at"])))

    async def _get(self, call: Call, path: str, query: Iterable[tuple[str, str]] = ()) -> Any:
        bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
        response: httpx.Response = await call.client.get(
            f"https://{HOST}{path}", params=list(query), headers=bearer
        )
        if response.status_code == 401:
            raise ProviderError(ErrorKind.TOKEN_EXPIRED, "The access token is over.")
        if response.status_code == 429:
            raise ProviderError(
                ErrorKind.RATE_LIMITED, "Slower.", retry_at=call.now + timedelta(minutes=15), scope="app"
            )
        if response.status_code != 200:
            raise ProviderError(ErrorKind.UPSTREAM_UNAVAILABLE, "It is down.")
        return msgspec.json.decode(response.content)


class RotatingPlugin:
    """Brings the network in."""

    def __init__(self, provider: Rotating | None = None) -> None:
        self.provider = provider or Rotating()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """The one."""
        return [self.provider]
