"""`afterpost connect`: accounts, connected, listed and removed."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import rich_click as click

from afterpost.cli.options import json_option
from afterpost.cli.output import note, print_json, print_table, say
from afterpost.cli.session import CONNECT, Session, opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, moment, short
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import slug_of
from afterpost.services.connect import connect as connect_account
from afterpost.services.connect import connectable, disconnect
from afterpost.services.organization import organization_of
from afterpost.services.status import AccountState, account_states

if TYPE_CHECKING:
    from afterpost.sdk.credentials import CredentialField
    from afterpost.sdk.provider import Provider


@click.command()
@click.argument("platform", required=False)
@click.option("--brand", metavar="NAME", help="The brand of a new account's posts; made when there is none.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="One part of the credential; repeat it for each. Without any you are asked.",
)
@click.option("--list", "listing", is_flag=True, help="List the accounts and how each stands.")
@click.option("--remove", type=int, metavar="ID", help="Forget an account's credential; its history stays.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@json_option
@click.pass_obj
def connect(
    wiring: Wiring,
    platform: str | None,
    brand: str | None,
    fields: tuple[str, ...],
    listing: bool,
    remove: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Connect an account of PLATFORM, or list and remove accounts.

    The platform is asked whose credential it is, and the credential is kept encrypted. Its parts come from
    --field, from the environment (AFTERPOST_CONNECT_<NAME>, which no process list shows), or are asked for.
    """
    if [platform is not None, listing, remove is not None].count(True) != 1:
        raise click.UsageError("Name a platform to connect, or give --list, or give --remove ID.")
    if (listing or remove is not None) and (brand or fields):
        raise click.UsageError("--brand and --field belong to connecting an account.")
    if listing:
        with opened(wiring, "read") as session:
            _list(session, as_json)
    elif remove is not None:
        with opened(wiring, "disconnect") as session:
            _remove(session, remove, yes, as_json)
    else:
        given = _pairs(fields)
        with opened(wiring, "connect") as session:
            _connect(session, platform or "", given, brand, as_json)


def _pairs(fields: Sequence[str]) -> dict[str, str]:
    given = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals or not name:
            raise click.BadParameter("it has the form NAME=VALUE.", param_hint="--field")
        given[name] = value
    return given


def _connect(
    session: Session, platform: str, given: Mapping[str, str], brand: str | None, as_json: bool
) -> None:
    provider = connectable(session.core).get(platform)
    # Without a provider the service refuses with the list of platforms.
    values = dict(given) if provider is None else _credential(provider, given)
    kept = session.wait(
        connect_account(session.core, session.scope, session.actor, platform, values, brand=brand)
    )
    state = next(s for s in account_states(session.core, session.scope) if s.id == kept.id)
    if as_json:
        print_json(state)
        return
    under = f", brand {state.brand}" if state.brand else ""
    say(f"✔ Connected {state.platform} {state.handle} ({state.name}) as account {state.id}{under}.")
    say(f"Next: afterpost refresh --account {state.id}")
    if brand is not None and slug_of(brand) != slug_of(state.brand or ""):
        note(f"The account was connected before and keeps its brand: {state.brand or 'none'}.")


def _credential(provider: "Provider", given: Mapping[str, str]) -> dict[str, str]:
    """What was given, what the environment holds, and the rest from the person at the terminal."""
    wanted = list(provider.credential_fields)
    values = {
        field.name: value for field in wanted if (value := os.environ.get(CONNECT + field.name.upper()))
    } | dict(given)
    # Someone who gave anything knows what the platform needs: only what is required is still asked for.
    open_fields = [field for field in wanted if field.name not in values and (field.required or not values)]
    if not open_fields:
        return values
    if not sys.stdin.isatty():
        if not values or any(field.required for field in open_fields):
            raise _nobody_to_ask(provider, wanted)
        return values
    for field in open_fields:
        label = field.label if field.required else f"{field.label} (Enter: none)"
        answer = click.prompt(
            label,
            default=None if field.required else "",
            show_default=False,
            hide_input=field.secret,
            err=True,
        ).strip()
        if answer:
            values[field.name] = answer
    return values


def _nobody_to_ask(provider: "Provider", wanted: Sequence["CredentialField"]) -> InvalidInput:
    names = ", ".join(field.name if field.required else f"{field.name} (optional)" for field in wanted)
    return InvalidInput(
        f"The {provider.capabilities.display_name} credential is not complete, and there is no terminal to "
        "ask at.",
        hint=f"Give --field NAME=VALUE or {CONNECT}<NAME> in the environment for: {names}.",
    )


def _list(session: Session, as_json: bool) -> None:
    states = account_states(session.core, session.scope)
    if as_json:
        print_json(states)
        return
    if not states:
        platforms = ", ".join(connectable(session.core)) or "none, install a plugin such as afterpost-youtube"
        say("No account is connected.")
        say(f"Next: afterpost connect PLATFORM. Platforms: {platforms}")
        return
    zone = organization_of(session.core, session.scope).time_zone
    print_table(
        ("id", "platform", "account", "brand", "state", "last refresh", "next", "last failure"),
        [_row(state, zone) for state in states],
        title=f"Accounts (times in {zone})",
        numbers=("id",),
    )


def _row(state: AccountState, zone: str) -> tuple[str, ...]:
    failure = UNKNOWN
    if state.failure_message is not None:
        failure = f"{moment(state.failed_at, zone)} {state.failure_kind}: {short(state.failure_message, 80)}"
    return (
        str(state.id),
        state.platform,
        f"{state.handle} ({short(state.name, 40)})",
        state.brand or UNKNOWN,
        state.state,
        moment(state.last_refresh_at, zone),
        moment(state.next_at, zone),
        failure,
    )


def _remove(session: Session, account_id: int, yes: bool, as_json: bool) -> None:
    state = next((s for s in account_states(session.core, session.scope) if s.id == account_id), None)
    if state is not None and not yes:
        if not sys.stdin.isatty():
            raise InvalidInput(
                f"Removing account {account_id} has to be confirmed, and there is no terminal to ask at.",
                hint="Add --yes.",
            )
        question = f"Forget the credential of {state.platform} {state.handle} and stop collecting it?"
        if not click.confirm(question, err=True):
            say("Nothing was removed.")
            return
    gone = disconnect(session.core, session.scope, session.actor, account_id)
    if as_json:
        print_json(next(s for s in account_states(session.core, session.scope) if s.id == gone.id))
        return
    say(f"✔ Disconnected {gone.platform} {gone.handle}; its posts and their history stay.")
