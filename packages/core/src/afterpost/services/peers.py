"""What posts had at an age, and what earlier ones lead to expect: one way for whatever scores a post.

The posts that one is compared with are those of its account, else of its platform within its organisation.
Neither what is asked for nor what whoever asks may see narrows them, or a post's score would be another from
place to place; nothing of them is shown but their mean.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from afterpost.domain.equal_age import (
    CHECKPOINTS,
    OF_A_DAY,
    SERIES,
    WIDEST,
    Checkpoint,
    Counter,
    Publication,
    checkpoint,
    has_age,
)
from afterpost.domain.expectation import Expectation, Peer, Pool, expectation
from afterpost.domain.ranking import ENOUGH
from afterpost.domain.rates import ExposureName, exposure_name
from afterpost.domain.scope import Scope
from afterpost.storage import early_readings
from afterpost.storage.early_readings import Born, PoolOf, Reach
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
    connection: Connection, posts: Sequence[Born], every: Sequence[At], zone: ZoneInfo, now: datetime
) -> dict[int, dict[At, Compared]]:
    """post id -> each wanted counter and age -> the post compared there. `zone`: that days are cut in."""
    if not posts:
        return {}
    field = _Field(connection, posts, every, zone, now)
    field.meet("account", posts)
    lonely = [post for post in posts if any(len(field.before("account", post, at)) < ENOUGH for at in every)]
    field.meet("platform", lonely)
    return {post.id: {at: field.compared(post, at) for at in every} for post in posts}


class _Field:
    """Posts with their values at the wanted ages, and the pools in which they are compared."""

    def __init__(
        self,
        connection: Connection,
        posts: Sequence[Born],
        every: Sequence[At],
        zone: ZoneInfo,
        now: datetime,
    ) -> None:
        self.connection, self.every, self.zone, self.now = connection, every, zone, now
        # Every post of these organisations may be compared with, whoever asks.
        self.scope = Scope(organizations=frozenset(post.organization_id for post in posts))
        self.until = max(CHECKPOINTS[at.age] for at in every) * (1 + WIDEST)
        self.values: dict[int, Mapping[At, _Value]] = {}
        self.members: dict[Hashable, dict[int, Publication]] = {}
        self.pools: dict[Hashable, Pool] = {}
        self._read({post.id: post.publication for post in posts})

    def meet(self, pool: PoolOf, posts: Sequence[Born]) -> None:
        """Read whatever these posts are compared with in that pool."""
        together: dict[Hashable, list[Born]] = {}
        for post in sorted(posts, key=lambda post: (post.publication.at, post.id)):
            together.setdefault(_key(pool, post), []).append(post)
        # Between two posts of an account are others of the same span of time, few; of a platform there may
        # be any number that nothing here is compared with.
        first = [own[0] for own in together.values()] if pool == "account" else posts
        reaches = early_readings.reaches(self.connection, self.scope, first, pool)
        for key, own in together.items():
            self.members[key] = self._met(pool, own, reaches)
            self._read(self.members[key])

    def _met(self, pool: PoolOf, own: Sequence[Born], reaches: Mapping[int, Reach]) -> dict[int, Publication]:
        """What some posts of a pool, the earliest first, are compared with: those published at an instant
        and, where an age is wanted that they have, those published on a day."""
        found: dict[int, Publication] = {}
        facts = self.connection, self.scope
        at = {post.id: post.publication.at for post in own}
        since = {post_id: reach.since for post_id, reach in reaches.items()}
        for post, begins, ends in _spans(own, since, at):
            found.update(early_readings.between(*facts, post, pool, begins, ends))
        if any(CHECKPOINTS[each.age] >= OF_A_DAY for each in self.every):
            on = {post.id: post.published_day for post in own}
            since_day = {post_id: reach.since_day for post_id, reach in reaches.items()}
            for post, first, last in _spans(own, since_day, on):
                found.update(early_readings.on_days(*facts, post, pool, self.zone, first, last))
        return found

    def before(self, pool: PoolOf, post: Born, at: At) -> list[int]:
        """The values of what a post is compared with; of exposure, those of its own metric."""
        key = _key(pool, post)
        exposure = self.values[post.id][at].exposure
        found = self.pools.get((key, at, exposure))
        if found is None:
            peers = [
                Peer(publication.at, post_id, self._value(post_id, at, exposure))
                for post_id, publication in self._peers(key, at)
            ]
            found = self.pools[key, at, exposure] = Pool(peers)
        return found.before(post.publication.at, post.id)

    def compared(self, post: Born, at: At) -> Compared:
        """The post at an age against its pool."""
        own = self.before("account", post, at)
        others = self.before("platform", post, at) if len(own) < ENOUGH else []
        mine, expected = self.values[post.id][at], expectation(own, others)
        names = {mine.exposure}
        if at.metric == "exposure" and mine.exposure is None and expected is not None:
            key = _key(expected.pool, post)
            names = {self.values[each][at].exposure for each, _ in self._peers(key, at)}
        return Compared(mine.found, expected, exposure_name(name for name in names if name is not None))

    def _peers(self, key: Hashable, at: At) -> Iterator[tuple[int, Publication]]:
        """The members of a pool that are peers at an age."""
        return (each for each in self.members.get(key, {}).items() if has_age(each[1], at.age))

    def _value(self, post_id: int, at: At, exposure: str | None) -> int | None:
        value = self.values[post_id][at]
        return value.found.value if exposure in (None, value.exposure) else None

    def _read(self, posts: Mapping[int, Publication]) -> None:
        new = {post_id: publication for post_id, publication in posts.items() if post_id not in self.values}
        read = early_readings.read_while_young(self.connection, self.scope, new, self.until)
        for post_id, publication in new.items():
            ends = publication.at + self.until
            readings = [one for one in read.get(post_id, ()) if one.at <= ends]
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


_When = TypeVar("_When", datetime, int)


def _spans(
    own: Sequence[Born], since: Mapping[int, _When | None], until: Mapping[int, _When]
) -> list[tuple[Born, _When | None, _When]]:
    """(a post of the pool, since, until): the spans of publication, apart from each other, that hold what
    each of some posts of a pool, the earliest first, is compared with; one of which nothing is known in
    `since` lengthens the span before it."""
    found: list[tuple[Born, _When | None, _When]] = []
    for post in own:
        begins, ends = since.get(post.id), until[post.id]
        if found and (begins is None or begins <= found[-1][2]):
            found[-1] = (post, found[-1][1], ends)
        else:
            found.append((post, begins, ends))
    return found
