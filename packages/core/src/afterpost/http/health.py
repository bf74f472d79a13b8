"""Health: is the process there, and can it answer?"""

import asyncio
from typing import Literal

from litestar import Router, get
from msgspec import Struct

from afterpost.domain.errors import StorageUnavailable
from afterpost.http.errors import STORAGE, Unavailable, problems
from afterpost.http.views import NoMeta
from afterpost.services.core import Core
from afterpost.services.standing import schemas_behind

PATIENCE = 5.0
"""Seconds the database may take to answer."""


class Liveness(Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"


class LiveAnswer(Struct, frozen=True):
    """Whether the process is there."""

    data: Liveness = Liveness()
    meta: NoMeta = NoMeta()


class Readiness(Struct, frozen=True):
    """The database answers. `degraded`: plugins of which something was dropped; `doctor` says what."""

    degraded: list[str]
    status: Literal["ready"] = "ready"


class ReadyAnswer(Struct, frozen=True):
    """Whether this process can answer."""

    data: Readiness
    meta: NoMeta = NoMeta()


def health_routes(core: Core) -> Router:
    """`/health/live` and `/health/ready`, open to everyone; they tell nothing else."""
    # Plugins are asked once, when the app is built.
    own_tables = core.plugins.migrations()

    @get("/live", summary="Is the process there?", responses=problems(keyed=False))
    async def live() -> LiveAnswer:
        """Answers as long as the process does."""
        return LiveAnswer()

    @get("/ready", summary="Can it answer?", responses=problems("unavailable", *STORAGE, keyed=False))
    async def ready() -> ReadyAnswer:
        """Answers when the database does, with this version's schema, and took what it was last given."""
        try:
            async with asyncio.timeout(PATIENCE):
                behind = await core.database.reading(schemas_behind, core, own_tables)
        except StorageUnavailable as fault:
            core.log.warning("not ready: %s (%s)", fault.code, fault.__cause__)
            raise
        except Exception as error:
            core.log.warning("not ready: %s: %s", type(error).__name__, error)
            raise Unavailable("The database does not answer.") from error
        if (unwritable := core.database.unwritable()) is not None:
            raise unwritable
        if behind:
            raise Unavailable(
                f"The schema of {', '.join(behind)} is behind.",
                hint="Restart Afterpost: it brings its schema up to date.",
            )
        return ReadyAnswer(Readiness(sorted({each.plugin for each in core.plugins.degraded})))

    return Router("/health", route_handlers=[live, ready])
