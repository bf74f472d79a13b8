"""Signing in by browser from the command line: a server of one answer, or an address pasted back."""

import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import parse_qs, urlsplit

import rich_click as click

from afterpost.cli.output import note
from afterpost.domain.errors import InvalidInput
from afterpost.services.sign_in import GOOD_FOR, Begun, Came

_DONE = b"<!DOCTYPE html><title>Afterpost</title><p>You can close this page and go back to the terminal.</p>"
_PASSED_OVER = (
    b"<!DOCTYPE html><title>Afterpost</title><p>This is no answer to the sign-in that waits here.</p>"
)
_POLL = 0.05
"""Seconds between two looks at whether the listener has to end."""


def came_back(query: str) -> Came | None:
    """What a redirect's query brings; None when it is no answer to a sign-in."""
    found = {name: values[0] for name, values in parse_qs(query).items()}
    if "state" not in found or not {"code", "error"} & found.keys():
        return None
    return Came(found["state"], found.get("code"), found.get("error"))


def belongs(came: Came, begun: Begun) -> bool:
    """True where the answer brings the state of this sign-in."""
    return secrets.compare_digest(came.state.encode(), begun.state.encode())


class _Box:
    """Takes the first answer to one sign-in, and no other."""

    def __init__(self) -> None:
        self.begun: Begun | None = None
        self.came: Came | None = None
        self.arrived = Event()
        self._lock = Lock()

    def takes(self, address: str) -> bool:
        """True where this is the answer, for the first to bring it."""
        parts = urlsplit(address)
        came = came_back(parts.query)
        with self._lock:
            begun, waiting = self.begun, self.came is None
            if not waiting or came is None or begun is None or parts.path != "/" or not belongs(came, begun):
                return False
            self.came = came
        return True


def by_loopback(begin: Callable[[str], Begun], announce: Callable[[Begun], None]) -> Came:
    """Begin a sign-in that comes back to a free port of this machine, and wait for it.

    Whatever else asks there is passed over: a page that guesses the port can't end the sign-in.
    """
    box = _Box()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Take the answer to the sign-in."""
            taken = box.takes(self.path)
            with suppress(OSError):  # a browser that left without waiting has still brought its answer
                self.send_response(200 if taken else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(_DONE if taken else _PASSED_OVER)
            if taken:
                box.arrived.set()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the path holds the code."""

    # A thread a connection: browsers open some that they never use, and one must not hold up the others.
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, args=(_POLL,), daemon=True).start()
        try:
            box.begun = begin(f"http://127.0.0.1:{server.server_port}/")
            announce(box.begun)
            box.arrived.wait(GOOD_FOR.total_seconds())
        finally:
            server.shutdown()
    if box.came is None:
        raise InvalidInput("Nobody came back from the browser in time.", hint="Begin again.")
    return box.came


def by_paste(begin: Callable[[str], Begun], announce: Callable[[Begun], None], redirect: str) -> Came:
    """Begin a sign-in that comes back to an address of the app's own; a person pastes where it ended."""
    begun = begin(redirect)
    announce(begun)
    if sys.stdin.isatty():
        pasted = click.prompt("The address the browser ended at", err=True, hide_input=True)
    else:
        pasted = sys.stdin.readline()
    came = came_back(urlsplit(pasted.strip()).query)
    if came is None:
        raise InvalidInput("That address holds no answer to a sign-in.", hint="Paste all of it.")
    if not belongs(came, begun):
        raise InvalidInput(
            "That address belongs to another sign-in.", hint="Begin again, and use the address shown then."
        )
    return came


def announced(begun: Begun) -> None:
    """Say where to go, and what each permission is for; on stderr, for it is no part of the answer."""
    note("Open this address in a browser and allow:")
    for scope in begun.scopes:
        gives = f": {', '.join(scope.metrics)}" if scope.metrics else ""
        note(f"  {scope.title} ({scope.name}{'' if scope.required else ', optional'}){gives}")
    note(begun.url)
