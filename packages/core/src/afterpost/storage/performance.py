"""Learning rows (`content_performance`): one a post, platform and complete day."""

from collections.abc import Sequence

import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.performance import Performance
from afterpost.domain.posts import learning_type
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Row
from afterpost.storage.dialect import Value, bulk
from afterpost.storage.posts import Post, chunks
from afterpost.storage.scoping import within
from afterpost.storage.tables import content_performance

_COLUMNS = tuple(column.name for column in content_performance.columns)


Learned = tuple[Post, Row, Performance, int]
"""What a learning row is made of: post, snapshot, derived values, change number."""


def save(connection: sa.Connection, scope: Scope, rows: Sequence[Learned]) -> int:
    """Upsert learning rows; returns how many."""
    if scope.organizations is not None and any(
        post.organization_id not in scope.organizations for post, *_ in rows
    ):
        raise ValueError("a learning row of an organisation outside the scope")
    return bulk(connection, content_performance, _COLUMNS, list(map(_plain, rows)), mode="replace")


def unlike(connection: sa.Connection, scope: Scope, rows: Sequence[Learned]) -> list[Learned]:
    """Those of the rows that are not stored just so already."""
    by_day: dict[int, list[Learned]] = {}
    for each in rows:
        by_day.setdefault(each[1].day, []).append(each)
    found: list[Learned] = []
    for day, of_day in by_day.items():
        stored: set[tuple[Value, ...]] = set()
        # Named as well, so that each row is one seek and no post's history is gone through.
        platforms = sorted({post.platform for post, *_ in of_day})
        for some in chunks(post.id for post, *_ in of_day):
            query = sa.select(content_performance).where(
                content_performance.c.measured_on == day,
                content_performance.c.post_id.in_(some),
                content_performance.c.platform.in_(platforms),
                *within(scope, content_performance, named=True),
            )
            stored.update(map(tuple, connection.execute(query)))
        found += [each for each in of_day if _plain(each) not in stored]
    return found


def _plain(learned: Learned) -> tuple[Value, ...]:
    """The row as it is stored, in the order of `_COLUMNS`."""
    post, row, derived, seq = learned
    return (
        post.id,
        post.platform,
        row.day,
        post.organization_id,
        post.brand_id,
        post.account_id,
        learning_type(post.content_type),
        *(cell.total if (cell := row.cells.get(name)) else None for name in CUMULATIVE),
        derived.clicks,
        derived.engagements,
        derived.exposure,
        derived.engagement_rate,
        derived.interaction_rate,
        derived.performance_score,
        derived.rate_margin,
        post.links,
        row.source,
        seq,
    )


def count(connection: sa.Connection, scope: Scope) -> int:
    """How many learning rows the scope holds."""
    query = sa.select(sa.func.count()).select_from(content_performance)
    return connection.execute(query.where(*within(scope, content_performance))).scalar_one()
