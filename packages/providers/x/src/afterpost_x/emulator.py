"""X's wire over any world, for tests, demos and replays: posts by list and by id, users, and tokens.

It speaks either of X's dialects. A refresh token dies when it is exchanged. Query parameters and fields that
are not known here are refused.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

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
from afterpost_x import wire

HOST = "api.x.com"
TOKEN_PATH = "/2/oauth2/token"
SCOPES = ("tweet.read", "users.read", "offline.access")
MAX_RESULTS = 100

PARAMETERS = {
    "/2/users/{id}/tweets": frozenset(
        {"max_results", "exclude", "start_time", "end_time", "pagination_token", "{dialect}.fields"}
    ),
    "/2/tweets": frozenset({"ids", "{dialect}.fields"}),
    "/2/users/me": frozenset({"user.fields"}),
}
"""Path -> the query parameters it takes here."""

_LIST = re.compile(r"/2/users/([0-9]{1,19})/tweets", re.ASCII)


class XDialect(Dialect):
    """`users/{id}/tweets`, `tweets`, `users/me` and `oauth2/token`, in X's dialect `tweet` or `post`.

    An account's posts are those of the world's account, with ids of digits that carry the time. Any client id
    is accepted, and as a code an account's first refresh token. Access tokens last two hours, those of the
    world for ever. `read` counts what X would charge for: posts off a list, posts by id, users.
    """

    hosts = (HOST,)

    def __init__(self, world: World, *, dialect: str = "tweet") -> None:
        super().__init__(world)
        self._dialect: wire.Dialect = "post" if dialect == "post" else "tweet"
        self.native = {**wire.PUBLIC[self._dialect], **wire.NON_PUBLIC}
        self.ids = wire.TimedIds(world)
        self.read = {"list": 0, "id": 0, "user": 0}
        self._access = Tokens(world, lifetime=timedelta(hours=2), prefix="xat")
        self._refresh = RotatingTokens(world, prefix="xrt")

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """The app and a refresh token: connecting exchanges it."""
        return {
            "client_id": "emulated",
            "client_secret": "emulated-secret",
            "refresh_token": account.refresh_token,
        }

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer of the endpoint, or X's refusal of what it does not know."""
        if request.path == TOKEN_PATH and request.method == "POST":
            return self._token(request, now)
        listed = _LIST.fullmatch(request.path)
        path = "/2/users/{id}/tweets" if listed else request.path
        if path not in PARAMETERS or request.method != "GET":
            return wire.problem(404, "", "Not Found", "Not Found")
        account = self._access.account(request.bearer or "", now)
        if account is None:
            return wire.problem(401, "", "Unauthorized", "Unauthorized")
        known = {name.replace("{dialect}", self._dialect) for name in PARAMETERS[path]}
        for name, _ in request.query:
            if name not in known:
                return self._invalid(f"The query parameter [{name}] is not one of {sorted(known)}")
        fields = (request.param(f"{self._dialect}.fields") or "id,text").split(",")
        if not wire.FIELDS[self._dialect].issuperset(fields):
            return self._invalid(f"The `{self._dialect}.fields` query parameter value is not valid")
        if listed is not None:
            return self._list(listed[1], account, fields, request, now)
        return self._lookup(account, fields, request, now) if path == "/2/tweets" else self._me(account, now)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """Faults as X words them. `quota` is the monthly cap of what is paid for."""
        retry = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
        at_token_endpoint = request.path == TOKEN_PATH
        if fault.kind == "unavailable":
            return wire.problem(fault.status, "", "Service Unavailable", "Service Unavailable", headers=retry)
        if fault.kind == "revoked":
            message = "Value passed for the token was invalid."
            return wire.no_token("invalid_request", message) if at_token_endpoint else None
        if at_token_endpoint:
            return None
        if fault.kind == "rate_limited":
            reset = str(int(now.timestamp()) + 600)
            headers = {
                "x-rate-limit-limit": "900",
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": reset,
            }
            return wire.problem(429, "", "Too Many Requests", "Too Many Requests", headers=headers | retry)
        if fault.kind == "quota":
            detail = "Usage cap exceeded: Monthly product cap"
            return wire.problem(
                429,
                "usage-capped",
                "UsageCapExceeded",
                detail,
                self._dialect,
                period="Monthly",
                scope="Product",
            )
        if fault.kind == "forbidden":
            return wire.problem(
                403, "client-forbidden", "Client Forbidden", "This app lacks access.", self._dialect
            )
        return wire.problem(401, "", "Unauthorized", "Unauthorized")

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """A post missing from a lookup is named under `errors`, as X does; a list can have a repost."""
        if fault.kind == "foreign_post":
            return _with_repost(request, response) if _LIST.fullmatch(request.path) else None
        if fault.kind != "missing_id":
            return super().shape(fault, request, response)
        value = msgspec.json.decode(response.body)
        if request.path != "/2/tweets" or not value.get("data"):
            return None
        missing = [one["id"] for one in value["data"] if not fault.ids or one["id"] in fault.ids]
        missing = missing if fault.ids else missing[:1]
        if not missing:
            return None
        kept = [one for one in value["data"] if one["id"] not in missing]
        told = [*value.get("errors", ()), *(wire.not_found(one, self._dialect) for one in missing)]
        value = {"errors": told} | ({"data": kept} if kept else {})
        return msgspec.structs.replace(response, body=msgspec.json.encode(value))

    def account_of(self, request: Request, now: datetime) -> str | None:
        """Whose access token, or at the token endpoint whose refresh token, the request carries."""
        if request.path == TOKEN_PATH:
            account = self._refresh.account(request.form.get("refresh_token", ""))
        else:
            account = self._access.account(request.bearer or "", now)
        return account.id if account else None

    def _token(self, request: Request, now: datetime) -> Response:
        form, grant = request.form, request.form.get("grant_type")
        if not form.get("client_id") and not _is_pair(request.headers.get("authorization", "")):
            return wire.no_token("unauthorized_client", "Missing valid authorization header", 401)
        if grant == "refresh_token":
            presented = form.get("refresh_token", "")
        elif grant == "authorization_code" and form.get("redirect_uri") and form.get("code_verifier"):
            presented = form.get("code", "")
        else:
            return wire.no_token("unsupported_grant_type", "Missing or invalid parameters.")
        account = self._refresh.account(presented)
        if account is None:
            return wire.no_token("invalid_request", "Value passed for the token was invalid.")
        return Response.json(
            {
                "token_type": "bearer",
                "expires_in": int(self._access.lifetime.total_seconds()),
                "access_token": self._access.issue(account, now),
                "scope": " ".join(SCOPES),
                "refresh_token": self._refresh.rotate(presented),
            }
        )

    def _me(self, account: WorldAccount, now: datetime) -> Response:
        self.read["user"] += 1
        posts = len(self.world.posts(account.id, now))
        return Response.json({"data": wire.user(account, self.ids.of(account.id), posts, self._dialect)})

    def _list(
        self, user_id: str, account: WorldAccount, fields: Sequence[str], request: Request, now: datetime
    ) -> Response:
        size = request.param("max_results") or "10"
        if not size.isascii() or not size.isdigit() or not 5 <= int(size[:4]) <= MAX_RESULTS:
            return self._invalid(
                f"The `max_results` query parameter value [{size[:9]}] is not between 5 and 100"
            )
        since, until = (_instant(request.param(name)) for name in ("start_time", "end_time"))
        if (request.param("start_time") and since is None) or (request.param("end_time") and until is None):
            return self._invalid("Invalid 'start_time' or 'end_time'")
        author = self.ids.account(user_id)
        posts = [
            post
            for post in (self.world.posts(author.id, now) if author else ())
            if (since is None or post.published_at >= since) and (until is None or post.published_at < until)
        ]
        start, token = 0, request.param("pagination_token")
        if token is not None:
            places = [place for place, post in enumerate(posts) if _token_of(self.ids.of_post(post)) == token]
            if not places:
                return self._invalid("The `pagination_token` query parameter value is not valid")
            start = places[0] + 1
        page = posts[start : start + int(size)]
        answer = self._posts(page, account, fields, now)
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            found = [self.ids.of_post(post) for post in page]
            meta |= {"newest_id": found[0], "oldest_id": found[-1]}
            if start + int(size) < len(posts):
                meta["next_token"] = _token_of(found[-1])
        self.read["list"] += len(page)
        return Response.json(answer | {"meta": meta}, headers=_allowance(now, 900))

    def _lookup(
        self, account: WorldAccount, fields: Sequence[str], request: Request, now: datetime
    ) -> Response:
        ids = list(dict.fromkeys((request.param("ids") or "").split(",")))
        if len(ids) > MAX_RESULTS or not all(re.fullmatch("[0-9]{1,19}", one, re.ASCII) for one in ids):
            return self._invalid("The `ids` query parameter value is not valid")
        found = {one: post for one in ids if (post := self.ids.post(one, now)) is not None}
        answer = self._posts(list(found.values()), account, fields, now)
        missing = [wire.not_found(one, self._dialect) for one in ids if one not in found]
        if missing:
            answer["errors"] = [*answer.get("errors", ()), *missing]
        self.read["id"] += len(found)
        return Response.json(answer, headers=_allowance(now, 5_000))

    def _posts(
        self, posts: Sequence[WorldPost], account: WorldAccount, fields: Sequence[str], now: datetime
    ) -> dict[str, Any]:
        """The posts, and the refusal of what old ones or other accounts' do not tell."""
        data, refused = [], []
        for shown in posts:
            post_id = self.ids.of_post(shown)
            allowed = [name for name in fields if name != "non_public_metrics"]
            if "non_public_metrics" in fields:
                if wire.young(shown, now) and shown.account_id == account.id:
                    allowed.append("non_public_metrics")
                else:
                    refused.append(wire.field_refused(post_id, self._dialect))
            metrics = self.world.metrics(shown.id, now)
            data.append(wire.post(shown, post_id, metrics, allowed, self._dialect, now))
        return ({"data": data} if data else {}) | ({"errors": refused} if refused else {})

    def _invalid(self, message: str) -> Response:
        return wire.problem(400, "invalid-request", "Invalid Request", message, self._dialect)


def _with_repost(request: Request, response: Response) -> Response | None:
    """A list with what the account reposted, unless it was asked to leave that out; None for an empty one."""
    value = msgspec.json.decode(response.body)
    if not value.get("data"):
        return None
    if "retweets" in (request.param("exclude") or "").split(","):
        return response
    own = value["data"][0]
    theirs = own | {"id": str(int(own["id"]) - 1), "text": "RT @somebody: Theirs."}
    value["data"].insert(1, theirs)
    return msgspec.structs.replace(response, body=msgspec.json.encode(value))


def _allowance(now: datetime, limit: int) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(limit - 1),
        "x-rate-limit-reset": str(int(now.timestamp()) + 900),
    }


def _token_of(post_id: str) -> str:
    return base64.b32hexencode(f"after {post_id}".encode()).decode().rstrip("=").lower()


def _instant(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def _is_pair(header: str) -> bool:
    scheme, _, app = header.partition(" ")
    try:
        name, _, secret = base64.b64decode(app).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    return bool(scheme.lower() == "basic" and name and secret)
