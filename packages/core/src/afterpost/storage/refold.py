"""Every derived fact again, from the observations and posts as they stand on a connection, into empty tables.

Day by day, as a collector would have come by: what is kept in memory grows with the posts, not with the
readings.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from afterpost.domain.attendance import Key, Standing
from afterpost.domain.performance import Performance, learned_from
from afterpost.domain.publication import first_of
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Bucket, Observed, Row, State, book, fold, merge_day
from afterpost.domain.windows import local_day_number, skipped_days, zone_of
from afterpost.storage import (
    dues,
    latest,
    observations,
    organizations,
    performance,
    posts,
    publications,
    rollups,
    snapshots,
    tables,
)
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
    progress: Progress = lambda readings: None,
) -> Days:
    """Set when posts were published, and fill snapshots, states, rollups, attendance and the learning rows of
    days that were over at `now`; returns the days that were not, and so have no learning rows yet.

    `progress` hears of each day how many readings it had.
    """
    places = {
        each.id: _Place(zone := zone_of(each.time_zone), local_day_number(now, zone), each.change_seq)
        for each in organizations.list_organizations(connection, scope)
    }
    # First of all: what a post's first day gained depends on its publication, which any reading may tell.
    derived = publications.derive(connection, scope, {key: place.zone for key, place in places.items()})
    owners: dict[int, Post] = {}
    states: dict[int, State] = {}
    written = _Written(connection, scope, places)
    waiting = _Waiting(connection, scope, owners, states, written)
    for day, readings in observations.by_day(connection, scope):
        waiting.until(day)
        of_day: dict[int, list[Observed]] = {}
        for post_id, reading in readings:
            of_day.setdefault(post_id, []).append(reading)
        new = posts.get_posts(connection, scope, of_day.keys() - owners.keys())
        owners.update((k, _bare(p)) for k, p in new.items())
        for post_id, mine in of_day.items():
            owner, before = owners[post_id], states.get(post_id)
            first = before.first if before else first_of(day, mine, derived[post_id].publication)
            waiting.read(post_id, day)
            (row,), states[post_id] = fold(before, {day: merge_day(mine)}, first)
            written.add(owner, row)
        progress(len(readings))
    waiting.until(None)
    written.flush()
    latest.save(
        connection,
        scope,
        [(key, owners[key].organization_id, state, derived[key].heard) for key, state in states.items()],
    )
    waiting.save()
    return written.unlearned


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
