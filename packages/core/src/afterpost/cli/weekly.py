"""`afterpost weekly`: what to learn from the last complete days."""

from datetime import date

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import as_of_option, brand_option, json_option, window_options
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.summary import print_earned, print_groups, print_window
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, moment, number, percent, plural, short
from afterpost.sdk.tenancy import Caller
from afterpost.services.core import Core
from afterpost.services.knowledge import as_of as as_of_core
from afterpost.services.quality import Quality
from afterpost.services.question import Question
from afterpost.services.rankings import Ranked
from afterpost.services.status import brand_called
from afterpost.services.weekly import Hour, Opening, Weekly
from afterpost.services.weekly import weekly as weekly_summary
from afterpost.services.windows import Meta

MOST = 100


class WeeklyAnswer(Struct, frozen=True):
    """The summary and what it says about itself; the same shape as over HTTP."""

    data: Weekly
    meta: Meta


@click.command()
@brand_option
@window_options
@as_of_option
@click.option("--top", default=5, show_default=True, type=click.IntRange(0, MOST), help="Best posts listed.")
@click.option(
    "--worst", default=5, show_default=True, type=click.IntRange(0, MOST), help="Worst posts listed."
)
@json_option
@click.pass_obj
def weekly(
    wiring: Wiring,
    brand: str | None,
    start: date | None,
    end: date | None,
    as_of: date | None,
    top: int,
    worst: int,
    as_json: bool,
) -> None:
    """Show the weekly summary: earned, best and worst posts, hours and hooks.

    The window is the 7 days that end yesterday, or whole days of your own. Today is never in it, for it is
    not over.
    """
    with opened(wiring, "read") as session:
        known = as_of_core(session.core, session.scope, as_of)
        brand_id = None if brand is None else brand_called(session.core, session.scope, brand).id
        question = Question(start=start, end=end, brand_id=brand_id)
        data, meta = weekly_summary(known, session.scope, question, top_n=top, worst_n=worst)
    _show(data, meta, as_json)


async def print_weekly(core: Core, *, as_json: bool) -> None:
    """Print the summary of the last 7 complete days of an open core."""
    actor, scope = await core.resolve(Caller(door="cli"))
    await core.permit(actor, "read", scope)
    _show(*weekly_summary(core, scope), as_json)


def _show(data: Weekly, meta: Meta, as_json: bool) -> None:
    if as_json:
        print_json(WeeklyAnswer(data, meta))
        return
    _doubts(data.quality)
    print_window(meta)
    print_earned(data.earned, data.previous, data.growth, meta.growth)
    print_groups("Platforms", data.platforms)
    print_groups("Content types", data.content_types)
    zone = meta.window.time_zone
    _ranking("Best posts", data.top, zone)
    _ranking("Worst posts", data.worst, zone)
    if data.not_distributed:
        fewer = plural(len(data.not_distributed), "post was", "posts were")
        say(f"{fewer} shown fewer than {data.min_exposure} times: not ranked.")
    if data.incomplete:
        without = plural(data.incomplete, "post has", "posts have")
        say(f"{without} no rate: no exposure, or not every engagement that was asked for.")
    _hours(data.posting_hours)
    _hooks(data.hooks)


def _doubts(quality: Quality) -> None:
    """What makes the numbers below doubtful; a low coverage stands before everything else."""
    if quality.sentence is not None:
        say(f"Low coverage: {quality.sentence} The numbers below are of those alone.", "bold yellow")
    if quality.warnings:
        say(f"{plural(quality.warnings, 'warning')} about these numbers: afterpost quality lists them.")


def _ranking(title: str, ranked: tuple[Ranked, ...], zone: str) -> None:
    if not ranked:
        return
    print_table(
        ("post", "title", "platform", "engagement rate", "engagements", "exposure", "published"),
        [
            (
                str(post.post_id),
                short(post.title) or post.external_id,
                post.platform,
                percent(post.engagement_rate) + (" (clipped)" if post.clipped else ""),
                number(post.engagements),
                f"{number(post.exposed)} {post.exposure}",
                moment(post.published_at, zone, post.published_on),
            )
            for post in ranked
        ],
        title=f"{title} (by lifetime rate, shrunk; of this window and the 28 days before)",
        numbers=("post", "engagement rate", "engagements", "exposure"),
    )


def _hours(hours: tuple[Hour, ...]) -> None:
    if not hours:
        return
    print_table(
        ("published at", "posts", "engagement rate"),
        [
            (f"{hour.hour:02d}:00–{hour.hour:02d}:59", number(hour.posts), percent(hour.engagement_rate))
            for hour in hours
        ],
        title="Hours of publication (a description, no advice)",
        numbers=("posts", "engagement rate"),
    )


def _hooks(hooks: tuple[Opening, ...]) -> None:
    if not hooks:
        return
    print_table(
        ("begins with", "posts", "exposure", "engagement rate"),
        [
            (
                short(hook.text) or UNKNOWN,
                number(hook.posts),
                number(hook.exposed),
                percent(hook.engagement_rate),
            )
            for hook in hooks
        ],
        title="Hooks",
        numbers=("posts", "exposure", "engagement rate"),
    )
