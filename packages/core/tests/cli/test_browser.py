"""Signing in by browser from the command line: real sockets, and who may answer, when, and how often."""

import base64
import hashlib
import io
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from afterpost.cli import browser
from afterpost.cli import connect as connecting
from afterpost.cli.browser import by_loopback
from afterpost.domain.errors import InvalidInput
from afterpost.emulator import Emulator
from afterpost.services.core import Core
from afterpost.services.sign_in import Begun, Came
from packages.core.tests.cli.kit import Cli, Ran
from packages.core.tests.emulator.toy import ToyWorld
from packages.core.tests.house import NOW, Clock
from packages.core.tests.plugins.rotating import RotatingDialect, RotatingPlugin

STATE = "the-state-that-was-given"
GOOD = {"state": STATE, "code": "a-code"}
APP = ("--field", "client_id=app-1", "--field", "client_secret=app-s3cret")


class Waiting:
    """A listener that waits in a thread of its own, and the address it waits at."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.address: Future[str] = Future()
        self.ended: Future[Came] = pool.submit(by_loopback, self._begin, lambda begun: None)

    def _begin(self, redirect: str) -> Begun:
        self.address.set_result(redirect)
        return Begun("https://platform.example/authorize", STATE, NOW, ())

    def visit(self, query: Mapping[str, str], path: str = "", **options: Any) -> httpx.Response:
        """What a browser does that is sent back."""
        address = self.address.result(5) + path
        return httpx.get(address, params=query, trust_env=False, timeout=5, **options)

    def came(self) -> Came:
        """What the listener took."""
        return self.ended.result(5)

    def closed(self) -> bool:
        """True when nobody listens there any more."""
        place = urlsplit(self.address.result(5))
        with socket.socket() as knocking:
            return knocking.connect_ex((str(place.hostname), int(place.port or 0))) != 0


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    with ThreadPoolExecutor() as pool:
        made = Waiting(pool)
        yield made
        if not made.ended.done():
            made.visit(GOOD)


def test_it_listens_on_this_machine_alone_at_a_port_of_its_own(waiting: Waiting) -> None:
    place = urlsplit(waiting.address.result(5))
    assert (place.scheme, place.hostname, place.path) == ("http", "127.0.0.1", "/")
    assert place.port is not None
    assert place.port > 1023


def test_it_takes_the_code_tells_the_person_and_closes(waiting: Waiting) -> None:
    answer = waiting.visit(GOOD)
    assert (answer.status_code, "You can close this page" in answer.text) == (200, True)
    assert "a-code" not in answer.text
    assert waiting.came() == Came(STATE, "a-code")
    assert waiting.closed()


def test_it_takes_a_refusal_as_an_answer(waiting: Waiting) -> None:
    assert waiting.visit({"state": STATE, "error": "access_denied"}).status_code == 200
    assert waiting.came() == Came(STATE, None, "access_denied")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("", {"state": "another-state", "code": "theirs"}),
        ("", {"state": "", "code": "theirs"}),
        ("", {"state": STATE.upper(), "code": "theirs"}),
        ("", {"state": "another-state", "error": "access_denied"}),
        ("", {"code": "theirs"}),
        ("", {"state": STATE}),
        ("", {}),
        ("callback", GOOD),
        ("favicon.ico", {}),
        ("../", {"state": "another-state", "code": "theirs"}),
    ],
)
def test_what_is_no_answer_to_this_sign_in_is_passed_over(
    path: str, query: dict[str, str], waiting: Waiting
) -> None:
    """A page that knows the port can neither end the sign-in nor put its own code into it."""
    for _ in range(2):
        answer = waiting.visit(query, path)
        assert (answer.status_code, "close this page" in answer.text) == (404, False)
    assert not waiting.ended.done()
    assert waiting.visit(GOOD).status_code == 200
    assert waiting.came() == Came(STATE, "a-code")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_a_browser_comes_back_by_get_alone(method: str, waiting: Waiting) -> None:
    address = waiting.address.result(5)
    assert httpx.request(method, address, params=GOOD, trust_env=False).status_code == 501
    assert not waiting.ended.done()


def test_of_two_answers_one_is_taken(waiting: Waiting) -> None:
    with ThreadPoolExecutor() as browsers:
        codes = ["first", "second", "third", "fourth"]
        visits = [browsers.submit(_status, waiting, GOOD | {"code": code}) for code in codes]
        ended = [visit.result() for visit in visits]
    assert ended.count(200) == 1
    taken = codes[ended.index(200)]
    assert waiting.came() == Came(STATE, taken)


def _status(waiting: Waiting, query: Mapping[str, str]) -> int | None:
    """The status; None where nobody listened any more."""
    try:
        return waiting.visit(query).status_code
    except httpx.TransportError:
        return None


def test_a_connection_that_says_nothing_holds_nobody_up(waiting: Waiting) -> None:
    """Browsers open connections before they need them."""
    place = urlsplit(waiting.address.result(5))
    with (
        socket.create_connection((str(place.hostname), int(place.port or 0))),
        socket.create_connection((str(place.hostname), int(place.port or 0))) as half,
    ):
        half.sendall(b"GET /?state=")
        assert waiting.visit(GOOD).status_code == 200
        assert waiting.came() == Came(STATE, "a-code")
    assert waiting.closed()


def test_a_browser_that_does_not_wait_for_the_page_has_answered(waiting: Waiting) -> None:
    place = urlsplit(waiting.address.result(5))
    with socket.create_connection((str(place.hostname), int(place.port or 0))) as gone:
        # Closing with a reset, so that the page can't be written.
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.sendall(f"GET /?{urlencode(GOOD)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert waiting.came() == Came(STATE, "a-code")


def test_nobody_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "GOOD_FOR", timedelta(seconds=0.2))
    with ThreadPoolExecutor() as pool:
        waiting = Waiting(pool)
        place = urlsplit(waiting.address.result(5))
        with (
            socket.create_connection((str(place.hostname), int(place.port or 0))),
            pytest.raises(InvalidInput, match="Nobody came back from the browser in time") as raised,
        ):
            waiting.came()
        assert raised.value.hint == "Begin again."
        assert waiting.closed()


def test_it_closes_where_beginning_fails() -> None:
    told: list[str] = []

    def begin(redirect: str) -> Begun:
        told.append(redirect)
        raise InvalidInput("There is no sign-in by browser.")

    with pytest.raises(InvalidInput, match="no sign-in"):
        by_loopback(begin, lambda begun: None)
    with pytest.raises(httpx.ConnectError):
        httpx.get(told[0], trust_env=False)


class Platform(Cli):
    """An installation, and an emulated platform with a person at its authorisation page."""

    def __init__(self, folder: Path, clock: Clock, emulator: Emulator, dialect: RotatingDialect) -> None:
        super().__init__(folder, clock)
        self.plugins["rotating"] = RotatingPlugin()
        self._emulator = emulator
        self._dialect = dialect

    def open(self, *args: Any, **options: Any) -> Core:
        """With the platform in reach."""
        return super().open(*args, **options | {"emulated": self._emulator.routes})

    def allow(self, url: str, code: str = "a-code") -> tuple[str, dict[str, str]]:
        """The person allows it: where the browser is sent back to, and with what."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self._dialect.grants.challenges[code] = (asked["code_challenge"], asked["redirect_uri"])
        return asked["redirect_uri"], {"state": asked["state"], "code": code}


@pytest.fixture
def platform(cli: Cli, clock: Clock) -> Iterator[Platform]:
    dialect = RotatingDialect(ToyWorld())
    with Emulator(dialect, clock=clock) as emulator:
        yield Platform(cli.folder, clock, emulator, dialect)


@pytest.fixture
def browsing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[str], None]], None]]:
    """Sets what a person does, in a browser of their own, with the address that the command shows."""
    with ThreadPoolExecutor() as pool:
        started: list[Future[None]] = []

        def with_person(does: Callable[[str], None]) -> None:
            def announced(begun: Begun) -> None:
                browser.announced(begun)
                started.append(pool.submit(does, begun.url))

            monkeypatch.setattr(connecting, "announced", announced)

        yield with_person
        for each in started:
            each.result()


def connected(platform: Platform) -> bool:
    return bool(platform.done("connect", "--list", "--json").json)


def test_the_command_connects_by_a_browser_that_comes_back(
    platform: Platform, browsing: Callable[[Callable[[str], None]], None]
) -> None:
    def person(url: str) -> None:
        back, brings = platform.allow(url)
        for wrong in ({"state": "forged", "code": "theirs"}, {"code": "theirs"}):
            assert httpx.get(back, params=wrong, trust_env=False).status_code == 404
        assert httpx.get(back, params=brings, trust_env=False).status_code == 200

    browsing(person)
    ran = platform.done("connect", "rotating", *APP)
    assert "Open this address in a browser and allow:" in ran.out + ran.err
    assert "read insights (insights, optional): likes" in ran.out + ran.err
    assert "as account 1" in ran.out
    assert "app-s3cret" not in ran.out + ran.err
    assert "a-code" not in ran.out + ran.err
    assert connected(platform)


def test_with_json_what_is_printed_is_one_answer(
    platform: Platform, browsing: Callable[[Callable[[str], None]], None]
) -> None:
    def person(url: str) -> None:
        back, brings = platform.allow(url)
        httpx.get(back, params=brings, trust_env=False)

    browsing(person)
    ran = platform.done("connect", "rotating", *APP, "--json")
    assert ran.json["platform"] == "rotating"
    assert "https://api.rotating.invalid/authorize?" in ran.err


def test_a_person_who_says_no(platform: Platform, browsing: Callable[[Callable[[str], None]], None]) -> None:
    def person(url: str) -> None:
        back, brings = platform.allow(url)
        httpx.get(back, params={"state": brings["state"], "error": "access_denied"}, trust_env=False)

    browsing(person)
    ran = platform.run("connect", "rotating", *APP)
    assert ran.code == 1
    assert "Rotating did not let Afterpost in (access_denied)." in ran.err
    assert "Traceback" not in ran.err
    assert not connected(platform)


def test_nobody_at_the_browser_is_a_sentence(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "GOOD_FOR", timedelta(seconds=0.1))
    ran = platform.run("connect", "rotating", *APP)
    assert ran.code == 1
    assert "Error: Nobody came back from the browser in time.\nHint:  Begin again.\n" in ran.err
    assert not connected(platform)


BACK = "https://app.example/back"


def pasted(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, paste: Callable[[str, dict[str, str]], str]
) -> Ran:
    """Sign in with `--redirect`; `paste` makes the address from where the browser was sent."""

    def announced(begun: Begun) -> None:
        browser.announced(begun)
        # What is pasted holds the state, which nobody knows before.
        monkeypatch.setattr(sys, "stdin", io.StringIO(paste(*platform.allow(begun.url))))

    monkeypatch.setattr(connecting, "announced", announced)
    return platform.run("connect", "rotating", *APP, "--redirect", BACK)


@pytest.mark.parametrize("ends", ["", "\n", "#_\n", "&scope=posts.read+account.read\r\n"])
def test_the_address_a_browser_ended_at_is_pasted(
    ends: str, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = pasted(platform, monkeypatch, lambda back, brings: f"  {back}?{urlencode(brings)}{ends}")
    assert ran.code == 0, ran
    assert "as account 1" in ran.out
    assert connected(platform)


@pytest.mark.parametrize(
    ("paste", "says"),
    [
        (lambda back, brings: "", "That address holds no answer to a sign-in."),
        (lambda back, brings: back, "That address holds no answer to a sign-in."),
        (lambda back, brings: brings["code"], "That address holds no answer to a sign-in."),
        (lambda back, brings: f"{back}?code={brings['code']}", "That address holds no answer to a sign-in."),
        (lambda back, brings: f"{back}?code=x&state=another", "That address belongs to another sign-in."),
        (
            lambda back, brings: f"{back}?{urlencode(brings | {'state': brings['state'][:-1]})}",
            "That address belongs to another sign-in.",
        ),
        (
            lambda back, brings: f"{back}?{urlencode(brings | {'code': 'theirs'})}",
            "Rotating refused the sign-in: The grant is dead.",
        ),
    ],
)
def test_an_address_that_is_not_the_one_is_refused(
    paste: Callable[[str, dict[str, str]], str],
    says: str,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = pasted(platform, monkeypatch, paste)
    assert ran.code == 1
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert not connected(platform)


@pytest.mark.parametrize(
    "redirect", ["", "app.example/back", "back", "https://", "https://app.example/#here"]
)
def test_a_redirect_that_no_browser_comes_back_to_is_wrong_usage(redirect: str, platform: Platform) -> None:
    ran = platform.run("connect", "rotating", *APP, "--redirect", redirect)
    assert ran.code == 2
    assert "--redirect" in ran.err
    assert not connected(platform)


def test_the_code_is_of_no_use_to_whoever_lacks_the_verifier(platform: Platform) -> None:
    """The control for the emulated platform: it compares as real ones do."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"mine").digest()).rstrip(b"=").decode()
    platform._dialect.grants.challenges["c"] = (digest, BACK)
    form = {"grant_type": "authorization_code", "code": "c", "code_verifier": "theirs", "redirect_uri": BACK}
    host = {"Host": "api.rotating.invalid"}
    url = platform._emulator.url + "/token"
    assert httpx.post(url, data=form, headers=host, trust_env=False).status_code == 400
