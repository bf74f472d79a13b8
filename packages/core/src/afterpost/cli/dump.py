"""`afterpost dump`: every fact, in a form that can be compared."""

import sys

import rich_click as click

from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.services.dump import export


@click.command()
@click.option(
    "--canonical",
    is_flag=True,
    help="Required: the only form there is. Sorted, by natural keys, nothing of when it was stored.",
)
@click.pass_obj
def dump(wiring: Wiring, canonical: bool) -> None:
    """Print every fact as lines of JSON, the same for two databases that came to the same facts.

    Left out is what says when or in which order something was stored: row and run ids, recording times,
    change numbers; and credentials and the state of collection. It is for comparing, not for restoring: a
    backup is a copy of the database file.
    """
    if not canonical:
        raise click.UsageError("Add --canonical: it is the only form there is so far.")
    with opened(wiring, "export") as session:
        out = sys.stdout.buffer
        session.wait(export(session.core, session.scope, session.actor, out.write))
        out.flush()
