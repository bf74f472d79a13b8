"""Posts that answers look at one by one are found without going through all of them.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PUBLISHED, GONE, BEFORE = "ix_posts_published", "ix_posts_gone", "ix_posts_organization_id_published_at"


def upgrade() -> None:
    columns = ["organization_id", "published_at", "account_id", "platform", "content_type", "brand_id"]
    op.create_index(PUBLISHED, "posts", columns)
    columns = ["account_id", "state", "published_at", "gone_at", "platform", "content_type", "brand_id"]
    gone = sa.text("state = 'gone'")
    op.create_index(GONE, "posts", columns, sqlite_where=gone, postgresql_where=gone)
    op.drop_index(BEFORE, "posts")


def downgrade() -> None:
    op.create_index(BEFORE, "posts", ["organization_id", "published_at"])
    op.drop_index(GONE, "posts")
    op.drop_index(PUBLISHED, "posts")
