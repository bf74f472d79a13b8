"""The wire of a network that has everything the contract speaks of.

Tokens rotate, lists carry counts, each post is a request, metrics can be taken off, and there are days.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

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

HOST = "api.sound.invalid"
ZONE = ZoneInfo("America/New_York")
PAGE = 5
COUNTS = {"views": "plays", "likes": "hearts", "comments": "replies", "watch_time_seconds": "watched_ms"}
REFUSALS = {
    "rate_limited": (429, "slow_down"),
    "quota": (403, "quota_used_up"),
    "forbidden": (403, "scope_missing"),
    "unauthorized": (401, "token_over"),
    "revoked": (400, "grant_over"),
}


class SoundDialect(Dialect):
    """Ids are of eighteen digits, times are of the network's zone and say so."""

    hosts = (HOST,)
    native: Mapping[str, str] = COUNTS

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._ids = NumericIds(world)
        self._access = Tokens(world, lifetime=timedelta(hours=2))
        self._refresh = RotatingTokens(world)

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        return {"refresh_token": account.refresh_token}

    def answer(self, request: Request, now: datetime) -> Response:
        if request.path == "/token":
            owner = self._refresh.account(presented := request.form.get("refresh_token", ""))
            if owner is None:
                return refusal("revoked")
            return Response.json(
                {
                    "access_token": self._access.issue(owner, now),
                    "refresh_token": self._refresh.rotate(presented),
                    "expires_in": 7_200,
                }
            )
        account = self._access.account(request.bearer or request.param("access_token") or "", now)
        if account is None:
            return refusal("unauthorized")
        posts = self.world.posts(account.id, now)
        if request.path == "/me":
            return Response.json(
                {"id": account.id, "handle": account.handle, "name": account.name, "fans": 1_234}
            )
        if request.path == "/posts":
            return self._list(posts, request, now)
        _, _, post_id, what = [*request.path.split("/"), "", "", ""][:4]
        post = self._ids.post(post_id, now) if post_id.isascii() and post_id.isdigit() else None
        if post is None or post.account_id != account.id:
            return Response.json({"error": "no_such_post", "message": "There is no such post."}, 404)
        if what == "days":
            return self._days(post, request, now)
        return Response.json(self._told(post, now))

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
        if fault.kind == "unavailable":
            return Response.json({"error": "down", "message": "It is down."}, fault.status, headers)
        if (fault.kind == "revoked") != (request.path == "/token"):
            return None
        return refusal(fault.kind, headers)

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        post_id = [*request.path.split("/"), "", ""][2]
        if fault.kind == "missing_id":
            return Response.json({"error": "no_such_post"}, 404) if post_id in fault.ids else None
        if fault.kind == "foreign_post":
            return _with_repost(response) if request.path == "/posts" else None
        if fault.kind == "dead_metric":
            names = {COUNTS.get(name, name) for name in fault.fields}
            dead = names & set((request.param("names") or "").split(","))
            return Response.json({"error": "unknown_count", "name": min(dead)}, 400) if dead else None
        return super().shape(fault, request, response)

    def _list(self, posts: Sequence[WorldPost], request: Request, now: datetime) -> Response:
        since = datetime.fromisoformat(request.param("since") or "2000-01-01T00:00:00+00:00")
        found = [post for post in posts if post.published_at >= since]
        start = int(request.param("cursor") or "0")
        page = [self._told(post, now) for post in found[start : start + PAGE]]
        more = start + PAGE < len(found)
        return Response.json({"posts": page, "next": str(start + PAGE) if more else None})

    def _told(self, post: WorldPost, now: datetime) -> dict[str, object]:
        counts = {
            COUNTS[name]: count * 1_000 if name == "watch_time_seconds" else count
            for name, count in self.world.metrics(post.id, now).items()
            if name in COUNTS and (name != "watch_time_seconds" or post.content_type == "video")
        }
        return {
            "id": self._ids.of_post(post),
            "of": post.account_id,
            "kind": post.content_type,
            "at": post.published_at.astimezone(ZONE).isoformat(),
            "counts": counts,
        }

    def _days(self, post: WorldPost, request: Request, now: datetime) -> Response:
        day, end = (date.fromisoformat(request.param(name) or "") for name in ("from", "to"))
        if (now.date() - day).days > 90:
            return Response.json({"error": "out_of_reach"}, 400)
        found = []
        while day <= min(end, now.astimezone(ZONE).date()):
            bounds = [
                datetime.combine(one, time(), ZONE).astimezone(UTC) for one in (day, day + timedelta(days=1))
            ]
            before, after = (self.world.metrics(post.id, min(at, now)) for at in bounds)
            if after:
                # Whole minutes: what is left over of a day is told with the next.
                old, new = (each.get("watch_time_seconds", 0) // 60 for each in (before, after))
                plays = after["views"] - before.get("views", 0)
                found.append({"day": day, "plays": plays, "minutes": new - old})
            day += timedelta(days=1)
        return Response.json({"days": found})


def _with_repost(response: Response) -> Response | None:
    """A list with somebody else's post in it."""
    found = msgspec.json.decode(response.body)
    if not found.get("posts"):
        return None
    found["posts"].insert(1, found["posts"][0] | {"id": "123456789", "of": "somebody"})
    return Response.json(found)


def refusal(kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal, with a sentence for people."""
    status, code = REFUSALS[kind]
    return Response.json({"error": code, "message": f"It says {code}."}, status, headers)
