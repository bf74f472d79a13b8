"""Imported files, and how each line of them ended: the way from a number back to the file it stood in."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.dialect import bulk
from afterpost.storage.scoping import within
from afterpost.storage.tables import import_files, import_lines, posts


class ImportFile(Struct, frozen=True, kw_only=True):
    """An imported file. `part`: the file of an archive, or the sheet of a workbook, that was read; `sha256`
    and `bytes` are of the whole, None where it came through a pipe. The counts are of lines."""

    run_id: int
    name: str
    part: str
    format: str
    sha256: str | None
    bytes: int | None
    observed_at: datetime
    stored: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0


class ImportLine(Struct, frozen=True):
    """How a line ended: stored, unchanged, skipped (reason) or failed (reason = class)."""

    line: int
    outcome: str
    reason: str | None = None
    detail: str | None = None
    post_id: int | None = None


_FILE = [import_files.c[name] for name in ImportFile.__struct_fields__]
_LINE = [import_lines.c[name] for name in ImportLine.__struct_fields__]


def add_file(connection: sa.Connection, scope: Scope, organization_id: int, file: ImportFile) -> None:
    """Note which file a run reads."""
    _refuse_foreign(scope, organization_id)
    values = {name: getattr(file, name) for name in file.__struct_fields__}
    connection.execute(sa.insert(import_files).values(organization_id=organization_id, **values))


def count_lines(connection: sa.Connection, scope: Scope, run_id: int, counts: Mapping[str, int]) -> None:
    """Note what the lines of a run's file came to: outcome -> how many."""
    connection.execute(
        sa.update(import_files)
        .where(import_files.c.run_id == run_id, *within(scope, import_files))
        .values(**counts)
    )


def add_lines(
    connection: sa.Connection, scope: Scope, organization_id: int, run_id: int, lines: Sequence[ImportLine]
) -> None:
    """Note how lines ended. One that ended twice keeps its last outcome."""
    _refuse_foreign(scope, organization_id)
    rows = {
        line.line: (run_id, line.line, organization_id, line.post_id, line.outcome, line.reason, line.detail)
        for line in lines
    }
    columns = tuple(column.name for column in import_lines.columns)
    bulk(connection, import_lines, columns, list(rows.values()), mode="replace")


def get_file(connection: sa.Connection, scope: Scope, run_id: int) -> ImportFile | None:
    """The file of a run; None for one that read none."""
    query = sa.select(*_FILE).where(import_files.c.run_id == run_id, *within(scope, import_files))
    row = connection.execute(query).first()
    return ImportFile(**row._mapping) if row else None


def failed_lines(connection: sa.Connection, scope: Scope, run_id: int) -> int:
    """How many lines of a run's file failed, up to now."""
    query = sa.select(sa.func.count()).where(
        import_lines.c.run_id == run_id, import_lines.c.outcome == "failed", *within(scope, import_lines)
    )
    return connection.execute(query).scalar_one()


def first_observed(
    connection: sa.Connection, scope: Scope, organization_id: int, sha256: str
) -> datetime | None:
    """The earliest instant that a file of those bytes was said to be of."""
    query = sa.select(sa.func.min(import_files.c.observed_at)).where(
        import_files.c.organization_id == organization_id,
        import_files.c.sha256 == sha256,
        *within(scope, import_files),
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def lines_of(
    connection: sa.Connection,
    scope: Scope,
    run_id: int,
    *,
    after: int = 0,
    limit: int,
    outcome: str | None = None,
    post_id: int | None = None,
) -> list[ImportLine]:
    """Lines of a run's file in order, from the one behind `after`.

    A caller with some brands or accounts alone sees the lines of their posts, for the words of other lines
    may be about other posts.
    """
    query = (
        sa.select(*_LINE)
        .join(posts, posts.c.id == import_lines.c.post_id, isouter=True)
        .where(
            import_lines.c.run_id == run_id,
            import_lines.c.line > after,
            *within(scope, import_lines),
            sa.or_(import_lines.c.post_id.is_(None), sa.and_(sa.true(), *within(scope, posts))),
        )
        .order_by(import_lines.c.line)
        .limit(limit)
    )
    if scope.brands is not None or scope.accounts is not None:
        query = query.where(import_lines.c.post_id.is_not(None))
    if outcome is not None:
        query = query.where(import_lines.c.outcome == outcome)
    if post_id is not None:
        query = query.where(import_lines.c.post_id == post_id)
    return [ImportLine(*row) for row in connection.execute(query)]


def _refuse_foreign(scope: Scope, organization_id: int) -> None:
    if scope.organizations is not None and organization_id not in scope.organizations:
        raise ValueError("a file of an organisation outside the scope")
