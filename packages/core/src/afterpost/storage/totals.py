"""Lifetime totals summed over days: a number that means nothing, worked out to show how far off it is."""

from collections.abc import Sequence

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.dialect import exact_sum, whole
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
    # A total of every day, of every post: their sum is the one that outgrows BIGINT.
    columns = [part for name in metrics for part in exact_sum(post_analytics.c[f"{name}_total"])]
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
            name: whole(high, low) for name, high, low in zip(metrics, parts[::2], parts[1::2], strict=True)
        }
        for platform, *parts in connection.execute(query)
    }
