"""`afterpost budget`: what the coming month costs."""

import rich_click as click

from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural
from afterpost.services.forecast import Forecast, forecast


@click.command()
@json_option
@click.pass_obj
def budget(wiring: Wiring, as_json: bool) -> None:
    """Forecast calls, quota units and dollars of the next 30 days.

    Counted from the connected accounts, the ages of their posts and how often posts of that age are read. New
    posts are expected at the rate of the last 30 days.
    """
    with opened(wiring, "read") as session:
        found = forecast(session.core, session.scope)
    if as_json:
        print_json(found)
        return
    if not found.accounts:
        say("No account is collected, so nothing will be asked.")
        say("Next: afterpost connect PLATFORM")
        return
    _show(found)


def _show(found: Forecast) -> None:
    print_table(
        ("account", "platform", "posts", "new", "calls", "units", "dollars"),
        [
            (
                f"{each.account_id} {each.handle}",
                each.platform,
                f"{each.posts:,}",
                f"{each.new_posts:,}",
                f"{each.requests:,}",
                f"{each.units:,}",
                f"{each.dollars:,.2f}",
            )
            for each in found.accounts
        ],
        title=f"The next {found.days} days",
        numbers=("posts", "new", "calls", "units", "dollars"),
    )
    for limit in found.limits:
        if limit.share > 1:
            say(
                f"! {limit.platform} ({limit.whose}): {limit.expected:,.0f} of {limit.amount:,.0f} "
                f"{limit.unit} each {limit.seconds:,} s are expected; some reads will wait."
            )
    cap = "" if found.cap_dollars is None else f" of {found.cap_dollars:,.2f} allowed"
    say(
        f"In all {plural(found.requests, 'call')}, {plural(found.units, 'unit')} and "
        f"{found.dollars:,.2f} dollars{cap}."
    )
    if found.cap_dollars is not None and found.dollars > found.cap_dollars:
        say("! That is more than AFTERPOST_MONTHLY_DOLLARS: what does not fit waits for the next month.")
