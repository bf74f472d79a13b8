"""The HTTP door: the API under /v1, health, the OpenAPI description, and one page for people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

import afterpost
from afterpost.domain.errors import AfterpostError
from afterpost.http import (
    accounts,
    analytics,
    brands,
    content_performance,
    ingest,
    page,
    post_analytics,
    posts,
    runs,
)
from afterpost.http.background import Background
from afterpost.http.errors import answering
from afterpost.http.headers import add_headers
from afterpost.http.health import health_routes
from afterpost.http.requests import BODY_BYTES, ApiRequest, check
from afterpost.http.scope import acting, guard
from afterpost.services.core import Core
from afterpost.services.runner import keep_fresh

SCHEMA = "/schema/openapi.json"

_V1: list[ControllerRouterHandler] = [
    posts.create_post,
    posts.read_posts,
    posts.read_post,
    post_analytics.read_post_analytics,
    post_analytics.read_observations,
    post_analytics.refresh_post,
    post_analytics.refresh_posts,
    runs.read_run,
    accounts.connect_account,
    accounts.read_accounts,
    accounts.disconnect_account,
    brands.create_brand,
    brands.read_brands,
    ingest.ingest_posts,
    analytics.read_overview,
    content_performance.read_weekly,
    content_performance.run_sync,
    content_performance.read_sync_status,
]


def build_app(core: Core) -> Litestar:
    """The web app over a Core, which it closes when it is shut down.

    While it runs it keeps the data fresh by itself, unless the setting `collect` is off.
    """
    background = Background(core.log)

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        if core.settings.collect:
            background.start(keep_fresh(core), "the collection loop")
        try:
            yield
        finally:
            await background.close()
            await core.close()

    guarded = Router(
        "/",
        guards=[guard(core, background)],
        dependencies={"call": Provide(acting, sync_to_thread=False)},
        route_handlers=[
            Router("/v1", route_handlers=_V1, security=[{"key": []}]),
            page.read_page,
        ],
    )
    problem = answering(core.now)
    return Litestar(
        [guarded, health_routes(core)],
        lifespan=[running],
        request_class=ApiRequest,
        request_max_body_size=BODY_BYTES,
        before_request=check,
        before_send=[add_headers],
        exception_handlers={AfterpostError: problem, HTTPException: problem, Exception: problem},
        openapi_config=_openapi(),
        logging_config=None,
    )


def _openapi() -> OpenAPIConfig:
    """The description, as JSON only: a page that renders it would come from somebody else's server."""

    async def only_json(request: Request[Any, Any, Any]) -> None:
        # The framework answers other paths there with a page of its own.
        if request.url.path != SCHEMA:
            raise NotFoundException
        await check(request)

    return OpenAPIConfig(
        title="Afterpost",
        version=afterpost.__version__,
        summary="What happened after you posted.",
        render_plugins=[JsonRenderPlugin()],
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, before_request=only_json
        ),
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, method, parts: handler.handler_name,
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="The API key."),
                "page": SecurityScheme(
                    type="http", scheme="basic", description="The API key as password; any user name."
                ),
            }
        ),
    )
