"""Whether an answer given before is still the answer, without working it out again."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from afterpost import __version__
from afterpost.domain.scope import Scope
from afterpost.domain.windows import local_day, zone_of
from afterpost.services.core import Core
from afterpost.services.kept import Kept
from afterpost.services.meanings import latency
from afterpost.storage.versions import Version, current


class Versions:
    """Marks of answers. Two marks are equal only where the answers say the same.

    A mark is made of all an answer follows from: the versions of the data, which days are over and which are
    complete, the software and its plugins, what the caller may see, and what was asked.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._software = [__version__, *sorted(core.providers)]
        # A day is over at midnight, and complete on a platform when its latency has passed as well.
        late = {latency(provider.capabilities) for provider in core.providers.values()}
        self._latencies = sorted({timedelta(0), *late})
        self.answers: Kept[bytes] = Kept(bytes_in=len, room=ROOM)
        self._seen: dict[Scope, tuple[int, tuple[Version, ...]]] = {}

    async def mark(self, scope: Scope, asked: Sequence[object]) -> str:
        """The mark of the answer to what is `asked` (plain data), as of now."""
        now = self._core.now()
        stands = [
            (*version, *(local_day(now - late, zone_of(version.time_zone)) for late in self._latencies))
            for version in await self._current(scope)
        ]
        seen = [
            None if ids is None else sorted(ids)
            for ids in (scope.organizations, scope.brands, scope.accounts)
        ]
        body = msgspec.json.encode([self._software, stands, seen, asked])
        return hashlib.sha256(body).hexdigest()[:32]

    async def _current(self, scope: Scope) -> tuple[Version, ...]:
        """The versions, asked of the database only where something was committed since the last time."""
        database = self._core.database
        commits = database.commits()
        known = self._seen.get(scope)
        if commits is not None and known is not None and known[0] == commits:
            return known[1]
        # Counted before they are read: what is committed in between is asked again the next time.
        found = await database.reading(self._read, scope)
        if commits is not None:
            if len(self._seen) >= SCOPES:
                self._seen.clear()
            self._seen[scope] = (commits, found)
        return found

    def _read(self, scope: Scope) -> tuple[Version, ...]:
        with self._core.read(scope) as connection:
            return current(connection, scope)


ROOM = 16 * 1024 * 1024
"""Bytes of answers that are kept, the ones not asked for the longest going first."""

SCOPES = 1_000
"""Scopes whose versions are remembered."""
