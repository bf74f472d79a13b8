"""`afterpost serve`: the API, the page and the collection loop in one process."""

import asyncio
import ipaddress
import socket

import msgspec
import rich_click as click

from afterpost import __version__
from afterpost.cli import door
from afterpost.cli.logs import set_up_logs
from afterpost.cli.output import note, say
from afterpost.cli.session import settings_of_environment
from afterpost.cli.wiring import Wiring
from afterpost.domain.errors import Misconfigured
from afterpost.services.core import Core
from afterpost.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on. Default: AFTERPOST_HOST.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on. Default: AFTERPOST_PORT.")
@click.option("--show-key", is_flag=True, help="Print the API key itself, not only where it is kept.")
@click.pass_obj
def serve(wiring: Wiring, host: str | None, port: int | None, show_key: bool) -> None:
    """Serve the API and the page for people, and collect what is due.

    Stops at Ctrl-C or SIGTERM, after the requests that are open.
    """
    serve_installation(wiring, settings_of_environment(), host, port, show_key=show_key)


def serve_installation(
    wiring: Wiring,
    settings: Settings,
    host: str | None,
    port: int | None,
    *,
    show_key: bool = False,
    patience: float = door.PATIENCE,
) -> None:
    """Serve until told to stop. `patience`: seconds that a client may keep us waiting.

    Raises Misconfigured when nobody can listen there.
    """
    chosen = msgspec.structs.replace(
        settings, host=host or settings.host, port=settings.port if port is None else port
    )
    listening = _listen(chosen.host, chosen.port)
    try:
        set_up_logs(chosen.log_level, serving=True)
        core = wiring.open_core(chosen)
        address = listening.getsockname()
        url = f"http://{f'[{chosen.host}]' if ':' in chosen.host else chosen.host}:{address[1]}"
        config = door.Config(wiring.create_app(core), chosen.log_level, patience=patience)
        server = door.Server(config, lambda: _announce(core, url, show_key))
        server.run(sockets=[listening])
        if not server.started:
            # An app that was up closes its core when it goes down; this one never was.
            asyncio.run(core.close())
            raise Misconfigured("The server did not start.", hint="The log above says why.")
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a busy port is known before anything else is done."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Misconfigured(
            f"{host!r} is no address to listen on: {error.strerror or error}.",
            hint="Use 127.0.0.1 for this machine alone, or 0.0.0.0 for every network it is in.",
        ) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        # Whoever is second finds out here: two sockets may be bound to a port that nobody listens on.
        bound.listen()
    except OSError as error:
        bound.close()
        raise Misconfigured(
            f"Port {port} of {host} can't be used: {error.strerror or error}.",
            hint="Stop what listens there, or choose another port: afterpost serve --port 8481",
        ) from error
    return bound


def _announce(core: Core, url: str, show_key: bool) -> None:
    settings = core.settings
    say(f"Afterpost {__version__} listens on {url}", "bold")
    say(f"  API key     {settings.api_key if show_key else _where(settings)}")
    say(f"  database    {core.database.where}")
    say(f"  collection  {'on' if settings.collect else 'off (AFTERPOST_COLLECT)'}")
    say("Stop it with Ctrl-C.")
    if not _loopback(settings.host):
        note(
            f"Warning: it listens beyond this machine ({settings.host}) and speaks plain HTTP. Whoever has "
            "the key sees everything: put a proxy with TLS in front of it."
        )


def _where(settings: Settings) -> str:
    """Where the API key is kept, for it is not for every screen."""
    path = settings.data_dir / "api_key"
    try:
        kept = path.read_text(encoding="ascii").strip() == settings.api_key
    except OSError:
        kept = False
    return f"in {path}" if kept else "as given in AFTERPOST_API_KEY or afterpost.toml"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
