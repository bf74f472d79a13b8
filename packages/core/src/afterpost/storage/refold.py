"""Every derived fact again, from the observations and posts as they stand on a connection, into empty tables.

Day by day, as a collector would have come by: what is kept in memory grows with the posts, not with the
readings.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from afterpost.domain.attendance import Key, Standing
from afterpost.domain.performance import Performance, learned_from
from afterpost.domain.publication import Told, first_of, publication
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Bucket, Row, State, book, fold, merge_day
from afterpost.domain.windows import local_day_number, skipped_days, zone_of
from afterpost.storage import (
    dues,
    latest,
    observations,
    organizations,
    performance,
    posts,
    rollups,
    snapshots,
    tables,
)
from afterpost.storage.observations import Recorded
from afterpost.storage.posts import Post

DERIVED = (
    tables.latest,
    tables.post_analytics,
    tables.rollups,
    tables.standing,
    tables.attendance,
    tables.openings,
    tables.content_performance,
)
"""The tables that `derive` fills: what the observations add up to."""
ROWS_AT_ONCE = 5_000
"""Snapshots that are written together."""


class Heard(NamedTuple):
    """What a reading told of its post's publication, and when that was stored, by which run."""

    recorded_at: datetime
    run_id: int
    told: Told


class _Place(NamedTuple):
    """What an organisation gives its facts: where days are cut, the first day not over, the last change."""

    zone: ZoneInfo
    today: int
    change_seq: int


Progress = Callable[[int], None]
"""Hears of so many readings more."""
Days = dict[int, list[int]]
"""Day -> posts with a snapshot of it."""


def derive(
    connection: sa.Connection,
    scope: Scope,
    now: datetime,
    *,
    publications: bool = True,
    progress: Progress = lambda readings: None,
) -> Days:
    """Fill snapshots, states, rollups, attendance and the learning rows of days that were over at `now`;
    returns the days that were not, and so have no learning rows yet.

    `publications`: also set when posts were published, from what their readings told of it. `progress` hears
    of each day how many readings it had.
    """
    places = {
        each.id: _Place(zone := zone_of(each.time_zone), local_day_number(now, zone), each.change_seq)
        for each in organizations.list_organizations(connection, scope)
    }
    owners: dict[int, Post] = {}
    states: dict[int, State] = {}
    heard: dict[int, list[Heard]] = {}
    written = _Written(connection, scope, places)
    waiting = _Waiting(connection, scope, owners, states, written)
    for day, readings in observations.by_day(connection, scope):
        waiting.until(day)
        of_day: dict[int, list[Recorded]] = {}
        for reading in readings:
            of_day.setdefault(reading.post_id, []).append(reading)
        new = posts.get_posts(connection, scope, of_day.keys() - owners.keys())
        owners.update((k, _bare(p)) for k, p in new.items())
        for post_id, mine in of_day.items():
            owner, before = owners[post_id], states.get(post_id)
            first = before.first if before else first_of(map(_told, mine), places[owner.organization_id].zone)
            values = merge_day(each.stored.observed for each in mine)
            waiting.read(post_id, day)
            (row,), states[post_id] = fold(before, {day: values}, first)
            if first.published_at is None:
                _listen(heard.setdefault(post_id, []), mine)
            written.add(owner, row)
        progress(len(readings))
    waiting.until(None)
    written.flush()
    latest.save(
        connection, scope, [(key, owners[key].organization_id, state) for key, state in states.items()]
    )
    waiting.save()
    if publications:
        _publish(connection, scope, owners, states, heard, places)
    return written.unlearned


def _publish(
    connection: sa.Connection,
    scope: Scope,
    owners: Mapping[int, Post],
    states: Mapping[int, State],
    heard: Mapping[int, Sequence[Heard]],
    places: Mapping[int, _Place],
) -> None:
    """Set when posts were published, where that is another instant than the one that stands there."""
    published = (
        (
            key,
            _published(
                owners[key].published_at, state, heard.get(key, ()), places[owners[key].organization_id].zone
            ),
        )
        for key, state in states.items()
    )
    posts.update_posts(
        connection,
        scope,
        ["published_at"],
        [{"id": key, "published_at": at} for key, at in published if at != owners[key].published_at],
    )


def _told(reading: Recorded) -> Told:
    observed = reading.stored.observed
    return Told(observed.at, observed.digest, reading.stored.published_at)


def _listen(heard: list[Heard], readings: Iterable[Recorded]) -> None:
    """Keep what later decides on the publication of a post whose earliest reading gives none.

    A reading that gives none either matters only if there was a time when it was the earliest one known.
    """
    # Of one instant the one that counts as the earliest comes first (see `first_of`).
    ranked = sorted(readings, key=lambda each: each.stored.observed.digest, reverse=True)
    for each in sorted(ranked, key=lambda each: each.stored.observed.at):
        told = _told(each)
        if told.published_at is not None or all(each.recorded_at < one.recorded_at for one in heard):
            heard.append(Heard(each.recorded_at, each.run_id, told))


def _published(
    known: datetime | None, state: State, heard: Iterable[Heard], zone: ZoneInfo
) -> datetime | None:
    """The publication as it stood after the readings had come in, batch by batch."""
    if state.first.published_at is not None:
        return state.first.published_at
    told: list[Told] = []
    for _, batch in groupby(sorted(heard), key=lambda one: (one.recorded_at, one.run_id)):
        new = [one.told for one in batch]
        told += new
        known = publication(known, first_of(told, zone), new)
    return known


class _Waiting:
    """Posts that reads were due of, gone through day by day: what their due days and readings book."""

    def __init__(
        self,
        connection: sa.Connection,
        scope: Scope,
        owners: dict[int, Post],
        states: Mapping[int, State],
        written: "_Written",
    ) -> None:
        self._connection, self._scope = connection, scope
        self._owners, self._states, self._written = owners, states, written
        self._days = deque(dues.days(connection, scope))
        self._day = 0
        self._due: set[int] = set()
        self._standings: dict[int, Standing] = {}

    def until(self, day: int | None) -> None:
        """Book the due days before one that has readings, and look up who was due on that; None: all."""
        self._book_due()
        while self._days and (day is None or self._days[0] <= day):
            self._day = self._days.popleft()
            self._due = dues.on_day(self._connection, self._scope, self._day)
            new = posts.get_posts(self._connection, self._scope, self._due - self._owners.keys())
            self._owners.update((k, _bare(p)) for k, p in new.items())
            if self._day != day:
                self._book_due()

    def _book_due(self) -> None:
        """Book what is due on the day and was not read."""
        for post_id in sorted(self._due):
            self._on(post_id, self._day, seen=False, due=True)
        self._due = set()

    def read(self, post_id: int, day: int) -> None:
        """Book a reading of the day, before it is folded."""
        due = post_id in self._due
        if due or post_id in self._standings:
            self._due.discard(post_id)
            self._on(post_id, day, seen=True, due=due)

    def _on(self, post_id: int, day: int, *, seen: bool, due: bool) -> None:
        state = self._states.get(post_id)
        before = self._standings.get(post_id) or Standing(state.last_day if state else None)
        booked: Counter[Key] = Counter()
        self._standings[post_id] = before.on(day, seen=seen, due=due, booked=booked)
        self._written.attend(self._owners[post_id], booked)

    def save(self) -> None:
        """Write what still waits, and which due days were the last."""
        heads = []
        for post_id, standing in self._standings.items():
            owner = self._owners[post_id]
            if owner.state != "gone":
                self._written.attend(owner, Counter(standing.waiting()))
            heads.append({"id": post_id, "due_day": standing.due, "due_prev": standing.before})
        self._written.flush()
        posts.update_posts(self._connection, self._scope, ["due_day", "due_prev"], heads)


def _bare(post: Post) -> Post:
    """The post without its texts: they are not needed for it, and would be most of the memory."""
    return msgspec.structs.replace(post, description="", title="")


class _Written:
    """Rows on their way to the tables, so many at once."""

    def __init__(self, connection: sa.Connection, scope: Scope, places: dict[int, _Place]) -> None:
        self._connection, self._scope, self._places = connection, scope, places
        self.unlearned: Days = {}
        self._empty()

    def _empty(self) -> None:
        self._snapshots: list[tuple[int, str, int, int, Row]] = []
        self._learned: list[tuple[Post, Row, Performance, int]] = []
        self._deltas: dict[rollups.Dimensions, dict[int, Bucket]] = {}
        self._attended: rollups.Attended = {}
        self._opened: rollups.Openings = {}

    def add(self, owner: Post, row: Row) -> None:
        """Write a snapshot and all that follows from it."""
        place, dimensions = self._places[owner.organization_id], owner.dimensions
        self._snapshots.append((owner.id, owner.platform, owner.organization_id, place.change_seq, row))
        if row.day < place.today:
            self._learned.append((owner, row, learned_from(row), place.change_seq))
        else:
            self.unlearned.setdefault(row.day, []).append(owner.id)
        book(row, 1, self._deltas.setdefault(dimensions, {}), skipped_days(place.zone))
        rollups.open_late(self._opened, dimensions, row, 1)
        self.attend(owner, {(row.day, row.gap, "posts"): 1})
        if len(self._snapshots) >= ROWS_AT_ONCE:
            self.flush()

    def attend(self, owner: Post, booked: Mapping[Key, int]) -> None:
        """Add to attendance."""
        rollups.attend(self._attended, owner.dimensions, booked)

    def flush(self) -> None:
        """Write what is on its way."""
        snapshots.save(self._connection, self._scope, self._snapshots)
        performance.save(self._connection, self._scope, self._learned)
        rollups.apply(self._connection, self._scope, self._deltas, self._attended, self._opened, prune=False)
        self._empty()
