"""`afterpost sync`: complete days into the learning rows."""

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural
from afterpost.domain.scope import Scope
from afterpost.services import notify
from afterpost.services.sync import sync as sync_rows
from afterpost.services.sync import sync_status


class Synced(Struct, frozen=True):
    """What a sync did. `written`: rows written now; `rows`: learning rows there are; `pending`: changes of
    complete days left."""

    run_id: int
    written: int
    rows: int
    pending: int


@click.command()
@json_option
@click.pass_obj
def sync(wiring: Wiring, as_json: bool) -> None:
    """Write changed complete days into the learning rows (content_performance).

    Today is not over and stays out. Running it again, or twice at once, changes nothing.
    """
    with opened(wiring, "sync") as session:
        done = session.wait(sync_rows(session.core, session.scope, session.actor))
        status = sync_status(session.core, session.scope)
        session.wait(notify.deliver(session.core, Scope.default()))
    found = Synced(done.run_id, done.rows, status.rows, status.pending)
    if as_json:
        print_json(found)
        return
    say(
        f"✔ Run {found.run_id}: {plural(found.written, 'learning row')} written, {found.rows:,} in all, "
        f"{plural(found.pending, 'change')} pending."
    )
