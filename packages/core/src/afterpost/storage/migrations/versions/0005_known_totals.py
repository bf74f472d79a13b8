"""`latest.known` is metric to total, and the days that are not the last one stand apart, in `behind`.

Revision ID: 0005
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LATEST = sa.table(
    "latest",
    sa.column("post_id", sa.BigInteger),
    sa.column("last_day", sa.Integer),
    sa.column("known", sa.Text),
    sa.column("behind", sa.Text),
)


BATCH = 10_000


def upgrade() -> None:
    """Take the days out of `known`."""
    behind = "JSON: metric to the day of that, where it is before last_day"
    op.add_column("latest", sa.Column("behind", sa.Text(), comment=behind))
    connection = op.get_bind()
    if connection.dialect.supports_comments:
        op.alter_column("latest", "known", comment="JSON: metric to last known total")
    change = (
        sa.update(LATEST)
        .where(LATEST.c.post_id == sa.bindparam("post"))
        .values(known=sa.bindparam("totals"), behind=sa.bindparam("days"))
    )
    query = sa.select(LATEST.c.post_id, LATEST.c.last_day, LATEST.c.known).order_by(LATEST.c.post_id)
    rows = connection.execute(query.limit(BATCH)).all()
    while rows:
        connection.execute(change, [divided(*row) for row in rows])
        rows = connection.execute(query.where(LATEST.c.post_id > rows[-1].post_id).limit(BATCH)).all()


def divided(post: int, last_day: int, known: str) -> dict[str, int | str | None]:
    """A row's new values; JSON as `storage.latest` writes it."""
    pairs = sorted(json.loads(known).items())
    totals = {metric: total for metric, (total, _) in pairs}
    days = {metric: day for metric, (_, day) in pairs if day != last_day}
    return {"post": post, "totals": as_json(totals), "days": as_json(days) if days else None}


def as_json(mapping: dict[str, int]) -> str:
    """Compact JSON."""
    return json.dumps(mapping, separators=(",", ":"))
