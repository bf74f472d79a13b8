"""`afterpost migrate`: the schema of core and of each plugin, brought up to date."""

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, print_table
from afterpost.cli.session import opened, settings_of_environment
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN
from afterpost.services.status import recorded_revisions, schema_states


class Revision(Struct, frozen=True):
    """A dist's schema: its revision before and now, and whether that is the newest."""

    dist: str
    before: str | None
    now: str | None
    up_to_date: bool


@click.command()
@json_option
@click.pass_obj
def migrate(wiring: Wiring, as_json: bool) -> None:
    """Bring the database up to date and print each revision.

    Every other command does the same when it opens the database; this one does nothing else. Copy the
    database file first: there is no way back to an older version.
    """
    before = recorded_revisions(settings_of_environment())
    with opened(wiring, "manage") as session:
        states = schema_states(session.core)
    found = [
        Revision(state.dist, before.get(state.dist), state.current, state.up_to_date) for state in states
    ]
    if as_json:
        print_json(found)
        return
    print_table(
        ("schema of", "before", "now", ""),
        [
            (
                each.dist,
                each.before or UNKNOWN,
                each.now or UNKNOWN,
                "up to date" if each.up_to_date else "BEHIND",
            )
            for each in found
        ],
    )
