"""Runs: what a collection, import, ingest or sync came to."""

from litestar import get
from msgspec import Struct

from afterpost.http.errors import problems
from afterpost.http.params import PageSize, RunId
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta, RunItemView, RunView, run_item_view, run_view
from afterpost.services.standing import run_with_items


class RunDetail(Struct, frozen=True):
    """A run, and its posts that failed or were skipped."""

    run: RunView
    items: list[RunItemView]


class RunAnswer(Struct, frozen=True):
    """One run."""

    data: RunDetail
    meta: NoMeta = NoMeta()


@get("/runs/{run_id:int}", summary="Show a run", responses=problems("not_found"))
async def read_run(call: Call, run_id: RunId, limit: PageSize = 50) -> RunAnswer:
    """A run's counts, up to now while it is open, and why posts failed or were skipped."""
    run, items = await call.reading(run_with_items, run_id, limit)
    return RunAnswer(RunDetail(run_view(run), [run_item_view(item) for item in items]))
