"""`afterpost receipt`: from a number to what it was read from."""

from datetime import date

import rich_click as click

from afterpost.cli.options import Day, json_option
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, day, number, plural, short, span
from afterpost.services.post_receipts import Number, Receipt, Source, Step
from afterpost.services.post_receipts import receipt as receipt_of

ADDRESS = 90
"""Characters of an address that are printed; `--json` has all."""
_GONE = {
    "token": "an answer that hands out tokens is never kept",
    "stream": "it was read from a pipe and not kept",
    "size": "too large to be kept",
    "age": "dropped, past the age cap",
    "space": "dropped, past the space cap",
}


@click.command()
@click.argument("post_id", type=click.IntRange(1, 2**53 - 1))
@click.option("--date", "on", type=Day(), help="The day of the numbers. Default: the post's last one.")
@json_option
@click.pass_obj
def receipt(wiring: Wiring, post_id: int, on: date | None, as_json: bool) -> None:
    """Show the way from a post's numbers to the raw answers they were read from.

    The numbers of a day, each reading behind them, the run that stored it, and the SHA-256 of what it was
    read from, which GET /v1/payloads/{sha256} shows.
    """
    with opened(wiring, "read") as session:
        found = receipt_of(session.core, session.scope, post_id, on)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: Receipt) -> None:
    say(f"Post {found.post_id} ({found.platform} {found.external_id}), {day(found.day)}")
    if found.booked:
        _print_booked(found)
        return
    print_table(
        ("metric", "total", "gained", "since"),
        [(name, number(cell.total), *_gained(found, cell)) for name, cell in found.numbers.items()],
        numbers=("total", "gained"),
    )
    say(f"Merged from {plural(len(found.readings), 'reading')}; of each metric the latest counts.")
    for step in found.readings:
        _step(step)


def _print_booked(found: Receipt) -> None:
    """A day without a reading: what later ones book to it."""
    say("Not read on this day: what is booked to it is estimated.")
    print_table(
        ("metric", "booked", "from the reading of", "covers"),
        [
            (name, number(share.gained), day(share.read_on), span(share.first, share.read_on))
            for name, share in found.booked.items()
        ],
        numbers=("booked",),
    )
    for step in found.readings:
        _step(step)


def _gained(found: Receipt, cell: Number) -> tuple[str, str]:
    if cell.gain is None or cell.days is None:
        return UNKNOWN, "no earlier total is known"
    return number(cell.gain), f"{plural(cell.days, 'day')} before" if found.since else "publication"


def _step(step: Step) -> None:
    reading, run = step.reading, step.run
    values = ", ".join(f"{name} {value:,}" for name, value in sorted(reading.values.items())) or UNKNOWN
    say()
    when = reading.date if reading.observed_at is None else reading.observed_at
    counts = "  (replaced by what was told later)" if reading.replaced else ""
    say(f"reading  {when.isoformat()}  {values}{counts}")
    say(
        f"         digest {reading.digest}, recorded {reading.recorded_at.isoformat()}, from {reading.source}"
    )
    say(f"run      {run.id} ({run.kind}, {run.state}), begun {run.started_at.isoformat()} by {run.actor}")
    if not step.payloads:
        say("payload  none: nothing was archived when it was read")
    for source in step.payloads:
        _source(source)


def _source(source: Source) -> None:
    gone = f" ({_GONE.get(source.gone, source.gone)})" if source.gone else ""
    say(f"payload  {source.sha256 or 'none'}{gone}")
    if source.url is not None:
        say(f"         {source.method} {short(source.url, ADDRESS)} → {source.status}")
