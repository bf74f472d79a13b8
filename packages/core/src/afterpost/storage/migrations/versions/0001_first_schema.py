"""The first schema.

Revision ID: 0001
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The metrics of this revision; a later one adds columns of its own.
METRICS = (
    "views",
    "impressions",
    "reach",
    "likes",
    "dislikes",
    "comments",
    "shares",
    "quotes",
    "saves",
    "clicks_link",
    "clicks_profile",
    "clicks_post",
    "follows",
    "unfollows",
    "watch_time_seconds",
)


def counters(*kinds: str) -> Iterator[sa.Column[int]]:
    for name in METRICS:
        for kind in kinds:
            yield sa.Column(f"{name}_{kind}", sa.BigInteger(), server_default="0", nullable=False)


def snapshot_columns() -> Iterator[sa.Column[int]]:
    for name in METRICS:
        yield sa.Column(f"{name}_total", sa.BigInteger(), comment="lifetime total; null: not reported")
        yield sa.Column(f"{name}_gain", sa.BigInteger(), comment="since its last known total; null: unknown")
        yield sa.Column(f"{name}_days", sa.Integer(), comment="days the gain covers")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "definition_sets",
        sa.Column("id", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON: definitions and kinds of metrics"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition_sets")),
        sa.UniqueConstraint("body", name=op.f("uq_definition_sets_body")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "organizations",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False, comment="IANA zone that days are cut in"),
        sa.Column("zone_fixed", sa.Boolean(), nullable=False, comment="true from the first snapshot on"),
        sa.Column(
            "change_seq", sa.BigInteger(), nullable=False, comment="last number of the change sequence"
        ),
        sa.Column("changed_at", sa.BigInteger(), nullable=True, comment="when change_seq last moved"),
        sa.Column(
            "refreshed_at",
            sa.BigInteger(),
            nullable=True,
            comment="last refresh of all posts that was asked for",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "attendance",
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column(
            "gap", sa.Integer(), nullable=False, comment="days since the post's previous snapshot; 0: first"
        ),
        sa.Column("posts", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_attendance_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id",
            "brand_id",
            "day",
            "account_id",
            "platform",
            "content_type",
            "gap",
            name=op.f("pk_attendance"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "brands",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_brands_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("organization_id", "slug", name=op.f("uq_brands_organization_id_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "changes",
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column(
            "post_ids", sa.Text(), nullable=False, comment="JSON: posts whose snapshot of that day changed"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_changes_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "seq", "day", name=op.f("pk_changes")),
        comment="snapshot changes that the learning rows do not hold yet; a row leaves when it was synced",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON: the event"),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_outbox_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rollups",
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("snapshots", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unrated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rated_engagements", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rated_views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rated_impressions", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rated_by_views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rated_by_impressions", sa.BigInteger(), server_default="0", nullable=False),
        *counters("gain", "estimated", "covered", "n", "change"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_rollups_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint(
            "organization_id",
            "brand_id",
            "day",
            "account_id",
            "platform",
            "content_type",
            name=op.f("pk_rollups"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="collect, import, ingest or sync"),
        sa.Column("state", sa.Text(), nullable=False, comment="running, done or failed"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("posts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stored", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_runs_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_runs_organization_id_kind_id", "runs", ["organization_id", "kind", "id"], unique=False
    )
    op.create_table(
        "standing",
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        *counters("n", "change"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_standing_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "brand_id", "account_id", "platform", "content_type", name=op.f("pk_standing")
        ),
        comment="the sum of rollups over all days, so that a lifetime total needs no scan of the history",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "accounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="active, stopped or disconnected"),
        sa.Column("credential", sa.LargeBinary(), nullable=True, comment="AES-GCM, bound to this row"),
        sa.Column("listed", sa.Boolean(), nullable=False, comment="its posts were listed to the end once"),
        sa.Column("next_list_at", sa.BigInteger(), nullable=True, comment="when its posts are listed again"),
        sa.Column(
            "parked_until", sa.BigInteger(), nullable=True, comment="the provider asked to wait until then"
        ),
        sa.Column("last_refresh_at", sa.BigInteger(), nullable=True),
        sa.Column("failure_kind", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_accounts_brand_id_brands")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_accounts_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "organization_id",
            "platform",
            "external_id",
            name=op.f("uq_accounts_organization_id_platform_external_id"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("observer", sa.Text(), nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["outbox.id"], name=op.f("fk_deliveries_event_id_outbox")),
        sa.PrimaryKeyConstraint("observer", "event_id", name=op.f("pk_deliveries")),
        comment="events an observer has still to receive; consumed by row, never by a high-water mark",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posts",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=True),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column(
            "published_at",
            sa.BigInteger(),
            nullable=True,
            comment="as the earliest reading gave it, else as listed",
        ),
        sa.Column("links", sa.Text(), nullable=False, comment="creative links, JSON"),
        sa.Column("state", sa.Text(), nullable=False, comment="live or gone"),
        sa.Column("misses", sa.Integer(), nullable=False, comment="reads in a row that did not find it"),
        sa.Column(
            "gone_at", sa.BigInteger(), nullable=True, comment="first read of those that did not find it"
        ),
        sa.Column(
            "due_at",
            sa.BigInteger(),
            nullable=True,
            comment="next scheduled read; null: not read by schedule",
        ),
        sa.Column(
            "refreshed_at",
            sa.BigInteger(),
            nullable=True,
            comment="last refresh of this post that was asked for",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_posts_account_id_accounts")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_posts_brand_id_brands")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_posts_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint(
            "organization_id",
            "platform",
            "external_id",
            name=op.f("uq_posts_organization_id_platform_external_id"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_posts_account_id_due_at", "posts", ["account_id", "due_at"], unique=False)
    op.create_index(
        "ix_posts_organization_id_published_at", "posts", ["organization_id", "published_at"], unique=False
    )
    op.create_table(
        "content_performance",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("measured_on", sa.Integer(), nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=True),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger()) for name in METRICS),
        sa.Column("clicks", sa.BigInteger(), nullable=True),
        sa.Column("engagements", sa.BigInteger(), nullable=True),
        sa.Column("exposure", sa.Text(), nullable=True),
        sa.Column("engagement_rate", sa.Float(), nullable=True),
        sa.Column("interaction_rate", sa.Float(), nullable=True),
        sa.Column("performance_score", sa.Integer(), nullable=True),
        sa.Column(
            "rate_margin",
            sa.Float(),
            nullable=True,
            comment="half the 90 % interval of engagement_rate, in points",
        ),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("change_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_content_performance_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_content_performance_post_id_posts")),
        sa.PrimaryKeyConstraint("post_id", "platform", "measured_on", name=op.f("pk_content_performance")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daily_metrics",
        sa.Column("day", sa.Integer(), nullable=False, comment="a day in the provider's zone"),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_daily_metrics_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_daily_metrics_post_id_posts")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_daily_metrics_run_id_runs")),
        sa.PrimaryKeyConstraint(
            "day", "post_id", "metric", "observed_at", "value", name=op.f("pk_daily_metrics")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "latest",
        sa.Column("post_id", ID, autoincrement=False, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False, comment="earliest reading"),
        sa.Column(
            "published_at", sa.BigInteger(), nullable=True, comment="publication as that reading gave it"
        ),
        sa.Column("known", sa.Text(), nullable=False, comment="JSON: metric to [last known total, its day]"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_latest_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_latest_post_id_posts")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_latest")),
    )
    op.create_table(
        "observations",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="of values, definitions, publication"),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("definition_id", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON: metric to value"),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False, comment="api, csv, manual or webhook"),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"],
            ["definition_sets.id"],
            name=op.f("fk_observations_definition_id_definition_sets"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_observations_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_observations_post_id_posts")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_observations_run_id_runs")),
        sa.PrimaryKeyConstraint("day", "post_id", "observed_at", "digest", name=op.f("pk_observations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "post_analytics",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("prev_day", sa.Integer(), nullable=True, comment="the post's previous snapshot"),
        sa.Column("offers", sa.Integer(), nullable=False, comment="engagement parts asked for, bit set"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("change_seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "other",
            sa.Text(),
            nullable=True,
            comment="JSON: native counters as [total, gain, days], gauges as numbers",
        ),
        *snapshot_columns(),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_post_analytics_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_analytics_post_id_posts")),
        sa.PrimaryKeyConstraint("day", "post_id", "platform", name=op.f("pk_post_analytics")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_items",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="stored, unchanged, skipped or failed"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why skipped, or the class of the failure"),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_run_items_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_run_items_post_id_posts")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_items_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", "post_id", name=op.f("pk_run_items")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("run_items")
    op.drop_table("post_analytics")
    op.drop_table("observations")
    op.drop_table("latest")
    op.drop_table("daily_metrics")
    op.drop_table("content_performance")
    op.drop_index("ix_posts_organization_id_published_at", table_name="posts")
    op.drop_index("ix_posts_account_id_due_at", table_name="posts")
    op.drop_table("posts")
    op.drop_table("deliveries")
    op.drop_table("accounts")
    op.drop_table("standing")
    op.drop_index("ix_runs_organization_id_kind_id", table_name="runs")
    op.drop_table("runs")
    op.drop_table("rollups")
    op.drop_table("outbox")
    op.drop_table("changes")
    op.drop_table("brands")
    op.drop_table("attendance")
    op.drop_table("organizations")
    op.drop_table("definition_sets")
