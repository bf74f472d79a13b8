"""From a number to what it was read from: a day's numbers, their readings, the run, the payloads."""

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from msgspec import Struct

from afterpost.domain.errors import NotFound
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Row, booked_between
from afterpost.domain.windows import day_date, day_number, skipped_days, zone_of
from afterpost.services.archive import unpacked
from afterpost.services.core import Core
from afterpost.services.post_summary import with_payloads
from afterpost.storage import archive, observations, posts, runs, snapshots
from afterpost.storage.archive import Fetch, Part
from afterpost.storage.observations import Observation
from afterpost.storage.posts import Post
from afterpost.storage.runs import Run

_HASH = re.compile("[0-9a-f]{64}")
SHOWN = 20
"""Fetches listed with a payload."""


class Number(Struct, frozen=True):
    """A counter on a day: its lifetime total, what it gained since its last known total and over how many
    days. Both None: there was no total before, and nobody knows when it was gained."""

    total: int
    gain: int | None
    days: int | None


class Share(Struct, frozen=True):
    """What of a later gain is booked to a day without a reading: `gained`, of the gain that was read on
    `read_on` and covers the days `first` to `read_on`."""

    gained: int
    read_on: date
    first: date


class Source(Struct, frozen=True):
    """One payload that a reading was made of. `sha256` is None where there is none, and `gone` says why a
    body is not there: token, stream, size, age or space."""

    sha256: str | None
    method: str | None
    url: str | None
    status: int | None
    gone: str | None


class Step(Struct, frozen=True):
    """One reading, the run that stored it, and the payloads it was made of; none where nothing was kept."""

    reading: Observation
    run: Run
    payloads: tuple[Source, ...]


class Receipt(Struct, frozen=True):
    """The way from a day's numbers of a post to what they were read from, latest reading first.

    `since`: the day of the post's snapshot before, which gains start from. `booked`: of a day without a
    reading, what is booked to it and from which; then `numbers` is empty, and `readings` are those it is
    booked from.
    """

    post_id: int
    platform: str
    external_id: str
    day: date
    since: date | None
    numbers: Mapping[str, Number]
    readings: tuple[Step, ...]
    booked: Mapping[str, Share] = {}


def receipt(core: Core, scope: Scope, post_id: int, day: date | None = None) -> Receipt:
    """The receipt of a post's numbers on a day, with readings or booked from later ones; default: its last
    day with readings."""
    with core.read(scope) as connection:
        post = posts.get_post(connection, scope, post_id)
        if post is None:
            raise NotFound(f"There is no post {post_id}.")
        history = snapshots.since(connection, scope, [post_id], -(10**6)).get(post_id, [])
        rows = {stored.row.day: stored.row for stored in history}
        if not rows:
            raise NotFound(f"Post {post_id} has no readings yet.")
        chosen = max(rows) if day is None else day_number(day)
        zone = zone_of(core.organization(connection, scope).time_zone)
        row = rows.get(chosen)
        booked = {} if row else _booked(rows.values(), chosen, skipped_days(zone))
        if row is None and not booked:
            raise NotFound(f"Post {post_id} was not read on {day}.", hint=_near(post, sorted(rows), chosen))
        days = sorted({day_number(share.read_on) for share in booked.values()}) or [chosen]
        found = with_payloads(
            connection, scope, post_id, observations.of_post(connection, scope, post_id, days)
        )
        parts = archive.digests_of(connection, scope, post_id, sorted({each.run_id for each in found}))
        steps = []
        for each in found:
            run = runs.get_run(connection, scope, each.run_id)
            if run is None:
                raise NotFound(f"There is no run {each.run_id}.")
            steps.append(Step(each, run, tuple(_source(part) for part in parts.get(each.run_id, ()))))
    return Receipt(
        post_id=post_id,
        platform=post.platform,
        external_id=post.external_id,
        day=day_date(chosen),
        since=None if row is None or row.prev is None else day_date(row.prev),
        numbers={}
        if row is None
        else {
            name: Number(cell.total, cell.gain, None if cell.gain is None else cell.days)
            for name, cell in row.cells.items()
        },
        readings=tuple(steps),
        booked=booked,
    )


def _booked(rows: Iterable[Row], day: int, skipped: frozenset[int]) -> dict[str, Share]:
    """What gains that were read later book to a day, by metric."""
    found: dict[str, Share] = {}
    for row in rows:
        for name, cell in row.cells.items():
            if cell.gain is None or not row.day - cell.days < day < row.day:
                continue
            gained = booked_between(row.day, cell, day, day, skipped)
            if gained is not None:
                found[name] = Share(gained, day_date(row.day), day_date(row.day - cell.days + 1))
    return found


def _near(post: Post, days: list[int], wanted: int) -> str:
    nearest = min(days, key=lambda day: abs(day - wanted))
    return f"The nearest day with readings is {day_date(nearest)}."


def _source(part: Part) -> Source:
    sha256 = None if part.digest is None else part.digest.hex()
    return Source(sha256, part.method, part.url, part.status, part.missing or part.dropped)


class PayloadUse(Struct, frozen=True):
    """One fetch that a payload answered. `operation`: list_posts, list_metrics, metrics, daily, account,
    import, ingest or manual; `posts`: external ids that were asked for."""

    run_id: int
    account_id: int | None
    operation: str
    method: str | None
    url: str | None
    status: int | None
    posts: tuple[str, ...]
    file: str | None
    asked_at: datetime
    recorded_at: datetime


class StoredPayload(Struct, frozen=True):
    """A raw payload, without secrets. `platform`: who answered, empty for what came to us; `size`: bytes;
    `dropped`: why its body is not kept any more (size, age or space); `encoding` of `body`: utf-8 or base64;
    `fetches`: what it answered, youngest first, at most 20."""

    sha256: str
    platform: str
    size: int
    first_at: datetime
    last_at: datetime
    dropped: str | None
    dropped_at: datetime | None
    encoding: str | None
    body: str | None
    fetches: tuple[PayloadUse, ...]


def payload(core: Core, scope: Scope, sha256: str) -> StoredPayload:
    """The payload of that hash (hexadecimal); NotFound unless the scope sees every post of a fetch it
    answered."""
    if not _HASH.fullmatch(sha256):
        raise NotFound("There is no such payload.", hint="A hash is 64 digits, 0 to 9 and a to f.")
    digest = bytes.fromhex(sha256)
    with core.read(scope) as connection:
        uses = archive.fetches_of(connection, scope, digest, SHOWN)
        found = None
        if uses:
            youngest = uses[0][0]
            found = archive.payload_of(connection, scope, youngest.organization_id, youngest.platform, digest)
    if found is None:
        raise NotFound(f"There is no payload {sha256}.")
    body, encoding = None, None
    if found.body is not None:
        body, encoding = _shown(unpacked(found.body))
    return StoredPayload(
        sha256=sha256,
        platform=found.platform,
        size=found.size,
        first_at=found.first_at,
        last_at=found.last_at,
        dropped=found.dropped,
        dropped_at=found.dropped_at,
        encoding=encoding,
        body=body,
        fetches=tuple(_use(fetch, part) for fetch, part in uses),
    )


def _shown(body: bytes) -> tuple[str, str]:
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"


def _use(fetch: Fetch, part: Part) -> PayloadUse:
    return PayloadUse(
        **{name: getattr(fetch, name) for name in ("run_id", "account_id", "operation")},
        method=part.method,
        url=part.url,
        status=part.status,
        posts=fetch.asked.posts,
        file=fetch.asked.file or None,
        asked_at=fetch.asked_at,
        recorded_at=fetch.recorded_at,
    )
