"""Ids of digits for a world that has others: many platforms have no others, and their contracts say so."""

import hashlib
from datetime import datetime

from afterpost.emulator.world import World, WorldAccount, WorldPost


class NumericIds:
    """The ids of a world as at most 18 digits. Ids that are digits already stay as they are.

    Keeps nothing that a restarted emulator would miss: a post it has not shown yet is looked for.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._accounts = {self.of(account.id): account for account in world.accounts()}
        self._posts: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The digits for an id; the same each time."""
        if name.isascii() and name.isdigit() and len(name) <= 19:
            return name
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % 10**17
        return str(10**17 + number)

    def of_post(self, post: WorldPost) -> str:
        """The digits for a post; a platform whose ids carry the time says how."""
        return self.of(post.id)

    def account(self, digits: str) -> WorldAccount | None:
        """The account with these digits."""
        return self._accounts.get(digits)

    def post(self, digits: str, now: datetime) -> WorldPost | None:
        """The post with these digits, as it is at `now`; None when it is not visible."""
        if digits not in self._posts:
            for account in self._world.accounts():
                for post in self._world.posts(account.id, now):
                    self._posts[self.of_post(post)] = post.id
        name = self._posts.get(digits)
        return self._world.post(name, now) if name is not None else None
