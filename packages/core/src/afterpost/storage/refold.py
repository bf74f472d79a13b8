"""Every derived fact again, from the observations and posts as they stand on a connection, into empty tables.

Day by day, as a collector would have come by: what is kept in memory grows with the posts, not with the
readings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from afterpost.domain.performance import Performance, learned_from
from afterpost.domain.publication import Told, first_of, publication
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Bucket, Row, State, book, fold, merge_day
from afterpost.domain.windows import local_day_number, skipped_days, zone_of
from afterpost.storage import (
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
    """Fill snapshots, states, rollups and the learning rows of days that were over at `now`; returns the days
    that were not, and so have no learning rows yet.

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
    for day, readings in observations.by_day(connection, scope):
        of_day: dict[int, list[Recorded]] = {}
        for reading in readings:
            of_day.setdefault(reading.post_id, []).append(reading)
        new = posts.get_posts(connection, scope, of_day.keys() - owners.keys())
        # Texts are not needed for it, and would be most of the memory.
        owners.update((k, msgspec.structs.replace(p, description="", title="")) for k, p in new.items())
        for post_id, mine in of_day.items():
            owner, before = owners[post_id], states.get(post_id)
            first = before.first if before else first_of(map(_told, mine), places[owner.organization_id].zone)
            values = merge_day(each.stored.observed for each in mine)
            (row,), states[post_id] = fold(before, {day: values}, first)
            if first.published_at is None:
                _listen(heard.setdefault(post_id, []), mine)
            written.add(owner, row)
        progress(len(readings))
    written.flush()
    latest.save(
        connection, scope, [(key, owners[key].organization_id, state) for key, state in states.items()]
    )
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
        key = (dimensions, row.day, row.gap)
        self._attended[key] = self._attended.get(key, 0) + 1
        if len(self._snapshots) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is on its way."""
        snapshots.save(self._connection, self._scope, self._snapshots)
        performance.save(self._connection, self._scope, self._learned)
        rollups.apply(self._connection, self._scope, self._deltas, self._attended, self._opened, prune=False)
        self._empty()
