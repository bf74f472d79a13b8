"""Learning rows (`content_performance`): one a post, platform and complete day."""

from collections.abc import Sequence

import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.domain.performance import Performance
from afterpost.domain.posts import learning_type
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Row
from afterpost.storage.dialect import bulk
from afterpost.storage.posts import Post
from afterpost.storage.scoping import within
from afterpost.storage.tables import content_performance

_COLUMNS = tuple(column.name for column in content_performance.columns)


def save(connection: sa.Connection, scope: Scope, rows: Sequence[tuple[Post, Row, Performance, int]]) -> int:
    """Upsert learning rows: (post, snapshot, derived values, change number); returns how many."""
    plain: list[tuple[int | float | str | bytes | None, ...]] = []
    for post, row, derived, seq in rows:
        if scope.organizations is not None and post.organization_id not in scope.organizations:
            raise ValueError("a learning row of an organisation outside the scope")
        totals = [cell.total if (cell := row.cells.get(name)) else None for name in CUMULATIVE]
        plain.append(
            (
                post.id,
                post.platform,
                row.day,
                post.organization_id,
                post.brand_id,
                post.account_id,
                learning_type(post.content_type),
                *totals,
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
        )
    return bulk(connection, content_performance, _COLUMNS, plain, mode="replace")


def count(connection: sa.Connection, scope: Scope) -> int:
    """How many learning rows the scope holds."""
    query = sa.select(sa.func.count()).select_from(content_performance)
    return connection.execute(query.where(*within(scope, content_performance))).scalar_one()
