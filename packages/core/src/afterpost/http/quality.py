"""Which stored numbers are doubtful, and why."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.domain.quality import Flaw, Order, Severity
from afterpost.http.asking import OF_ALL, Asking
from afterpost.http.errors import problems
from afterpost.http.paging import Pages
from afterpost.http.params import CursorText, PageSize
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
    responses=problems("not_found", "invalid_window", "invalid_cursor"),
)
async def read_quality(
    call: Call,
    question: Asking,
    severity: Annotated[Severity | None, QueryParameter(description="Only flaws of this severity")] = None,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> QualityAnswer:
    """Counters that fell, froze, became 0 or null, impossible ratios and publications, and accounts that were
    hardly read."""
    pages = Pages(call, "quality", question, severity)
    flaws, last, meta = await call.reading(
        quality, question, severity=severity, limit=limit, after=pages.after(cursor, Order)
    )
    return QualityAnswer(flaws, msgspec.structs.replace(meta, next_cursor=pages.cursor(last)))
