"""The normal case of a batch, column by column: a post's one reading, on a later day than any before.

What most readings are deserves a way of its own, for nearly all that `record` does for the others is not
needed: no history is read, no object made for a cell or a row. It takes a reading that reports just the
counters that the post's last snapshot has; everything else is left to `record`. What is stored is the same
(`properties/test_steps.py` compares byte by byte).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec

from afterpost.domain.attendance import plain, stepped
from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.publication import is_exposed, rank_of
from afterpost.domain.readings import Reading, content, digest_of, written
from afterpost.domain.snapshots import Column, gains_of, offers_of
from afterpost.domain.windows import local_day_number, zone_of
from afterpost.services.change import Change
from afterpost.storage import latest, observations, snapshots
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.rollups import Dimensions
from afterpost.storage.transaction import Tx
from afterpost.storage.types import to_micros

_POST_ID = attrgetter("post.id")
_EXPOSED_AT, _TOLD_RANK = (latest.COLUMNS[4:].index(name) for name in ("exposed_at", "told_rank"))
NO_KINDS = written({})
_encode = msgspec.json.Encoder(order="deterministic").encode

Source = Literal["api", "csv", "manual", "webhook"]


class Item(NamedTuple):
    """One reading of one post, and the door it came through."""

    post: Post
    reading: Reading
    source: Source


_Key = tuple[Dimensions, int, int, int | None, int | None, int, tuple[str, ...]]
_Rows = list[tuple[int | float | str | bytes | None, ...]]


class _Alike(NamedTuple):
    """Steps of one place over the same days, of readings that share their definitions: what they have in
    common, their posts, and each one's gains (in the order of `metrics` and `own`). `rows`: snapshots, shared
    by all with these metrics."""

    definitions: bytes
    definition_id: int
    offers: int
    metrics: tuple[str, ...]
    own: tuple[str, ...]
    rows: _Rows
    posts: list[int]
    gains: list[list[int]]


def take(
    tx: Tx, organization: Organization, items: Sequence[Item], run_id: int, change: Change
) -> list[Item]:
    """Store the readings that are steps, move their posts on, book the gains; returns all other items."""
    zone, owner, recorded_at = zone_of(organization.time_zone), organization.id, to_micros(tx.now)
    times = Counter(map(_POST_ID, items))
    ends = latest.ends(tx.connection, tx.scope, times)
    instants: dict[datetime, tuple[int, int]] = {}  # of a batch most are read at a few
    groups: dict[_Key, _Alike] = {}
    by_metrics: dict[tuple[str, ...], _Rows] = {}
    named: dict[str, int] = {}  # definition sets by their JSON; groups mostly share one
    read: _Rows = []
    moved: _Rows = []
    rest: list[Item] = []
    number = 0
    for item in sorted(items, key=_POST_ID):  # the order of every key, for one day
        post, reading, source = item
        post_id, at, published_at = post.id, reading.observed_at, reading.published_at
        values: Mapping[str, Any] = reading.values  # integers, once it is a step
        end = ends.get(post_id)
        if end is None or times[post_id] > 1 or reading.kinds or reading.whole_day:
            rest.append(item)
            continue
        _, of, brand, account, platform, kind, first_day, prev, text, publication, *rest_of = end
        ever, due, before, *stays = rest_of
        known = latest.totals_of(text)
        instant = instants.get(at)
        if instant is None:
            instant = instants[at] = local_day_number(at, zone), to_micros(at)
        day, micros = instant
        # A gauge is in no `known`; a float is no counter, whatever it is called.
        if day <= prev or values.keys() != known.keys() or type(sum(values.values())) is not int:
            rest.append(item)
            continue
        published = None if published_at is None else to_micros(published_at)
        exposed_at, rank = stays[_EXPOSED_AT], stays[_TOLD_RANK]
        # Who tells another publication, or better, or is the first to see the post, is heard by `record`.
        if (
            not plain(prev, day, due, before)
            or reading.published_on is not None
            or (
                published_at is not None
                and (published != publication or rank_of(published_at, source) > rank)
            )
            or (exposed_at is None and is_exposed(values))
        ):
            rest.append(item)
            continue

        dimensions = of, brand, account, platform, kind
        key = dimensions, prev, day, due, before, id(reading.definitions), tuple(values)
        alike = groups.get(key)
        if alike is None:
            alike = groups[key] = _alike(tx, reading, by_metrics, named)
            number = change.number
        definitions, definition_id, offers, metrics, own, rows, mine, gained = alike

        body = written(values)
        digest = digest_of(content(body, definitions, published_at, NO_KINDS))
        text = body.decode()
        told = (
            day,
            post_id,
            micros,
            number,
            digest,
            False,
            owner,
            definition_id,
            text,
            published,
            None,
            source,
            run_id,
            recorded_at,
        )
        read.append(told)
        # Its values are just the last known totals, so their texts are one.
        moved.append((post_id, owner, first_day, day, *stays, text, None, ever | offers))

        names = metrics + own
        gains = gains_of(totals := [*map(values.__getitem__, names)], map(known.__getitem__, names))
        mine.append(post_id)
        gained.append(gains)
        cells = [day - prev] * (3 * len(names))
        cells[0::3], cells[1::3] = totals, gains
        other = None
        if own:
            natives = zip(own, *[iter(cells[3 * len(metrics) :])] * 3, strict=True)
            other = _encode({name: cell for name, *cell in natives}).decode()
            del cells[3 * len(metrics) :]
        rows.append((day, post_id, platform, owner, prev, offers, source, number, other, *cells))

    observations.put(tx.connection, tx.scope, read)
    latest.put(tx.connection, tx.scope, moved)
    for metrics, rows in by_metrics.items():
        snapshots.put(tx.connection, tx.scope, metrics, rows)
    for (dimensions, prev, day, due, before, *_), alike in groups.items():
        columns = dict(zip(alike.metrics + alike.own, zip(*alike.gains, strict=True), strict=True))
        booked = {name: Column(0, gains, day - prev) for name, gains in columns.items()}
        change.book_alike(dimensions, day, day - prev, alike.offers, booked, len(alike.posts))
        change.attend(dimensions, stepped(prev, day, due, before), len(alike.posts))
        change.touch(day, alike.posts)
        change.restated += sum(gain < 0 for gains in columns.values() if min(gains) < 0 for gain in gains)
    return rest


def _alike(
    tx: Tx, reading: Reading, by_metrics: dict[tuple[str, ...], _Rows], named: dict[str, int]
) -> _Alike:
    definitions, values = reading.definitions, reading.values
    metrics = tuple(name for name in CUMULATIVE if name in values)
    body = observations.definition_body(definitions, {})
    if body not in named:
        named |= observations.definition_ids(tx.connection, tx.scope, [body])
    return _Alike(
        definitions=written(definitions),
        definition_id=named[body],
        offers=offers_of(definitions) | offers_of(values),
        metrics=metrics,
        own=tuple(sorted(values.keys() - set(CUMULATIVE))),
        rows=by_metrics.setdefault(metrics, []),
        posts=[],
        gains=[],
    )
