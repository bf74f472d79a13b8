"""Runs: what a collection, import, ingest or sync came to."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.http.errors import problems
from afterpost.http.paging import Pages
from afterpost.http.params import MAX_ID, CursorText, PageSize, RunId
from afterpost.http.scope import Call
from afterpost.http.views import (
    ImportFileView,
    ImportLineView,
    NoMeta,
    RunItemView,
    RunView,
    import_file_view,
    run_item_view,
    run_view,
)
from afterpost.services.import_run import file_of_run, lines_of_run
from afterpost.services.standing import page_of_runs, run_with_items


class RunDetail(Struct, frozen=True):
    """A run, its posts that failed or were skipped, and the file that an import read."""

    run: RunView
    items: list[RunItemView]
    file: ImportFileView | None


class RunAnswer(Struct, frozen=True):
    """One run."""

    data: RunDetail
    meta: NoMeta = NoMeta()


@get("/runs/{run_id:int}", summary="Show a run", responses=problems("not_found"))
async def read_run(call: Call, run_id: RunId, limit: PageSize = 50) -> RunAnswer:
    """A run's counts, up to now while it is open, and why posts failed or were skipped."""
    run, items = await call.reading(run_with_items, run_id, limit)
    file = await call.reading(file_of_run, run_id)
    shown = None if file is None else import_file_view(file)
    return RunAnswer(RunDetail(run_view(run), [run_item_view(item) for item in items], shown))


class RunsMeta(Struct, frozen=True):
    """`next_cursor`: give it as `cursor` for the next page; null on the last one."""

    next_cursor: str | None


class RunsAnswer(Struct, frozen=True):
    """A page of runs, newest first."""

    data: list[RunView]
    meta: RunsMeta


RunKind: TypeAlias = Annotated[
    Literal["collect", "import", "ingest", "sync", "replay"] | None,
    QueryParameter(description="Only runs of this kind"),
]
RunState: TypeAlias = Annotated[
    Literal["running", "done", "failed"] | None, QueryParameter(description="Only runs in this state")
]


@get("/runs", summary="List runs", responses=problems("invalid_cursor"))
async def read_runs(
    call: Call,
    kind: RunKind = None,
    in_state: RunState = None,
    cursor: CursorText = None,
    limit: PageSize = 50,
) -> RunsAnswer:
    """A page of runs, newest first. A cursor belongs to the filters it was made with."""
    pages = Pages(call, "runs", kind, in_state)
    after = pages.after(cursor, int)
    found, following = await call.reading(page_of_runs, limit=limit, kind=kind, state=in_state, after=after)
    return RunsAnswer([run_view(each) for each in found], RunsMeta(pages.cursor(following)))


Outcome: TypeAlias = Annotated[
    Literal["stored", "unchanged", "skipped", "failed"] | None,
    QueryParameter(description="Only lines that ended so"),
]
OfPost: TypeAlias = Annotated[
    int | None, QueryParameter(ge=1, le=MAX_ID, description="Only lines of this post")
]
After: TypeAlias = Annotated[
    int, QueryParameter(ge=0, le=2**31 - 1, description="`meta.next_after` of the page before")
]


class NextLines(Struct, frozen=True):
    """`next_after`: what to give as `after` for the next page; null when this is the last."""

    next_after: int | None


class LinesAnswer(Struct, frozen=True):
    """How lines of an imported file ended."""

    data: list[ImportLineView]
    meta: NextLines


@get("/runs/{run_id:int}/lines", summary="Show an imported file's lines", responses=problems("not_found"))
async def read_run_lines(
    call: Call,
    run_id: RunId,
    outcome: Outcome = None,
    post_id: OfPost = None,
    after: After = 0,
    limit: PageSize = 50,
) -> LinesAnswer:
    """How each line of an imported file ended, in order: the way back from a reading to where it stood."""
    found = await call.reading(
        lines_of_run, run_id, after=after, limit=limit + 1, outcome=outcome, post_id=post_id
    )
    page = [msgspec.convert(line, ImportLineView, from_attributes=True) for line in found[:limit]]
    return LinesAnswer(page, NextLines(page[-1].line if len(found) > limit else None))
