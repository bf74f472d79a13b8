"""What a request may look like: strict bodies, no parameter that nobody reads.

The framework converts bodies leniently ("5" for 5) and lets unknown query parameters pass in silence; both
would turn a caller's mistake into a wrong answer.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import InternalServerException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from afterpost.domain.errors import InvalidInput, NotFound
from afterpost.http.errors import with_head

BODY_BYTES = 1024 * 1024
"""The largest body of a route that does not say otherwise."""


WHOLE = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
"""How a whole number is written."""

STREAMED = "streamed"
"""The option of a route that reads its body itself, bit by bit."""


class ApiRequest(Request[Any, Any, Any]):
    """A request whose JSON is decoded once, strictly, straight into the struct its route declares."""

    async def body(self) -> bytes:
        """The body; a client that hangs up in the middle of it is not a failure of ours."""
        try:
            return await super().body()
        except InternalServerException as error:
            raise InvalidInput("The client hung up before its request was complete.") from error

    async def json(self) -> Any:
        """The body as the route's struct; InvalidInput says where it is not."""
        field = self.route_handler.parsed_data_field
        if field is None:
            raise TypeError("a route without a body was asked for it")
        try:
            return _decoder(field.annotation).decode(await self.body())
        except msgspec.ValidationError as error:
            raise InvalidInput(f"The body is wrong: {error}.") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"The body is no JSON: {error}.") from error
        except RecursionError as error:
            raise InvalidInput("The body is nested too deeply.") from error


@cache
def _decoder(body: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body)


async def check(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Refuse what the route would ignore: unknown or repeated query parameters, a body it does not take."""
    if not request.route_handler.opt.get("any_query", False):  # platforms add what they like to a redirect
        _check_query(request)
    _check_path(request)
    if request.method == "OPTIONS":
        return Response(None, status_code=204, headers={"Allow": ", ".join(_methods(request))})
    handler = request.route_handler
    if request.method == "GET" or handler.opt.get(STREAMED, False):
        return None
    body = (await request.body()).strip()
    if handler.parsed_data_field is not None and not body:
        raise InvalidInput("This route needs a JSON body.")
    if handler.parsed_data_field is None and body not in (b"", b"{}"):
        raise InvalidInput("This route takes no body.")
    return None


def _methods(request: Request[Any, Any, Any]) -> list[str]:
    """What the path takes; the framework's own answer knows only the first of its handlers."""
    here = request.scope["path_template"]
    return with_head(
        method for route in request.app.routes if route.path_format == here for method in route.methods
    )


def query_parameters(handler: BaseRouteHandler) -> Sequence[str]:
    """The query parameters of a route, its own and those of the dependencies it takes."""
    return sorted(_whole(handler))


@cache
def _whole(handler: BaseRouteHandler) -> Mapping[str, bool]:
    """Query parameter of a route -> whether it is a whole number."""
    own = handler.parsed_fn_signature
    given = [
        provider.parsed_fn_signature
        for name, provider in handler.resolve_dependencies().items()
        if name in own.parameters
    ]
    return {
        name: any(
            inner.is_subclass_of(int) and not inner.is_subclass_of(bool)
            for inner in (field, *field.inner_types)
        )
        for signature in (own, *given)
        for name, field in sorted(signature.parameters.items())
        if isinstance(field.kwarg_definition, QueryParameter)
    }


def _check_path(request: Request[Any, Any, Any]) -> None:
    """A number in a path has one spelling: the framework would read 1_0 as 10."""
    numbers = {str(value) for value in request.path_params.values() if isinstance(value, int)}
    if not numbers <= set(request.url.path.split("/")):
        raise NotFound("There is no such route.")


def _check_query(request: Request[Any, Any, Any]) -> None:
    known = _whole(request.route_handler)
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise InvalidInput(
                f"There is no query parameter {name[:80]!r} here.",
                hint=f"Known: {', '.join(sorted(known))}." if known else "This route takes none.",
            )
        if name in seen:
            raise InvalidInput(f"The query parameter {name!r} is given more than once.")
        if value.lower() == "null":  # the framework would read it as not given
            raise InvalidInput(f"{name}: Leave the parameter out instead of giving null.")
        if known[name] and not WHOLE.fullmatch(value):  # the framework would read 1e2 as 100
            raise InvalidInput(f"{name}: Expected a whole number in digits, got {value[:40]!r}.")
        seen.add(name)
