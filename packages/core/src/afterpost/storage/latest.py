"""Where each post's history stands: one row a post, so that a normal batch touches no history."""

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import First, Known, State
from afterpost.domain.windows import local_day_number, zone_of
from afterpost.storage.dialect import Value, bulk
from afterpost.storage.posts import chunks
from afterpost.storage.scoping import within
from afterpost.storage.tables import latest, posts
from afterpost.storage.types import to_micros

COLUMNS = ("post_id", "organization_id", "first_day", "last_day", "first_at", "published_at", "known")
_known = msgspec.json.Decoder(dict[str, Known]).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def load(connection: sa.Connection, scope: Scope, post_ids: Iterable[int], zone: str) -> dict[int, State]:
    """post id -> state, of those that have one."""
    found: dict[int, State] = {}
    cut = zone_of(zone)
    for some in chunks(post_ids):
        query = (
            sa.select(latest)
            .join(posts, posts.c.id == latest.c.post_id)
            .where(latest.c.post_id.in_(some), *within(scope, posts))
        )
        for row in connection.execute(query):
            published = None if row.published_at is None else local_day_number(row.published_at, cut)
            first = First(row.first_at, row.published_at, published)
            found[row.post_id] = State(first, row.first_day, row.last_day, _known(row.known))
    return found


def save(connection: sa.Connection, scope: Scope, states: Sequence[tuple[int, int, State]]) -> None:
    """Write states: (post id, organisation id, state)."""
    rows: list[tuple[Value, ...]] = []
    for post_id, organization_id, state in states:
        if scope.organizations is not None and organization_id not in scope.organizations:
            raise ValueError("a post of an organisation outside the scope")
        published = None if state.first.published_at is None else to_micros(state.first.published_at)
        rows.append(
            (
                post_id,
                organization_id,
                state.first_day,
                state.last_day,
                to_micros(state.first.at),
                published,
                _encode(state.known).decode(),
            )
        )
    bulk(connection, latest, COLUMNS, rows, mode="replace")
