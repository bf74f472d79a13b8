"""Every post's publication again, from all that its stored readings told and what it was announced with."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.publication import Derived, Publication, Subject, Tellings
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Observed
from afterpost.storage import posts
from afterpost.storage.observations import next_day
from afterpost.storage.scoping import within
from afterpost.storage.tables import observations
from afterpost.storage.tables import posts as table

_POST = [
    table.c[name]
    for name in (
        *("id", "organization_id", "platform", "external_id", "published_at", "published_day"),
        *("publication_doubted", "announced_at", "announced_on"),
    )
]


class _Exposure(Struct, frozen=True, omit_defaults=True):
    """The metrics of a reading that say whether anybody saw the post."""

    views: int | float | None = None
    impressions: int | float | None = None


_exposure = msgspec.json.Decoder(_Exposure).decode


def derive(connection: sa.Connection, scope: Scope, zones: Mapping[int, ZoneInfo]) -> dict[int, Derived]:
    """Post id -> what its readings came to, of posts that were read; where posts were published is set for
    all. `zones`: of the organisations. In memory is what was told of each post, once."""
    tellings = _heard(connection, scope)
    derived: dict[int, Derived] = {}
    moved: dict[int, Derived] = {}
    for row in connection.execute(sa.select(*_POST).where(*within(scope, table))).all():
        announced = Publication(row.announced_at, row.announced_on).told
        subject = Subject.of(row.platform, row.external_id, announced, zones[row.organization_id])
        mine = tellings.get(row.id)
        found = (mine or Tellings()).derive(subject)
        if mine is not None:
            derived[row.id] = found
        known = Publication(row.published_at, row.published_day), row.publication_doubted
        if (found.publication, found.doubted) != known:
            moved[row.id] = found
    posts.publish(connection, scope, moved)
    return derived


def _heard(connection: sa.Connection, scope: Scope) -> dict[int, Tellings]:
    """Post id -> what its readings told, a day after the other."""
    found: dict[int, Tellings] = {}
    c = observations.c
    told = (
        c.post_id,
        c.observed_at,
        c.told,
        c.digest,
        c.whole_day,
        c.published_at,
        c.published_day,
        c.source,
    )
    day: int | None = None
    while (day := next_day(connection, scope, day)) is not None:
        query = sa.select(*told, c.body).where(c.day == day, *within(scope, observations))
        for row in connection.execute(query):
            seen = _exposure(row.body)
            values = {name: n for name in ("views", "impressions") if (n := getattr(seen, name)) is not None}
            reading = Observed(
                *(row.observed_at, row.digest, values, {}, (), row.source),
                Publication(row.published_at, row.published_day).told,
                row.whole_day,
                row.told,
            )
            found.setdefault(row.post_id, Tellings()).hear(day, reading)
    return found
