"""The kit's world: accounts and posts of which it knows every number, and which it can change at will."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost.domain.metrics import CUMULATIVE
from afterpost.emulator import World, WorldAccount, WorldPost

NOW = datetime(2026, 4, 5, 12, 34, 56, tzinfo=UTC)
"""When it begins. Within ninety days before, clocks were changed in America and in Europe."""

_OLDEST = timedelta(days=29, hours=7)
"""No post is older, for there are platforms that tell some numbers for thirty days."""

OLD, YOUNG, EMPTY = 0, 1, 2
"""Which account is which: the one with all the posts, one with a few, one without any."""


class Clock:
    """The time there is; a check turns it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Shelf(World):
    """Three accounts: one with `count` posts of the last four weeks, one with up to three, one with none.

    Each metric grows with the square of a post's age, so that no two days bring the same. `numbers`: post
    id -> its counts instead; `gone`: posts that are not shown.
    """

    def __init__(self, count: int, types: Sequence[str]) -> None:
        self._accounts = tuple(
            WorldAccount(
                id=f"kit{name}",
                handle=f"@{name}",
                name=name.title(),
                token=f"token-{name}-s3cret-kept-by-the-kit",
                refresh_token=f"refresh-{name}-s3cret-kept-by-the-kit",
            )
            for name in ("ada", "bob", "cleo")
        )
        self.numbers: dict[str, Mapping[str, int]] = {}
        self.gone: set[str] = set()
        step = timedelta(seconds=int(_OLDEST.total_seconds() / (count + 1)))
        self._posts = {
            post.id: post
            for account, many in zip(self._accounts, (count, min(count, 3), 0), strict=True)
            for post in (_post(account, number, NOW - (number + 1) * step, types) for number in range(many))
        }
        self._listed = {
            account.id: [post for post in self._posts.values() if post.account_id == account.id]
            for account in self._accounts
        }

    def accounts(self) -> Sequence[WorldAccount]:
        """The three."""
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        """Those that are shown, newest first."""
        return [
            post
            for post in self._listed.get(account_id, ())
            if post.visible(now) and post.id not in self.gone
        ]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        """The post, where it is shown."""
        post = self._posts.get(post_id)
        return post if post and post.visible(now) and post_id not in self.gone else None

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        """Its counts: those it was given, else what its age makes of them."""
        if post_id in self.numbers:
            return self.numbers[post_id]
        post = self._posts.get(post_id)
        if post is None or now < post.published_at:
            return {}
        minutes = int((now - post.published_at).total_seconds()) // 60
        return {name: 7 + (place + 1) * minutes**2 // 60 for place, name in enumerate(CUMULATIVE)}


def _post(account: WorldAccount, number: int, at: datetime, types: Sequence[str]) -> WorldPost:
    return WorldPost(
        # Eleven letters and digits: an id of the strictest platform.
        id=f"{account.id[3:][:3]}{number:08}",
        account_id=account.id,
        title=f"Post {number}",
        description=f"About {number}.",
        published_at=at,
        visible_from=at,
        content_type=types[number % len(types)],
        duration_seconds=30,
    )
