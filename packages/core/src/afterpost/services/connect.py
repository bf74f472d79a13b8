"""Accounts: connect with a credential, list, disconnect."""

import hashlib
from collections.abc import Mapping

import msgspec

from afterpost.domain.errors import InvalidInput, NotFound, ProviderError, RefreshFailed
from afterpost.domain.events import AccountConnected, AccountDisconnected
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.credentials import Credential, Secret
from afterpost.sdk.provider import AccountProfile, Call, Provider
from afterpost.services.catalogue import brand_by_id, brand_named
from afterpost.services.core import Core
from afterpost.services.dues import resume, settle
from afterpost.services.exchange import called, client_for
from afterpost.services.renewal import kept
from afterpost.storage import accounts, pauses
from afterpost.storage.accounts import Account


def connectable(core: Core) -> dict[str, Provider]:
    """The platforms an account can be connected on."""
    return {key: p for key, p in sorted(core.providers.items()) if p.capabilities.lists_posts}


def read_fields(provider: Provider, given: Mapping[str, str]) -> Credential:
    """A credential from what a person typed; InvalidInput names what is missing or not known."""
    fields = {field.name: field for field in provider.credential_fields}
    unknown = sorted(set(given) - set(fields))
    missing = sorted(name for name, field in fields.items() if field.required and not given.get(name))
    if unknown or missing:
        wrong = [f"{name} is missing" for name in missing] + [f"{name} is not known" for name in unknown]
        raise InvalidInput(
            f"The {provider.capabilities.display_name} credential can't be used: {', '.join(wrong)}.",
            hint="It takes: " + (", ".join(fields) or "nothing") + ".",
        )
    return Credential(secrets={name: Secret(value) for name, value in given.items() if value})


async def call_with(core: Core, provider: Provider, credential: Credential) -> Call:
    """A call for a credential that belongs to no account yet."""
    client = await client_for(core, provider, credential, f"connect {provider.capabilities.platform}")
    return Call(client=client, credential=credential, now=core.now())


def app_of(provider: Provider, credential: Credential) -> str:
    """What names the app whose limits an account uses: a digest of its public id; empty when not known."""
    public = [
        (field.name, credential.secret(field.name))
        for field in provider.credential_fields
        if field.of_app and not field.secret and field.name in credential.secrets
    ]
    return hashlib.sha256(msgspec.json.encode(sorted(public))).hexdigest()[:16] if public else ""


async def connect(
    core: Core,
    scope: Scope,
    actor: Actor,
    platform: str,
    given: Mapping[str, str],
    *,
    brand_id: int | None = None,
    brand: str | None = None,
) -> Account:
    """Check a credential with the platform and keep it sealed.

    A known account gets the new credential and keeps its brand. For a new one `brand_id`, or `brand` by
    name (made when new), is the brand its posts belong to. Raises InvalidInput or RefreshFailed; nothing is
    stored then.
    """
    provider = connectable(core).get(platform)
    if provider is None:
        raise InvalidInput(
            f"No account can be connected on {platform!r}.",
            hint="Installed: " + ", ".join(connectable(core)) + ". For another network install its plugin.",
        )
    credential = read_fields(provider, given)
    try:
        credential = await called(provider.sign_in, await call_with(core, provider, credential), Credential)
        call = await call_with(core, provider, credential)
        profile = await called(provider.check, call, AccountProfile)
    except ProviderError as error:
        raise RefreshFailed(
            f"{provider.capabilities.display_name} refused the credential: {error.message}"
        ) from error
    return await core.database.writing(
        keep, core, scope, actor, platform, profile, credential, brand_id, brand
    )


def keep(
    core: Core,
    scope: Scope,
    actor: Actor,
    platform: str,
    profile: AccountProfile,
    credential: Credential,
    brand_id: int | None,
    brand: str | None,
) -> Account:
    """Keep a credential that was checked, sealed; see `connect`."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        row = (organization.id, platform, profile.external_id)
        provider = core.providers[platform]
        values: dict[str, object] = {
            "handle": profile.handle,
            "name": profile.name,
            "state": "active",
            "credential": core.sealer.seal(credential, row),
            "app": app_of(provider, credential),
            **kept(credential, provider.capabilities.renewal, tx.now),
            "parked_until": None,
            "failure_kind": None,
            "failure_message": None,
            "failed_at": None,
        }
        known = accounts.find_account(tx.connection, tx.scope, *row)
        if known is None:
            if brand is not None:
                brand_id = brand_named(tx, organization, brand).id
            elif brand_id is not None:
                brand_by_id(tx.connection, tx.scope, brand_id)
            values |= {
                "organization_id": organization.id,
                "brand_id": brand_id,
                "platform": platform,
                "external_id": profile.external_id,
                "listed": False,
                "created_at": tx.now,
            }
            account_id = accounts.add_account(tx.connection, tx.scope, values)
        else:
            account_id = known.id
            if known.state != "active":
                resume(tx, account_id)
            accounts.connect_again(tx.connection, tx.scope, account_id, values)
        pauses.note_state(tx.connection, tx.scope, organization.id, account_id, "active", tx.now)
        tx.emit(
            AccountConnected(
                organization_id=organization.id,
                account_id=account_id,
                platform=platform,
                external_id=profile.external_id,
            )
        )
        account = accounts.get_account(tx.connection, tx.scope, account_id)
    if account is None:
        raise NotFound(f"There is no account {account_id}.")
    # The credential may hold the only refresh token that lives.
    core.database.settle()
    return account


def list_accounts(core: Core, scope: Scope) -> list[Account]:
    """The accounts the scope may see."""
    with core.read(scope) as connection:
        return accounts.list_accounts(connection, scope)


def disconnect(core: Core, scope: Scope, actor: Actor, account_id: int) -> Account:
    """Forget the account's credential and stop collecting it; its posts and their history stay."""
    with core.transaction(scope, actor) as tx:
        found = accounts.get_account(tx.connection, tx.scope, account_id)
        if found is None:
            raise NotFound(f"There is no account {account_id}.")
        gone_values = {"state": "disconnected", "credential": None, "renew_at": None, "scopes": ""}
        accounts.connect_again(tx.connection, tx.scope, account_id, gone_values)
        own = tx.scope.narrowed(organization=found.organization_id)
        settle(core, tx, core.organization(tx.connection, own), account_id)
        pauses.note_state(tx.connection, tx.scope, found.organization_id, account_id, "disconnected", tx.now)
        gone = accounts.get_account(tx.connection, tx.scope, account_id)
        assert gone is not None
        tx.emit(AccountDisconnected(organization_id=gone.organization_id, account_id=account_id))
    return gone
