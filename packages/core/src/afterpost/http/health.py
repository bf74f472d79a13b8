"""Health: is the process there, and can it answer?"""

import asyncio
from typing import Literal

from litestar import Router, get
from msgspec import Struct

from afterpost.http.errors import Unavailable, problems
from afterpost.http.views import NoMeta
from afterpost.services.core import Core
from afterpost.services.standing import schemas_behind

PATIENCE = 5.0
"""Seconds the database may take to answer."""


class Health(Struct, frozen=True):
    """`live`: the process answers; `ready`: so does its database."""

    status: Literal["live", "ready"]


class HealthAnswer(Struct, frozen=True):
    """How this process is."""

    data: Health
    meta: NoMeta = NoMeta()


def health_routes(core: Core) -> Router:
    """`/health/live` and `/health/ready`, open to everyone; they tell nothing else."""
    # Plugins are asked once, when the app is built.
    own_tables = core.plugins.migrations()

    @get("/live", summary="Is the process there?", responses=problems(keyed=False))
    async def live() -> HealthAnswer:
        """Answers as long as the process does."""
        return HealthAnswer(Health("live"))

    @get("/ready", summary="Can it answer?", responses=problems("unavailable", keyed=False))
    async def ready() -> HealthAnswer:
        """Answers when the database does and its schema is the one this version needs; else 503."""
        try:
            async with asyncio.timeout(PATIENCE):
                behind = await core.database.reading(schemas_behind, core, own_tables)
        except Exception as error:
            core.log.warning("not ready: %s: %s", type(error).__name__, error)
            raise Unavailable("The database does not answer.") from error
        if behind:
            raise Unavailable(
                f"The schema of {', '.join(behind)} is behind.",
                hint="Restart Afterpost: it brings its schema up to date.",
            )
        return HealthAnswer(Health("ready"))

    return Router("/health", route_handlers=[live, ready])
