"""Where posts stood at the end of a day: lifetime totals, for rankings of what came out in a span of time."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterpost.domain.metrics import ENGAGEMENT_PARTS, EXPOSURES
from afterpost.domain.publication import Publication
from afterpost.domain.readings import Published
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.snapshots import PARTS, offers_of
from afterpost.storage import snapshots
from afterpost.storage.latest import totals_of
from afterpost.storage.scoping import Shape, values_of
from afterpost.storage.tables import latest, organizations, post_analytics, posts

METRICS = (*EXPOSURES, *ENGAGEMENT_PARTS)
USUAL = 40
"""Days before the end within which nearly every post was read; another one's history is walked."""


class Standing(NamedTuple):
    """A post at the end of a day. `totals`: last known lifetime totals of what rates are made of; `complete`:
    whether exposure and every engagement part that was asked for by then are among them."""

    post_id: int
    platform: str
    account_id: int | None
    content_type: str
    published: Published | None
    totals: dict[str, int]
    complete: bool


class CameOut(NamedTuple):
    """A span that posts came out in: from the day `since` to the day `end`, and not later than the instant
    `until`; of a publication known only as a day, before the day `end`."""

    since: int
    until: datetime
    end: int


class Stood(NamedTuple):
    """Where the posts of a span stood at the end of a day, and how many of them were not read by then."""

    standings: list[Standing]
    unread: int


_POST = (
    *(posts.c.id, posts.c.platform, posts.c.account_id, posts.c.content_type),
    *(posts.c.published_at, posts.c.published_day),
)


def standings(connection: sa.Connection, scope: Scope, selection: Selection, span: CameOut) -> Stood:
    """Posts published in the span, as they stood at the end of its last day. Reads a row a post.

    A post of unknown publication is not among them (`count_unknown_publication`).
    """
    end = span.end
    values = {
        **values_of(scope, selection),
        **span._asdict(),
        "days": range(end - USUAL + 1, end + 1),
    }
    found: list[Standing] = []
    rest: dict[int, Standing] = {}
    unread = 0
    for row in connection.execute(_statement(Shape.of(scope, selection)), values).all():
        post_id, platform, account, kind, at, on, first_day, last_day, known, behind, ever, *last = row
        if first_day is None or first_day > end:
            unread += 1
            continue
        day, offers, *counts = last
        totals = {name: count for name, count in zip(METRICS, counts, strict=True) if count is not None}
        whole = len(totals) == len(METRICS) or (day == last_day and behind is None)
        told = day is not None and (whole or _completed(totals, known, behind, last_day, end))
        published = Publication(at, on).told
        one = Standing(post_id, platform, account, kind, published, totals, _complete(totals, ever))
        # What was asked for at another time, and is not known, may have been asked for after the day `end`.
        if told and (one.complete or last_day <= end or not ever & ~offers):
            found.append(one)
        else:
            rest[post_id] = one
    for post_id, history in snapshots.since(connection, scope, rest, 0).items():
        totals, ever = {}, 0
        for stored in history[::-1]:
            if stored.row.day <= end:
                cells = stored.row.cells
                totals.update((name, cells[name].total) for name in METRICS if name in cells)
                ever |= stored.row.offers
        found.append(rest[post_id]._replace(totals=totals, complete=_complete(totals, ever)))
    return Stood(found, unread)


def _complete(totals: Mapping[str, int], offers: int) -> bool:
    """Whether there is an exposure, an engagement, and each of those parts."""
    parts = PARTS[offers | offers_of(totals)]
    return bool(parts) and totals.keys() >= set(parts) and any(name in totals for name in EXPOSURES)


def _completed(totals: dict[str, int], known: str, behind: str | None, last_day: int, end: int) -> bool:
    """Add what the last row does not say but an earlier one did; False where only the history can tell."""
    days = totals_of(behind) if behind else {}
    for name, total in totals_of(known).items():
        if name in METRICS and name not in totals:
            if days.get(name, last_day) > end:
                return False
            totals[name] = total
    return True


def _came_out() -> sa.ColumnElement[bool]:
    """Whether a post was published in the span of `CameOut`, its values left open."""
    at, on = posts.c.published_at, posts.c.published_day
    since, end = (sa.bindparam(name, type_=on.type) for name in ("since", "end"))
    until = sa.bindparam("until", type_=at.type)
    return sa.and_(on.between(since, end), sa.or_(at <= until, sa.and_(at.is_(None), on < end)))


@cache
def _statement(shape: Shape) -> sa.Select[Any]:
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
            latest.c.first_day,
            latest.c.last_day,
            latest.c.known,
            latest.c.behind,
            latest.c.offers,
            row.c.day,
            row.c.offers,
            *(row.c[f"{name}_total"] for name in METRICS),
        )
        .select_from(posts.outerjoin(latest, latest.c.post_id == posts.c.id).outerjoin(row, mine))
        .where(_came_out(), *shape.conditions(posts))
    )


def count_unknown_publication(
    connection: sa.Connection, scope: Scope, selection: Selection, since: int, end: int
) -> int:
    """Posts of unknown publication first read on the days [since, end]: each may have come out then."""
    query = _unknown(Shape.of(scope, selection))
    values = {**values_of(scope, selection), "since": since, "end": end}
    count: int = connection.execute(query, values).scalar_one()
    return count


@cache
def _unknown(shape: Shape) -> sa.Select[int]:
    first: sa.BindParameter[int] = sa.bindparam("since")
    end: sa.BindParameter[int] = sa.bindparam("end")
    return (
        sa.select(sa.func.count())
        .select_from(organizations)
        .join(posts, posts.c.organization_id == organizations.c.id)  # entered as the index is
        .join(latest, latest.c.post_id == posts.c.id)
        .where(
            posts.c.published_day.is_(None), latest.c.first_day.between(first, end), *shape.conditions(posts)
        )
    )
