"""A world filled by hand: posts with exactly the numbers a test gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost.emulator import World, WorldAccount, WorldPost

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
TYPES = ("image", "reel", "carousel", "story")


class Shelf(World):
    """`count` posts `p000`, `p001` … of ig-ada, the highest number newest; ig-bob has none. Their types take
    turns: p000 is an image, p001 a reel, p002 a carousel, p003 a story."""

    def __init__(self, count: int) -> None:
        self._accounts = tuple(
            WorldAccount(
                id=f"ig-{name}",
                handle=f"@{name}",
                name=name.title(),
                token=f"token-{name}-s3cret",
                refresh_token=f"refresh-{name}-s3cret",
            )
            for name in ("ada", "bob")
        )
        self.shelved = {
            post.id: post
            for number in reversed(range(count))
            for post in [
                WorldPost(
                    id=f"p{number:03}",
                    account_id="ig-ada",
                    title="",
                    description=f"About {number}.",
                    published_at=NOW - timedelta(hours=count - number),
                    visible_from=NOW - timedelta(hours=count - number),
                    content_type=TYPES[number % len(TYPES)],
                )
            ]
        }
        self.numbers: dict[str, dict[str, int]] = {
            one: {
                "views": 1_000,
                "reach": 700,
                "likes": 50,
                "comments": 3,
                "shares": 7,
                "saves": 5,
                "clicks_profile": 4,
                "follows": 1,
                "watch_time_seconds": 2_500,
            }
            for one in self.shelved
        }

    def accounts(self) -> Sequence[WorldAccount]:
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        return [post for post in self.shelved.values() if post.account_id == account_id and post.visible(now)]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        post = self.shelved.get(post_id)
        return post if post and post.visible(now) else None

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        return self.numbers.get(post_id, {})
