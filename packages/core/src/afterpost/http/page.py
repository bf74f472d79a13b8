"""The page for people: overview, weekly summary, accounts, runs. No script, nothing from elsewhere."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from litestar import MediaType, Response, get
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.http.errors import problems
from afterpost.http.html import POLICY, Safe, document, link, moment, number, percent, table, text
from afterpost.http.scope import Call
from afterpost.http.views import AccountView, RunView, account_view, run_view
from afterpost.services.caveats import of_earned, of_growth
from afterpost.services.core import Core
from afterpost.services.earned import Totals
from afterpost.services.overview import Overview, overview
from afterpost.services.rankings import Ranked
from afterpost.services.standing import accounts_standing, recent_runs
from afterpost.services.sync import SyncStatus, sync_status
from afterpost.services.weekly import Weekly, weekly
from afterpost.services.windows import Meta

RUNS = 10
TITLE_CUT = 80


class Shown(Struct, frozen=True):
    """What the page is made of."""

    overview: Overview
    meta: Meta
    weekly: Weekly
    accounts: list[AccountView]
    runs: list[RunView]
    learning: SyncStatus
    now: datetime


@get(
    "/",
    media_type=MediaType.HTML,
    security=[{"page": []}],
    summary="The page",
    responses=problems(),
)
async def read_page(call: Call) -> Response[str]:
    """The last complete week for people.

    A browser asks for a user name, which may be anything, and a password, which is the API key.
    """
    shown = await call.reading(_read)
    return Response(render(shown), media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})


def _read(core: Core, scope: Scope) -> Shown:
    answer, meta = overview(core, scope)
    return Shown(
        answer,
        meta,
        weekly(core, scope)[0],
        [account_view(each, core) for each in accounts_standing(core, scope)],
        [run_view(each) for each in recent_runs(core, scope, RUNS)],
        sync_status(core, scope),
        core.now(),
    )


def render(shown: Shown) -> str:
    """The page as HTML."""
    window, zone = shown.meta.window, ZoneInfo(shown.meta.window.time_zone)
    parts = [
        "<header><h1>Afterpost</h1>",
        f'<p class="soft">{window.start_date} to {window.end_date}, complete days in {text(window.time_zone)}'
        f" · as of {moment(shown.now, zone)}</p></header>",
        _overview(shown.overview, shown.meta),
        _weekly(shown.weekly, zone),
        _accounts(shown.accounts, shown.now, zone),
        _runs(shown.runs, zone),
        _learning(shown.learning, zone),
    ]
    return document("Afterpost", "\n".join(parts))


def _overview(answer: Overview, meta: Meta) -> str:
    rows = [
        (
            name.capitalize(),
            number(getattr(answer.earned, name)),
            number(getattr(answer.previous, name)),
            percent(getattr(answer.growth, name), signed=True),
            number(getattr(answer.lifetime, name)),
        )
        for name in Totals.__struct_fields__
    ]
    coverage = meta.coverage
    share = None if coverage.ratio is None else 100 * coverage.ratio
    before = meta.previous_coverage.ratio
    facts = [
        f"{number(answer.posts)} posts observed, {number(answer.published)} published",
        f"engagement rate {percent(answer.engagement_rate)}"
        + (f" of {meta.exposure}" if meta.exposure else ""),
        f"platforms: {text(', '.join(answer.active_platforms))}; most views: {text(answer.best_platform)}",
    ]
    receipt = [
        f"coverage {percent(share)} ({coverage.observed} of {coverage.expected} expected posts), "
        f"the week before {percent(None if before is None else 100 * before)}",
        "provisional: later readings may still add to it" if meta.provisional else "settled",
        f"{number(meta.receipt.snapshots)} snapshots, change {number(meta.receipt.change_seq)}",
    ]
    said = (*of_earned(meta), *of_growth(meta.growth, answer.earned, answer.previous))
    notes = [f'<p class="soft">{text(sentence)}</p>' for sentence in said]
    return (
        "<h2>Overview</h2>"
        + table(("Metric", "Earned", "Week before", "Growth", "Lifetime"), rows, numbers=(1, 2, 3, 4))
        + f'<div class="facts"><p>{" · ".join(facts)}</p>{"".join(notes)}'
        + f'<p class="soft">{" · ".join(receipt)}</p></div>'
    )


def _weekly(answer: Weekly, zone: ZoneInfo) -> str:
    left_out = (
        f"{number(len(answer.not_distributed))} posts with an exposure below {answer.min_exposure}, and "
        f"{number(answer.incomplete)} that report too little, have no place here."
    )
    groups = table(
        ("Platform", "Posts", "Views", "Engagements", "Rate"),
        [
            (g.name, number(g.posts), number(g.views), number(g.engagements), percent(g.engagement_rate))
            for g in answer.platforms
        ],
        numbers=(1, 2, 3, 4),
    )
    hours = table(
        ("Published at", "Posts", "Rate"),
        [(f"{h.hour:02}:00", number(h.posts), percent(h.engagement_rate)) for h in answer.posting_hours],
        numbers=(1, 2),
    )
    hooks = table(
        ("First words", "Posts", "Exposure", "Rate"),
        [(o.text, number(o.posts), number(o.exposed), percent(o.engagement_rate)) for o in answer.hooks],
        numbers=(1, 2, 3),
    )
    return (
        "<h2>The week</h2><h3>Best by engagement rate</h3>"
        + _ranked(answer.top, zone)
        + "<h3>Worst by engagement rate</h3>"
        + _ranked(answer.worst, zone)
        + f'<p class="soft">{left_out}</p><h3>Platforms</h3>{groups}'
        + f'<div class="pair"><div><h3>Posting hours</h3>{hours}</div><div><h3>Hooks</h3>{hooks}</div></div>'
    )


def _ranked(posts: Iterable[Ranked], zone: ZoneInfo) -> Safe:
    return table(
        ("Post", "Platform", "Published", "Engagements", "Exposure", "Rate"),
        [
            (
                link(_cut(post.title or post.external_id), post.url),
                post.platform,
                moment(post.published_at, zone, post.published_on),
                number(post.engagements),
                Safe(f"{number(post.exposed)} {text(post.exposure)}"),
                percent(post.engagement_rate),
            )
            for post in posts
        ],
        numbers=(3, 4, 5),
    )


def _cut(title: str) -> str:
    return title if len(title) <= TITLE_CUT else title[: TITLE_CUT - 1] + "…"


def _accounts(accounts: Iterable[AccountView], now: datetime, zone: ZoneInfo) -> str:
    rows = []
    for account in accounts:
        failure = account.last_failure
        said = "" if failure is None else f"{moment(failure.at, zone)}: {text(failure.message)}"
        due = account.next_due
        rows.append(
            (
                account.handle or account.name or account.external_id,
                account.platform,
                account.state,
                moment(account.last_refresh, zone),
                "due now" if due is not None and due <= now else moment(due, zone),
                Safe(f'<span class="bad">{said}</span>') if said else None,
            )
        )
    return "<h2>Accounts</h2>" + table(
        ("Account", "Platform", "State", "Last refresh", "Next refresh", "Last failure"),
        rows,
        empty="No account is connected. Connect one with `afterpost connect` or POST /v1/accounts.",
    )


def _runs(runs: Iterable[RunView], zone: ZoneInfo) -> str:
    rows = []
    for run in runs:
        # A run that is open has no counts yet, and a sync reads no posts.
        counted = run.ended_at is not None and run.kind != "sync"
        counts = (run.posts, run.stored, run.unchanged, run.skipped, run.failed)
        rows.append(
            (
                run.id,
                run.kind,
                Safe(f'<span class="bad">{text(run.state)}</span>') if run.state == "failed" else run.state,
                moment(run.started_at, zone),
                *(number(count if counted else None) for count in counts),
                run.message,
            )
        )
    return "<h2>Runs</h2>" + table(
        ("Run", "Kind", "State", "Started", "Posts", "Stored", "Unchanged", "Skipped", "Failed", "Message"),
        rows,
        numbers=(4, 5, 6, 7, 8),
    )


def _learning(status: SyncStatus, zone: ZoneInfo) -> str:
    last = status.last_run
    when = text(None) if last is None else f"{moment(last.ended_at, zone)} ({text(last.state)})"
    return (
        f"<h2>Learning rows</h2><p>{number(status.rows)} rows · {number(status.pending)} changes still to "
        f"be synced · last sync {when}</p>"
    )
