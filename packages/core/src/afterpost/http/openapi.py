"""The API's description, as OpenAPI JSON alone: a page that renders it would bring foreign scripts.

The framework describes routes and parameters. Bodies and answers are described by msgspec, which checks and
writes them: it knows every bound and says what each struct means.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Litestar, Request, Router
from litestar.enums import OpenAPIMediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from msgspec import Struct

import afterpost
from afterpost.http.errors import Problem
from afterpost.http.requests import check

PATH = "/schema/openapi.json"
_REF = "#/components/schemas/{name}"


class Description(OpenAPIRenderPlugin):
    """Answers with the description; made once."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON)
        self._made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The description as JSON."""
        if self._made is None:
            self._made = msgspec.json.encode(described(request.app, openapi_schema))
        return self._made


def described(app: Litestar, document: Mapping[str, Any]) -> dict[str, Any]:
    """The framework's description, with every struct as msgspec describes it."""
    components = document["components"]
    return {**document, "components": {**components, "schemas": schemas_of(app)}}


def schemas_of(*apps: Litestar) -> dict[str, Any]:
    """name -> description of every struct that the described routes of these apps take and give."""
    structs = dict.fromkeys(struct for app in apps for struct in _structs(app))
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REF)
    return dict(sorted(schemas.items()))


def _structs(app: Litestar) -> list[type[Struct]]:
    """What the described routes take and give."""
    found: dict[type[Struct], None] = {Problem: None}
    for handler in described_handlers(app).values():
        fields = [handler.parsed_fn_signature.return_type]
        if handler.parsed_data_field is not None:
            fields.append(handler.parsed_data_field)
        for field in fields:
            if isinstance(field.annotation, type) and issubclass(field.annotation, Struct):
                found[field.annotation] = None
    return list(found)


def described_handlers(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """(method, path) -> handler, of every route the description names."""
    return {
        (method, route.path_format): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.resolve_include_in_schema()
    }


def _operation_id(handler: HTTPRouteHandler, method: object, parts: "list[Any]") -> str:
    """The handler's name; that of a plugin's begins with where it is mounted."""
    where = [str(part) for part in parts[:3]]
    prefix = f"x_{where[2]}_" if where[:2] == ["v1", "x"] else ""
    return prefix + handler.handler_name


def openapi() -> OpenAPIConfig:
    """The configuration: one document at `PATH`, open to everyone, for it says nothing about the data."""

    async def only_the_document(request: Request[Any, Any, Any]) -> None:
        # The framework answers every other path there with a page of its own.
        if request.url.path != PATH:
            raise NotFoundException
        await check(request)

    return OpenAPIConfig(
        title="Afterpost",
        version=afterpost.__version__,
        summary="What happened after you posted.",
        render_plugins=[Description()],
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, before_request=only_the_document
        ),
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="The API key."),
                "page": SecurityScheme(
                    type="http", scheme="basic", description="The API key as password; any user name."
                ),
            }
        ),
    )
