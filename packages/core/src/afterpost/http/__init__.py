"""The HTTP door: the API under /v1, health, the OpenAPI description, and one page for people."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from afterpost.domain.errors import AfterpostError
from afterpost.http import (
    accounts,
    analytics,
    brands,
    connecting,
    content_performance,
    imports,
    ingest,
    page,
    payloads,
    post_analytics,
    posts,
    quality,
    rankings,
    runs,
)
from afterpost.http.app import App, hosts_of
from afterpost.http.background import Background
from afterpost.http.errors import answering
from afterpost.http.extensions import living, panel_route, plugin_routers
from afterpost.http.headers import add_headers
from afterpost.http.health import health_routes
from afterpost.http.openapi import openapi
from afterpost.http.requests import BODY_BYTES, ApiRequest, check
from afterpost.http.scope import acting, admission
from afterpost.http.sign_in import sign_in_route
from afterpost.http.tags import before_tagged
from afterpost.services.core import Core
from afterpost.services.runner import keep_fresh

_V1: list[ControllerRouterHandler] = [
    posts.create_post,
    posts.read_posts,
    posts.read_post,
    posts.edit_one_post,
    post_analytics.read_post_analytics,
    post_analytics.read_observations,
    post_analytics.refresh_post,
    post_analytics.refresh_posts,
    runs.read_runs,
    runs.read_run,
    runs.read_run_lines,
    payloads.read_payload,
    accounts.connect_account,
    accounts.read_accounts,
    accounts.read_account_metrics,
    accounts.disconnect_account,
    connecting.read_connectable,
    connecting.begin_sign_in,
    brands.create_brand,
    brands.read_brands,
    ingest.ingest_posts,
    analytics.read_overview,
    analytics.read_timeseries,
    analytics.read_platforms,
    analytics.read_growth,
    analytics.read_engagement,
    analytics.read_posting_times,
    analytics.read_hooks,
    rankings.read_top,
    rankings.read_worst,
    rankings.read_brand_stats,
    rankings.read_organization_stats,
    rankings.read_receipt,
    rankings.read_brand_board,
    rankings.read_organization_board,
    analytics.read_brand_overview,
    analytics.read_brand_platform_overview,
    analytics.read_brand_timeseries,
    quality.read_quality,
    content_performance.read_weekly,
    content_performance.read_top_performers,
    content_performance.read_worst_performers,
    content_performance.read_prompt_performance,
    content_performance.read_generation_context,
    content_performance.run_sync,
    imports.import_csv,
    imports.import_manual,
    content_performance.read_sync_status,
]


def build_app(core: Core) -> Litestar:
    """The web app over a Core, which it closes when it is shut down.

    While it runs it keeps the data fresh by itself, unless the setting `collect` is off.
    """
    background = Background(core.log)
    lifespans = core.plugins.lifespans(core.context)
    own: list[ControllerRouterHandler] = [*_V1, panel_route(core.plugins.panels(core.context))]
    plugins = plugin_routers(core, lambda: _app(core, background, {}, own, []))
    return _app(core, background, lifespans, own, plugins)


def _app(
    core: Core,
    background: Background,
    lifespans: Mapping[str, AbstractAsyncContextManager[object]],
    own: list[ControllerRouterHandler],
    plugins: list[Router],
) -> Litestar:
    @asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        try:
            async with living(core, lifespans):
                if core.settings.collect or core.observers:
                    background.start(keep_fresh(core), "the collection loop")
                try:
                    yield
                finally:
                    await background.close()
        finally:
            await core.close()

    guarded = Router(
        "/",
        middleware=[admission(core, background), before_tagged],
        dependencies={"call": Provide(acting, sync_to_thread=False)},
        route_handlers=[
            Router("/v1", route_handlers=[*own, *plugins], security=[{"key": []}]),
            Router("/", route_handlers=[page.read_page], opt={"basic": True}),
        ],
    )
    problem = answering(core.now)
    return App(
        [guarded, health_routes(core), sign_in_route(core), connecting.callback_route(core)],
        lifespan=[running],
        request_class=ApiRequest,
        request_max_body_size=BODY_BYTES,
        before_request=check,
        before_send=[add_headers],
        exception_handlers={AfterpostError: problem, HTTPException: problem, Exception: problem},
        openapi_config=openapi(),
        logging_config=None,
    ).named(hosts_of(core.settings))
