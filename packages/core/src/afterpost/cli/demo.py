"""`afterpost demo`: ninety days of made-up posts, collected for real, then served."""

import asyncio
import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import rich_click as click
from rich.console import Console

from afterpost.builtin.demo import PLATFORMS, DemoState
from afterpost.builtin.demo.seed import first_day_for, instants, seed
from afterpost.cli.replay import day_bar
from afterpost.domain.errors import Conflict
from afterpost.sdk.tenancy import Caller
from afterpost.services.catalogue import platforms_in_use
from afterpost.services.core import Core, wall_clock
from afterpost.services.replay import Clock
from afterpost.settings import Settings, load_settings

if TYPE_CHECKING:
    from afterpost.cli import Wiring

SEED = 1


@click.command("demo")
@click.option("--check", is_flag=True, help="Make the demo and print its week, without serving.")
@click.option("--reset", is_flag=True, help="Delete the demo's database, and nothing else, and stop.")
@click.option("--host", help="Address to listen on. Default: AFTERPOST_HOST.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on. Default: AFTERPOST_PORT.")
@click.option("--json", "as_json", is_flag=True, help="Print the week as JSON.")
@click.pass_obj
def demo_command(
    wiring: "Wiring", check: bool, reset: bool, host: str | None, port: int | None, as_json: bool
) -> None:
    """Show Afterpost on made-up posts: no network, no key.

    Emulated networks are connected, ninety days are collected over HTTP, the weekly summary is printed, and
    the dashboard is served. A database that holds other data is left alone.
    """
    settings = load_settings()
    if reset:
        asyncio.run(_reset(wiring, settings))
        return
    asyncio.run(_make(wiring, settings, as_json))
    if not check:
        from afterpost.cli.serve import serve_installation

        serve_installation(wiring, settings, host, port)


async def _make(wiring: "Wiring", settings: Settings, as_json: bool) -> None:
    began = time.monotonic()
    now = wall_clock()
    clock = Clock(now)
    core = wiring.open_core(settings, clock=clock)
    console = Console(stderr=True)
    try:
        _refuse_other_data(core, settings)
        state = DemoState.load(settings.data_dir)
        if state is None:
            state = DemoState(SEED, first_day_for(now))
            state.save(settings.data_dir)
        actor, scope = await core.resolve(Caller(door="cli"))
        with nullcontext() if as_json else day_bar(console) as bar:
            task = bar.add_task("collecting", total=len(instants(state, now))) if bar else None

            def advance(done: int) -> None:
                if bar is not None and task is not None:
                    bar.update(task, completed=done)

            posts = await seed(core, scope, actor, clock, state, now, advance)
        clock.now = now
        if not as_json:
            platforms = ", ".join(kind.title for kind in PLATFORMS.values())
            console.print(
                f"{posts} posts on {platforms}, collected from {state.first_day} to now "
                f"in {time.monotonic() - began:.1f} s.",
                highlight=False,
            )
        from afterpost.cli.weekly import print_weekly

        await print_weekly(core, as_json=as_json)
    finally:
        await core.close()
    sys.stdout.flush()


async def _reset(wiring: "Wiring", settings: Settings) -> None:
    state = DemoState.load(settings.data_dir)
    if state is None:
        click.echo(f"There is no demo in {settings.data_dir}.")
        return
    core = wiring.open_core(settings)
    try:
        _refuse_other_data(core, settings)
        database = core.database.path
        if database is None:
            raise Conflict(
                f"The demo is in {core.database.where}, which is not Afterpost's to delete.",
                hint="Drop that database yourself, then delete demo.json in the data directory.",
            )
    finally:
        await core.close()
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    DemoState.delete(settings.data_dir)
    click.echo(f"Deleted the demo: {database}")


def _refuse_other_data(core: Core, settings: Settings) -> None:
    other = sorted(platforms_in_use(core) - set(PLATFORMS))
    if other:
        raise Conflict(
            f"The database in {settings.data_dir} holds other data ({', '.join(other)}); "
            "the demo does not touch it.",
            hint="Set AFTERPOST_DATA_DIR to an empty directory for the demo.",
        )
