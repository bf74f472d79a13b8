"""Row security on core's snapshots; `afterpost ee detach` goes back to before this."""

from alembic import op

from afterpost_ee.row_security import ATTACH, DETACH

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


def upgrade() -> None:
    """Attach it where the database has such a thing."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in ATTACH:
            op.execute(statement)


def downgrade() -> None:
    """Take it off again."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in DETACH:
            op.execute(statement)
