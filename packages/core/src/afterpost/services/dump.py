"""Every fact of an installation as lines of JSON, the same for two that came to the same facts."""

from collections.abc import Iterator

import msgspec

from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.storage import dump


def canonical(core: Core, scope: Scope) -> Iterator[bytes]:
    """One line a row, from one consistent state of the database; see `storage.dump` for what is in it.

    The rows come as they are read, so a database of any size is dumped in little memory.
    """
    encoder = msgspec.json.Encoder()
    with core.database.read() as connection:
        for table, rows in dump.TABLES.items():
            for row in rows(connection, scope):
                yield encoder.encode({"table": table, **row}) + b"\n"
