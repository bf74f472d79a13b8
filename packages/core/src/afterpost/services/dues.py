"""Due reads into facts: what has come of a post's plan is booked when the plan is replaced.

A planned read that has come is due on its day, whether it is made or not; one that is replaced before was
never due. Where nobody read for days, each of them follows the schedule in force: it is asked when a post
that is read at the end of a day is read next. Nothing is due while an account is paused, nor while a post is
gone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterpost.domain.attendance import Key, Standing, events
from afterpost.domain.publication import reckoned
from afterpost.domain.windows import day_start, local_day, local_day_number, zone_of
from afterpost.services.core import Core
from afterpost.services.schedule import next_due
from afterpost.storage import dues, organizations, pauses, posts, rollups, snapshots
from afterpost.storage.dues import DueRead, Head
from afterpost.storage.organizations import Organization
from afterpost.storage.pauses import Pause
from afterpost.storage.posts import Post
from afterpost.storage.rollups import Attended
from afterpost.storage.transaction import Tx

GRACE = timedelta(minutes=5)
"""A read takes its time: one that was due so shortly before is due when it is made, though on another day."""
_TICK = timedelta.resolution


class Plan(NamedTuple):
    """A post as it was planned, and the state of its collection from now on."""

    post: Post
    state: str
    misses: int
    gone_at: datetime | None
    due_at: datetime | None


def replan(core: Core, tx: Tx, organization: Organization, plans: Sequence[Plan]) -> None:
    """Book what has come of the plans of posts of one account, and plan them anew.

    Before the readings of the same transaction are recorded: so a day's reading finds its due read there.
    """
    organization = organizations.lock(tx.connection, tx.scope, organization.id)
    zone = zone_of(organization.time_zone)
    heads = dues.heads(tx.connection, tx.scope, [plan.post.id for plan in plans])
    waited = [head.due_at for head in heads.values() if head.due_at is not None and head.due_at <= tx.now]
    paused: Sequence[Pause] = ()
    if waited:
        account = plans[0].post.account_id
        paused = pauses.of_account(tx.connection, tx.scope, account, min(waited)) if account else ()
    booking = Booking(tx, zone)
    rows: list[dict[str, object]] = []
    for plan in plans:
        head = heads.get(plan.post.id)
        if head is None:  # it went out of the scope meanwhile
            continue
        gone_day = None
        if plan.state == "gone" and plan.gone_at is not None:
            gone_day = local_day_number(plan.gone_at, zone)
        reads = _came(core, plan.post, head.due_at, tx.now, zone, paused)
        come = [(local_day_number(at, zone), at) for at in reads]
        if gone_day is not None:
            come = [(day, at) for day, at in come if day <= gone_day]
        due_day, due_prev = booking.add(head, come, plan.state, gone_day)
        rows.append(
            {
                "id": head.post_id,
                "state": plan.state,
                "misses": plan.misses,
                "gone_at": plan.gone_at,
                "due_at": plan.due_at,
                "due_day": due_day,
                "due_prev": due_prev,
            }
        )
    booking.finish()
    columns = ["state", "misses", "gone_at", "due_at", "due_day", "due_prev"]
    posts.update_posts(tx.connection, tx.scope, columns, rows)


def settle(core: Core, tx: Tx, organization: Organization, account_id: int) -> None:
    """Book what has come of an account's plans, which stay as they are: it is about to be paused."""
    ids = dues.came(tx.connection, tx.scope, account_id, tx.now)
    found = posts.get_posts(tx.connection, tx.scope, ids)
    plans = [Plan(post, post.state, post.misses, post.gone_at, post.due_at) for post in found.values()]
    if plans:
        replan(core, tx, organization, plans)


def resume(tx: Tx, account_id: int) -> None:
    """Plan for now what came while an account was paused, or before: that is booked already."""
    dues.wake(tx.connection, tx.scope, account_id, tx.now)


def _came(
    core: Core,
    post: Post,
    due_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
    paused: Sequence[Pause],
) -> Iterator[datetime]:
    """The reads of a post that have come: the planned one, and one of each later day that the schedule would
    have read it on; at most one question a day."""
    # Nobody waits for a post that is not out yet.
    published = reckoned(post.published, zone)
    at = due_at if due_at is None or published is None else max(due_at, published)
    while at is not None and at <= now:
        away = any(began <= at and (ended is None or at < ended) for began, ended in paused)
        if not away:
            yield now if now - at <= GRACE else at
        morning = day_start(local_day(at, zone) + timedelta(days=1), zone)
        if morning > now:
            return
        then = next_due(core, post, published, morning - _TICK)
        at = None if then is None else max(then, morning)


class Booking:
    """Due reads of a batch, gathered: rows, and what they change in attendance."""

    def __init__(self, tx: Tx, zone: ZoneInfo) -> None:
        self._tx = tx
        self._zone = zone
        self._added: list[DueRead] = []
        self._prolonged: list[tuple[int, int, datetime]] = []
        self._removed: list[DueRead] = []
        self._attended: Attended = {}

    def add(
        self, head: Head, come: Sequence[tuple[int, datetime]], state: str, gone_day: int | None
    ) -> tuple[int | None, int | None]:
        """Book one post's; returns its last two due days."""
        fresh: list[DueRead] = []
        due, before = head.due_day, head.due_prev
        for day, at in come:
            if due is not None and day <= due:
                if day == due:
                    self._prolonged.append((day, head.post_id, at))
                continue
            row = DueRead(day, head.post_id, head.dimensions[0], due, at, at, self._tx.now)
            fresh.append(row)
            due, before = day, due
        self._added += fresh
        if head.state != state:
            return self._turned(head, fresh, state, gone_day)
        if fresh and head.last_day is not None and head.last_day >= fresh[0].day:
            self._compared(head, fresh, {}, fresh[0].day, head.state, state)
        elif fresh:
            booked: Counter[Key] = Counter()
            standing = Standing(head.last_day, head.due_day, head.due_prev)
            for row in fresh:
                standing = standing.on(row.day, seen=False, due=True, booked=booked)
            if state != "gone":
                booked.update(standing.waiting())
            rollups.attend(self._attended, head.dimensions, booked)
        return due, before

    def _turned(
        self, head: Head, fresh: Sequence[DueRead], state: str, gone_day: int | None
    ) -> tuple[int | None, int | None]:
        """Of a post that is gone from now on, or back: what is due after it was gone is taken back."""
        edges = [day + 1 for day in (gone_day, head.last_day) if day is not None]
        first = min([*(row.day for row in fresh), *edges], default=0)
        links = {row.day: row for row in fresh}
        kept = self._compared(head, fresh, links, first, head.state, state, gone_day)
        due = max(kept, default=None)
        return due, None if due is None else links[due].prev_day

    def _compared(
        self,
        head: Head,
        fresh: Sequence[DueRead],
        links: dict[int, DueRead],
        first: int,
        state: str,
        then: str,
        gone_day: int | None = None,
    ) -> Sequence[int]:
        """Book the difference that days from `first` on make, whatever was read since; returns the due days
        from there, down to the last one before its last reading. `links` takes their rows."""
        tx, key = self._tx, head.post_id
        read = snapshots.since(tx.connection, tx.scope, [key], first).get(key, ())
        seen = [stored.row.day for stored in read]
        last = read[-1].row.prev if read else head.last_day
        seen += [] if last is None else [last]
        floor = -1 if last is None else min(first - 1, last)
        stored = dues.since(tx.connection, tx.scope, [key], floor).get(key, ())
        links.update((row.day, row) for row in stored)
        old = [row.day for row in stored]
        new = [*old, *(row.day for row in fresh)]
        if gone_day is not None:
            self._removed += [row for row in stored if row.day > gone_day]
            new = [day for day in new if day <= gone_day]
        booked = Counter(events(seen, new, live=then != "gone", since=first))
        booked.subtract(events(seen, old, live=state != "gone", since=first))
        rollups.attend(self._attended, head.dimensions, booked)
        return new

    def finish(self) -> None:
        """Write it."""
        tx = self._tx
        dues.add(tx.connection, tx.scope, self._added)
        dues.prolong(tx.connection, tx.scope, self._prolonged)
        dues.remove(tx.connection, tx.scope, self._removed)
        rollups.apply_attended(tx.connection, tx.scope, self._attended)
