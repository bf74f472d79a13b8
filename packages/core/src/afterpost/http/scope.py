"""From a request to who acts within which scope; nothing under the API is reached without it."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as ASGIScope

from afterpost.domain.errors import Forbidden
from afterpost.domain.scope import Actor, Scope
from afterpost.http.background import Background
from afterpost.sdk.access import Action
from afterpost.sdk.tenancy import Caller
from afterpost.services.core import Core
from afterpost.services.versions import Versions

P = ParamSpec("P")
R = TypeVar("R")

READ_METHODS = frozenset({"GET", "OPTIONS"})


@dataclass(frozen=True)
class Acting:
    """One admitted request: the core, the actor and the scope, as services want them.

    Storage is synchronous, so services run on the database's own threads, never on the loop.
    """

    core: Core
    background: Background
    versions: Versions
    actor: Actor
    scope: Scope
    as_of: date | datetime | None = None
    """As of when the core is; None: now."""

    async def reading(
        self, service: Callable[Concatenate[Core, Scope, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """A service that reads, on a reader thread; about an earlier instant, on one for that alone."""
        database = self.core.database
        run = database.reading if self.as_of is None else database.recalling
        return await run(service, self.core, self.scope, *args, **kwargs)

    async def writing(
        self, service: Callable[Concatenate[Core, Scope, Actor, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """A service that writes, on the writer thread."""
        return await self.core.database.writing(service, self.core, self.scope, self.actor, *args, **kwargs)

    async def doing(
        self,
        service: Callable[Concatenate[Core, Scope, Actor, P], Awaitable[R]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """A service that is an act: guards are asked, then it writes as it goes."""
        return await service(self.core, self.scope, self.actor, *args, **kwargs)


Call: TypeAlias = NamedDependency[SkipValidation[Acting]]
"""The parameter `call` of a route."""


def admission(core: Core, background: Background) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware before every route that needs the key: resolves the caller and asks whether it may.

    A route that changes something says what it does (`opt={"action": …}`); one that does not say is closed.
    """

    versions = Versions(core)

    # Functions and no class: the framework copies what it is given, deeply, but leaves functions alone.
    def before(app: ASGIApp) -> ASGIApp:
        async def admit(scope: ASGIScope, receive: Receive, send: Send) -> None:
            opt = scope["route_handler"].opt
            token = _basic(scope) if opt.get("basic", False) else _bearer(scope)
            actor, seen = await core.resolve(Caller(door="http", token=token))
            action: Action | None = opt.get("action")
            if action is None and scope.get("method") in READ_METHODS:
                action = "read"
            if action is None:
                raise Forbidden("This route does not say what it does, so nobody may use it.")
            await core.permit(actor, action, seen)
            scope["state"]["acting"] = Acting(core, background, versions, actor, seen)
            await app(scope, receive, send)

        return admit

    return before


def acting(request: Request[Any, Any, Any]) -> Acting:
    """The dependency `call`: who was admitted."""
    return admitted(request.scope)


def admitted(scope: ASGIScope) -> Acting:
    """Who was admitted to the route of an ASGI scope."""
    found = scope["state"].get("acting")
    if not isinstance(found, Acting):
        raise TypeError("nobody asked whether this caller may use this route")
    return found


def _credentials(scope: ASGIScope, wanted: str) -> str | None:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].decode("latin-1").partition(" ")
    return rest.strip() or None if scheme.lower() == wanted else None


def _bearer(scope: ASGIScope) -> str | None:
    return _credentials(scope, "bearer")


def _basic(scope: ASGIScope) -> str | None:
    """The password of Basic authentication, whatever the user name: what a browser can ask a person for."""
    given = _credentials(scope, "basic")
    if given is None:
        return None
    try:
        _, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return password if colon else None
