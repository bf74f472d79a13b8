"""`afterpost rezone`: an organisation's days, cut in another time zone."""

from typing import Any
from zoneinfo import ZoneInfo

import rich_click as click

from afterpost.cli.options import Zone, json_option
from afterpost.cli.output import note, print_json, print_table, progress_bar, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural
from afterpost.domain.scope import Scope
from afterpost.services import notify
from afterpost.services.rezone import Rezone, rezone, rezone_plan


@click.command("rezone")
@click.argument("zone", type=Zone())
@click.option(
    "--dry-run/--yes",
    default=True,
    help="Say what would change and write nothing (the default), or do it.",
)
@json_option
@click.pass_obj
def rezone_command(wiring: Wiring, zone: ZoneInfo, dry_run: bool, as_json: bool) -> None:
    """Cut days in ZONE, such as Europe/Berlin, and make all that is kept by day anew from the readings.

    Snapshots, gains, rollups, learning rows and answers about the past are then as if days had always been
    cut there, and the way back gives them as they were. Nothing else is written meanwhile.
    """
    with opened(wiring, "manage") as session, progress_bar(counted=True) as bar:
        task: Any = bar.add_task("readings", total=None, visible=not as_json)

        def begin(steps: int) -> None:
            bar.update(task, total=steps)

        def progress(readings: int) -> None:
            bar.update(task, advance=readings)

        core, scope = session.core, session.scope
        if dry_run:
            found = rezone_plan(core, scope, zone.key, begin=begin, progress=progress)
        else:
            found = session.wait(rezone(core, scope, session.actor, zone.key, begin=begin, progress=progress))
            session.wait(notify.deliver(core, Scope.default()))
        setting = core.settings.time_zone
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found.done and setting != found.time_zone:
        note(f"Set AFTERPOST_TIME_ZONE={found.time_zone} as well: it still says {setting}.")


def _print(found: Rezone) -> None:
    if found.needless:
        say(f"Days are cut in {found.time_zone} already: nothing to do.")
        return
    lie = "lie" if found.done else "would lie"
    say(
        f"{found.moved:,} of {plural(found.readings, 'reading')} {lie} on another day in {found.time_zone} "
        f"than in {found.time_zone_before}."
    )
    before, after = found.before, found.after
    print_table(
        ("", found.time_zone_before, found.time_zone),
        [
            ("snapshots", f"{before.snapshots:,}", f"{after.snapshots:,}"),
            ("posts", f"{before.posts:,}", f"{after.posts:,}"),
            ("days with a snapshot", f"{before.days:,}", f"{after.days:,}"),
        ],
        numbers=(found.time_zone_before, found.time_zone),
    )
    if found.done:
        say(f"✔ Days are cut in {found.time_zone}; everything by day was made anew.")
    else:
        say("Nothing was changed. Do it with --yes; copy the database first, as before every large change.")
