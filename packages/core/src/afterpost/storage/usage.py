"""How much was collected: outcomes of runs by day and platform."""

from collections import Counter

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, local_day, zone_of
from afterpost.storage.runs import OUTCOMES
from afterpost.storage.scoping import within
from afterpost.storage.tables import posts, run_items, runs


def by_day_and_platform(
    connection: sa.Connection, scope: Scope, window: Window
) -> list[dict[str, str | int | float | None]]:
    """Rows `date, platform, stored, unchanged, skipped, failed`, by date; days without a run are absent."""
    query = (
        sa.select(runs.c.started_at, posts.c.platform, run_items.c.outcome, sa.func.count().label("n"))
        .join(runs, runs.c.id == run_items.c.run_id)
        .join(posts, posts.c.id == run_items.c.post_id)
        .where(
            runs.c.started_at >= window.begins_at(),
            runs.c.started_at < window.ends_at(),
            *within(scope, posts),
        )
        .group_by(runs.c.id, runs.c.started_at, posts.c.platform, run_items.c.outcome)
    )
    zone = zone_of(window.zone)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in connection.execute(query):
        key = (local_day(row.started_at, zone).isoformat(), row.platform)
        counts.setdefault(key, Counter())[row.outcome] += row.n
    return [
        {"date": day, "platform": platform, **{outcome: counted[outcome] for outcome in OUTCOMES}}
        for (day, platform), counted in sorted(counts.items())
    ]
