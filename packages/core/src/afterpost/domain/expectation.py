"""What earlier posts at equal age lead to expect of a post, and the post's score against it."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.ranking import ENOUGH

LAST = 100
"""Earlier posts that an expectation is made of: the last ones with a value."""
PEERS = 2 * LAST
"""Earlier posts looked at for one post: twice as many as count, for not all were read at every age."""

PoolName = Literal["account", "platform"]


class Expectation(Struct, frozen=True, kw_only=True):
    """The mean of the middle half of so many earlier posts, of the account (and type) or of the platform."""

    expected: float
    posts: int
    pool: PoolName


class Peer(NamedTuple):
    """A post with its value at one checkpoint, None where unknown."""

    published_at: datetime
    post_id: int
    value: int | None


class Pool:
    """Posts that are compared with each other: of an account and content type, or of a platform."""

    def __init__(self, peers: Iterable[Peer]) -> None:
        self._peers = sorted(peers, key=lambda peer: peer[:2])

    def before(self, published_at: datetime, post_id: int) -> list[int]:
        """The last `LAST` known values among the last `PEERS` posts earlier than a post, which need not be
        one of them; earlier: by publication, then id."""
        place = bisect_left(self._peers, (published_at, post_id), key=lambda peer: peer[:2])
        earlier = self._peers[max(0, place - PEERS) : place]
        return [peer.value for peer in earlier if peer.value is not None][-LAST:]


def middle_mean(values: Iterable[int]) -> float | None:
    """The mean without the lowest and the highest quarter (each rounded down); None of nothing."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    middle = ordered[cut : len(ordered) - cut]
    return sum(middle) / len(middle) if middle else None


def expectation(account: Sequence[int], platform: Sequence[int]) -> Expectation | None:
    """What earlier posts at equal age lead to expect; each `Pool.before` the post.

    `account`: of the same account and content type; `platform`: of the same platform within the post's
    organisation, whatever whoever asks may see; they speak where the account has fewer than `ENOUGH`. None
    where both have fewer.
    """
    own: PoolName = "account"
    others: PoolName = "platform"
    for pool, values in ((own, account), (others, platform)):
        if len(values) >= ENOUGH and (mean := middle_mean(values)) is not None:
            return Expectation(expected=mean, posts=len(values), pool=pool)
    return None


def score(actual: int | None, expected: Expectation | None) -> float | None:
    """actual ÷ expected: 1 is as expected. None where either is unknown or nothing was expected."""
    if actual is None or expected is None or expected.expected <= 0:
        return None
    return actual / expected.expected
