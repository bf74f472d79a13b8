"""What an answer about an earlier instant needs to know: when facts that change were known.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them, and fill in of the past what is still known of it."""
    op.create_table(
        "absences",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False, comment="when it counted as gone"),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="first read that did not find it"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="when it was found again"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_absences_post_id_posts")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_absences_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("post_id", "confirmed_at", name=op.f("pk_absences")),
        comment="when posts were gone, for posts only says whether they are",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "change_times",
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_change_times_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "seq", name=op.f("pk_change_times")),
        comment="when each number of the change sequence was given out",
        sqlite_with_rowid=False,
    )
    op.add_column(
        "posts",
        sa.Column(
            "announced_at", sa.BigInteger(), nullable=True, comment="publication as given with the new post"
        ),
    )
    op.add_column("daily_metrics", sa.Column("recorded_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE posts SET announced_at = published_at")
    op.execute(
        "INSERT INTO absences (post_id, confirmed_at, organization_id, since) "
        "SELECT id, gone_at, organization_id, gone_at FROM posts WHERE state = 'gone' AND gone_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO change_times (organization_id, seq, changed_at) "
        "SELECT id, change_seq, changed_at FROM organizations WHERE changed_at IS NOT NULL"
    )
    # The run says when it was at the latest.
    op.execute(
        "UPDATE daily_metrics SET recorded_at = "
        "(SELECT COALESCE(ended_at, started_at) FROM runs WHERE runs.id = daily_metrics.run_id)"
    )
    with op.batch_alter_table("daily_metrics", table_kwargs={"sqlite_with_rowid": False}) as batch:
        batch.alter_column("recorded_at", existing_type=sa.BigInteger(), nullable=False)


def downgrade() -> None:
    """Forget when it was."""
    with op.batch_alter_table("daily_metrics", table_kwargs={"sqlite_with_rowid": False}) as batch:
        batch.drop_column("recorded_at")
    op.drop_column("posts", "announced_at")
    op.drop_table("change_times")
    op.drop_table("absences")
