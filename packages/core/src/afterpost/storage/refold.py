"""Every derived fact again, from the observations and posts as they stand on a connection, into empty tables.

Day by day, as a collector would have come by: what is kept in memory grows with the posts, not with the
readings.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from afterpost.domain.performance import Performance, learned_from
from afterpost.domain.publication import first_of
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Bucket, Observed, Row, State, book, fold, merge_day
from afterpost.domain.windows import local_day_number, zone_of
from afterpost.storage import (
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
    """Set when posts were published, and fill snapshots, states, rollups and the learning rows of days that
    were over at `now`; returns the days that were not, and so have no learning rows yet.

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
    for day, readings in observations.by_day(connection, scope):
        of_day: dict[int, list[Observed]] = {}
        for post_id, reading in readings:
            of_day.setdefault(post_id, []).append(reading)
        new = posts.get_posts(connection, scope, of_day.keys() - owners.keys())
        # Texts are not needed for it, and would be most of the memory.
        owners.update((k, msgspec.structs.replace(p, description="", title="")) for k, p in new.items())
        for post_id, mine in of_day.items():
            owner, before = owners[post_id], states.get(post_id)
            first = before.first if before else first_of(day, mine, derived[post_id].publication)
            (row,), states[post_id] = fold(before, {day: merge_day(mine)}, first)
            written.add(owner, row)
        progress(len(readings))
    written.flush()
    latest.save(
        connection,
        scope,
        [(key, owners[key].organization_id, state, derived[key].heard) for key, state in states.items()],
    )
    return written.unlearned


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
        self._attended: dict[tuple[rollups.Dimensions, int, int], int] = {}

    def add(self, owner: Post, row: Row) -> None:
        """Write a snapshot and all that follows from it."""
        place, dimensions = self._places[owner.organization_id], owner.dimensions
        self._snapshots.append((owner.id, owner.platform, owner.organization_id, place.change_seq, row))
        if row.day < place.today:
            self._learned.append((owner, row, learned_from(row), place.change_seq))
        else:
            self.unlearned.setdefault(row.day, []).append(owner.id)
        book(row, 1, self._deltas.setdefault(dimensions, {}))
        key = (dimensions, row.day, row.gap)
        self._attended[key] = self._attended.get(key, 0) + 1
        if len(self._snapshots) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is on its way."""
        snapshots.save(self._connection, self._scope, self._snapshots)
        performance.save(self._connection, self._scope, self._learned)
        rollups.apply(self._connection, self._scope, self._deltas, self._attended, prune=False)
        self._empty()
