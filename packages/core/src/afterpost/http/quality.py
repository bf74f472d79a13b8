"""Which stored numbers are doubtful, and why."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.domain.quality import Flaw, Severity
from afterpost.http.asking import OF_ALL, Asking
from afterpost.http.errors import problems
from afterpost.http.params import PageSize
from afterpost.http.scope import Call
from afterpost.services.quality import QualityMeta, quality


class QualityAnswer(Struct, frozen=True):
    """The flaws of a window, warnings and the newest first."""

    data: tuple[Flaw, ...]
    meta: QualityMeta


@get(
    "/quality",
    dependencies=OF_ALL,
    summary="Which numbers are doubtful",
    responses=problems("not_found", "invalid_window"),
)
async def read_quality(
    call: Call,
    question: Asking,
    severity: Annotated[Severity | None, QueryParameter(description="Only flaws of this severity")] = None,
    limit: PageSize = 50,
) -> QualityAnswer:
    """Counters that fell, froze, became 0 or null, impossible ratios, and accounts that were hardly read."""
    return QualityAnswer(*await call.reading(quality, question, severity=severity, limit=limit))
