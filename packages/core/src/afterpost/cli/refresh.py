"""`afterpost refresh`: read posts now, and say how each one ended that did not end well."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import rich_click as click

from afterpost.cli.errors import FAILED
from afterpost.cli.options import json_option
from afterpost.cli.output import note, print_json, progress_bar, say
from afterpost.cli.runs import print_run
from afterpost.cli.session import Session, run_in_session
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import moment
from afterpost.domain.errors import ProviderError
from afterpost.domain.scope import Scope
from afterpost.services import notify
from afterpost.services.catalogue import get_post
from afterpost.services.collect import refresh_accounts, refresh_post
from afterpost.services.organization import organization_of
from afterpost.services.run import begin_run, end_run
from afterpost.services.run_view import RunView, progress_of, view_run
from afterpost.services.status import readable_accounts

LOOK = 0.2
"""Seconds between two looks at how far the run is."""


@click.command()
@click.option("--account", type=int, metavar="ID", help="Only this account.")
@click.option("--post", type=int, metavar="ID", help="Only this post.")
@click.option("--due", is_flag=True, help="Only what the schedule asks for now: the command for cron.")
@json_option
@click.pass_context
def refresh(ctx: click.Context, account: int | None, post: int | None, due: bool, as_json: bool) -> None:
    """Read the posts of connected accounts now.

    New posts are listed first. Without options every live post of every account is read. An account whose
    platform asked to wait is left out. Exit code 1 when any post failed.
    """
    if post is not None and (account is not None or due):
        raise click.UsageError("--post stands alone: a post has one account, and is read whether due or not.")
    wiring: Wiring = ctx.obj

    async def work(session: Session) -> RunView | None:
        if post is not None:
            return await _one_post(session, post)
        return await _accounts(session, account, due, quiet=as_json)

    view = run_in_session(wiring, "collect", lambda session: _shown(session, work, as_json))
    if view is not None and (view.run.failed or view.run.state == "failed"):
        ctx.exit(FAILED)


async def _shown(
    session: Session, work: Callable[[Session], Awaitable[RunView | None]], as_json: bool
) -> RunView | None:
    view = await work(session)
    await notify.deliver(session.core, Scope.default())
    if as_json:
        print_json(view)
    elif view is not None:
        print_run(view, organization_of(session.core, session.scope).time_zone)
    return view


async def _one_post(session: Session, post_id: int) -> RunView:
    core, scope, actor = session.core, session.scope, session.actor
    post = get_post(core, scope, post_id)
    run_id = await core.database.writing(begin_run, core, scope, actor, "collect")
    state, message = "failed", None
    try:
        await refresh_post(core, scope, actor, post, run_id)
        state = "done"
    except ProviderError as error:
        # The run holds it as well: the post ended as failed, with the class and when it is tried again.
        message = error.message
    finally:
        await core.database.writing(end_run, core, scope, actor, run_id, state, message)
    return view_run(core, scope, run_id)


async def _accounts(session: Session, account_id: int | None, due: bool, quiet: bool) -> RunView | None:
    core, scope, actor = session.core, session.scope, session.actor
    chosen = readable_accounts(core, scope, due_only=due, account_id=account_id)
    if not quiet:
        for waiting in chosen.waiting:
            until = moment(waiting.parked_until, organization_of(core, scope).time_zone)
            note(f"Left out: {waiting.platform} {waiting.handle} asked to wait until {until}.")
    if not chosen.account_ids:
        if not quiet:
            say("Nothing is due." if due else "There is no account to read. Next: afterpost connect PLATFORM")
        return None
    run_id = await core.database.writing(begin_run, core, scope, actor, "collect")
    task = asyncio.create_task(refresh_accounts(core, scope, actor, chosen.account_ids, run_id, due_only=due))
    try:
        await _follow(session, task, run_id, chosen.account_ids, core.now() if due else None, quiet)
    finally:
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    task.result()
    return view_run(core, scope, run_id)


async def _follow(
    session: Session,
    task: "asyncio.Task[None]",
    run_id: int,
    account_ids: Sequence[int],
    due_by: datetime | None,
    quiet: bool,
) -> None:
    """Show how far the run is until its task ends."""
    with progress_bar(counted=True) as bar:
        if quiet or bar.disable:
            await asyncio.wait({task})
            return
        shown = bar.add_task("reading posts", total=None)
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK)
            so_far = await session.core.database.reading(
                progress_of, session.core, session.scope, run_id, account_ids, due_by
            )
            bar.update(shown, completed=so_far.done, total=so_far.total)
