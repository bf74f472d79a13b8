"""Runs and how each post of each run ended."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.dialect import Value, bulk
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import within
from afterpost.storage.tables import import_files, import_lines, post_analytics, posts, run_items, runs
from afterpost.storage.types import to_micros

OUTCOMES = ("stored", "unchanged", "skipped", "failed")


class Run(Struct, frozen=True):
    """A run. `kind`: collect, import, ingest, sync or replay; `state`: running, done or failed.

    The counts are of posts, each once; `failed_lines` is of lines of an imported file, None where none was
    read: a line that failed may be of no post.
    """

    id: int
    organization_id: int
    kind: str
    state: str
    actor: str
    started_at: datetime
    ended_at: datetime | None
    posts: int
    stored: int
    unchanged: int
    skipped: int
    failed: int
    message: str | None
    failed_lines: int | None


class RunItem(Struct, frozen=True):
    """How one post ended: stored, unchanged, skipped (reason), or failed (reason = class, retry_at)."""

    post_id: int
    outcome: str
    reason: str | None = None
    detail: str | None = None
    retry_at: datetime | None = None


_RUN: sa.Select[Any] = sa.select(
    *(runs.c[name] for name in Run.__struct_fields__[:-1]), import_files.c.failed.label("failed_lines")
).outerjoin(import_files, import_files.c.run_id == runs.c.id)


class Token(NamedTuple):
    """What makes a run one that was made before: the hash of its file, or the key of a call with the digest
    of what came with it."""

    text: str
    body: bytes | None = None


def start_run(
    connection: sa.Connection,
    scope: Scope,
    organization_id: int,
    kind: str,
    actor: str,
    now: datetime,
    token: Token | None = None,
) -> int:
    """Begin a run; returns its id."""
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("a run of an organisation outside the scope")
    key: int = connection.execute(
        sa.insert(runs)
        .values(
            organization_id=organization_id,
            kind=kind,
            state="running",
            actor=actor,
            started_at=now,
            token=None if token is None else token.text,
            body_digest=None if token is None else token.body,
        )
        .returning(runs.c.id)
    ).scalar_one()
    return key


def add_items(
    connection: sa.Connection,
    scope: Scope,
    organization_id: int,
    run_id: int,
    items: Sequence[RunItem],
    fetch_id: int | None = None,
) -> None:
    """Note how posts ended, and from which fetch. A post that ended twice keeps its last outcome;
    `stored_before` knows an earlier one."""
    if not items:
        return
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("a run of an organisation outside the scope")
    rows: dict[int, tuple[Value, ...]] = {
        item.post_id: (
            run_id,
            item.post_id,
            organization_id,
            item.outcome,
            item.reason,
            item.detail,
            None if item.retry_at is None else to_micros(item.retry_at),
            fetch_id,
        )
        for item in items
    }
    columns = tuple(column.name for column in run_items.columns)
    bulk(connection, run_items, columns, list(rows.values()), mode="replace")


def end_run(
    connection: sa.Connection,
    scope: Scope,
    run_id: int,
    state: str,
    now: datetime,
    message: str | None = None,
) -> None:
    """Close a run: its counts are those of its items."""
    connection.execute(
        sa.update(runs)
        .where(runs.c.id == run_id, *within(scope, runs))
        .values(state=state, ended_at=now, message=message, **_counted())
    )


def _counted() -> dict[str, sa.ScalarSelect[int]]:
    """The counts of a run, from its items."""
    query = sa.select(sa.func.count()).select_from(run_items).where(run_items.c.run_id == runs.c.id)
    by_outcome = {each: query.where(run_items.c.outcome == each) for each in OUTCOMES}
    found = {"posts": query, **by_outcome}
    return {name: each.correlate(runs).scalar_subquery() for name, each in found.items()}


def get_run(connection: sa.Connection, scope: Scope, run_id: int) -> Run | None:
    """One run of the scope."""
    row = connection.execute(_RUN.where(runs.c.id == run_id, *within(scope, runs))).first()
    return Run(*row) if row else None


def told_before(connection: sa.Connection, scope: Scope, run_id: int, others: Collection[int]) -> bool:
    """Whether a run comes with the token of one of the others: the same file or call again."""
    token = sa.select(runs.c.token).where(runs.c.id == run_id).scalar_subquery()
    query = sa.select(sa.func.count()).where(runs.c.id.in_(others), runs.c.token == token)
    return connection.execute(query.where(*within(scope, runs))).scalar_one() > 0


def with_token(
    connection: sa.Connection, scope: Scope, organization_id: int, token: str
) -> tuple[int, bytes | None] | None:
    """The first run that came with that token, and the digest of what came with it."""
    query = sa.select(runs.c.id, runs.c.body_digest).where(
        runs.c.organization_id == organization_id, runs.c.token == token, *within(scope, runs)
    )
    row = connection.execute(query.order_by(runs.c.id).limit(1)).first()
    return None if row is None else (row.id, row.body_digest)


def outcomes_of(connection: sa.Connection, scope: Scope, run_id: int) -> dict[int, str]:
    """Post id -> how it ended in the run."""
    query = sa.select(run_items.c.post_id, run_items.c.outcome)
    rows = connection.execute(query.where(run_items.c.run_id == run_id, *within(scope, run_items)))
    return {row.post_id: row.outcome for row in rows}


def last_runs(
    connection: sa.Connection,
    scope: Scope,
    kind: str | None,
    limit: int,
    *,
    state: str | None = None,
    after: int | None = None,
) -> list[Run]:
    """The newest runs, of one kind or of all, in one state or in any, below the id `after`."""
    query = _RUN.where(*within(scope, runs)).order_by(runs.c.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(runs.c.kind == kind)
    if state is not None:
        query = query.where(runs.c.state == state)
    if after is not None:
        query = query.where(runs.c.id < after)
    return [Run(*row) for row in connection.execute(query)]


def oldest_open(connection: sa.Connection, scope: Scope) -> Run | None:
    """The run that has been going on for longest; None when none is."""
    query = _RUN.where(runs.c.state == "running", *within(scope, runs))
    row = connection.execute(query.order_by(runs.c.id).limit(1)).first()
    return Run(*row) if row else None


def items_of(
    connection: sa.Connection, scope: Scope, run_id: int, outcomes: Sequence[str], limit: int
) -> list[RunItem]:
    """How posts of a run ended, of the given outcomes, by post."""
    query = (
        sa.select(
            run_items.c.post_id,
            run_items.c.outcome,
            run_items.c.reason,
            run_items.c.detail,
            run_items.c.retry_at,
        )
        .join(posts, posts.c.id == run_items.c.post_id)
        .where(run_items.c.run_id == run_id, run_items.c.outcome.in_(outcomes), *within(scope, posts))
        .order_by(run_items.c.post_id)
        .limit(limit)
    )
    return [RunItem(*row) for row in connection.execute(query)]


def count_items(connection: sa.Connection, scope: Scope, run_id: int) -> dict[str, int]:
    """outcome -> how many posts of the run ended so; every outcome is there."""
    query = (
        sa.select(run_items.c.outcome, sa.func.count())
        .where(run_items.c.run_id == run_id, *within(scope, run_items))
        .group_by(run_items.c.outcome)
    )
    return dict.fromkeys(OUTCOMES, 0) | {row[0]: row[1] for row in connection.execute(query)}


def ended_posts(connection: sa.Connection, scope: Scope, run_id: int) -> set[int]:
    """Ids of the posts that ended in this run."""
    query = sa.select(run_items.c.post_id).where(run_items.c.run_id == run_id, *within(scope, run_items))
    return set(connection.execute(query).scalars())


def stored_before(
    connection: sa.Connection, scope: Scope, run_id: int, post_ids: Collection[int]
) -> set[int]:
    """Those of the posts of which something was stored earlier in the run."""
    query = sa.select(run_items.c.post_id).where(
        run_items.c.run_id == run_id, run_items.c.outcome == "stored", *within(scope, run_items)
    )
    return {
        post_id
        for some in chunks(post_ids)
        for post_id in connection.execute(query.where(run_items.c.post_id.in_(some))).scalars()
    }


def close_abandoned(connection: sa.Connection, scope: Scope, started_before: datetime, now: datetime) -> int:
    """Close runs, begun before an instant, that a killed process left open, with the counts they came to;
    returns how many."""
    left = (runs.c.state == "running", runs.c.started_at < started_before, *within(scope, runs))
    lines = sa.select(sa.func.count()).where(import_lines.c.run_id == import_files.c.run_id)
    connection.execute(
        sa.update(import_files)
        .where(import_files.c.run_id.in_(sa.select(runs.c.id).where(*left)))
        .values(
            {
                each: lines.where(import_lines.c.outcome == each).correlate(import_files).scalar_subquery()
                for each in OUTCOMES
            }
        )
    )
    message = "The process ended before the run did."
    return connection.execute(
        sa.update(runs).where(*left).values(state="failed", ended_at=now, message=message, **_counted())
    ).rowcount


def count_snapshots(connection: sa.Connection, scope: Scope) -> int:
    """How many daily snapshots the scope holds."""
    query = sa.select(sa.func.count()).select_from(post_analytics)
    return connection.execute(query.where(*within(scope, post_analytics))).scalar_one()
