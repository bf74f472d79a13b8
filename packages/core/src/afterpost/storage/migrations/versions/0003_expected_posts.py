"""Indexes that coverage is counted from, and versions of what answers show.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COLUMNS = ["organization_id", "published_at", "account_id", "brand_id", "platform", "content_type", "state"]


def upgrade() -> None:
    """The wider index takes the place of the narrow one."""
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
    op.create_index("ix_posts_expected", "posts", [*_COLUMNS, "gone_at"])
    of_gone = ["organization_id", "gone_at", *_COLUMNS[1:6]]
    gone = sa.text("state = 'gone'")
    op.create_index("ix_posts_gone", "posts", of_gone, sqlite_where=gone, postgresql_where=gone)
    op.drop_index("ix_posts_organization_id_published_at", "posts")


def downgrade() -> None:
    """Back to the narrow one."""
    op.drop_table("versions")
    op.create_index("ix_posts_organization_id_published_at", "posts", _COLUMNS[:2])
    op.drop_index("ix_posts_gone", "posts")
    op.drop_index("ix_posts_expected", "posts")
