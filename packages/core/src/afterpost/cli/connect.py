"""`afterpost connect`: accounts, connected, listed and removed."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import rich_click as click

from afterpost.cli.browser import announced, by_loopback, by_paste
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
from afterpost.services.sign_in import Begun, finish
from afterpost.services.sign_in import begin as begin_sign_in
from afterpost.services.status import AccountState, account_states

if TYPE_CHECKING:
    from afterpost.sdk.credentials import CredentialField
    from afterpost.sdk.provider import Provider
    from afterpost.storage.accounts import Account


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
@click.option(
    "--redirect",
    metavar="URL",
    help="Sign in by browser with this redirect address of the app, and paste where the browser ended.",
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
    redirect: str | None,
    listing: bool,
    remove: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Connect an account of PLATFORM, or list and remove accounts.

    The platform is asked whose credential it is, and the credential is kept encrypted. Its parts come from
    --field, from the environment (AFTERPOST_CONNECT_<NAME>, which no process list shows), or are asked for.
    Where the platform has a sign-in by browser, the app's own parts are enough: it begins then.
    """
    if [platform is not None, listing, remove is not None].count(True) != 1:
        raise click.UsageError("Name a platform to connect, or give --list, or give --remove ID.")
    if (listing or remove is not None) and (brand or fields or redirect):
        raise click.UsageError("--brand, --field and --redirect belong to connecting an account.")
    if listing:
        with opened(wiring, "read") as session:
            _list(session, as_json)
    elif remove is not None:
        with opened(wiring, "disconnect") as session:
            _remove(session, remove, yes, as_json)
    else:
        given = _pairs(fields)
        if redirect is not None:
            _whole(redirect)
        with opened(wiring, "connect") as session:
            _connect(session, platform or "", given, brand, redirect, as_json)


def _pairs(fields: Sequence[str]) -> dict[str, str]:
    given = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals or not name:
            raise click.BadParameter("it has the form NAME=VALUE.", param_hint="--field")
        given[name] = value
    return given


def _whole(redirect: str) -> None:
    """An app's redirect address is absolute; what follows a # never reaches it (RFC 6749 3.1.2)."""
    parts = urlsplit(redirect)
    if not parts.scheme or not (parts.netloc or parts.path) or "#" in redirect:
        raise click.BadParameter(
            "it is a whole address without #, such as https://example.com/back.", param_hint="--redirect"
        )


def _connect(
    session: Session,
    platform: str,
    given: Mapping[str, str],
    brand: str | None,
    redirect: str | None,
    as_json: bool,
) -> None:
    provider = connectable(session.core).get(platform)
    app = None if provider is None else _app_alone(session, provider, given)
    if redirect is not None or app is not None:
        kept = _sign_in(session, platform, app or dict(given), brand, redirect)
    else:
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
    for metric, scopes in (state.missing or {}).items():
        note(f"Not to be had: {metric}, for {', '.join(scopes)} was not granted.")
    say(f"Next: afterpost refresh --account {state.id}")
    if brand is not None and slug_of(brand) != slug_of(state.brand or ""):
        note(f"The account was connected before and keeps its brand: {state.brand or 'none'}.")


def _app_alone(session: Session, provider: "Provider", given: Mapping[str, str]) -> dict[str, str] | None:
    """The app's fields, where a browser can do the rest and nobody gave anything else; else None."""
    oauth = provider.oauth
    if oauth is None:
        return None
    of_app = {field.name for field in provider.credential_fields if field.of_app}
    told = _told(provider) | dict(given)
    section = session.core.settings.section(provider.capabilities.platform)
    if set(told) - of_app or not (told.get(oauth.client_id) or section.get(oauth.client_id)):
        return None
    return told


def _sign_in(
    session: Session, platform: str, app: Mapping[str, str], brand: str | None, redirect: str | None
) -> "Account":
    def begin(redirect_uri: str) -> Begun:
        return begin_sign_in(
            session.core, session.scope, session.actor, platform, app, redirect_uri, brand=brand
        )

    oauth = session.core.providers[platform].oauth if platform in session.core.providers else None
    if redirect is None and oauth is not None and not oauth.loopback:
        raise InvalidInput(
            f"{platform} does not let a browser come back to this machine.",
            hint="Give --redirect URL, an address that is registered with the app.",
        )
    came = by_loopback(begin, announced) if redirect is None else by_paste(begin, announced, redirect)
    return session.wait(finish(session.core, session.scope, session.actor, platform, came))


def _told(provider: "Provider") -> dict[str, str]:
    """What the environment holds of the credential."""
    return {
        field.name: value
        for field in provider.credential_fields
        if (value := os.environ.get(CONNECT + field.name.upper()))
    }


def _credential(provider: "Provider", given: Mapping[str, str]) -> dict[str, str]:
    """What was given, what the environment holds, and the rest from the person at the terminal."""
    wanted = list(provider.credential_fields)
    values = _told(provider) | dict(given)
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
