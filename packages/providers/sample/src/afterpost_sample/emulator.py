"""Sample's wire from the other side: what the network would answer, over a world of the emulator.

It spells every field, host and limit by itself. Sharing the provider's would be shorter, but then a wrong one
would be wrong on both sides, and no test would notice.
"""

from collections.abc import Mapping
from datetime import datetime

from afterpost.emulator import Dialect, Fault, Request, Response, WorldAccount, WorldPost

_MOST = 20  # posts on a page, and ids in one call
_FAULTS = {
    "rate_limited": (429, "rate_limited"),
    "quota": (403, "quota_exceeded"),
    "forbidden": (403, "missing_scope"),
    "unauthorized": (401, "token_expired"),
    "revoked": (400, "token_revoked"),
}


class SampleDialect(Dialect):
    """`POST /token`, and `GET` of `/me`, `/posts` and `/stats` for the account of the bearer token."""

    hosts = ("api.sample.invalid",)
    native: Mapping[str, str] = {"views": "plays", "likes": "hearts", "comments": "replies"}

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """What a person would type into the provider's `credential_fields`."""
        return {"refresh_token": account.refresh_token}

    def answer(self, request: Request, now: datetime) -> Response:
        """The answer, or the refusal of what Sample would refuse."""
        if request.path == "/token":
            owner = self.world.account_for_refresh_token(request.form.get("refresh_token", ""))
            if owner is None:
                return _refusal(400, "token_revoked")
            # The world's own token, which never ends: the fault `unauthorized` stands in for its end.
            return Response.json({"access_token": owner.token, "expires_in": 3600})
        account = self.world.account_for_token(request.bearer or "")
        if account is None:
            return _refusal(401, "token_expired")
        if request.path == "/me":
            return Response.json({"id": account.id, "handle": account.handle, "name": account.name})
        # Of this account, and shown at this instant: a deleted post is not in it.
        posts = self.world.posts(account.id, now)
        if request.path == "/posts":
            start = request.param("cursor") or "0"
            if not start.isdecimal():
                return _refusal(400, "invalid_cursor")
            end = int(start) + _MOST
            page = [_post(post) for post in posts[int(start) : end]]
            return Response.json({"posts": page, "next": str(end) if end < len(posts) else None})
        if request.path == "/stats":
            ids = request.params("id")
            if len(ids) > _MOST:
                return _refusal(400, "too_many_ids")
            found = [_post(post) | {"stats": self._stats(post, now)} for post in posts if post.id in ids]
            return Response.json({"posts": found})
        return _refusal(404, "not_found")

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """What goes wrong, in Sample's words. A dead refresh token shows at `/token`, all else elsewhere."""
        if (fault.kind == "revoked") != (request.path == "/token"):
            return None
        status, code = _FAULTS.get(fault.kind, (fault.status, "unavailable"))
        return _refusal(status, code, {"retry-after": fault.retry_after} if fault.retry_after else {})

    def _stats(self, post: WorldPost, now: datetime) -> dict[str, int]:
        known = self.world.metrics(post.id, now)
        return {self.native[name]: count for name, count in known.items() if name in self.native}


def _post(post: WorldPost) -> dict[str, object]:
    return {"id": post.id, "title": post.title, "published_at": post.published_at}


def _refusal(status: int, code: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response.json({"error": code}, status, headers)
