"""From a request to who acts within which scope; nothing under the API is reached without it."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import SkipValidation
from litestar.types import Guard

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
        """A service that reads, on a reader thread."""
        return await self.core.database.reading(service, self.core, self.scope, *args, **kwargs)

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


def guard(core: Core, background: Background) -> Guard:
    """The guard of every route that needs the key: resolves the caller and asks whether it may.

    A route that changes something says what it does (`opt={"action": …}`); one that does not say is closed.
    """

    versions = Versions(core)

    # A function and not a method: the framework copies what it is given, deeply, but leaves functions alone.
    async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        token = _basic(connection) if handler.opt.get("basic", False) else _bearer(connection)
        actor, scope = await core.resolve(Caller(door="http", token=token))
        action: Action | None = handler.opt.get("action")
        if action is None and connection.scope.get("method") in READ_METHODS:
            action = "read"
        if action is None:
            raise Forbidden("This route does not say what it does, so nobody may use it.")
        await core.permit(actor, action, scope)
        connection.state.acting = Acting(core, background, versions, actor, scope)

    return admit


def acting(request: Request[Any, Any, Any]) -> Acting:
    """The dependency `call`: what the guard found out."""
    admitted = request.state.acting
    if not isinstance(admitted, Acting):
        raise TypeError("the guard of this route did not run")
    return admitted


def _credentials(connection: ASGIConnection[Any, Any, Any, Any], wanted: str) -> str | None:
    given = connection.headers.getall("authorization", [])
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].partition(" ")
    return rest.strip() or None if scheme.lower() == wanted else None


def _bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    return _credentials(connection, "bearer")


def _basic(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The password of Basic authentication, whatever the user name: what a browser can ask a person for."""
    given = _credentials(connection, "basic")
    if given is None:
        return None
    try:
        _, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return password if colon else None
