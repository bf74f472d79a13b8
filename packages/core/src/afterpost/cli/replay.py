"""`afterpost replay`: a recorded history, served by an emulator and collected the way real posts are."""

import asyncio
import time
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from afterpost.domain.errors import InvalidInput
from afterpost.emulator import Dataset, Emulator
from afterpost.sdk.tenancy import Caller
from afterpost.services.replay import NOON, Clock, Replayed, connect_world, dialect_for, replay

if TYPE_CHECKING:
    from afterpost.cli import Wiring


def day_bar(console: Console) -> Progress:
    """A progress bar that counts days and says which one it is at."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--platform", default="youtube", show_default=True, help="Whose history the file holds.")
@click.option(
    "--brand-from",
    type=click.Choice(["category", "channel", "none"]),
    default="category",
    show_default=True,
    help="The column whose last value names a post's brand; there is one account per brand.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day to replay. Default: all.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def replay_command(
    wiring: "Wiring", file: Path, platform: str, brand_from: str, until: datetime | None, as_json: bool
) -> None:
    """Replay a file of daily snapshots through the real collection path.

    FILE is .csv or .csv.gz with the columns video_id, snapshot_date, published_at, title, channel,
    category, views, likes, comments. An emulator of the platform serves it over HTTP and it is collected day
    by day, the clock at 12:00 UTC of each day, into the configured database. Running it again changes
    nothing.
    """
    began = time.monotonic()
    done = asyncio.run(_replay(wiring, file, platform, brand_from, until.date() if until else None, as_json))
    seconds = time.monotonic() - began
    if as_json:
        click.echo(msgspec.json.encode({**msgspec.to_builtins(done), "seconds": round(seconds, 1)}))
        return
    click.echo(
        f"Replayed {done.days:,} days: {done.readings:,} readings of {done.accounts:,} accounts, "
        f"{done.synced:,} learning rows, in {seconds:.0f} s."
    )
    click.echo("See them: afterpost weekly --start … --end …, or afterpost serve")


async def _replay(
    wiring: "Wiring", file: Path, platform: str, brand_from: str, until: date | None, quiet: bool
) -> Replayed:
    data = Dataset(file, brand_from=brand_from)  # type: ignore[arg-type]
    days = [day for day in data.days() if until is None or day <= until]
    if not days:
        raise InvalidInput(f"{file.name} has no day up to {until}.", hint=f"It begins {data.days()[0]}.")
    clock = Clock(datetime.combine(days[0], NOON))
    # The provider that knows the wire is known only once the installation is open, and the installation
    # has to know the emulator: so a first look finds the dialect.
    looked_at = wiring.open_core(clock=clock)
    try:
        dialect = dialect_for(looked_at.providers, platform, data)
    finally:
        await looked_at.close()
    console = Console(stderr=True)
    with Emulator(dialect, clock=clock) as emulator:
        core = wiring.open_core(clock=clock, emulated=emulator.routes)
        try:
            actor, scope = await core.resolve(Caller(door="cli"))
            await core.permit(actor, "collect", scope)
            accounts = await connect_world(
                core, scope, actor, platform, dialect, data.accounts(), data.brands()
            )
            with nullcontext() if quiet else day_bar(console) as bar:
                task = bar.add_task("replaying", total=len(days)) if bar else None

                def advance(day: date, readings: int) -> None:
                    if bar is not None and task is not None:
                        bar.update(task, advance=1, description=f"{day}")

                return await replay(
                    core, scope, actor, clock, data, platform, accounts, until=until, progress=advance
                )
        finally:
            await core.close()
