"""A world filled by hand: posts with exactly the numbers a test gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost.emulator import World, WorldAccount, WorldPost

NOW = datetime(2026, 7, 1, 15, tzinfo=UTC)
SERVER = "morel.host.bsky.network"
"""The accounts' own server, which is not where they sign in."""


def uri(key: str) -> str:
    """The address of a post of ada."""
    return f"at://did:plc:ada/app.bsky.feed.post/{key}"


class Shelf(World):
    """`count` posts `v000`, `v001` … of did:plc:ada, the highest number newest; did:plc:bob has none."""

    def __init__(self, count: int) -> None:
        self._accounts = tuple(
            WorldAccount(
                id=f"did:plc:{name}",
                handle=f"{name}.test",
                name=name.title(),
                token=f"token-{name}-s3cret",
                refresh_token=f"refresh-{name}-s3cret",
            )
            for name in ("ada", "bob")
        )
        self.kept = {
            post.id: post
            for number in reversed(range(count))
            for post in [
                WorldPost(
                    id=f"v{number:03}",
                    account_id="did:plc:ada",
                    title=f"Post {number}",
                    description=f"About {number}.",
                    published_at=NOW - timedelta(hours=count - number),
                    visible_from=NOW - timedelta(hours=count - number),
                    content_type=("text", "image", "video", "link")[number % 4],
                )
            ]
        }
        self.numbers: dict[str, dict[str, int]] = {
            one: {"likes": 50, "comments": 3, "shares": 7, "quotes": 2, "saves": 1} for one in self.kept
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
