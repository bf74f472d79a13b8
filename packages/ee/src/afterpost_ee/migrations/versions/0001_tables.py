"""The tables of this distribution."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "ee_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("organization_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("revoked_at", sa.Text),
    )
    op.create_table(
        "ee_audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("organization_id", sa.BigInteger, nullable=False, index=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("fact", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "ee_quotas",
        sa.Column("organization_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("posts_per_month", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ee_usage",
        sa.Column("organization_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ee_reservations",
        sa.Column("act_id", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.BigInteger, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them, with what they hold."""
    for table in ("ee_reservations", "ee_usage", "ee_quotas", "ee_audit", "ee_keys"):
        op.drop_table(table)
