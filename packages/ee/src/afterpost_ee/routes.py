"""Routes under /v1/x/ee: what was done in the caller's own organisation, and what it used."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.api import Call, NoMeta, problems
from afterpost_ee import audit, quota
from afterpost_ee.audit import MOST, AuditEntry
from afterpost_ee.quota import Usage


class AuditAnswer(Struct, frozen=True):
    """Committed facts, newest first."""

    data: list[AuditEntry]
    meta: NoMeta = NoMeta()


class UsageAnswer(Struct, frozen=True):
    """Posts read and imported this month, and the quota."""

    data: list[Usage]
    meta: NoMeta = NoMeta()


@get("/audit", summary="What was committed", responses=problems())
async def read_audit(
    call: Call,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST, description="How many entries")] = 100,
) -> AuditAnswer:
    """The newest committed facts of the caller's organisation, each with who acted."""
    core, scope = call.core, call.scope

    def read() -> list[AuditEntry]:
        with core.read(scope) as connection:
            return audit.newest(connection, scope, limit)

    return AuditAnswer(await core.database.reading(read))


@get("/usage", summary="What the quota counts", responses=problems())
async def read_usage(call: Call) -> UsageAnswer:
    """What the caller's organisation used this month (UTC)."""
    core, scope = call.core, call.scope

    def read() -> list[Usage]:
        with core.read(scope) as connection:
            return quota.usage_of(connection, scope, quota.month_of(core.now()))

    return UsageAnswer(await core.database.reading(read))


ROUTES = (read_audit, read_usage)
