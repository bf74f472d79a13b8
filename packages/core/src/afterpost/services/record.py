"""Readings into facts: observations, snapshots, latest, rollups and changes, in the caller's transaction.

The normal case is a reading of a new day: the post's state is folded forwards and no history is touched.
Of these the plain ones are `services.steps`; what is left, openings and levels among it, is folded here.
A late reading undoes the post's snapshots from its day on, folds again, and books only the difference.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from afterpost.domain.attendance import events
from afterpost.domain.publication import Heard, first_of
from afterpost.domain.readings import Reading, content_of, digest_of
from afterpost.domain.snapshots import (
    DayValues,
    Observed,
    Row,
    State,
    fold,
    merge_day,
    undo,
)
from afterpost.domain.windows import day_number, local_day_number, zone_of
from afterpost.services.change import Change
from afterpost.services.publications import publish
from afterpost.services.steps import Item, Source, take
from afterpost.services.uncollected import uncollected
from afterpost.storage import dues, latest, observations, organizations, posts, runs, snapshots
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Tx
from afterpost.storage.types import to_micros

__all__ = ["Item", "Recorded", "Source", "move", "record"]

Recorded = Literal["stored", "unchanged"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class _New(NamedTuple):
    observed: Observed
    reading: Reading


_News: TypeAlias = dict[int, dict[int, list[_New]]]
"""Post id -> day -> new readings."""


@uncollected()
def record(tx: Tx, organization: Organization, items: Sequence[Item], run_id: int) -> dict[int, Recorded]:
    """Store readings of one organisation; says for each post whether any of its numbers changed.

    `unchanged` means that no snapshot and no daily value is different from before: the same reading again,
    or the same values at another instant of a day already known. Of an item's post only the id is used:
    whoever asked the network loaded it before, and it may have been moved meanwhile.
    """
    organization = organizations.lock(tx.connection, tx.scope, organization.id)
    outcome: dict[int, Recorded] = {item.post.id: "unchanged" for item in items}
    change = Change(tx, organization)
    fresh = _fresh(organization, take(tx, organization, items, run_id, change))
    if fresh:
        standing = latest.load(tx.connection, tx.scope, fresh)
        on_record = _drop_known(tx, fresh, standing, run_id)
        if fresh:
            told = _append(tx, organization, fresh, run_id, change.number)
            _derive(tx, organization, told, standing, on_record, change)
    stored = change.finish()
    if stored:
        change.announce(run_id, len(stored))
    for post_id in stored | _record_daily(tx, organization, items, run_id):
        outcome[post_id] = "stored"
    return outcome


def _fresh(organization: Organization, items: Sequence[Item]) -> _News:
    """Readings by post and day."""
    zone = zone_of(organization.time_zone)
    fresh: _News = {}
    for item in items:
        if item.reading.daily and not item.reading.values:
            continue
        reading = item.reading
        observed = Observed(
            reading.observed_at,
            digest_of(content_of(reading)),
            reading.values,
            reading.kinds,
            reading.definitions,
            item.source,
            reading.published,
            reading.whole_day,
        )
        on = reading.observed_on
        day = local_day_number(reading.observed_at, zone) if on is None else day_number(on)
        fresh.setdefault(item.post.id, {}).setdefault(day, []).append(_New(observed, reading))
    return fresh


def _drop_known(
    tx: Tx, fresh: _News, standing: Mapping[int, latest.Standing], run_id: int
) -> dict[tuple[int, int], list[observations.Stored]]:
    """Take out readings that add nothing; returns what is on record for the touched days.

    One that is stored already adds something where a later one took its place: it is a new telling then,
    unless it comes in what told it before, the same file or the same call.
    """
    touched = [
        (post_id, day)
        for post_id, days in fresh.items()
        for day in days
        if post_id in standing and _lies_in(standing[post_id].state, day)
    ]
    on_record = observations.stored_on(tx.connection, tx.scope, touched) if touched else {}
    for post_id, days in list(fresh.items()):
        for day, readings in list(days.items()):
            known = on_record.get((post_id, day), ())
            seen: set[tuple[datetime, bytes]] = set()
            kept = []
            for new in readings:
                key = (new.observed.at, new.observed.digest)
                if key not in seen and not _adds_nothing(tx, new.observed, known, run_id):
                    kept.append(new)
                seen.add(key)
            if kept:
                days[day] = kept
            else:
                del days[day]
        if not days:
            del fresh[post_id]
    return on_record


def _lies_in(state: State, day: int) -> bool:
    return state.first_day <= day <= state.last_day


def _adds_nothing(tx: Tx, new: Observed, known: Iterable[observations.Stored], run_id: int) -> bool:
    """Whether a reading is stored already and still counts, or was told by what it comes with again."""
    known = list(known)
    same = [s for s in known if (s.observed.at, s.observed.digest) == (new.at, new.digest)]
    if not same:
        return False
    last = max(same, key=lambda s: s.observed.told).observed
    if not any(s.observed.replaces(last) for s in known):
        return True
    return runs.told_before(tx.connection, tx.scope, run_id, {s.run_id for s in same})


def _append(tx: Tx, organization: Organization, fresh: _News, run_id: int, number: int) -> _News:
    """Store the readings under that number of the change sequence; returns them as they are stored."""
    told: _News = {
        post_id: {
            day: [new._replace(observed=new.observed._replace(told=number)) for new in readings]
            for day, readings in days.items()
        }
        for post_id, days in fresh.items()
    }
    everything = [
        (post_id, day, new)
        for post_id, days in told.items()
        for day, readings in days.items()
        for new in readings
    ]
    # Readings of one batch share their definitions as a rule: each distinct pair is encoded once.
    shared = {
        (id(new.reading.definitions), id(new.reading.kinds)): (new.reading.definitions, new.reading.kinds)
        for *_, new in everything
    }
    bodies = {key: observations.definition_body(*pair) for key, pair in shared.items()}
    ids = observations.definition_ids(tx.connection, tx.scope, bodies.values())
    recorded_at = to_micros(tx.now)
    observations.add_observations(
        tx.connection,
        tx.scope,
        [
            (
                day,
                post_id,
                to_micros(new.observed.at),
                number,
                new.observed.digest,
                new.observed.whole_day,
                organization.id,
                ids[bodies[id(new.reading.definitions), id(new.reading.kinds)]],
                _encode(new.reading.values).decode(),
                None if new.reading.published_at is None else to_micros(new.reading.published_at),
                None if new.reading.published_on is None else day_number(new.reading.published_on),
                new.observed.source,
                run_id,
                recorded_at,
            )
            for post_id, day, new in everything
        ],
    )
    return told


def _derive(
    tx: Tx,
    organization: Organization,
    fresh: _News,
    standing: Mapping[int, latest.Standing],
    on_record: Mapping[tuple[int, int], Sequence[observations.Stored]],
    change: Change,
) -> None:
    """Fold the new readings into snapshots, states and rollups."""
    zone = zone_of(organization.time_zone)
    places = posts.places(tx.connection, tx.scope, fresh)
    wanted = _wanted(tx, fresh, {post_id: each.state for post_id, each in standing.items()})
    news = {
        post_id: {day: [new.observed for new in readings] for day, readings in days.items()}
        for post_id, days in fresh.items()
    }
    derived = publish(tx, zone, news, places, standing)
    start = {post_id: min(days) for post_id, days in fresh.items()}
    for post_id in fresh.keys() & standing.keys():
        # The opening depends on the publication: where that is another one, the history is folded from there.
        if derived[post_id].publication != places[post_id].publication:
            start[post_id] = min(start[post_id], standing[post_id].state.first_day)
    late = [
        post_id
        for post_id in fresh
        if post_id in standing and start[post_id] <= standing[post_id].state.last_day
    ]
    first_touched = min((start[post_id] for post_id in late), default=0)
    history = snapshots.since(tx.connection, tx.scope, late, first_touched) if late else {}

    written: list[tuple[int, Row]] = []
    new_states: list[tuple[int, int, State, Heard]] = []
    for post_id, days in news.items():
        place = places[post_id]
        state = standing[post_id].state if post_id in standing else None
        publication, heard, _ = derived[post_id]
        old = [s.row for s in history.get(post_id, ()) if s.row.day >= start[post_id]]
        before = undo(state, old) if state is not None and old else state
        values = {row.day: _as_values(row) for row in old}
        for day, readings in days.items():
            known = on_record.get((post_id, day), ())
            values[day] = merge_day([*(s.observed for s in known), *readings])
        if before is not None:
            first = before.first
        else:
            opening = min(values)
            told = [*(s.observed for s in on_record.get((post_id, opening), ())), *days.get(opening, ())]
            if told:
                first = first_of(opening, told, publication)
            else:
                assert state is not None
                first = state.first._replace(published_at=publication.at, published_day=publication.day)
        if post_id in wanted and values.keys() != {row.day for row in old}:
            live, due = wanted[post_id]
            last, since = [] if before is None else [before.last_day], min(days)
            booked = Counter(events([*last, *values], due, live=live, since=since))
            booked.subtract(events([*last, *(row.day for row in old)], due, live=live, since=since))
            change.attend(place.dimensions, booked)
        rows, after = fold(before, values, first)
        new_states.append((post_id, organization.id, after, heard))
        before_rows = {row.day: row for row in old}
        for row in rows:
            former = before_rows.get(row.day)
            if former == row:
                continue
            if former is not None:
                change.book(place.dimensions, former, -1)
            change.book(place.dimensions, row, 1)
            change.touch(row.day, [post_id])
            change.restated += sum(cell.gain is not None and cell.gain < 0 for cell in row.cells.values())
            written.append((post_id, row))

    latest.save(tx.connection, tx.scope, new_states)
    if written:
        snapshots.save(
            tx.connection,
            tx.scope,
            [
                (post_id, places[post_id].platform, organization.id, change.number, row)
                for post_id, row in written
            ],
        )


def _wanted(
    tx: Tx, fresh: Mapping[int, Mapping[int, object]], states: Mapping[int, State]
) -> dict[int, tuple[bool, list[int]]]:
    """Of those of the posts that reads are due of: whether they are live, and the due days that new readings
    may settle, down to the last one before the reading before."""
    heads = dues.heads(tx.connection, tx.scope, fresh)
    ids = [key for key, head in heads.items() if head.due_day is not None]
    if not ids:
        return {}
    # Of a post that was never read all are needed, of the others those since the reading before.
    known = [key for key in ids if key in states]
    floor = min((min(*fresh[key], states[key].last_day + 1) for key in known), default=0) - 1
    found = dues.since(tx.connection, tx.scope, known, floor)
    found |= dues.since(tx.connection, tx.scope, [key for key in ids if key not in states], -1)
    return {key: (heads[key].state != "gone", [row.day for row in found.get(key, ())]) for key in ids}


def move(
    tx: Tx,
    organization: Organization,
    post: Post,
    *,
    brand_id: int | None = None,
    account_id: int | None = None,
    content_type: str | None = None,
) -> Post:
    """Give the post another brand, account or content type, and move its whole history in the rollups.

    What is None stays as it is; a brand of 0 is none. Returns the post as it is now. Of `post` only the id
    is used: it may have been moved since it was loaded.
    """
    organization = organizations.lock(tx.connection, tx.scope, organization.id)
    post = posts.get_post(tx.connection, tx.scope, post.id) or post
    moved = msgspec.structs.replace(
        post,
        brand_id=post.brand_id if brand_id is None else brand_id or None,
        account_id=post.account_id if account_id is None else account_id,
        content_type=post.content_type if content_type is None else content_type,
    )
    if moved == post:
        return post
    columns = ["brand_id", "account_id", "content_type"]
    posts.update_posts(tx.connection, tx.scope, columns, [{n: getattr(moved, n) for n in ("id", *columns)}])
    history = [s.row for s in snapshots.since(tx.connection, tx.scope, [post.id], 0).get(post.id, ())]
    due = dues.since(tx.connection, tx.scope, [post.id], -1).get(post.id, ())
    if not (history or due) or moved.dimensions == post.dimensions:
        return moved
    change = Change(tx, organization)
    booked = events([row.day for row in history], [row.day for row in due], live=post.state != "gone")
    change.attend(post.dimensions, booked, -1)
    change.attend(moved.dimensions, booked)
    for row in history:
        change.book(post.dimensions, row, -1)
        change.book(moved.dimensions, row, 1)
        # The learning rows carry the brand: they are written again.
        change.touch(row.day, [post.id])
    change.finish()
    return moved


def _as_values(row: Row) -> DayValues:
    return DayValues(
        {name: cell.total for name, cell in row.cells.items()}, row.gauges, row.offers, row.source
    )


def _record_daily(tx: Tx, organization: Organization, items: Sequence[Item], run_id: int) -> set[int]:
    """Store values that are per day already; returns the posts with a new or restated one."""
    changed: set[int] = set()
    for item in items:
        if not item.reading.daily:
            continue
        rows = [
            (
                day_number(day),
                item.post.id,
                metric,
                item.reading.observed_at,
                value,
                organization.id,
                item.source,
                run_id,
                tx.now,
            )
            for day, values in item.reading.daily.items()
            for metric, value in values.items()
        ]
        if observations.add_daily(tx.connection, tx.scope, rows):
            changed.add(item.post.id)
    return changed
