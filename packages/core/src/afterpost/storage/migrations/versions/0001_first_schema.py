"""The first schema: every table as `storage.tables` has it.

Until the first release this schema changes freely, and its revision with it: a database that an earlier
state of the code made is refused, never half understood (docs/adr/0028). The first release writes it out.
"""

from alembic import op

from afterpost.storage.migrate import FIRST
from afterpost.storage.tables import metadata

revision, down_revision, branch_labels, depends_on = FIRST, None, None, None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind(), checkfirst=False)
