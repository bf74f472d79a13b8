"""Versions of what answers show.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A table of its own: whoever waits for its lock waits for the end of a commit, no longer."""
    op.create_table(
        "versions",
        sa.Column("organization_id", _ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_versions_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_versions")),
        comment="moves with every commit that an answer may show (storage/versions.py)",
    )


def downgrade() -> None:
    """Back without it."""
    op.drop_table("versions")
