"""How far a run is, counted without reading its posts."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.storage.posts import chunks
from afterpost.storage.runs import count_items
from afterpost.storage.scoping import within
from afterpost.storage.tables import posts, run_items


def done_and_waiting(
    connection: sa.Connection,
    scope: Scope,
    run_id: int,
    account_ids: Sequence[int],
    due_by: datetime | None,
) -> tuple[int, int]:
    """Posts that ended in the run, and live posts of those accounts (due by an instant) that did not yet."""
    ended = sa.exists().where(run_items.c.run_id == run_id, run_items.c.post_id == posts.c.id)
    waiting = 0
    for some in chunks(account_ids):
        query = (
            sa.select(sa.func.count())
            .select_from(posts)
            .where(
                posts.c.account_id.in_(some),
                posts.c.state == "live",
                ~ended.correlate(posts),
                *within(scope, posts),
            )
        )
        if due_by is not None:
            query = query.where(posts.c.due_at <= due_by)
        waiting += connection.execute(query).scalar_one()
    return sum(count_items(connection, scope, run_id).values()), waiting
