"""What earlier posts at equal age lead to expect of a post, and the post's score against it."""

from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.ranking import ENOUGH

LAST = 100
"""Earlier posts that an expectation looks back on."""

Pool = Literal["account", "platform"]


class Expectation(Struct, frozen=True, kw_only=True):
    """The mean of the middle half of so many earlier posts, of the account (and type) or of the platform."""

    expected: float
    posts: int
    pool: Pool


class Peer(NamedTuple):
    """A post with its value at one checkpoint, None where unknown.

    `account`: its account and content type, in one key; `platform`: what falls back on each other.
    """

    published_at: datetime
    post_id: int
    account: Hashable
    platform: Hashable
    value: int | None


def middle_mean(values: Iterable[int]) -> float | None:
    """The mean without the lowest and the highest quarter (each rounded down); None of nothing."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    middle = ordered[cut : len(ordered) - cut]
    return sum(middle) / len(middle) if middle else None


def expectation(account: Sequence[int], platform: Sequence[int]) -> Expectation | None:
    """What earlier posts at equal age lead to expect; values in the order of publication, the latest last.

    `account`: of the same account and content type; `platform`: of the same platform within the caller's
    scope, asked where the account has fewer than `ENOUGH`. Of each, the last `LAST` that have a value count.
    None where both have fewer than `ENOUGH`.
    """
    own: Pool = "account"
    others: Pool = "platform"
    for pool, values in ((own, account), (others, platform)):
        last = values[-LAST:]
        if len(last) >= ENOUGH and (mean := middle_mean(last)) is not None:
            return Expectation(expected=mean, posts=len(last), pool=pool)
    return None


class _Latest:
    """The last `LAST` values, in order of arrival and of size."""

    def __init__(self) -> None:
        self.arrived: deque[int] = deque()
        self.ordered: list[int] = []

    def add(self, value: int) -> None:
        if len(self.arrived) == LAST:
            del self.ordered[bisect_left(self.ordered, self.arrived.popleft())]
        self.arrived.append(value)
        insort(self.ordered, value)


def expectations(peers: Sequence[Peer]) -> list[Expectation | None]:
    """`expectation` of each of many posts from those of them that were published earlier, in one pass.

    Earlier: by publication, then id. The answers stand in the order of the posts handed over.
    """
    accounts: defaultdict[Hashable, _Latest] = defaultdict(_Latest)
    platforms: defaultdict[Hashable, _Latest] = defaultdict(_Latest)
    found: list[Expectation | None] = [None] * len(peers)
    for place in sorted(range(len(peers)), key=lambda place: peers[place][:2]):
        peer = peers[place]
        own, others = accounts[peer.account], platforms[peer.platform]
        # Ordered by size already, which sorting notices; never more than `LAST`, so none is cut off.
        found[place] = expectation(own.ordered, others.ordered)
        if peer.value is not None:
            own.add(peer.value)
            others.add(peer.value)
    return found


def score(actual: int | None, expected: Expectation | None) -> float | None:
    """actual ÷ expected: 1 is as expected. None where either is unknown or nothing was expected."""
    if actual is None or expected is None or expected.expected <= 0:
        return None
    return actual / expected.expected
