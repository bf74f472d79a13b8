"""The archive of raw payloads, and the way from a post of a run to what it was read from.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def organization(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
    )


def upgrade() -> None:
    """Make the three tables; posts of earlier runs were read from nothing that was kept."""
    op.create_table(
        "fetches",
        sa.Column("id", ID, nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True, comment="null: it came to us"),
        sa.Column("platform", sa.Text(), nullable=False, comment="who was asked; empty: it came to us"),
        sa.Column(
            "operation",
            sa.Text(),
            nullable=False,
            comment="how it was asked: storage/archive.py names them",
        ),
        sa.Column("asked", sa.Text(), nullable=False, comment="JSON: what was asked, and under which terms"),
        sa.Column("records", sa.BigInteger(), nullable=True, comment="records of a file that are stored"),
        sa.Column("asked_at", sa.BigInteger(), nullable=False, comment="the instant its readings carry"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        organization("fetches"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_fetches_run_id_runs")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_fetches_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
        comment="what was asked of a network, or came to us, that readings were made of",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "payloads",
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the payload as kept"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes, unpacked"),
        sa.Column("stored", sa.BigInteger(), nullable=False, comment="bytes of body; 0: it was dropped"),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False, comment="the youngest fetch that it answered"),
        sa.Column("dropped", sa.Text(), nullable=True, comment="why the body is gone: size, age or space"),
        sa.Column("dropped_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="zlib; null: it was dropped"),
        organization("payloads"),
        sa.PrimaryKeyConstraint("organization_id", "platform", "digest", name=op.f("pk_payloads")),
        comment="raw answers and files without secrets, each once; the hash outlives the body",
    )
    op.create_index(
        "ix_payloads_organization_id_platform_last_at", "payloads", ["organization_id", "platform", "last_at"]
    )
    op.create_table(
        "fetch_payloads",
        sa.Column("fetch_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organization_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the payload as kept; null: it has none",
        ),
        sa.Column("missing", sa.Text(), nullable=True, comment="why it has none: token or stream"),
        sa.Column("method", sa.Text(), nullable=True, comment="of the request; null: it came to us"),
        sa.Column("url", sa.Text(), nullable=True, comment="of the request, without secrets"),
        sa.Column(
            "sent",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the request's body without secrets",
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column(
            "headers",
            sa.Text(),
            nullable=True,
            comment="JSON: those of the answer that a provider may go by",
        ),
        sa.ForeignKeyConstraint(
            ["fetch_id"], ["fetches.id"], name=op.f("fk_fetch_payloads_fetch_id_fetches")
        ),
        organization("fetch_payloads"),
        sa.PrimaryKeyConstraint("fetch_id", "position", name=op.f("pk_fetch_payloads")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_fetch_payloads_organization_id_digest", "fetch_payloads", ["organization_id", "digest"]
    )
    op.add_column(
        "run_items",
        sa.Column(
            "fetch_id", ID, nullable=True, comment="the row of fetches that its numbers were read from"
        ),
    )


def downgrade() -> None:
    """Drop what was kept."""
    op.drop_column("run_items", "fetch_id")
    op.drop_table("fetch_payloads")
    op.drop_table("payloads")
    op.drop_table("fetches")
