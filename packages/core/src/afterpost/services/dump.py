"""Every fact of an installation as lines of JSON, the same for two that came to the same facts."""

from collections.abc import Callable, Generator
from itertools import islice

import msgspec

from afterpost.domain.scope import Actor, Scope
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.organization import organization_of
from afterpost.storage import dump

LINES = 1_000
"""Lines handed out at once."""


async def export(core: Core, scope: Scope, actor: Actor, write: Callable[[bytes], object]) -> None:
    """Hand every line of `canonical` to `write`. Guards are asked before."""
    organization = await core.database.reading(organization_of, core, scope)
    async with guarded(
        core, scope, actor, "export", "every fact", organization_id=organization.id, amount=None
    ) as done:
        lines = canonical(core, scope)

        def some() -> list[bytes]:
            return list(islice(lines, LINES))

        try:
            while chunk := await core.database.reading(some):
                write(b"".join(chunk))
                done.amount += len(chunk)
        finally:
            lines.close()


def canonical(core: Core, scope: Scope) -> Generator[bytes, None, None]:
    """One line a row, from one consistent state of the database; see `storage.dump` for what is in it.

    The rows come as they are read, so a database of any size is dumped in little memory.
    """
    encoder = msgspec.json.Encoder()
    with core.read(scope) as connection:
        for table, rows in dump.TABLES.items():
            for row in rows(connection, scope):
                yield encoder.encode({"table": table, **row}) + b"\n"
