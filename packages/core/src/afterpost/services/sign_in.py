"""Connecting by OAuth: a browser goes to the platform and comes back with a code, which is exchanged once.

What the browser carries is the state alone: unguessable, kept as a digest, good once and for ten minutes.
The verifier (PKCE) and the app's secret wait sealed beside it.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from afterpost.domain.errors import InvalidInput, ProviderError, RefreshFailed
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.capabilities import Capabilities
from afterpost.sdk.credentials import Credential, Secret
from afterpost.sdk.oauth import CodeGrant, OAuth
from afterpost.sdk.provider import AccountProfile, Call, Provider
from afterpost.services.catalogue import brand_by_id
from afterpost.services.connect import call_with, connectable, keep
from afterpost.services.core import Core
from afterpost.services.exchange import called
from afterpost.storage import sign_ins
from afterpost.storage.accounts import Account
from afterpost.storage.sign_ins import SignIn

GOOD_FOR = timedelta(minutes=10)
"""How long a person has to come back."""
_CODE = re.compile(r"[a-z_]{1,60}")


class ScopeView(Struct, frozen=True):
    """A permission that a sign-in asks for, and the metrics that need it."""

    name: str
    title: str
    required: bool
    metrics: tuple[str, ...]


class Begun(Struct, frozen=True):
    """Where the browser goes, what it brings back (`state`), and until when it has to."""

    url: str
    state: str
    ends_at: datetime
    scopes: tuple[ScopeView, ...]

    def __repr__(self) -> str:
        return f"Begun(url=***, state=***, ends_at={self.ends_at!r})"


class _Waiting(Struct, frozen=True):
    verifier: str | None
    redirect_uri: str
    app: dict[str, str]
    actor: tuple[str, str]
    brand: str | None
    brand_id: int | None

    def __repr__(self) -> str:
        return "_Waiting(***)"


class Came(Struct, frozen=True):
    """What a browser came back with: a state, and a code or the platform's refusal."""

    state: str
    code: str | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"Came(state=***, code=***, error={self.error!r})"


def scopes_of(capabilities: Capabilities, oauth: OAuth) -> tuple[ScopeView, ...]:
    """Which scope gives which metrics."""
    specs = (*capabilities.metrics, *capabilities.account_metrics)
    return tuple(
        ScopeView(
            scope.name,
            scope.title,
            scope.required,
            tuple(dict.fromkeys(spec.name for spec in specs if scope.name in spec.scopes)),
        )
        for scope in oauth.scopes
    )


def app_fields(core: Core, provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """The app's own fields: as given, else from the platform's section of the settings.

    Raises InvalidInput where the app's public id is known from neither, or something else is given.
    """
    fields = {field.name: field for field in provider.credential_fields if field.of_app}
    section = core.settings.section(provider.capabilities.platform)
    found = {name: section[name] for name in fields if section.get(name)} | dict(given)
    unknown = sorted(set(found) - set(fields))
    oauth = provider.oauth
    missing = [] if oauth is None or oauth.client_id in found else [oauth.client_id]
    if unknown or missing:
        wrong = [f"{name} is missing" for name in missing]
        wrong += [f"{name} does not belong to the app" for name in unknown]
        platform = provider.capabilities.platform.upper()
        raise InvalidInput(
            f"Signing in to {provider.capabilities.display_name} can't begin: {', '.join(wrong)}.",
            hint=f"Give {', '.join(fields) or 'nothing'}, or set AFTERPOST_PLUGIN_{platform}__<FIELD>.",
        )
    return found


def begin(
    core: Core,
    scope: Scope,
    actor: Actor,
    platform: str,
    given: Mapping[str, str],
    redirect_uri: str,
    *,
    brand: str | None = None,
    brand_id: int | None = None,
) -> Begun:
    """Begin a sign-in; raises InvalidInput for a platform that has none."""
    provider = connectable(core).get(platform)
    oauth = None if provider is None else provider.oauth
    if provider is None or oauth is None:
        able = ", ".join(name for name, each in connectable(core).items() if each.oauth is not None)
        raise InvalidInput(
            f"There is no sign-in by browser for {platform!r}.", hint=f"There is one for: {able or 'none'}."
        )
    app = app_fields(core, provider, given)
    state = secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(48) if oauth.pkce else None
    waiting = _Waiting(verifier, redirect_uri, app, (actor.kind, actor.id), brand, brand_id)
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        if brand_id is not None:
            brand_by_id(tx.connection, tx.scope, brand_id)
        sealed = core.sealer.seal_bytes(msgspec.json.encode(waiting), _digest(state))
        ends_at = tx.now + GOOD_FOR
        kept = SignIn(organization.id, platform, sealed, ends_at)
        sign_ins.begin(tx.connection, tx.scope, _digest(state), kept, tx.now)
    url = _authorize_url(oauth, app[oauth.client_id], state, verifier, redirect_uri)
    return Begun(url, state, ends_at, scopes_of(provider.capabilities, oauth))


async def finish(core: Core, scope: Scope, actor: Actor, platform: str, came: Came) -> Account:
    """End a sign-in with what the browser came back with, and keep the account.

    `actor` must have been who began it, or a job on their behalf. Raises InvalidInput for a state that is not
    known, was used or is over, RefreshFailed where the platform refused.
    """
    taken = await core.database.writing(_take, core, scope, actor, came.state)
    if taken is None or taken[0].platform != platform:
        raise InvalidInput(
            "This sign-in is not known, was used already, or took too long.", hint="Begin it again."
        )
    sign_in, waiting = taken
    scope = scope.narrowed(organization=sign_in.organization_id)
    provider = connectable(core)[platform]
    name = provider.capabilities.display_name
    if came.code is None:
        said = came.error if came.error is not None and _CODE.fullmatch(came.error) else "no reason"
        raise RefreshFailed(f"{name} did not let Afterpost in ({said}).", hint="Begin the sign-in again.")
    grant = CodeGrant(
        code=Secret(came.code),
        verifier=None if waiting.verifier is None else Secret(waiting.verifier),
        redirect_uri=waiting.redirect_uri,
    )
    app = Credential(secrets={key: Secret(value) for key, value in waiting.app.items()})

    async def exchange(call: Call) -> Credential:
        return await provider.exchange_code(call, grant)

    try:
        credential = await called(exchange, await call_with(core, provider, app), Credential)
        profile = await called(provider.check, await call_with(core, provider, credential), AccountProfile)
    except ProviderError as error:
        raise RefreshFailed(f"{name} refused the sign-in: {error.message}") from error
    return await core.database.writing(
        keep, core, scope, actor, platform, profile, credential, waiting.brand_id, waiting.brand
    )


def whose(core: Core, scope: Scope, state: str) -> Actor | None:
    """Who began the sign-in of that state; None when there is none. Nothing is used up."""
    with core.read(scope) as connection:
        found = sign_ins.look(connection, scope, _digest(state), core.now())
    return None if found is None else Actor(*_opened(core, found, state).actor)


def _take(core: Core, scope: Scope, actor: Actor, state: str) -> tuple[SignIn, _Waiting] | None:
    with core.transaction(scope, actor) as tx:
        found = sign_ins.take(tx.connection, tx.scope, _digest(state), tx.now)
    return None if found is None else (found, _opened(core, found, state))


def _opened(core: Core, found: SignIn, state: str) -> _Waiting:
    plain = core.sealer.open_bytes(found.sealed, _digest(state), "The sign-in")
    return msgspec.json.decode(plain, type=_Waiting)


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()


def _authorize_url(oauth: OAuth, client_id: str, state: str, verifier: str | None, redirect_uri: str) -> str:
    query = {
        "response_type": "code",
        oauth.client_parameter: client_id,
        "redirect_uri": redirect_uri,
        "scope": oauth.separator.join(scope.name for scope in oauth.scopes),
        "state": state,
        **oauth.parameters,
    }
    if verifier is not None:
        query |= {"code_challenge": _challenge(oauth, verifier), "code_challenge_method": "S256"}
    parts = urlsplit(oauth.authorize_url)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=joined))


def _challenge(oauth: OAuth, verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    if oauth.challenge == "hex":
        return digest.hex()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
