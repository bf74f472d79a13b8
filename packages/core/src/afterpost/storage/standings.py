"""Where posts stood at the end of a day: lifetime totals, for rankings of what came out in a span of time."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.metrics import ENGAGEMENT_PARTS, EXPOSURES
from afterpost.domain.publication import Publication
from afterpost.domain.readings import Published
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage import snapshots
from afterpost.storage.latest import totals_of
from afterpost.storage.scoping import Shape, values_of
from afterpost.storage.tables import latest, post_analytics, posts

METRICS = (*EXPOSURES, *ENGAGEMENT_PARTS)
USUAL = 40
"""Days before the end within which nearly every post was read; another one's history is walked."""


class Standing(NamedTuple):
    """A post at the end of a day. `totals`: last known lifetime totals of what rates are made of; `offers`:
    engagement parts asked for when it was last read."""

    post_id: int
    platform: str
    account_id: int | None
    content_type: str
    published: Published | None
    totals: dict[str, int]
    offers: int


_POST = (
    *(posts.c.id, posts.c.platform, posts.c.account_id, posts.c.content_type),
    *(posts.c.published_at, posts.c.published_day),
)


def standings(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    published_from: int,
    published_until: datetime,
    end: int,
) -> list[Standing]:
    """Posts published from a day on and up to an instant that were read by the end of the day `end`, as they
    stood then.

    Of a publication known only as a day that day lies before `end`, a whole day ago at its end. A post of
    unknown publication counts as published when it was first read. Reads a row a post.
    """
    values = {
        **values_of(scope, selection),
        "published_from": published_from,
        "published_until": published_until,
        "end": end,
        "days": range(end - USUAL + 1, end + 1),
    }
    found: list[Standing] = []
    rest: dict[int, Standing] = {}
    shape = Shape.of(scope, selection)
    rows = [
        row for known in (True, False) for row in connection.execute(_statement(shape, known), values).all()
    ]
    for post_id, platform, account, kind, at, on, known, behind, last_day, day, offers, *counts in rows:
        totals = {name: count for name, count in zip(METRICS, counts, strict=True) if count is not None}
        one = Standing(post_id, platform, account, kind, Publication(at, on).told, totals, offers or 0)
        whole = len(totals) == len(METRICS) or (day == last_day and behind is None)
        if day is not None and (whole or _completed(totals, known, behind, last_day, end)):
            found.append(one)
        else:
            rest[post_id] = one
    for post_id, history in snapshots.since(connection, scope, rest, 0).items():
        days = [stored.row for stored in history if stored.row.day <= end]
        totals = {}
        for day in days[::-1]:
            totals.update((name, day.cells[name].total) for name in METRICS if name in day.cells)
        found.append(rest[post_id]._replace(totals=totals, offers=days[0].offers))
    return found


def _completed(totals: dict[str, int], known: str, behind: str | None, last_day: int, end: int) -> bool:
    """Add what the last row does not say but an earlier one did; False where only the history can tell."""
    days = totals_of(behind) if behind else {}
    for name, total in totals_of(known).items():
        if name in METRICS and name not in totals:
            if days.get(name, last_day) > end:
                return False
            totals[name] = total
    return True


@cache
def _statement(shape: Shape, known: bool) -> sa.Select[Any]:
    """Of posts whose publication is known, or of the others: both at once would go through every post."""
    at, on = posts.c.published_at, posts.c.published_day
    earliest, newest = (
        sa.bindparam("published_from", type_=on.type),
        sa.bindparam("published_until", type_=at.type),
    )
    end = sa.bindparam("end", type_=sa.Integer)
    # With the publication unknown the first reading is the nearest thing to it.
    first = latest.c
    if known:
        whole_days_ago = sa.or_(at <= newest, sa.and_(at.is_(None), on < end))
        born = [on.between(earliest, end), whole_days_ago]
    else:
        read = sa.or_(
            sa.and_(first.first_whole_day.is_(False), first.first_at <= newest),
            sa.and_(first.first_whole_day.is_(True), first.first_day < end),
        )
        born = [on.is_(None), first.first_day.between(earliest, end), read]
    row, other = post_analytics, post_analytics.alias("other")
    # Newest day first, and no further than the first one there is: a seek or two a post.
    last = (
        sa.select(other.c.day)
        .where(other.c.post_id == posts.c.id, other.c.day.in_(sa.bindparam("days", expanding=True)))
        .order_by(other.c.day.desc())
        .limit(1)
        .scalar_subquery()
    )
    mine = sa.and_(row.c.day == last, row.c.post_id == posts.c.id)
    return (
        sa.select(
            *_POST,
            latest.c.known,
            latest.c.behind,
            latest.c.last_day,
            row.c.day,
            row.c.offers,
            *(row.c[f"{name}_total"] for name in METRICS),
        )
        .select_from(posts.join(latest, latest.c.post_id == posts.c.id).outerjoin(row, mine))
        .where(
            *born,
            latest.c.first_day <= end,
            *shape.conditions(posts),
        )
    )
