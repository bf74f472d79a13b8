"""`afterpost overview`: a window against the one before, and lifetime totals at its end."""

from datetime import date

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import as_of_option, brand_option, json_option, window_options
from afterpost.cli.output import print_json, print_table
from afterpost.cli.session import opened
from afterpost.cli.summary import print_earned, print_window
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, number, percent
from afterpost.services.earned import Totals
from afterpost.services.knowledge import as_of as as_of_core
from afterpost.services.overview import Overview
from afterpost.services.overview import overview as overview_of
from afterpost.services.question import Question
from afterpost.services.status import brand_called
from afterpost.services.windows import Meta


class OverviewAnswer(Struct, frozen=True):
    """The overview and what it says about itself; the same shape as over HTTP."""

    data: Overview
    meta: Meta


@click.command()
@brand_option
@click.option("--platform", metavar="NAME", help="Only this platform.")
@window_options
@as_of_option
@json_option
@click.pass_obj
def overview(
    wiring: Wiring,
    brand: str | None,
    platform: str | None,
    start: date | None,
    end: date | None,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Show what was earned in a window, against the window before."""
    with opened(wiring, "read") as session:
        known = as_of_core(session.core, session.scope, as_of)
        brand_id = None if brand is None else brand_called(session.core, session.scope, brand).id
        question = Question(start=start, end=end, brand_id=brand_id, platform=platform)
        data, meta = overview_of(known, session.scope, question)
    if as_json:
        print_json(OverviewAnswer(data, meta))
        return
    print_window(meta)
    print_earned(data.earned, data.previous, data.growth, meta.growth)
    print_table(
        ("", "value"),
        [
            ("posts read in it", number(data.posts)),
            ("posts published in it", number(data.published)),
            ("engagement rate", percent(data.engagement_rate)),
            ("active platforms", ", ".join(data.active_platforms) or UNKNOWN),
            ("best platform", data.best_platform or UNKNOWN),
            ("brands", number(data.brands)),
            ("organisations", number(data.organizations)),
        ],
        numbers=("value",),
    )
    print_table(
        ("lifetime", "total at its end"),
        [(name, number(getattr(data.lifetime, name))) for name in Totals.__struct_fields__],
        numbers=("total at its end",),
    )
