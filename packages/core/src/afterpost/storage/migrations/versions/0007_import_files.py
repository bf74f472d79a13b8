"""Imported files, and how each of their lines ended.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def organization() -> sa.Column[int]:
    return sa.Column("organization_id", ID, sa.ForeignKey("organizations.id"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "import_files",
        sa.Column("run_id", ID, sa.ForeignKey("runs.id"), primary_key=True, autoincrement=False),
        organization(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(
            "part", sa.Text, nullable=False, comment="file of an archive, sheet of a workbook, or empty"
        ),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, comment="hexadecimal; null: it came through a pipe"),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("observed_at", sa.BigInteger, nullable=False, comment="of lines that don't say when"),
        *(counter(name) for name in ("stored", "unchanged", "skipped", "failed")),
    )
    op.create_index("ix_import_files_organization_id_sha256", "import_files", ["organization_id", "sha256"])
    op.create_table(
        "import_lines",
        sa.Column("run_id", ID, sa.ForeignKey("import_files.run_id"), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        organization(),
        sa.Column("post_id", ID, sa.ForeignKey("posts.id"), comment="null: none of ours"),
        sa.Column("outcome", sa.Text, nullable=False, comment="stored, unchanged, skipped or failed"),
        sa.Column("reason", sa.Text, comment="why skipped, or the class of the failure"),
        sa.Column("detail", sa.Text),
        sa.PrimaryKeyConstraint("run_id", "line"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("import_lines")
    op.drop_table("import_files")
