"""A world filled by hand: posts with exactly the numbers a test gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost.emulator import World, WorldAccount, WorldPost

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
ADA, BOB = "2244994945", "2244994946"
EVERY = timedelta(hours=6)
"""Between two posts, so that the latest 119 are less than 30 days old."""


class Shelf(World):
    """`count` posts of ada, one every six hours and the latest six hours old; bob has none.

    `ids`: theirs, the newest first, which carry the time as X's do.
    """

    def __init__(self, count: int) -> None:
        self._accounts = tuple(
            WorldAccount(
                id=account_id,
                handle=f"@{name}",
                name=name.title(),
                token=f"token-{name}-s3cret",
                refresh_token=f"refresh-{name}-s3cret",
            )
            for account_id, name in ((ADA, "ada"), (BOB, "bob"))
        )
        self.kept = {
            post.id: post
            for number in range(count)
            for published in [NOW - EVERY * (number + 1)]
            for post in [
                WorldPost(
                    id=str(int(published.timestamp() * 1_000) - 1_288_834_974_657 << 22),
                    account_id=ADA,
                    title=f"Post {number}",
                    description="",
                    published_at=published,
                    visible_from=published,
                    content_type=("text", "image", "video")[number % 3],
                )
            ]
        }
        self.ids = list(self.kept)
        self.numbers: dict[str, dict[str, int]] = {
            one: {
                "impressions": 900,
                "likes": 50,
                "comments": 3,
                "shares": 7,
                "quotes": 2,
                "saves": 1,
                "clicks_link": 20,
                "clicks_profile": 4,
            }
            for one in self.kept
        }

    def accounts(self) -> Sequence[WorldAccount]:
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        return [post for post in self.kept.values() if post.account_id == account_id and post.visible(now)]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        post = self.kept.get(post_id)
        return post if post and post.visible(now) else None

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        return self.numbers.get(post_id, {})
