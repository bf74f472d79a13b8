"""Coverage is counted from an index.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = "ix_posts_attended"


def upgrade() -> None:
    columns = ["account_id", "platform", "published_at", "state", "gone_at", "brand_id", "content_type"]
    op.create_index(NAME, "posts", columns)


def downgrade() -> None:
    op.drop_index(NAME, "posts")
