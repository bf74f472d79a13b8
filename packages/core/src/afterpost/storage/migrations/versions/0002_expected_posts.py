"""An index that coverage is counted from.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = ["organization_id", "published_at", "account_id", "brand_id", "platform", "content_type", "state"]


def upgrade() -> None:
    """The wider index takes the place of the narrow one."""
    op.create_index("ix_posts_expected", "posts", [*_COLUMNS, "gone_at"])
    op.drop_index("ix_posts_organization_id_published_at", "posts")


def downgrade() -> None:
    """Back to the narrow one."""
    op.create_index("ix_posts_organization_id_published_at", "posts", _COLUMNS[:2])
    op.drop_index("ix_posts_expected", "posts")
