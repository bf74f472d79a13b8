"""Signing in by browser from the command line: a server of one answer, or an address pasted back."""

import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import rich_click as click

from afterpost.cli.output import say
from afterpost.domain.errors import InvalidInput
from afterpost.services.sign_in import GOOD_FOR, Begun, Came

_DONE = b"<!DOCTYPE html><title>Afterpost</title><p>You can close this page and go back to the terminal.</p>"


def came_back(query: str) -> Came | None:
    """What a redirect's query brings; None when it is no answer to a sign-in."""
    found = {name: values[0] for name, values in parse_qs(query).items()}
    if "state" not in found or not {"code", "error"} & found.keys():
        return None
    return Came(found["state"], found.get("code"), found.get("error"))


def by_loopback(begin: Callable[[str], Begun], announce: Callable[[Begun], None]) -> Came:
    """Begin a sign-in that comes back to a free port of this machine, and wait for it."""
    arrived = Event()
    caught: list[Came] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Take the first answer to a sign-in."""
            came = came_back(urlsplit(self.path).query)
            self.send_response(404 if came is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if came is not None:
                self.wfile.write(_DONE)
                caught.append(came)
                arrived.set()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the path holds the code."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            announce(begin(f"http://127.0.0.1:{server.server_port}/"))
            in_time = arrived.wait(GOOD_FOR.total_seconds())
        finally:
            server.shutdown()
    if not in_time:
        raise InvalidInput("Nobody came back from the browser in time.", hint="Begin again.")
    return caught[0]


def by_paste(begin: Callable[[str], Begun], announce: Callable[[Begun], None], redirect: str) -> Came:
    """Begin a sign-in that comes back to an address of the app's own; a person pastes where it ended."""
    announce(begin(redirect))
    if sys.stdin.isatty():
        pasted = click.prompt("The address the browser ended at", err=True, hide_input=True)
    else:
        pasted = sys.stdin.readline()
    came = came_back(urlsplit(pasted.strip()).query)
    if came is None:
        raise InvalidInput("That address holds no answer to a sign-in.", hint="Paste all of it.")
    return came


def announced(begun: Begun) -> None:
    """Say where to go, and what each permission is for."""
    say("Open this address in a browser and allow:")
    for scope in begun.scopes:
        gives = f": {', '.join(scope.metrics)}" if scope.metrics else ""
        say(f"  {scope.title} ({scope.name}{'' if scope.required else ', optional'}){gives}")
    say(begun.url)
