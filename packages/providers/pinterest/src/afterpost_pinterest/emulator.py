"""Pinterest's wire over any world, for tests, demos and replays: pins, analytics, accounts and tokens.

A refresh token dies when it is exchanged, as the platform's do. Query parameters that the official
description does not have are refused, and so is a metric that a pin of its kind does not have.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from afterpost.emulator import (
    Dialect,
    Fault,
    NumericIds,
    Request,
    Response,
    RotatingTokens,
    Tokens,
    World,
    WorldAccount,
    WorldPost,
)
from afterpost_pinterest import wire

HOST = "api.pinterest.com"
TOKEN_PATH = "/v5/oauth/token"
SCOPES = ("boards:read", "pins:read", "user_accounts:read")
REFRESH_SECONDS = 60 * 86_400
MAX_PAGE = 250
DAYS = 90

PARAMETERS = {
    "/pins": frozenset({"pin_filter", "pin_metrics", "bookmark", "page_size"}),
    "/pins/{pin_id}": frozenset({"pin_metrics"}),
    "/pins/{pin_id}/analytics": frozenset({"start_date", "end_date", "metric_types"}),
    "/user_account": frozenset[str](),
}
"""Path -> the query parameters it takes here."""

_PIN = re.compile(r"/v5/pins/([^/]+)(/analytics)?")


class PinterestDialect(Dialect):
    """`pins`, `pins/{id}`, `pins/{id}/analytics`, `user_account` and `oauth/token`.

    An account's pins are the posts of the world's account, their ids as digits, its followers a number made
    of its id. Any app id and secret are accepted, and as a code an account's first refresh token. Access
    tokens last thirty days, those of the world for ever. By day a pin has what its counts gained; yesterday
    is an estimate and today is being worked on.
    """

    hosts = (HOST,)
    native: Mapping[str, str] = wire.LIFETIME

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.ids = NumericIds(world)
        self._access = Tokens(world, lifetime=timedelta(days=30), prefix="pina")
        self._refresh = RotatingTokens(world, prefix="pinr")

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """The app and a refresh token: connecting exchanges it."""
        return {
            "client_id": "emulated",
            "client_secret": "emulated-secret",
            "refresh_token": account.refresh_token,
        }

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer of the endpoint, or Pinterest's refusal of what it does not know."""
        if request.path == TOKEN_PATH and request.method == "POST":
            return self._token(request, now)
        found = _PIN.fullmatch(request.path)
        path = request.path.removeprefix("/v5")
        if found is not None:
            path = "/pins/{pin_id}" + (found[2] or "")
        if path not in PARAMETERS or path == request.path or request.method != "GET":
            return wire.refusal(404, 0, "API method not found.")
        account = self._access.account(request.bearer or "", now)
        if account is None:
            return wire.refusal(401, 2, "Authentication failed.")
        for name, _ in request.query:
            if name not in PARAMETERS[path]:
                return wire.refusal(400, 1, f"Invalid request: {name!r} is not a known parameter.")
        if path == "/user_account":
            return self._user_account(account, now)
        if path == "/pins":
            return self._pins(account, request, now)
        post = self.ids.post(found[1], now) if found is not None else None
        if post is None:
            return wire.refusal(404, 50, "Pin not found.")
        if post.account_id != account.id:
            return wire.refusal(403, 29, "Not authorized to access board or Pin.")
        answers: Callable[[WorldPost, Request, datetime], Response]
        answers = self._analytics if path.endswith("analytics") else self._pin
        return answers(post, request, now)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """Faults as Pinterest words them. `quota` is the one of a day, which trial access has."""
        retry = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
        at_token_endpoint = request.path == TOKEN_PATH
        if fault.kind == "unavailable":
            return wire.refusal(fault.status, 11, "Sorry! We could not complete your request.", retry)
        if fault.kind == "revoked":
            return wire.refusal(401, 2, "Authentication failed.") if at_token_endpoint else None
        if at_token_endpoint:
            return None
        if fault.kind == "rate_limited":
            if request.path.endswith("/analytics"):
                # Some limits of analytics come so, and in prose alone.
                return wire.refusal(400, 1, "Too many requests. Retry after 30 seconds.", retry)
            headers = {"x-ratelimit-reset": "30"} | retry
            return wire.refusal(429, 8, "This request exceeded a rate limit.", headers)
        if fault.kind == "quota":
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            headers = {"x-ratelimit-reset": str(int((midnight - now).total_seconds()))}
            return wire.refusal(429, 8, "This request exceeded a rate limit.", headers)
        if fault.kind == "forbidden":
            return wire.refusal(403, 3, "Authorization failed.")
        return wire.refusal(401, 2, "Authentication failed.")

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """A pin that is missing is not found; a metric that was taken off costs what names it; a list can
        have a pin of somebody else that the account saved."""
        found = _PIN.fullmatch(request.path)
        if fault.kind == "foreign_post":
            return _with_repin(request, response) if request.path == "/v5/pins" else None
        if fault.kind == "missing_id":
            asked = found is not None and (not fault.ids or found[1] in fault.ids)
            return wire.refusal(404, 50, "Pin not found.") if asked else None
        if fault.kind == "dead_metric":
            dead = {(wire.STANDARD | wire.VIDEO).get(name, name) for name in fault.fields or ("views",)}
            asked = not dead.isdisjoint((request.param("metric_types") or "").split(","))
            return wire.refusal(400, 1, "Invalid pins analytics parameters.") if asked else None
        return super().shape(fault, request, response)

    def account_of(self, request: Request, now: datetime) -> str | None:
        """Whose access token, or at the token endpoint whose refresh token, the request carries."""
        if request.path == TOKEN_PATH:
            account = self._refresh.account(request.form.get("refresh_token", ""))
        else:
            account = self._access.account(request.bearer or "", now)
        return account.id if account else None

    def _token(self, request: Request, now: datetime) -> Response:
        form, grant = request.form, request.form.get("grant_type")
        scheme, _, app = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not _is_pair(app):
            return wire.refusal(401, 2, "Authentication failed.")
        if grant == "authorization_code" and form.get("redirect_uri"):
            presented = form.get("code", "")
        elif grant == "refresh_token":
            presented = form.get("refresh_token", "")
        else:
            return wire.refusal(400, 1, "Invalid request.")
        account = self._refresh.account(presented)
        if account is None:
            return wire.refusal(401, 2, "Authentication failed.")
        return Response.json(
            {
                "access_token": self._access.issue(account, now),
                "refresh_token": self._refresh.rotate(presented),
                "response_type": grant,
                "token_type": "bearer",
                "expires_in": int(self._access.lifetime.total_seconds()),
                "refresh_token_expires_in": REFRESH_SECONDS,
                "refresh_token_expires_at": int(now.timestamp()) + REFRESH_SECONDS,
                "scope": " ".join(SCOPES),
            }
        )

    def _user_account(self, account: WorldAccount, now: datetime) -> Response:
        posts = self.world.posts(account.id, now)
        return Response.json(
            {
                "id": self.ids.of(account.id),
                "username": account.handle.lstrip("@"),
                "business_name": account.name,
                "account_type": "BUSINESS",
                "about": "",
                "follower_count": 1_000 + sum(account.id.encode()),
                "following_count": 12,
                "pin_count": len(posts),
                "board_count": 1,
                "monthly_views": 5_000,
            }
        )

    def _pins(self, account: WorldAccount, request: Request, now: datetime) -> Response:
        size = request.param("page_size") or "25"
        if not size.isascii() or not size.isdigit() or not 1 <= int(size[:4]) <= MAX_PAGE:
            return wire.refusal(400, 1, "Invalid request: page_size must be within 1 to 250.")
        if request.param("pin_filter") not in (None, "exclude_native", "exclude_repins", "has_been_promoted"):
            return wire.refusal(400, 1, "Invalid request: pin_filter.")
        posts = list(self.world.posts(account.id, now))
        start, bookmark = 0, request.param("bookmark")
        if bookmark is not None:
            places = [place for place, post in enumerate(posts) if self.ids.of(post.id) == _read(bookmark)]
            if not places:
                return wire.refusal(400, 1, "Invalid request: bookmark.")
            start = places[0] + 1
        page = posts[start : start + int(size)]
        more = start + int(size) < len(posts)
        counted = _is_true(request.param("pin_metrics"))
        items = [
            wire.pin(post, self.ids.of(post.id), self.world.metrics(post.id, now) if counted else None)
            for post in page
        ]
        return Response.json({"items": items, "bookmark": _bookmark(items[-1]["id"]) if more else None})

    def _pin(self, post: WorldPost, request: Request, now: datetime) -> Response:
        counted = _is_true(request.param("pin_metrics"))
        metrics = self.world.metrics(post.id, now) if counted else None
        return Response.json(wire.pin(post, self.ids.of(post.id), metrics))

    def _analytics(self, post: WorldPost, request: Request, now: datetime) -> Response:
        today = now.astimezone(UTC).date()
        start, end = _date(request.param("start_date")), _date(request.param("end_date"))
        asked = (request.param("metric_types") or "").split(",")
        # What a pin of its kind does not have is refused with the rest.
        foreign = set(asked) - (wire.METRIC_TYPES if post.content_type == "video" else _standard())
        if start is None or end is None or start > end or today - start > timedelta(days=DAYS) or foreign:
            return wire.refusal(400, 1, "Invalid pins analytics parameters.")
        rows = []
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            begin = datetime.combine(day, time(), UTC)
            if day > today:
                break
            if day < post.published_at.astimezone(UTC).date():
                rows.append(wire.day(day, "BEFORE_PIN_CREATED", {}))
                continue
            before, after = (
                self.world.metrics(post.id, max(post.published_at, min(now, at)))
                for at in (begin, begin + timedelta(days=1))
            )
            if day == post.published_at.astimezone(UTC).date():
                before = {}
            age = (today - day).days
            status = "PROCESSING" if age == 0 else "ESTIMATE" if age == 1 else "READY"
            rows.append(wire.day(day, status, wire.gained(asked, before, after)))
        return Response.json({"all": {"daily_metrics": rows, "lifetime_metrics": {}, "summary_metrics": {}}})


def _with_repin(request: Request, response: Response) -> Response | None:
    """A list with a pin that the account saved from somebody, unless it was asked to leave those out; None
    for an empty one."""
    value = msgspec.json.decode(response.body)
    if not value["items"]:
        return None
    if request.param("pin_filter") == "exclude_repins":
        return response
    own = value["items"][0]
    value["items"].insert(1, own | {"id": f"9{own['id']}", "is_owner": False, "parent_pin_id": "98765"})
    return msgspec.structs.replace(response, body=msgspec.json.encode(value))


def _standard() -> frozenset[str]:
    return frozenset(name for name in wire.METRIC_TYPES if "VIDEO" not in name and "QUARTILE" not in name)


def _is_true(text: str | None) -> bool:
    """A boolean of a query, in any case: Pinterest's own client writes "True"."""
    return (text or "").lower() == "true"


def _bookmark(pin_id: str) -> str:
    return base64.urlsafe_b64encode(f"after {pin_id}".encode()).decode()


def _read(bookmark: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(bookmark).decode().removeprefix("after ")
    except (binascii.Error, ValueError):
        return None


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _is_pair(app: str) -> bool:
    try:
        name, _, secret = base64.b64decode(app).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    return bool(name and secret)
