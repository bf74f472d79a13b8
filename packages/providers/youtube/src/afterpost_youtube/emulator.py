"""YouTube's wire over any world, for tests, demos and replays: two APIs and the token endpoint.

It does what the provider uses, with the parameters, paging and error envelopes of the official
description. A parameter that exists but is not emulated is refused like an unknown one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from afterpost.emulator import Dialect, Fault, Request, Response, Tokens, World, WorldAccount
from afterpost_youtube import emulated_reports, wire
from afterpost_youtube.declaration import ANALYTICS_HOST, API_HOST, TOKEN_HOST
from afterpost_youtube.errors import ANALYTICS_SCOPE, SCOPE
from afterpost_youtube.payloads import COUNTS

COMMON_PARAMETERS = frozenset({"alt", "key", "prettyPrint", "quotaUser"})
"""Query parameters of every method."""

PARAMETERS = {
    "channels": frozenset({"part", "mine", "id", "forHandle", "maxResults"}),
    "playlistItems": frozenset({"part", "playlistId", "maxResults", "pageToken"}),
    "videos": frozenset({"part", "id"}),
}
"""Resource -> the query parameters its `list` takes here."""

PARTS = {
    "channels": frozenset({"id", "snippet", "contentDetails", "statistics"}),
    "playlistItems": frozenset({"id", "snippet", "contentDetails"}),
    "videos": frozenset({"id", "snippet", "contentDetails", "statistics", "status"}),
}
"""Resource -> the parts it can be asked for here."""


class YouTubeDialect(Dialect):
    """`channels.list`, `playlistItems.list`, `videos.list`, `reports.query` and OAuth's token endpoint.

    An account's videos are the posts of the world's account. Any client id and secret are accepted;
    access tokens last an hour, those of the world for ever.
    """

    hosts = (API_HOST, ANALYTICS_HOST, TOKEN_HOST)
    native = COUNTS

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._tokens = Tokens(world, prefix="ya29")
        self._by_playlist = {wire.uploads(account.id): account for account in world.accounts()}
        self._resources: Mapping[str, Callable[[Request, frozenset[str], datetime], Response]] = {
            "channels": self._channels,
            "playlistItems": self._playlist_items,
            "videos": self._videos,
        }

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer of the Data API or, at their hosts, of the Analytics API and the token endpoint."""
        if request.host == TOKEN_HOST:
            return self._token(request, now)
        if request.host == ANALYTICS_HOST:
            return self._report(request, now)
        resource = request.path.removeprefix("/youtube/v3/")
        if resource not in self._resources or resource == request.path or request.method != "GET":
            return wire.refusal(404, "notFound", "global", "Requested entity was not found.")
        if request.bearer is None:
            return wire.refusal(403, "forbidden", "global", "Method doesn't allow unregistered callers.")
        if self._tokens.account(request.bearer, now) is None:
            return wire.unauthorized()
        for name, _ in request.query:
            if name not in PARAMETERS[resource] | COMMON_PARAMETERS:
                return wire.bad_parameter(name, "invalid", f"Cannot bind query parameter {name!r}.")
        parts = frozenset(wire.listed(request, "part"))
        if not parts:
            return wire.bad_parameter("part", "missingRequiredParameter", "Required parameter: part")
        for unknown in sorted(parts - PARTS[resource]):
            return wire.bad_parameter("part", "unknownPart", f"'{unknown}'", domain="youtube.part")
        return self._resources[resource](request, parts, now)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """Faults as Google words them: of the two APIs, or a revoked grant at the token endpoint."""
        retry = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
        at_token_endpoint = request.host == TOKEN_HOST
        if fault.kind == "unavailable":
            return wire.refusal(fault.status, "backendError", "global", "Backend Error", headers=retry)
        if at_token_endpoint or fault.kind == "revoked":
            revoked = at_token_endpoint and fault.kind == "revoked"
            return wire.no_token("invalid_grant", "Token has been expired or revoked.") if revoked else None
        if request.host == ANALYTICS_HOST:
            return emulated_reports.fault(fault, retry)
        if fault.kind == "rate_limited":
            return wire.refusal(429, "rateLimitExceeded", "usageLimits", "Rate Limit Exceeded", headers=retry)
        if fault.kind == "quota":
            message = 'You have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.'
            return wire.refusal(403, "quotaExceeded", "youtube.quota", message)
        if fault.kind == "forbidden":
            message = "Request had insufficient authentication scopes."
            return wire.refusal(403, "insufficientPermissions", "global", message)
        return wire.unauthorized()

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """Posts are left out of `videos.list` only: other lists have items that are no posts. Columns are
        left out of reports."""
        if request.host == ANALYTICS_HOST and response.status == 200:
            shaped = emulated_reports.shape(fault, request, response)
            if shaped is not None or fault.kind != "absent_field":
                return shaped
        if fault.kind == "missing_id" and not request.path.endswith("/videos"):
            return None
        return super().shape(fault, request, response)

    def account_of(self, request: Request, now: datetime) -> str | None:
        """Whose access token, or at the token endpoint whose refresh token, the request carries."""
        if request.host == TOKEN_HOST:
            account = self.world.account_for_refresh_token(request.form.get("refresh_token", ""))
        else:
            account = self._tokens.account(request.bearer or "", now)
        return account.id if account else None

    def _token(self, request: Request, now: datetime) -> Response:
        if request.method != "POST" or request.path != "/token":
            return wire.refusal(404, "notFound", "global", "Requested entity was not found.")
        form = request.form
        if form.get("grant_type") != "refresh_token":
            return wire.no_token("unsupported_grant_type", "Invalid grant_type")
        if not form.get("client_id") or not form.get("client_secret"):
            return wire.no_token("invalid_client", "The OAuth client was not found.", 401)
        account = self.world.account_for_refresh_token(form.get("refresh_token", ""))
        if account is None:
            return wire.no_token("invalid_grant", "Bad Request")
        return Response.json(
            {
                "access_token": self._tokens.issue(account, now),
                "expires_in": int(self._tokens.lifetime.total_seconds()),
                "scope": f"{SCOPE} {ANALYTICS_SCOPE}",
                "token_type": "Bearer",
            }
        )

    def _report(self, request: Request, now: datetime) -> Response:
        if request.path != emulated_reports.PATH or request.method != "GET":
            return wire.refusal(404, "notFound", "global", "Requested entity was not found.")
        account = self._tokens.account(request.bearer or "", now)
        if account is None:
            return wire.unauthorized()
        for name, _ in request.query:
            if name not in emulated_reports.PARAMETERS | COMMON_PARAMETERS:
                return wire.bad_parameter(name, "invalid", f"Cannot bind query parameter {name!r}.", "global")
        return emulated_reports.answer(self.world, account, request, now)

    def _channels(self, request: Request, parts: frozenset[str], now: datetime) -> Response:
        # Google reads a boolean in any case, and clients in Python write "True".
        if (request.param("mine") or "").lower() == "true":
            account = self._tokens.account(request.bearer or "", now)
            found = [account] if account else []
        elif request.params("id"):
            found = [one for name in wire.listed(request, "id") if (one := self.world.account(name))]
        elif (handle := request.param("forHandle")) is not None:
            found = [one for one in self.world.accounts() if one.handle.lstrip("@") == handle.lstrip("@")]
        else:
            return wire.no_filter()
        items = [wire.resource("channel", one.id, parts, self._channel(one, parts, now)) for one in found]
        # Unlike the other lists, this one leaves `items` out when there are none.
        return wire.listing("channel", items or None, total=len(items), size=wire.DEFAULT_RESULTS)

    def _channel(self, account: WorldAccount, parts: frozenset[str], now: datetime) -> dict[str, Any]:
        made: dict[str, Any] = {
            "snippet": {"title": account.name, "description": "", "customUrl": account.handle},
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": wire.uploads(account.id)}},
        }
        if "statistics" in parts:
            posts = self.world.posts(account.id, now)
            views = sum(self.world.metrics(post.id, now).get("views", 0) for post in posts)
            made["statistics"] = {
                "viewCount": str(views),
                "hiddenSubscriberCount": True,
                "videoCount": str(len(posts)),
            }
        return made

    def _playlist_items(self, request: Request, parts: frozenset[str], now: datetime) -> Response:
        playlist = request.param("playlistId")
        if playlist is None:
            return wire.no_filter()
        size = wire.size_of(request.param("maxResults"))
        start = wire.start_of(request.param("pageToken"))
        if size is None:
            return wire.bad_parameter("maxResults", "invalidParameter", "Values must be within 0 to 50.")
        account = self._by_playlist.get(playlist)
        posts = self.world.posts(account.id, now) if account else ()
        # Also the playlist of a channel without videos does not exist.
        if account is None or not posts:
            message = "The playlist identified with the request's playlistId parameter cannot be found."
            return wire.refusal(404, "playlistNotFound", "youtube.playlistItem", message)
        if start is None or start > len(posts):
            return wire.bad_parameter("pageToken", "invalidPageToken", "The page token is not valid.")
        items = [
            wire.resource("playlistItem", wire.encoded(f"{playlist}.{post.id}"), parts, made)
            for place, post in enumerate(posts[start : start + size], start)
            for made in [wire.playlist_item(account, playlist, post, place)]
        ]
        tokens = {}
        if start + size < len(posts) and size:
            tokens["nextPageToken"] = wire.encoded(f"page {start + size}")
        if start:
            tokens["prevPageToken"] = wire.encoded(f"page {max(0, start - size)}")
        return wire.listing("playlistItem", items, total=len(posts), size=size, more=tokens)

    def _videos(self, request: Request, parts: frozenset[str], now: datetime) -> Response:
        ids = tuple(dict.fromkeys(wire.listed(request, "id")))
        if not ids:
            return wire.no_filter()
        if len(ids) > wire.MAX_RESULTS:
            return wire.bad_parameter("id", "invalidFilters", "The request specifies too many ids.")
        items = []
        for one in ids:
            post = self.world.post(one, now)
            account = self.world.account(post.account_id) if post else None
            if post and account:
                made = wire.video(account, post, self.world.metrics(one, now))
                items.append(wire.resource("video", one, parts, made))
        return wire.listing("video", items, total=len(items), size=len(items))
