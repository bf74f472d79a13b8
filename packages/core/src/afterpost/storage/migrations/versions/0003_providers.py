"""What core keeps beside the facts to ask platforms well: apps, pauses, spending, sign-ins, account numbers.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def organization() -> sa.Column[int]:
    return sa.Column("organization_id", ID, sa.ForeignKey("organizations.id"), nullable=False)


def account() -> sa.Column[int]:
    return sa.Column("account_id", ID, sa.ForeignKey("accounts.id"), nullable=False)


def upgrade() -> None:
    """Add them; accounts connected before belong to the app without a name."""
    for column in (
        sa.Column(
            "app",
            sa.Text,
            nullable=False,
            server_default=sa.text("''"),
            comment="of which app's limits it uses",
        ),
        sa.Column(
            "scopes",
            sa.Text,
            nullable=False,
            server_default=sa.text("''"),
            comment="granted ones, by space",
        ),
        sa.Column(
            "credential_version",
            sa.BigInteger,
            nullable=False,
            server_default="0",
            comment="one more each time",
        ),
        sa.Column(
            "renew_at", sa.BigInteger, comment="when its credential is renewed even if nothing is read"
        ),
        sa.Column("renewing_until", sa.BigInteger, comment="somebody is renewing it, or died doing so"),
        sa.Column("next_account_at", sa.BigInteger, comment="when its own numbers are read again"),
        sa.Column("next_daily_at", sa.BigInteger, comment="when series by day are read again"),
    ):
        op.add_column("accounts", column)
    op.create_table(
        "pauses",
        sa.Column("id", ID, primary_key=True),
        organization(),
        account(),
        sa.Column("state", sa.Text, nullable=False, comment="stopped or disconnected"),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Index("ix_pauses_account_id_began_at", "account_id", "began_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "parkings",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("platform", "app", name="pk_parkings"),
        comment="apps that a platform asked to wait: all accounts of the app do",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spending",
        sa.Column("bucket", sa.Text, nullable=False, comment="a limit of an app or account"),
        sa.Column("begins_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False, comment="from when on it no longer counts"),
        sa.Column("spent", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "begins_at", name="pk_spending"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sign_ins",
        sa.Column("state", sa.LargeBinary, nullable=False, comment="digest of what the browser brings back"),
        organization(),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="AES-GCM: verifier and app"),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_sign_ins"),
        comment="sign-ins under way; a row leaves when it is used",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account_metrics",
        account(),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        organization(),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("observed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "day", "metric", name="pk_account_metrics"),
        comment="the last value of each day",
        sqlite_with_rowid=False,
    )
