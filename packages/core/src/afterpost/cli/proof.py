"""`afterpost proof`: what summing lifetime counters would show beside what was earned."""

from datetime import date

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import as_of_option, brand_option, json_option, window_options
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, number, plural, span
from afterpost.services.knowledge import as_of as as_of_core
from afterpost.services.proof import BothWays, ProofMeta
from afterpost.services.proof import proof as proof_of
from afterpost.services.question import Question
from afterpost.services.status import brand_called


class ProofAnswer(Struct, frozen=True):
    """Both numbers of each metric and platform."""

    data: tuple[BothWays, ...]
    meta: ProofMeta


@click.command()
@brand_option
@window_options
@as_of_option
@json_option
@click.pass_obj
def proof(
    wiring: Wiring,
    brand: str | None,
    start: date | None,
    end: date | None,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Show what summing lifetime counters over days would show, beside what was earned.

    On this installation's own data, by platform and metric. A platform tells how many views a post has by
    now; who adds that up over the days of a week counts the first day's views seven times.
    """
    with opened(wiring, "read") as session:
        known = as_of_core(session.core, session.scope, as_of)
        brand_id = None if brand is None else brand_called(session.core, session.scope, brand).id
        data, meta = proof_of(known, session.scope, Question(start=start, end=end, brand_id=brand_id))
    if as_json:
        print_json(ProofAnswer(data, meta))
        return
    window = meta.window
    say(f"{span(window.start_date, window.end_date)} · {window.time_zone}", "bold")
    if window.clamped:
        say("The end you asked for is not over yet: complete days end there.")
    if not data:
        say("Nothing was read on these days, so there is nothing to add up.")
        return
    say(f"{plural(meta.snapshots, 'snapshot')}, one a post and day it was read on.")
    print_table(
        ("platform", "metric", "lifetime totals, summed over days", "earned", "factor"),
        [
            (
                row.platform,
                row.metric,
                number(row.summed),
                number(row.earned),
                UNKNOWN if row.factor is None else f"{row.factor:,.1f} ×",
            )
            for row in data
        ],
        numbers=("lifetime totals, summed over days", "earned", "factor"),
    )
