"""The tables of this distribution, all named `ee_…`; core's are known by name and id alone.

Instants are ISO 8601 in UTC with microseconds: they sort as text and read as what they are.
"""

from datetime import UTC, datetime

import sqlalchemy as sa

metadata = sa.MetaData()

keys = sa.Table(
    "ee_keys",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("organization_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # The digest of the key: the key itself is shown once and kept nowhere.
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.Text),
)

audit = sa.Table(
    "ee_audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("organization_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("fact", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

quotas = sa.Table(
    "ee_quotas",
    metadata,
    sa.Column("organization_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("posts_per_month", sa.BigInteger, nullable=False),
)

usage = sa.Table(
    "ee_usage",
    metadata,
    sa.Column("organization_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
)

reservations = sa.Table(
    "ee_reservations",
    metadata,
    sa.Column("act_id", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.BigInteger, nullable=False),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
)


def written(at: datetime) -> str:
    """An aware instant as these tables hold it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
