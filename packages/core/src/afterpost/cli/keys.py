"""`afterpost keys`: the keys that seal credentials."""

import rich_click as click

from afterpost.cli.options import json_option
from afterpost.cli.output import note, print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural
from afterpost.services.keys import key_states, rotate


@click.command()
@click.argument("action", metavar="[rotate]", required=False, type=click.Choice(["rotate"]))
@json_option
@click.pass_obj
def keys(wiring: Wiring, action: str | None, as_json: bool) -> None:
    """List the keys that seal credentials, by id, or rotate: make a new one and seal everything with it.

    Where AFTERPOST_SECRET_KEY sets the key, set a new one and the old one as AFTERPOST_OLD_SECRET_KEYS; then
    rotate moves the credentials. A running `afterpost serve` has to be started again.
    """
    with opened(wiring, "manage") as session:
        if action is None:
            found = key_states(session.core, session.scope)
            if as_json:
                print_json(found)
                return
            print_table(
                ("key", "in force", "known here", "credentials"),
                [
                    (
                        each.key_id,
                        "yes" if each.in_force else "",
                        "yes" if each.known else "no",
                        str(each.credentials),
                    )
                    for each in found
                ],
                numbers=("credentials",),
            )
            return
        done = rotate(session.core, session.scope, session.actor)
    if as_json:
        print_json(done)
        return
    say(f"✔ {plural(done.credentials, 'credential')} sealed with key {done.key_id}.")
    if done.made:
        note("The key before is in old_secret_keys; delete that file once `afterpost serve` was restarted.")
