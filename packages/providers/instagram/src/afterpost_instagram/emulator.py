"""Instagram's wire over any world, for tests, demos and replays: the API with Instagram Login and its tokens.

One metric that a kind of post does not have costs the whole call, as it does at Meta. Query parameters and
fields that are not emulated are refused, where Meta would overlook some.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from afterpost.emulator import Dialect, Fault, Request, Response, Tokens, World, WorldAccount
from afterpost_instagram import wire

GRAPH_HOST = "graph.instagram.com"
CODE_HOST = "api.instagram.com"
ROOT = "/v24.0/"
SCOPES = ("instagram_business_basic", "instagram_business_manage_insights")

PARAMETERS = {
    "user": frozenset({"fields"}),
    "list": frozenset({"fields", "limit", "after"}),
    "media": frozenset({"fields"}),
    "insights": frozenset({"metric"}),
}
"""Kind of request -> the query parameters that it takes, beside `access_token`."""

_EXPIRED = "Error validating access token: Session has expired on Wednesday, 01-Jul-26 08:00:00 PDT."
_UNKNOWN = "Invalid OAuth access token - Cannot parse access token"


class InstagramDialect(Dialect):
    """`me`, `me/media`, a media, its insights, and the endpoints that give and renew tokens.

    An account's media are the posts of the world's account: videos, reels and shorts are reels. As a code an
    account's refresh token is accepted, once and again. Tokens last sixty days, those of the world for ever.
    """

    hosts = (GRAPH_HOST, CODE_HOST)
    native: Mapping[str, str] = {
        "views": "views",
        "reach": "reach",
        "likes": "likes",
        "comments": "comments",
        "shares": "shares",
        "follows": "follows",
        "saves": "saved",
        "clicks_profile": "profile_visits",
        "watch_time_seconds": "ig_reels_video_view_total_time",
        "avg_view_seconds": "ig_reels_avg_watch_time",
        "x_instagram_total_interactions": "total_interactions",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._tokens = Tokens(world, lifetime=timedelta(days=60), prefix="IGAA")
        self._short = Tokens(world, lifetime=timedelta(hours=1), prefix="IGQV")

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer of the Graph API or, at its addresses, of a token endpoint."""
        if request.host == CODE_HOST:
            return self._code(request, now)
        if request.method != "GET":
            return wire.refusal(100, "Unsupported request - method type")
        if request.path in ("/access_token", "/refresh_access_token"):
            return self._token(request, now)
        account = self._account(request, now)
        if account is None:
            return wire.refusal(190, _UNKNOWN, status=401)
        path = request.path.removeprefix(ROOT)
        if path == request.path:
            return wire.refusal(2500, "Unknown path components", status=400)
        node, _, edge = path.partition("/")
        kind = {("me", ""): "user", ("me", "media"): "list"}.get((node, edge))
        kind = kind or {"": "media", "insights": "insights"}.get(edge)
        if kind is None:
            return wire.refusal(2500, "Unknown path components")
        for name, _value in request.query:
            if name not in PARAMETERS[kind] | {"access_token"}:
                return wire.unknown_field(name)
        known = wire.USER_FIELDS if kind == "user" else wire.MEDIA_FIELDS
        fields = (request.param("fields") or "id").split(",")
        for field in fields:
            if field not in known:
                return wire.unknown_field(field)
        if kind == "user":
            return self._user(account, fields, now)
        if kind == "list":
            return self._list(account, fields, request, now)
        return self._media(account, node, None if kind == "media" else request, fields, now)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """Faults as Meta words them, mostly with status 400. `retry_after` (seconds) of a limit goes into
        `X-Business-Use-Case-Usage`, as minutes. `quota` is the limit of the whole app."""
        if fault.kind == "unavailable":
            retry = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
            message = "An unexpected error has occurred. Please retry your request later."
            return wire.refusal(2, message, status=fault.status, transient=True, headers=retry)
        if fault.kind == "rate_limited":
            message = "(#80002) There have been too many calls to this Instagram account."
            return wire.refusal(80002, message, headers=_usage(fault.retry_after))
        if fault.kind == "quota":
            headers = {"x-app-usage": '{"call_count":100,"total_cputime":25,"total_time":25}'}
            return wire.refusal(4, "(#4) Application request limit reached", status=403, headers=headers)
        if fault.kind == "forbidden":
            message = "(#10) Application does not have permission for this action"
            return wire.refusal(10, message, status=403)
        if fault.kind == "unauthorized":
            return wire.refusal(190, _EXPIRED, status=401, subcode=463)
        message = "Error validating access token: The user has not authorized application 1234."
        return wire.refusal(190, message, subcode=458)

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """A post is left out by the refusal of its own address, a metric by that of all it was asked with."""
        if fault.kind == "foreign_post":
            return None
        node, _, edge = request.path.removeprefix(ROOT).partition("/")
        of_media = request.path.startswith(ROOT) and node != "me"
        if fault.kind == "missing_id":
            found = of_media and edge == "" and (not fault.ids or node in fault.ids)
            return wire.gone(node) if found else None
        names = {self.native.get(name, name) for name in fault.fields or ("likes",)}
        asked = (request.param("metric") or "").split(",")
        if fault.kind == "dead_metric":
            dead = [name for name in asked if name in names]
            return wire.dead_metrics(dead) if dead and edge == "insights" else None
        if edge != "insights":
            return super().shape(fault, request, response)
        answer = msgspec.json.decode(response.body)
        left = [insight for insight in answer["data"] if insight["name"] not in names]
        return Response.json({"data": left}) if len(left) < len(answer["data"]) else None

    def account_of(self, request: Request, now: datetime) -> str | None:
        """Whose access token, or for the code of a sign-in whose code, the request carries."""
        if request.host == CODE_HOST:
            account = self.world.account_for_refresh_token(request.form.get("code", ""))
        else:
            account = self._account(request, now)
        return account.id if account else None

    def _account(self, request: Request, now: datetime) -> WorldAccount | None:
        token = request.bearer or request.param("access_token") or ""
        return self._tokens.account(token, now) or self._short.account(token, now)

    def _code(self, request: Request, now: datetime) -> Response:
        form = request.form
        wanted = ("client_id", "client_secret", "redirect_uri", "code")
        account = self.world.account_for_refresh_token(form.get("code", ""))
        right = request.method == "POST" and request.path == "/oauth/access_token"
        if not right or form.get("grant_type") != "authorization_code" or not all(map(form.get, wanted)):
            return _no_code("Invalid platform app")
        if account is None:
            return _no_code("Invalid authorization code")
        answer = {
            "access_token": self._short.issue(account, now),
            "user_id": account.id,
            "permissions": ",".join(SCOPES),
        }
        return Response.json({"data": [answer]})

    def _token(self, request: Request, now: datetime) -> Response:
        token = request.param("access_token") or ""
        given = {name for name, _ in request.query}
        if request.path == "/access_token":
            grant, wanted = "ig_exchange_token", {"grant_type", "client_secret", "access_token"}
            account = self._short.account(token, now)
        else:
            grant, wanted = "ig_refresh_token", {"grant_type", "access_token"}
            account = self._tokens.account(token, now)
        if given != wanted or request.param("grant_type") != grant:
            return wire.refusal(100, "Invalid parameter")
        if account is None:
            return wire.refusal(190, _UNKNOWN)
        if grant == "ig_refresh_token" and self._is_of_today(token, now):
            return wire.refusal(100, "The access token is not old enough to be refreshed.")
        return Response.json(
            {
                "access_token": self._tokens.issue(account, now),
                "token_type": "bearer",
                "expires_in": int(self._tokens.lifetime.total_seconds()),
            }
        )

    def _is_of_today(self, token: str, now: datetime) -> bool:
        """True for a token that is younger than 24 hours: one that lives on for more than 59 days."""
        if self.world.account_for_token(token) is not None:
            return False
        return self._tokens.account(token, now + self._tokens.lifetime - timedelta(days=1)) is not None

    def _user(self, account: WorldAccount, fields: list[str], now: datetime) -> Response:
        whole = {
            "id": f"app-{account.id}",
            "user_id": account.id,
            "username": account.handle.lstrip("@"),
            "name": account.name,
            "account_type": "BUSINESS",
            "biography": "",
            "profile_picture_url": f"https://cdn.example/{account.id}.jpg",
            "followers_count": 1_000 + sum(account.id.encode()),
            "follows_count": 12,
            "media_count": len(self.world.posts(account.id, now)),
        }
        return Response.json({field: whole[field] for field in fields} | {"id": whole["id"]})

    def _list(self, account: WorldAccount, fields: list[str], request: Request, now: datetime) -> Response:
        limit, start = request.param("limit") or "25", wire.place_of(request.param("after"))
        if not limit.isdecimal() or not 1 <= int(limit[:6]) <= wire.MAX_LIMIT:
            return wire.refusal(100, "(#100) Param limit must be between 1 and 100")
        if start is None:
            return wire.refusal(100, "(#100) Invalid cursors values")
        posts = self.world.posts(account.id, now)
        end = start + int(limit)
        username = account.handle.lstrip("@")
        data = [
            wire.media(username, post, self.world.metrics(post.id, now), ["id", *fields])
            for post in posts[start:end]
        ]
        cursors = {"before": wire.cursor_of(start), "after": wire.cursor_of(end)}
        paging: dict[str, object] = {"cursors": cursors} if data else {}
        if end < len(posts):
            # As at Meta, the whole address of the next page: all that was asked with, the token among it.
            asked = {name: value for name, value in request.query if name != "after"}
            asked["access_token"] = request.bearer or request.param("access_token") or ""
            asked["after"] = cursors["after"]
            paging["next"] = f"https://{GRAPH_HOST}{ROOT}me/media?{urlencode(asked)}"
        return Response.json({"data": data, "paging": paging} if paging else {"data": data})

    def _media(
        self, account: WorldAccount, media_id: str, insights: Request | None, fields: list[str], now: datetime
    ) -> Response:
        post = self.world.post(media_id, now)
        if post is None or post.account_id != account.id:
            return wire.gone(media_id)
        metrics = self.world.metrics(media_id, now)
        if insights is None:
            username = account.handle.lstrip("@")
            return Response.json(wire.media(username, post, metrics, ["id", *fields]))
        names = (insights.param("metric") or "").split(",")
        every = {name for known in wire.METRICS.values() for name in known}
        for place, name in enumerate(names):
            if name not in every:
                return wire.unknown_metric(place)
        foreign = [name for name in names if name not in wire.METRICS[wire.product_of(post)]]
        return wire.dead_metrics(foreign) if foreign else wire.insights(post, metrics, names)


def _no_code(message: str) -> Response:
    return Response.json({"error_type": "OAuthException", "code": 400, "error_message": message}, 400)


def _usage(seconds: str | None) -> dict[str, str]:
    """Meta's header of a business use case that has used up its calls."""
    minutes = -(-int(seconds) // 60) if seconds is not None and seconds.isdecimal() else 0
    case = {
        "type": "instagram",
        "call_count": 100,
        "total_cputime": 20,
        "total_time": 25,
        "estimated_time_to_regain_access": minutes,
    }
    return {"x-business-use-case-usage": msgspec.json.encode({"17841400000000000": [case]}).decode()}
