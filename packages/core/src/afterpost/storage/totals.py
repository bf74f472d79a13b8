"""Lifetime totals summed over days: a number that means nothing, worked out to show how far off it is."""

from collections.abc import Sequence

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.scoping import selected, within
from afterpost.storage.tables import post_analytics, posts


def summed_over_days(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    start: int,
    end: int,
    metrics: Sequence[str],
) -> dict[str, dict[str, int | None]]:
    """platform -> metric -> the sum of that total over all snapshots of [start, end]; None: never told."""
    columns = [sa.func.sum(post_analytics.c[f"{name}_total"]) for name in metrics]
    query = (
        sa.select(post_analytics.c.platform, *columns)
        .join(posts, posts.c.id == post_analytics.c.post_id)
        .where(
            post_analytics.c.day >= start,
            post_analytics.c.day <= end,
            *within(scope, posts),
            *selected(selection, posts),
        )
        .group_by(post_analytics.c.platform)
    )
    return {
        platform: {
            name: None if value is None else int(value) for name, value in zip(metrics, values, strict=True)
        }
        for platform, *values in connection.execute(query)
    }
