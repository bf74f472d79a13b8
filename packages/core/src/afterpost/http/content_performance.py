"""The closed loop: the weekly summary, and the learning rows it is fed from."""

from datetime import datetime

from litestar import get, post
from msgspec import Struct

from afterpost.http.asking import OF_ALL, Asking
from afterpost.http.errors import problems
from afterpost.http.paging import Pages
from afterpost.http.params import Count, CursorText
from afterpost.http.rankings import PROBLEMS, RankingAnswer, ranked
from afterpost.http.scope import Call
from afterpost.http.tags import TAGGED
from afterpost.http.views import NoMeta, RunView, run_view
from afterpost.services.generation_context import GenerationContext, generation_context
from afterpost.services.prompts import Prompt, PromptKey, prompt_performance
from afterpost.services.sync import SyncResult, sync, sync_status
from afterpost.services.weekly import Weekly, weekly
from afterpost.services.windows import CountedMeta, Meta


class WeeklyAnswer(Struct, frozen=True):
    """What to learn from a window."""

    data: Weekly
    meta: Meta


class PromptsAnswer(Struct, frozen=True):
    """Posts by the prompt they were made from."""

    data: tuple[Prompt, ...]
    meta: CountedMeta


class ContextAnswer(Struct, frozen=True):
    """What was learned from a window, as a text."""

    data: GenerationContext
    meta: Meta


class SyncAnswer(Struct, frozen=True):
    """What a sync did."""

    data: SyncResult
    meta: NoMeta = NoMeta()


class SyncStatusView(Struct, frozen=True):
    """`rows`: learning rows there are; `pending`: changes of complete days that are not in them yet;
    `last_change`: number and time of the newest change; `last_run`: the newest sync."""

    rows: int
    pending: int
    last_change: int
    last_change_at: datetime | None
    last_run: RunView | None


class SyncStatusAnswer(Struct, frozen=True):
    """Where the learning rows stand."""

    data: SyncStatusView
    meta: NoMeta = NoMeta()


@get(
    "/content-performance/summary/weekly",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="The weekly summary",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_weekly(call: Call, question: Asking, top_n: Count = 5, worst_n: Count = 5) -> WeeklyAnswer:
    """Best and worst posts by engagement rate, platforms, posting hours and openings of complete days."""
    return WeeklyAnswer(*await call.reading(weekly, question, top_n=top_n, worst_n=worst_n))


@get(
    "/content-performance/summary/top-performers",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Best posts to learn from",
    responses=problems("not_found", "invalid_window", "invalid_as_of", "invalid_cursor"),
)
async def read_top_performers(
    call: Call, question: Asking, limit: Count = 10, cursor: CursorText = None
) -> RankingAnswer:
    """The best posts of complete days by shrunk rate; the same posts as `GET /v1/analytics/top`."""
    return await ranked(call, question, "engagement_rate", limit, cursor, worst=False)


@get(
    "/content-performance/summary/worst-performers",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Worst posts to learn from",
    responses=problems("not_found", "invalid_window", "invalid_as_of", "invalid_cursor"),
)
async def read_worst_performers(
    call: Call, question: Asking, limit: Count = 10, cursor: CursorText = None
) -> RankingAnswer:
    """The worst posts of complete days by shrunk rate; the same posts as `GET /v1/analytics/worst`."""
    return await ranked(call, question, "engagement_rate", limit, cursor, worst=True)


@get(
    "/content-performance/summary/prompt-performance",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Posts by prompt",
    responses=PROBLEMS,
)
async def read_prompt_performance(
    call: Call, question: Asking, limit: Count = 10, cursor: CursorText = None
) -> PromptsAnswer:
    """Prompts by the rate of the posts made from them, those with enough posts first."""
    pages = Pages(call, "prompts", question)
    found, total, last, meta = await call.reading(
        prompt_performance, question, limit=limit, after=pages.after(cursor, PromptKey)
    )
    return PromptsAnswer(found, CountedMeta.counted(meta, pages.cursor(last), total))


@get(
    "/content-performance/summary/generation-context",
    dependencies=OF_ALL,
    summary="What was learned, as a text",
    responses=problems("not_found", "invalid_window", "invalid_as_of"),
)
async def read_generation_context(call: Call, question: Asking) -> ContextAnswer:
    """A few sentences for whoever, or whatever, writes the next post; weak evidence is called weak."""
    return ContextAnswer(*await call.reading(generation_context, question))


@post(
    "/content-performance/analytics-sync/run",
    status_code=200,
    opt={"action": "sync"},
    summary="Sync the learning rows",
    responses=problems("too_large", "denied", "held"),
)
async def run_sync(call: Call) -> SyncAnswer:
    """Write every changed snapshot of a complete day into the learning rows; again changes nothing."""
    return SyncAnswer(await call.doing(sync))


@get(
    "/content-performance/analytics-sync/status",
    summary="Where the learning rows stand",
    responses=problems(),
)
async def read_sync_status(call: Call) -> SyncStatusAnswer:
    """How many learning rows there are, what is still to be synced, and how the last sync went."""
    status = await call.reading(sync_status)
    return SyncStatusAnswer(
        SyncStatusView(
            rows=status.rows,
            pending=status.pending,
            last_change=status.last_change,
            last_change_at=status.last_change_at,
            last_run=None if status.last_run is None else run_view(status.last_run),
        )
    )
