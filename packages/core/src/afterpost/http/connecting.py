"""Connecting an account with a browser: what each platform asks for, where to go, and the way back."""

from typing import Annotated, Any

from litestar import Request, Router, get
from litestar.params import PathParameter
from msgspec import Struct

from afterpost.domain.errors import InvalidInput, NotFound
from afterpost.http.errors import STORAGE, problems
from afterpost.http.params import OptionalBrandId
from afterpost.http.scope import Call
from afterpost.http.views import AccountView, NoMeta, account_view
from afterpost.sdk.provider import Provider
from afterpost.sdk.tenancy import Caller
from afterpost.services import sign_in
from afterpost.services.connect import connectable
from afterpost.services.core import Core
from afterpost.services.sign_in import Came, ScopeView
from afterpost.services.standing import accounts_standing
from afterpost.settings import Settings

OfPlatform = Annotated[str, PathParameter(description="The platform, as GET /v1/connect names it")]
LONGEST = 4_096
"""Characters of a code or state that are believed."""


class FieldView(Struct, frozen=True):
    """One thing a person gives; `hidden`: not shown while it is typed. `of_app`: it belongs to the app and is
    the same for all its accounts."""

    name: str
    label: str
    hidden: bool
    required: bool
    of_app: bool
    help: str


class ConnectableView(Struct, frozen=True):
    """A platform: the fields of its credential, and the scopes of its sign-in by browser, if it has one."""

    platform: str
    title: str
    fields: list[FieldView]
    scopes: list[ScopeView] | None


class ConnectableAnswer(Struct, frozen=True):
    """Every platform that an account can be connected on."""

    data: list[ConnectableView]
    meta: NoMeta = NoMeta()


class BegunView(Struct, frozen=True):
    """Where the browser goes (`authorize_url`), and until when it has to come back."""

    authorize_url: str
    redirect_uri: str
    ends_at: str
    scopes: list[ScopeView]

    def __repr__(self) -> str:
        return "BegunView(***)"


class BegunAnswer(Struct, frozen=True):
    """A sign-in that was begun."""

    data: BegunView
    meta: NoMeta = NoMeta()


class ConnectedAnswer(Struct, frozen=True):
    """The account that was connected."""

    data: AccountView
    meta: NoMeta = NoMeta()


@get("/connect", summary="Platforms to connect", responses=problems())
async def read_connectable(call: Call) -> ConnectableAnswer:
    """Every platform, what connecting an account of it takes, and which permission gives which metrics."""
    return ConnectableAnswer([_shown(each) for each in connectable(call.core).values()])


@get(
    "/connect/{platform:str}/start",
    opt={"action": "connect"},
    summary="Begin a sign-in",
    responses=problems("not_found"),
)
async def begin_sign_in(call: Call, platform: OfPlatform, brand_id: OptionalBrandId = None) -> BegunAnswer:
    """Where to send the browser of whoever owns the account. The app's id and secret are settings."""
    _known(call.core, platform)
    redirect_uri = f"{_base(call.core.settings)}/v1/connect/{platform}/callback"
    begun = await call.writing(sign_in.begin, platform, {}, redirect_uri, brand_id=brand_id)
    ends_at = begun.ends_at.isoformat().replace("+00:00", "Z")
    return BegunAnswer(BegunView(begun.url, redirect_uri, ends_at, list(begun.scopes)))


def callback_route(core: Core) -> Router:
    """`/v1/connect/{platform}/callback`, open to everyone who brings the state of a sign-in.

    The state says who began it; as them, and as far as they may today, the account is connected.
    """

    @get(
        "/connect/{platform:str}/callback",
        opt={"any_query": True},
        summary="End a sign-in",
        responses=problems(
            "not_found", "refresh_failed", "policy_unavailable", "forbidden", *STORAGE, keyed=False
        ),
    )
    async def finish_sign_in(request: Request[Any, Any, Any], platform: OfPlatform) -> ConnectedAnswer:
        """Where platforms send the browser back to, with `state` and `code` or `error`."""
        _known(core, platform)
        said = {name: request.query_params.get(name) for name in ("state", "code", "error")}
        if not said["state"] or any(text is not None and len(text) > LONGEST for text in said.values()):
            raise InvalidInput("A sign-in comes back with a state, and a code or an error.")
        # Where requests are logged, the code must not be.
        request.scope["query_string"] = b""
        came = Came(said["state"], said["code"], said["error"])
        everything = (await core.resolve(Caller(door="job")))[1]
        began = await core.database.reading(sign_in.whose, core, everything, came.state)
        if began is None:
            raise InvalidInput(
                "This sign-in is not known, was used already, or took too long.", hint="Begin it again."
            )
        actor, scope = await core.resolve(Caller(door="job", on_behalf_of=began))
        await core.permit(actor, "connect", scope)
        account = await sign_in.finish(core, scope, actor, platform, came)
        standing = await core.database.reading(accounts_standing, core, scope)
        found = next(each for each in standing if each.account.id == account.id)
        return ConnectedAnswer(account_view(found, core))

    return Router("/v1", route_handlers=[finish_sign_in])


def _shown(provider: Provider) -> ConnectableView:
    oauth = provider.oauth
    return ConnectableView(
        provider.capabilities.platform,
        provider.capabilities.display_name,
        [
            FieldView(f.name, f.label, f.secret, f.required, f.of_app, f.help)
            for f in provider.credential_fields
        ],
        None if oauth is None else list(sign_in.scopes_of(provider.capabilities, oauth)),
    )


def _known(core: Core, platform: str) -> None:
    if platform not in connectable(core):
        raise NotFound(
            "No account can be connected on that platform.", hint="GET /v1/connect lists what can be."
        )


def _base(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
