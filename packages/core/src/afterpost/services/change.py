"""What one transaction changes in snapshots, gathered: one change number, one set of deltas, one event."""

from collections.abc import Iterable, Mapping

from afterpost.domain.attendance import Key
from afterpost.domain.events import SnapshotsStored
from afterpost.domain.snapshots import Bucket, Column, Row, book, book_alike
from afterpost.domain.windows import day_date, skipped_days, zone_of
from afterpost.storage import changes, organizations, rollups
from afterpost.storage.organizations import Organization
from afterpost.storage.rollups import Attended, Dimensions, Openings
from afterpost.storage.transaction import Tx


class Change:
    """A change of an organisation's snapshots. Its number is taken with the first one."""

    def __init__(self, tx: Tx, organization: Organization) -> None:
        self._tx = tx
        self._organization = organization
        self._number: int | None = None
        self._deltas: dict[Dimensions, dict[int, Bucket]] = {}
        self._attended: Attended = {}
        self._opened: Openings = {}
        self._skipped = skipped_days(zone_of(organization.time_zone))
        self._days: dict[int, list[int]] = {}
        self._taken_back = False
        self.restated = 0

    @property
    def number(self) -> int:
        """The number in the organisation's change sequence."""
        if self._number is None:
            tx = self._tx
            self._number = organizations.next_change(tx.connection, tx.scope, self._organization.id, tx.now)
        return self._number

    def touch(self, day: int, post_ids: Iterable[int]) -> None:
        """Note that the snapshots of those posts on that day change."""
        self._days.setdefault(day, []).extend(post_ids)

    def book(self, dimensions: Dimensions, row: Row, sign: int) -> None:
        """Add a snapshot to the rollups (`sign` 1), or take it back (-1)."""
        book(row, sign, self._deltas.setdefault(dimensions, {}), self._skipped)
        rollups.open_late(self._opened, dimensions, row, sign)
        self.attend(dimensions, {(row.day, row.gap, "posts"): sign})
        self._taken_back |= sign < 0

    def book_alike(
        self,
        dimensions: Dimensions,
        day: int,
        gap: int,
        offers: int,
        columns: Mapping[str, Column],
        posts: int,
    ) -> None:
        """Add snapshots that are alike (`domain.snapshots.book_alike`), `gap` days after those before.

        None of them opens anything: each metric was known before.
        """
        deltas = self._deltas.setdefault(dimensions, {})
        book_alike(day, offers, columns, posts, deltas, self._skipped)
        self.attend(dimensions, {(day, gap, "posts"): posts})

    def attend(self, dimensions: Dimensions, booked: Mapping[Key, int], times: int = 1) -> None:
        """Add to attendance what days of posts book (`domain.attendance`), so many times."""
        rollups.attend(self._attended, dimensions, booked, times)

    def finish(self) -> set[int]:
        """Write the rollups and the change itself; returns the posts that changed."""
        tx, organization_id = self._tx, self._organization.id
        if not self._days:
            # A post that was never read may have had reads due.
            rollups.apply_attended(tx.connection, tx.scope, self._attended)
            return set()
        rollups.apply(
            tx.connection, tx.scope, self._deltas, self._attended, self._opened, prune=self._taken_back
        )
        changes.add(tx.connection, tx.scope, organization_id, self.number, self._days)
        return {post_id for post_ids in self._days.values() for post_id in post_ids}

    def announce(self, run_id: int, posts: int) -> None:
        """Emit the event of it."""
        self._tx.emit(
            SnapshotsStored(
                organization_id=self._organization.id,
                run_id=run_id,
                change_seq=self.number,
                posts=posts,
                days=tuple(day_date(day) for day in sorted(self._days)),
                restated=self.restated,
            )
        )
