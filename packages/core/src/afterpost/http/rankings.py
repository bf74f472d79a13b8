"""Posts, brands and organisations in order, a page at a time, and the snapshots behind a number."""

from typing import Annotated, Literal

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from afterpost.domain.ranking import RankKey
from afterpost.http.asking import OF_ALL, Asking
from afterpost.http.errors import problems
from afterpost.http.paging import Pages
from afterpost.http.params import BoardMetric, Count, CursorText, PageSize, Sorting
from afterpost.http.scope import Acting, Call
from afterpost.http.tags import TAGGED
from afterpost.services.boards import Listed, Metric, Of, Ranked, directory, leaderboard
from afterpost.services.question import Question
from afterpost.services.rankings import Ranking, Sort, ranking
from afterpost.services.receipts import Place, Proof, receipt
from afterpost.services.windows import CountedMeta, PagedMeta

PROBLEMS = problems("not_found", "invalid_window", "invalid_as_of", "invalid_cursor")


class RankingAnswer(Struct, frozen=True):
    """A page of posts in order."""

    data: Ranking
    meta: CountedMeta


class DirectoryAnswer(Struct, frozen=True):
    """A page of brands or organisations by id."""

    data: tuple[Listed, ...]
    meta: CountedMeta


class BoardAnswer(Struct, frozen=True):
    """A page of brands or organisations, ranked."""

    data: tuple[Ranked, ...]
    meta: CountedMeta


class ReceiptAnswer(Struct, frozen=True):
    """A page of the snapshots behind a number."""

    data: Proof
    meta: PagedMeta


@get("/analytics/top", dependencies=OF_ALL, opt=TAGGED, summary="Best posts", responses=PROBLEMS)
async def read_top(
    call: Call,
    question: Asking,
    sort: Sorting = "engagement_rate",
    limit: Count = 10,
    cursor: CursorText = None,
) -> RankingAnswer:
    """The best posts of the window or of the 28 days before: distinct, in a total order."""
    return await ranked(call, question, sort, limit, cursor, worst=False)


@get("/analytics/worst", dependencies=OF_ALL, opt=TAGGED, summary="Worst posts", responses=PROBLEMS)
async def read_worst(
    call: Call,
    question: Asking,
    sort: Sorting = "engagement_rate",
    limit: Count = 10,
    cursor: CursorText = None,
) -> RankingAnswer:
    """The worst posts of the window or of the 28 days before, of those that were distributed at all."""
    return await ranked(call, question, sort, limit, cursor, worst=True)


async def ranked(
    call: Acting, question: Question, sort: Sort, limit: int, cursor: str | None, *, worst: bool
) -> RankingAnswer:
    """A page of best or worst posts."""
    pages = Pages(call, "ranking", question, sort, worst)
    after = pages.after(cursor, RankKey)
    found, last, meta = await call.reading(
        ranking, question, worst=worst, sort=sort, limit=limit, after=after
    )
    return RankingAnswer(found, CountedMeta.counted(meta, pages.cursor(last), found.candidates))


@get("/analytics/brands", dependencies=OF_ALL, opt=TAGGED, summary="Brands", responses=PROBLEMS)
async def read_brand_stats(
    call: Call, question: Asking, limit: PageSize = 50, cursor: CursorText = None
) -> DirectoryAnswer:
    """Every brand the caller may see with its window against the one before, by id."""
    return await _directory(call, "brands", question, limit, cursor)


@get("/analytics/organizations", dependencies=OF_ALL, opt=TAGGED, summary="Organisations", responses=PROBLEMS)
async def read_organization_stats(
    call: Call, question: Asking, limit: PageSize = 50, cursor: CursorText = None
) -> DirectoryAnswer:
    """Every organisation the caller may see with its window against the one before, by id."""
    return await _directory(call, "organizations", question, limit, cursor)


async def _directory(
    call: Acting, of: Of, question: Question, limit: int, cursor: str | None
) -> DirectoryAnswer:
    pages = Pages(call, of, question)
    found, total, last, meta = await call.reading(
        directory, of, question, limit=limit, after=pages.after(cursor, int)
    )
    return DirectoryAnswer(found, CountedMeta.counted(meta, pages.cursor(last), total))


@get(
    "/analytics/brands/leaderboard",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Brands, ranked",
    responses=PROBLEMS,
)
async def read_brand_board(
    call: Call,
    question: Asking,
    metric: BoardMetric = "views",
    limit: Count = 10,
    cursor: CursorText = None,
) -> BoardAnswer:
    """Every brand the caller may see, by what it earned in the window, its posts in it, or its rate."""
    return await _board(call, "brands", question, metric, limit, cursor)


@get(
    "/analytics/organizations/leaderboard",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="Organisations, ranked",
    responses=PROBLEMS,
)
async def read_organization_board(
    call: Call,
    question: Asking,
    metric: BoardMetric = "views",
    limit: Count = 10,
    cursor: CursorText = None,
) -> BoardAnswer:
    """Every organisation, by what it earned in the window, its posts in it, or its rate."""
    return await _board(call, "organizations", question, metric, limit, cursor)


async def _board(
    call: Acting, of: Of, question: Question, metric: Metric, limit: int, cursor: str | None
) -> BoardAnswer:
    pages = Pages(call, "board", of, question, metric)
    found, total, last, meta = await call.reading(
        leaderboard, of, question, metric=metric, limit=limit, after=pages.after(cursor, RankKey)
    )
    return BoardAnswer(found, CountedMeta.counted(meta, pages.cursor(last), total))


@get(
    "/analytics/receipt",
    dependencies=OF_ALL,
    opt=TAGGED,
    summary="What a number is made of",
    responses=PROBLEMS,
)
async def read_receipt(
    call: Call,
    question: Asking,
    metric: Annotated[
        Literal["views", "likes", "comments", "shares", "saves"],
        QueryParameter(description="Which number"),
    ] = "views",
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> ReceiptAnswer:
    """The snapshots behind what a metric earned in the window, with what each of them books to it."""
    pages = Pages(call, "receipt", question, metric)
    found, last, meta = await call.reading(
        receipt, question, metric=metric, limit=limit, after=pages.after(cursor, Place)
    )
    return ReceiptAnswer(found, PagedMeta.of(meta, pages.cursor(last)))
