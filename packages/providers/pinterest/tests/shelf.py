"""A world filled by hand: pins with exactly the numbers a test gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost.emulator import World, WorldAccount, WorldPost

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
ADA, BOB = "7100", "7200"


class Shelf(World):
    """`count` pins `1000`, `1001` … of ada, the highest number newest; bob has none.

    A pin gains `by_day` every day since it was published; without one its `numbers` stand still.
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
            for number in reversed(range(count))
            for post in [
                WorldPost(
                    id=str(1_000 + number),
                    account_id=ADA,
                    title=f"Pin {number}",
                    description=f"About {number}.",
                    published_at=NOW - timedelta(hours=count - number),
                    visible_from=NOW - timedelta(hours=count - number),
                    content_type=("image", "video", "carousel", "idea")[number % 4],
                )
            ]
        }
        self.numbers: dict[str, dict[str, int]] = {
            one: {"impressions": 900, "likes": 50, "comments": 3, "clicks_link": 7, "clicks_post": 20}
            for one in self.kept
        }
        self.by_day: dict[str, dict[str, int]] = {}

    def accounts(self) -> Sequence[WorldAccount]:
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        return [post for post in self.kept.values() if post.account_id == account_id and post.visible(now)]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        post = self.kept.get(post_id)
        return post if post and post.visible(now) else None

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        if post_id not in self.by_day:
            return self.numbers.get(post_id, {})
        days = (now - self.kept[post_id].published_at) / timedelta(days=1)
        return {metric: int(gain * days) for metric, gain in self.by_day[post_id].items()}
