"""TikTok's wire over any world, for tests, demos and replays: the Display API v2 and its token endpoint.

A refresh token dies when it is exchanged, as the platform's do. Query parameters, fields and keys of a body
that TikTok does not know are refused.
"""

from collections.abc import Iterable, Iterator, Mapping
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
from afterpost_tiktok import wire

HOST = "open.tiktokapis.com"
TOKEN_PATH = "/v2/oauth/token/"
SCOPES = ("user.info.basic", "user.info.stats", "video.list")
REFRESH_SECONDS = 180 * 86_400

_FAULTS = {
    "rate_limited": ("rate_limit_exceeded", "The API rate limit was exceeded. Please try again later."),
    "forbidden": ("scope_not_authorized", "The user did not authorize the scope required."),
    "unauthorized": ("access_token_invalid", "The access token is invalid or not found in the request."),
}


class TikTokDialect(Dialect):
    """`user/info`, `video/list`, `video/query` and `oauth/token`.

    An account's videos are the posts of the world's account, its followers a number made of its id. Any
    client key and secret are accepted, and as a code an account's first refresh token. Access tokens last two
    hours, those of the world for ever.
    """

    hosts = (HOST,)
    native: Mapping[str, str] = {
        "views": "view_count",
        "likes": "like_count",
        "comments": "comment_count",
        "shares": "share_count",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._access = Tokens(world, lifetime=timedelta(hours=2), prefix="act")
        self._refresh = RotatingTokens(world, prefix="rft")

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """The app and a refresh token: connecting exchanges it."""
        return {
            "client_key": "emulated",
            "client_secret": "emulated-secret",
            "refresh_token": account.refresh_token,
        }

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer of the endpoint, or TikTok's refusal of what it does not know."""
        if request.path == TOKEN_PATH and request.method == "POST":
            return self._token(request, now)
        endpoints = {
            ("GET", "/v2/user/info/"): self._user,
            ("POST", "/v2/video/list/"): self._list,
            ("POST", "/v2/video/query/"): self._query,
        }
        endpoint = endpoints.get((request.method, request.path))
        if endpoint is None:
            return wire.refusal("invalid_params", "Unsupported path.", 404)
        account = self._access.account(request.bearer or "", now)
        if account is None:
            return wire.refusal(*_FAULTS["unauthorized"])
        if [name for name, _ in request.query] != ["fields"]:
            return wire.refusal("invalid_params", "Exactly the query parameter fields is expected.")
        fields = (request.param("fields") or "").split(",")
        known = (
            {field for some in wire.USER_FIELDS.values() for field in some}
            if request.method == "GET"
            else set(wire.VIDEO_FIELDS)
        )
        if not known.issuperset(fields):
            return wire.refusal("invalid_params", "Fields is missing or has invalid field.")
        return endpoint(account, fields, request, now)

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """Faults as TikTok words them. It has no quota beside the limit of a minute."""
        retry = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
        at_token_endpoint = request.path == TOKEN_PATH
        if fault.kind == "unavailable":
            return wire.refusal(
                "internal_error", "Something is wrong. Please try again.", fault.status, retry
            )
        if fault.kind == "revoked":
            # At the token endpoint a refusal has status 200 as often as not; this one is of that kind.
            message = "Refresh token is invalid or expired."
            return wire.no_token("invalid_grant", message, 200) if at_token_endpoint else None
        if at_token_endpoint or fault.kind not in _FAULTS:
            return None
        return wire.refusal(*_FAULTS[fault.kind], headers=retry)

    def account_of(self, request: Request, now: datetime) -> str | None:
        """Whose access token, or at the token endpoint whose refresh token, the request carries."""
        if request.path == TOKEN_PATH:
            account = self._refresh.account(request.form.get("refresh_token", ""))
        else:
            account = self._access.account(request.bearer or "", now)
        return account.id if account else None

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """Posts are left out of `video/query` only: a list without one would be a world without it."""
        if fault.kind == "missing_id" and request.path != "/v2/video/query/":
            return None
        return super().shape(fault, request, response)

    def _token(self, request: Request, now: datetime) -> Response:
        form = request.form
        if not form.get("client_key") or not form.get("client_secret"):
            return wire.no_token("invalid_client", "Client key or secret is incorrect.", 401)
        grant = form.get("grant_type")
        if grant == "refresh_token":
            presented = form.get("refresh_token", "")
        elif grant == "authorization_code":
            if not form.get("redirect_uri") or not form.get("code_verifier"):
                return wire.no_token("invalid_request", "Redirect_uri or code_verifier is missing.")
            presented = form.get("code", "")
        else:
            return wire.no_token("unsupported_grant_type", "Grant type is not supported.")
        account = self._refresh.account(presented)
        if account is None:
            return wire.no_token("invalid_grant", "Refresh token is invalid or expired.")
        return Response.json(
            {
                "access_token": self._access.issue(account, now),
                "expires_in": int(self._access.lifetime.total_seconds()),
                "open_id": account.id,
                "refresh_expires_in": REFRESH_SECONDS,
                "refresh_token": self._refresh.rotate(presented),
                "scope": ",".join(SCOPES),
                "token_type": "Bearer",
            }
        )

    def _user(self, account: WorldAccount, fields: list[str], request: Request, now: datetime) -> Response:
        posts = self.world.posts(account.id, now)
        whole = {
            "open_id": account.id,
            "union_id": f"union-{account.id}",
            "avatar_url": f"https://p16-sign.example/{account.id}.jpeg",
            "display_name": account.name,
            "follower_count": 1_000 + sum(account.id.encode()),
            "following_count": 12,
            "likes_count": sum(self.world.metrics(post.id, now).get("likes", 0) for post in posts),
            "video_count": len(posts),
        }
        return wire.answer({"user": {field: whole[field] for field in fields}})

    def _list(self, account: WorldAccount, fields: list[str], request: Request, now: datetime) -> Response:
        body = request.json() if request.body else {}
        if not isinstance(body, dict) or not {"max_count", "cursor"}.issuperset(body):
            return wire.refusal("invalid_params", "The request body is not correct.")
        count, before = body.get("max_count", 10), body.get("cursor")
        if not _is_count(count) or not 1 <= count <= wire.MAX_COUNT:
            return wire.refusal("invalid_params", "Max_count must be within 1 to 20.")
        if before is not None and not _is_count(before):
            return wire.refusal("invalid_params", "Cursor is not correct.")
        older = [
            (at, post)
            for at, post in _stamped(self.world.posts(account.id, now))
            if before is None or at < before
        ]
        page = older[:count]
        videos = [
            wire.video(account.handle, post, self.world.metrics(post.id, now), fields) for _, post in page
        ]
        # The time of the last one: what is older comes next.
        cursor = page[-1][0] if page else before or 0
        return wire.answer({"videos": videos, "cursor": cursor, "has_more": len(older) > count})

    def _query(self, account: WorldAccount, fields: list[str], request: Request, now: datetime) -> Response:
        body = request.json()
        filters = body.get("filters") if isinstance(body, dict) and set(body) == {"filters"} else None
        ids = (
            filters.get("video_ids") if isinstance(filters, dict) and set(filters) == {"video_ids"} else None
        )
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            return wire.refusal("invalid_params", "The request body is not correct.")
        if not 1 <= len(ids) <= wire.MAX_COUNT:
            return wire.refusal("invalid_params", "Video_ids must be within 1 to 20.")
        posts = [self.world.post(one, now) for one in dict.fromkeys(ids)]
        videos = [
            wire.video(account.handle, post, self.world.metrics(post.id, now), fields)
            for post in posts
            if post is not None and post.account_id == account.id
        ]
        return wire.answer({"videos": videos})


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _stamped(posts: Iterable[WorldPost]) -> Iterator[tuple[int, WorldPost]]:
    """Posts, newest first, with milliseconds that no two of them share, so that a cursor is exact."""
    last = 2**62
    for post in posts:
        last = min(int(post.published_at.timestamp()) * 1_000 + 999, last - 1)
        yield last, post
