"""What posts had at an age, and what earlier ones lead to expect: one way for whatever scores a post.

The posts that one is compared with are those of its account, else of its platform within its organisation.
Neither what is asked for nor what whoever asks may see narrows them, or a post's score would be another from
place to place; nothing of them is shown but their mean.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from afterpost.domain.equal_age import (
    CHECKPOINTS,
    SERIES,
    WIDEST,
    Checkpoint,
    Counter,
    Publication,
    checkpoint,
)
from afterpost.domain.expectation import Expectation, Peer, Pool, expectation
from afterpost.domain.ranking import ENOUGH
from afterpost.domain.rates import ExposureName, exposure_name
from afterpost.domain.scope import Scope
from afterpost.storage import early_readings
from afterpost.storage.early_readings import Born, PoolOf
from afterpost.storage.engine import Connection


class At(NamedTuple):
    """One counter at one age."""

    metric: Counter
    age: str


class Compared(NamedTuple):
    """What a post had at an age, and what was expected of it. `exposure`: of which metric both are, None of
    engagements."""

    found: Checkpoint
    expected: Expectation | None
    exposure: ExposureName | None


class _Value(NamedTuple):
    found: Checkpoint
    exposure: str | None


def compared(
    connection: Connection, posts: Sequence[Born], every: Sequence[At], now: datetime
) -> dict[int, dict[At, Compared]]:
    """post id -> each wanted counter and age -> the post compared there."""
    if not posts:
        return {}
    field = _Field(connection, posts, every, now)
    field.meet("account", posts)
    lonely = [post for post in posts if any(len(field.before("account", post, at)) < ENOUGH for at in every)]
    field.meet("platform", lonely)
    return {post.id: {at: field.compared(post, at) for at in every} for post in posts}


class _Field:
    """Posts with their values at the wanted ages, and the pools in which they are compared."""

    def __init__(
        self, connection: Connection, posts: Sequence[Born], every: Sequence[At], now: datetime
    ) -> None:
        self.connection, self.every, self.now = connection, every, now
        # Every post of these organisations may be compared with, whoever asks.
        self.scope = Scope(organizations=frozenset(post.organization_id for post in posts))
        self.until = max(CHECKPOINTS[at.age] for at in every) * (1 + WIDEST)
        self.values: dict[int, Mapping[At, _Value]] = {}
        self.members: dict[Hashable, list[tuple[int, datetime]]] = {}
        self.pools: dict[Hashable, Pool] = {}
        self._read([(post.id, post.published_at) for post in posts])

    def meet(self, pool: PoolOf, posts: Sequence[Born]) -> None:
        """Read whatever these posts are compared with in that pool."""
        together: dict[Hashable, list[Born]] = {}
        for post in sorted(posts, key=lambda post: (post.published_at, post.id)):
            together.setdefault(_key(pool, post), []).append(post)
        # Between two posts of an account are others of the same span of time, few; of a platform there may
        # be any number that nothing here is compared with.
        first = [own[0] for own in together.values()] if pool == "account" else posts
        reaches = early_readings.reaches(self.connection, self.scope, first, pool)
        for key, own in together.items():
            found: dict[int, datetime] = {}
            for post, since, until in _spans(own, reaches):
                found.update(early_readings.between(self.connection, self.scope, post, pool, since, until))
            self.members[key] = list(found.items())
        self._read(each for key in together for each in self.members[key])

    def before(self, pool: PoolOf, post: Born, at: At) -> list[int]:
        """The values of what a post is compared with; of exposure, those of its own metric."""
        key = _key(pool, post)
        exposure = self.values[post.id][at].exposure
        found = self.pools.get((key, at, exposure))
        if found is None:
            members = self.members.get(key, ())
            peers = [Peer(born, post_id, self._value(post_id, at, exposure)) for post_id, born in members]
            found = self.pools[key, at, exposure] = Pool(peers)
        return found.before(post.published_at, post.id)

    def compared(self, post: Born, at: At) -> Compared:
        """The post at an age against its pool."""
        own = self.before("account", post, at)
        others = self.before("platform", post, at) if len(own) < ENOUGH else []
        mine, expected = self.values[post.id][at], expectation(own, others)
        names = {mine.exposure}
        if at.metric == "exposure" and mine.exposure is None and expected is not None:
            names = {self.values[each][at].exposure for each, _ in self.members[_key(expected.pool, post)]}
        return Compared(mine.found, expected, exposure_name(name for name in names if name is not None))

    def _value(self, post_id: int, at: At, exposure: str | None) -> int | None:
        value = self.values[post_id][at]
        return value.found.value if exposure in (None, value.exposure) else None

    def _read(self, posts: Iterable[tuple[int, datetime]]) -> None:
        new = {post_id: born for post_id, born in posts if post_id not in self.values}
        read = early_readings.read_while_young(self.connection, self.scope, new, self.until)
        for post_id, born in new.items():
            readings, publication = read.get(post_id, []), Publication(born)
            series = {
                metric: SERIES[metric](readings) for metric in dict.fromkeys(at.metric for at in self.every)
            }
            self.values[post_id] = {
                at: _Value(checkpoint(own, publication, self.now, at.age), own.name)
                for at in self.every
                for own in (series[at.metric],)
            }


def _key(pool: PoolOf, post: Born) -> Hashable:
    place = (post.organization_id, post.platform)
    return (*place, post.account_id, post.content_type) if pool == "account" else place


def _spans(
    own: Sequence[Born], reaches: Mapping[int, datetime | None]
) -> list[tuple[Born, datetime | None, datetime]]:
    """(a post of the pool, since, until): the spans of publication, apart from each other, that hold what
    each of some posts of a pool, the earliest first, is compared with; one of which nothing is known in
    `reaches` lengthens the span before it."""
    found: list[tuple[Born, datetime | None, datetime]] = []
    for post in own:
        since = reaches.get(post.id)
        if found and (since is None or since <= found[-1][2]):
            found[-1] = (post, found[-1][1], post.published_at)
        else:
            found.append((post, since, post.published_at))
    return found
