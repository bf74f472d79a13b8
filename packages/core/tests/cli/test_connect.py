"""Connecting: who is asked for what, what is refused, and that no secret is ever printed."""

import os

import pytest

from afterpost.sdk import ErrorKind, ProviderError
from packages.core.tests.cli.kit import GOOD_TOKEN, Cli
from packages.core.tests.cli.terminal import at_terminal

posix = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")


def test_connects_with_fields_and_prints_no_secret(cli: Cli) -> None:
    ran = cli.done("connect", "toy", "--field", f"token={GOOD_TOKEN}", "--brand", "Corner Bakery")
    assert "✔ Connected toy @baker (The Baker) as account 1, brand Corner Bakery." in ran.out
    assert GOOD_TOKEN not in ran.out + ran.err


def test_fields_come_from_the_environment_as_well(cli: Cli) -> None:
    cli.env["AFTERPOST_CONNECT_TOKEN"] = GOOD_TOKEN
    assert cli.done("connect", "toy", "--json").json["handle"] == "@baker"
    # The same variable does not disturb any other command: it is no setting.
    assert cli.done("connect", "--list", "--json").json[0]["state"] == "active"


def test_an_option_wins_over_the_environment(cli: Cli) -> None:
    cli.env["AFTERPOST_CONNECT_TOKEN"] = "an-old-one"
    cli.connected()


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (("nosuch",), "No account can be connected on 'nosuch'.", "Installed: toy."),
        (("toy", "--field", "token=wrong"), "Toy refused the credential: The token is not known.", ""),
        (("toy", "--field", "colour=red", "--field", "token=x"), "colour is not known", "It takes: token"),
        (("toy",), "there is no terminal to ask at", "AFTERPOST_CONNECT_<NAME>"),
        (("toy", "--field", "region=eu"), "there is no terminal to ask at", "token, region (optional)"),
        (("--remove", "7", "--yes"), "There is no account 7.", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(cli: Cli, words: tuple[str, ...], sentence: str, hint: str) -> None:
    ran = cli.run("connect", *words)
    assert ran.code == 1
    assert ran.err.startswith("Error: ")
    assert sentence in ran.err
    assert hint in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("toy", "--list"),
        ("--list", "--remove", "1"),
        ("--list", "--brand", "x"),
        ("toy", "--field", "token"),
        ("toy", "--field", "=x"),
    ],
)
def test_wrong_usage_is_told_apart(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli.run("connect", *words).code == 2


def test_list_shows_the_same_as_json(cli: Cli) -> None:
    cli.connected()
    cli.network.broken = ProviderError(ErrorKind.PERMISSION_MISSING, "The scope read is missing.")
    assert cli.run("refresh").code == 1
    table, (state,) = cli.done("connect", "--list").out, cli.done("connect", "--list", "--json").json
    assert (state["state"], state["failure_kind"], state["next_at"]) == (
        "stopped",
        "permission_missing",
        None,
    )
    for fact in (
        "toy",
        "@baker (The Baker)",
        "stopped",
        "2026-11-22 19:16 permission_missing",
        "The scope read",
    ):
        assert fact in table
    assert set(state) == {
        *("id", "platform", "external_id", "handle", "name", "brand", "state", "last_refresh_at", "next_at"),
        *("parked_until", "failure_kind", "failure_message", "failed_at", "scopes", "missing"),
    }  # fmt: skip


def test_list_without_accounts_says_what_next(cli: Cli) -> None:
    assert "Next: afterpost connect PLATFORM. Platforms: toy" in cli.done("connect", "--list").out


def test_remove_asks_first(cli: Cli) -> None:
    cli.connected()
    refused = cli.run("connect", "--remove", "1")
    assert (refused.code, "Add --yes." in refused.err) == (1, True)
    ran = cli.done("connect", "--remove", "1", "--yes")
    assert "its posts and their history stay" in ran.out
    assert cli.done("connect", "--list", "--json").json[0]["state"] == "disconnected"


def test_a_known_account_keeps_its_brand_and_says_so(cli: Cli) -> None:
    cli.done("connect", "toy", "--field", f"token={GOOD_TOKEN}", "--brand", "One")
    ran = cli.done("connect", "toy", "--field", f"token={GOOD_TOKEN}", "--brand", "Two")
    assert "keeps its brand: One." in ran.err
    again = cli.done("connect", "toy", "--field", f"token={GOOD_TOKEN}", "--brand", "one")
    assert again.err == ""


@posix
@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ((f"{GOOD_TOKEN}\n", "europe\n"), 0, "as account 1"),
        ((f"{GOOD_TOKEN}\n", "\n"), 0, "as account 1"),
        (("wrong\n", "\n"), 1, "The token is not known."),
        (("\x03",), 130, "Interrupted."),
        (("\x04",), 130, "Interrupted."),
    ],
)
def test_asks_at_a_terminal_and_hides_what_is_secret(
    cli: Cli, typed: tuple[str, ...], code: int, said: str
) -> None:
    ended, shown = at_terminal(cli, ("connect", "toy"), typed)
    assert ended == code, shown
    assert "Token: " in shown
    assert said in shown
    assert GOOD_TOKEN not in shown
    assert "Traceback" not in shown


@posix
@pytest.mark.parametrize(("typed", "state"), [("n\n", "active"), ("y\n", "disconnected")])
def test_asks_before_it_removes(cli: Cli, typed: str, state: str) -> None:
    cli.connected()
    ended, shown = at_terminal(cli, ("connect", "--remove", "1"), (typed,))
    assert (ended, "Forget the credential of toy @baker" in shown) == (0, True)
    assert cli.done("connect", "--list", "--json").json[0]["state"] == state
