"""A world filled by hand: videos with exactly the numbers a test gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from afterpost.emulator import World, WorldAccount, WorldPost

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)


class Shelf(World):
    """`count` videos `v000`, `v001` … of the channel UCada, the highest number newest; UCbob has none.

    A video gains `by_day` every day since it was published; without one its `numbers` stand still.
    """

    def __init__(self, count: int) -> None:
        self._accounts = tuple(
            WorldAccount(
                id=f"UC{name}",
                handle=f"@{name}",
                name=name.title(),
                token=f"token-{name}-s3cret",
                refresh_token=f"refresh-{name}-s3cret",
            )
            for name in ("ada", "bob")
        )
        self.videos = {
            post.id: post
            for number in reversed(range(count))
            for post in [
                WorldPost(
                    id=f"v{number:03}",
                    account_id="UCada",
                    title=f"Video {number}",
                    description=f"About {number}.",
                    published_at=NOW - timedelta(hours=count - number),
                    visible_from=NOW - timedelta(hours=count - number),
                    duration_seconds=number,
                )
            ]
        }
        self.numbers: dict[str, dict[str, int]] = {
            one: {"views": 1_000, "likes": 50, "comments": 3} for one in self.videos
        }
        self.by_day: dict[str, dict[str, int]] = {}

    def accounts(self) -> Sequence[WorldAccount]:
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        return [post for post in self.videos.values() if post.account_id == account_id and post.visible(now)]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        post = self.videos.get(post_id)
        return post if post and post.visible(now) else None

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        if post_id not in self.by_day:
            return self.numbers.get(post_id, {})
        age = now - self.videos[post_id].published_at
        return {metric: gain * age // timedelta(days=1) for metric, gain in self.by_day[post_id].items()}

    def publish(self, post_id: str, at: datetime, **by_day: int) -> None:
        """Publish a video at another time, and let it gain so much every day from then on."""
        self.videos[post_id] = msgspec.structs.replace(self.videos[post_id], published_at=at, visible_from=at)
        self.by_day[post_id] = by_day
