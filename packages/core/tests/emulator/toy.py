"""A platform small enough to read at a glance: two accounts, three posts, JSON answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost.emulator import Dialect, Fault, Request, Response, World, WorldAccount, WorldPost

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class ToyWorld(World):
    """Posts p1, p2 of ada and p3 of bob; views count the hours since publication."""

    def __init__(self) -> None:
        self._accounts = tuple(
            WorldAccount(
                id=one, handle=f"@{one}", name=one.title(), token=f"t-{one}", refresh_token=f"r-{one}"
            )
            for one in ("ada", "bob")
        )
        self._posts = tuple(
            WorldPost(
                id=post_id,
                account_id=account_id,
                title=f"Title {post_id}",
                description="",
                published_at=NOW - timedelta(hours=hours),
                visible_from=NOW - timedelta(hours=hours),
            )
            for post_id, account_id, hours in (("p2", "ada", 1), ("p1", "ada", 2), ("p3", "bob", 3))
        )

    def accounts(self) -> Sequence[WorldAccount]:
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        return [post for post in self._posts if post.account_id == account_id and post.visible(now)]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        return next((post for post in self._posts if post.id == post_id and post.visible(now)), None)

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        post = self.post(post_id, now)
        if post is None:
            return {}
        hours = int((now - post.published_at).total_seconds() // 3600)
        return {"views": hours, "likes": 0}


class ToyDialect(Dialect):
    """`/posts` lists the token's account, `/echo` tells what arrived, `/bug` fails."""

    hosts = ("api.toy.example", "login.toy.example")
    native: Mapping[str, str] = {"likes": "hearts"}

    def answer(self, request: Request, now: datetime) -> Response:
        if request.path == "/bug":
            raise KeyError("a bug of the dialect")
        if request.path == "/echo":
            return Response.json(
                {
                    "host": request.host,
                    "method": request.method,
                    "query": request.query,
                    "q": request.param("q"),
                    "all": request.params("q"),
                    "form": request.form,
                    "json": request.json(),
                    "now": now,
                }
            )
        account = self.world.account_for_token(request.bearer or "")
        if account is None:
            return Response.json({"error": "who are you?"}, 401)
        posts = [
            {"id": post.id, "hearts": numbers["likes"], "views": numbers["views"]}
            for post in self.world.posts(account.id, now)
            for numbers in [self.world.metrics(post.id, now)]
        ]
        return Response.json({"posts": posts})

    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        if fault.kind == "revoked" and request.host != "login.toy.example":
            return None
        return Response.json({"error": fault.kind}, fault.status if fault.kind == "unavailable" else 400)
