"""`afterpost quality`: which stored numbers are doubtful, and why."""

from datetime import date

import rich_click as click
from msgspec import Struct

from afterpost.cli.options import as_of_option, brand_option, json_option, window_options
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import plural, span
from afterpost.domain.quality import Flaw
from afterpost.services.knowledge import as_of as as_of_core
from afterpost.services.quality import QualityMeta
from afterpost.services.quality import quality as quality_of
from afterpost.services.question import Question
from afterpost.services.status import brand_called

MOST = 200


class QualityAnswer(Struct, frozen=True):
    """The flaws and what the answer says about itself; the same shape as over HTTP."""

    data: tuple[Flaw, ...]
    meta: QualityMeta


@click.command()
@brand_option
@click.option("--platform", metavar="NAME", help="Only this platform.")
@window_options
@as_of_option
@click.option("--warnings", is_flag=True, help="Only warnings, no notes.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, MOST), help="How many are listed."
)
@json_option
@click.pass_obj
def quality(
    wiring: Wiring,
    brand: str | None,
    platform: str | None,
    start: date | None,
    end: date | None,
    as_of: date | None,
    warnings: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show which stored numbers are doubtful: fell, froze, became 0 or null, impossible, hardly read.

    A warning (!) is worth a look before the number is used; a note (·) is what platforms do by themselves.
    """
    with opened(wiring, "read") as session:
        known = as_of_core(session.core, session.scope, as_of)
        brand_id = None if brand is None else brand_called(session.core, session.scope, brand).id
        data, _, meta = quality_of(
            known,
            session.scope,
            Question(start=start, end=end, brand_id=brand_id, platform=platform),
            severity="warning" if warnings else None,
            limit=limit,
        )
    if as_json:
        print_json(QualityAnswer(data, meta))
        return
    say(f"{span(meta.window.start_date, meta.window.end_date)} · {meta.window.time_zone}", "bold")
    if meta.total:
        say(f"{plural(meta.warnings, 'warning')}, {plural(meta.notes, 'note')}.")
    else:
        say("Nothing doubtful was found.")
    if data:
        print_flaws(data)
    hidden = (meta.warnings if warnings else meta.total) - len(data)
    if hidden:
        say(f"{hidden:,} more; ask for fewer days, one platform or brand, or a higher --limit.")


def print_flaws(flaws: tuple[Flaw, ...]) -> None:
    """One line a flaw, with the posts to look at."""
    print_table(
        ("", "day", "platform", "account", "what", "posts"),
        [
            (
                "!" if flaw.severity == "warning" else "·",
                flaw.day.isoformat(),
                flaw.platform,
                flaw.account or "",
                flaw.sentence,
                ", ".join(map(str, flaw.post_ids)) + (" …" if flaw.posts > len(flaw.post_ids) else ""),
            )
            for flaw in flaws
        ],
    )
