"""Bluesky's wire over any world, for tests, demos and replays: sessions, feeds, posts and profiles.

A refresh token dies when it is exchanged, stricter than the platform, which gives it a short grace.
Parameters that the lexicons do not know are refused.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from afterpost.emulator import (
    Dialect,
    Fault,
    Request,
    Response,
    RotatingTokens,
    Tokens,
    World,
    WorldAccount,
    WorldPost,
)
from afterpost_bluesky import wire

SERVICE = "bsky.social"
REFRESH_LIFETIME = timedelta(days=90)
MAX_URIS = 25
MAX_LIMIT = 100
CREATE = "/xrpc/com.atproto.server.createSession"
RENEW = "/xrpc/com.atproto.server.refreshSession"

PARAMETERS = {
    "com.atproto.server.getSession": frozenset[str](),
    "app.bsky.feed.getAuthorFeed": frozenset({"actor", "limit", "cursor", "filter", "includePins"}),
    "app.bsky.feed.getPosts": frozenset({"uris"}),
    "app.bsky.actor.getProfile": frozenset({"actor"}),
}
"""Query -> the parameters it takes."""


class BlueskyDialect(Dialect):
    """`createSession`, `refreshSession`, `getSession`, `getAuthorFeed`, `getPosts`, `getProfile`.

    An account's posts are those of the world's account, and its feed begins with a repost of its own oldest
    one. Its app password is the world's refresh token, its followers a number made of its id. `server` is the
    host of every account's own server; sessions are made and renewed at bsky.social. Access tokens last two
    hours, those of the world for ever.
    """

    native = wire.FIELDS
    id_field = "uri"

    def __init__(self, world: World, *, server: str = SERVICE) -> None:
        super().__init__(world)
        self.hosts = tuple(dict.fromkeys((SERVICE, server)))
        self._server = server
        self._access = Tokens(world, lifetime=timedelta(hours=2), prefix="access")
        self._refresh = RotatingTokens(world, prefix="refresh")
        self._accounts = {
            name: account
            for account in world.accounts()
            for name in (wire.did(account.id), wire.handle(account))
        }
        self._queries: Mapping[str, Callable[[WorldAccount, Request, datetime], Response]] = {
            "com.atproto.server.getSession": self._session,
            "app.bsky.feed.getAuthorFeed": self._feed,
            "app.bsky.feed.getPosts": self._posts,
            "app.bsky.actor.getProfile": self._profile,
        }

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """A handle and an app password: connecting makes a session of them."""
        return {"identifier": wire.handle(account), "app_password": account.refresh_token}

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer of the method, or the refusal of what the lexicons do not know."""
        if request.path in (CREATE, RENEW):
            return self._sign_in(request, now)
        method = request.path.removeprefix("/xrpc/")
        query = self._queries.get(method)
        if query is None or method == request.path or request.host != self._server:
            return wire.refusal(501, "MethodNotImplemented", "Method Not Implemented")
        if request.method != "GET":
            return wire.refusal(405, "InvalidRequest", "Incorrect HTTP method: expected GET")
        if request.bearer is None:
            return wire.refusal(401, "AuthMissing", "Authentication Required")
        account, message = self._signed_in(request.bearer, now)
        if account is None:
            return wire.refusal(400, "ExpiredToken" if "expired" in message else "InvalidToken", message)
        unknown = sorted({name for name, _ in request.query} - PARAMETERS[method])
        if unknown:
            return wire.refusal(400, "InvalidRequest", f"Error: Params has the unknown {unknown[0]}")
        return query(account, request, now)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """Faults as Bluesky words them. It has no quota beside the limit of five minutes."""
        retry = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
        signing_in = request.path in (CREATE, RENEW)
        if fault.kind == "unavailable":
            return wire.refusal(fault.status, "UpstreamFailure", "Upstream service unreachable", retry)
        if fault.kind == "rate_limited":
            headers = wire.allowance(now, 0, wait=120) | retry
            return wire.refusal(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)
        if fault.kind == "revoked":
            if request.path == CREATE:
                return wire.refusal(401, "AuthenticationRequired", "Invalid identifier or password")
            return wire.refusal(400, "ExpiredToken", "Token has been revoked") if signing_in else None
        if signing_in or fault.kind == "quota":
            return None
        if fault.kind == "forbidden":
            return wire.refusal(403, "ScopeMissingError", "Missing required scope")
        return wire.refusal(400, "ExpiredToken", "Token has expired")

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """Posts are left out of `getPosts` only: a feed without one would be a world without it. A feed can
        have somebody else's post that the account reposted."""
        if fault.kind == "foreign_post":
            return wire.with_repost(response) if request.path.endswith("getAuthorFeed") else None
        if fault.kind == "missing_id" and not request.path.endswith("getPosts"):
            return None
        return super().shape(fault, request, response)

    def account_of(self, request: Request, now: datetime) -> str | None:
        """Whose token the request carries, or whose name `createSession` is told."""
        if request.path == CREATE:
            body = request.json()
            account = self._accounts.get(str(body.get("identifier"))) if isinstance(body, dict) else None
        elif request.path == RENEW:
            account = self._refresh.account(wire.inner(request.bearer or "")[0])
        else:
            account, _ = self._signed_in(request.bearer or "", now)
        return account.id if account else None

    def _signed_in(self, sent: str, now: datetime) -> tuple[WorldAccount | None, str]:
        inner, ends = wire.inner(sent)
        account = self._access.account(inner, now)
        return account, "Token has expired" if ends <= now.timestamp() else "Token could not be verified"

    def _sign_in(self, request: Request, now: datetime) -> Response:
        if request.method != "POST" or request.host != SERVICE:
            return wire.refusal(501, "MethodNotImplemented", "Method Not Implemented")
        if request.query:
            return wire.refusal(400, "InvalidRequest", "Error: no parameters are expected")
        if request.path == RENEW:
            if request.bearer is None:
                return wire.refusal(401, "AuthMissing", "Authentication Required")
            presented, ends = wire.inner(request.bearer)
            account = self._refresh.account(presented)
            if account is None or ends <= now.timestamp():
                return wire.refusal(400, "ExpiredToken", "Token has been revoked")
            renewed = self._refresh.rotate(presented)
        else:
            body = request.json()
            if not isinstance(body, dict) or not {"identifier", "password"} <= body.keys():
                return wire.refusal(400, "InvalidRequest", "Input must have the property identifier")
            account = self._accounts.get(str(body["identifier"]))
            if account is None or body["password"] != account.refresh_token:
                return wire.refusal(401, "AuthenticationRequired", "Invalid identifier or password")
            renewed = account.refresh_token
        access_ends = now + self._access.lifetime
        return Response.json(
            {
                "accessJwt": wire.token(
                    self._access.issue(account, now), account, "com.atproto.appPass", access_ends
                ),
                "refreshJwt": wire.token(renewed, account, "com.atproto.refresh", now + REFRESH_LIFETIME),
                "handle": wire.handle(account),
                "did": wire.did(account.id),
                "didDoc": wire.document(account, self._server),
                "active": True,
            }
        )

    def _session(self, account: WorldAccount, request: Request, now: datetime) -> Response:
        whole = {"handle": wire.handle(account), "did": wire.did(account.id), "active": True}
        return self._ok(whole, now)

    def _feed(self, account: WorldAccount, request: Request, now: datetime) -> Response:
        actor = self._accounts.get(request.param("actor") or "")
        limit = request.param("limit") or "50"
        if actor is None:
            return wire.refusal(400, "InvalidRequest", "Profile not found")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:4]) <= MAX_LIMIT:
            return wire.refusal(400, "InvalidRequest", "Error: limit can not be greater than 100")
        posts = list(self.world.posts(actor.id, now))
        items = [{"post": self._view(post, now)} for post in posts]
        cursor = request.param("cursor")
        start = 0
        if cursor is not None:
            places = [number for number, post in enumerate(posts) if wire.cid(post.id) in cursor]
            if not places:
                return wire.refusal(400, "InvalidRequest", "Malformed cursor")
            start = places[0] + 1
        page = items[start : start + int(limit)]
        if cursor is None and posts:
            page = [wire.repost_of(actor, self._view(posts[-1], now), now), *page]
        answer: dict[str, Any] = {"feed": page}
        if start + int(limit) < len(posts):
            last = posts[start + int(limit) - 1]
            answer["cursor"] = f"{int(last.published_at.timestamp()) * 1_000}__{wire.cid(last.id)}"
        return self._ok(answer, now)

    def _posts(self, account: WorldAccount, request: Request, now: datetime) -> Response:
        uris = request.params("uris")
        if not uris or len(uris) > MAX_URIS:
            return wire.refusal(400, "InvalidRequest", "Error: uris must not have more than 25 elements")
        posts = [self._post_at(one, now) for one in dict.fromkeys(uris)]
        return self._ok({"posts": [self._view(post, now) for post in posts if post is not None]}, now)

    def _profile(self, account: WorldAccount, request: Request, now: datetime) -> Response:
        actor = self._accounts.get(request.param("actor") or "")
        if actor is None:
            return wire.refusal(400, "InvalidRequest", "Profile not found")
        counts = {
            "followersCount": 1_000 + sum(actor.id.encode()),
            "followsCount": 12,
            "postsCount": len(self.world.posts(actor.id, now)),
        }
        return self._ok(wire.author(actor) | counts, now)

    def _post_at(self, uri: str, now: datetime) -> WorldPost | None:
        whole, key = self.world.post(uri, now), uri.rpartition("/")[2]
        post = whole or self.world.post(key, now)
        return post if post is not None and wire.uri(post) == uri else None

    def _view(self, post: WorldPost, now: datetime) -> dict[str, Any]:
        author = self.world.account(post.account_id)
        assert author is not None, "a post of no account"
        return wire.post_view(author, post, self.world.metrics(post.id, now))

    def _ok(self, value: object, now: datetime) -> Response:
        return Response.json(value, headers=wire.allowance(now, 2_999))
