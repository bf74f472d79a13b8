"""Failures as problems: one table, one shape, nothing leaked."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost import hookimpl
from afterpost.domain import errors as domain_errors
from afterpost.domain.errors import AfterpostError, InvalidInput, TooSoon
from afterpost.domain.scope import Actor, Scope
from afterpost.http import build_app
from afterpost.http.errors import INTERNAL, TABLE, problem_for
from afterpost.sdk import AccessPolicy, Action, Caller, TenantPolicy
from afterpost.services.core import Core
from packages.core.tests.http.calls import problem
from packages.core.tests.http.toy import BEARER, NOON

START_UP_ONLY = {"error", "misconfigured", "plugin_error"}


def test_every_expected_failure_is_in_the_table() -> None:
    kinds = [
        kind
        for kind in vars(domain_errors).values()
        if isinstance(kind, type) and issubclass(kind, AfterpostError)
    ]
    assert {kind.code for kind in kinds} - set(TABLE) == START_UP_ONLY


def test_an_error_of_a_plugin_is_answered_as_the_kind_it_is_of() -> None:
    class Odd(InvalidInput):
        code = "odd"

    shown = problem_for(Odd("That is odd.", hint="Even it out."))
    assert (shown.code, shown.status, shown.detail, shown.hint) == (
        "invalid_input",
        400,
        "That is odd.",
        "Even it out.",
    )


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("secret detail"),
        AfterpostError("secret detail"),
        domain_errors.Misconfigured("secret detail"),
        RecursionError("secret detail"),
        OSError("secret detail"),
    ],
)
def test_the_unexpected_says_nothing(error: Exception) -> None:
    shown = problem_for(error)
    assert (shown.code, shown.status) == (INTERNAL, 500)
    assert "secret" not in str(shown)


def test_an_unexpected_exception_is_logged_and_not_shown(
    core: Core,
    client: TestClient[Litestar],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> None:
        raise RuntimeError("the disk said no")

    monkeypatch.setattr(type(core.database), "read", lambda self: broken())
    with caplog.at_level(logging.ERROR):
        body = problem(client.get("/v1/posts"), 500, "internal")
    assert "disk" not in str(body)
    assert "the disk said no" in caplog.text
    assert "GET /v1/posts failed" in caplog.text


def test_too_soon_tells_when() -> None:
    shown = problem_for(TooSoon("Wait.", retry_at=NOON + timedelta(hours=1)))
    assert (shown.status, shown.retry_at) == (429, NOON + timedelta(hours=1))


def test_a_method_that_is_not_taken_is_named_with_those_that_are(client: TestClient[Litestar]) -> None:
    response = client.put("/v1/posts")
    problem(response, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))


def test_options_name_every_method(client: TestClient[Litestar]) -> None:
    for path, methods in (
        ("/v1/posts", "GET, HEAD, OPTIONS, POST"),
        ("/v1/accounts/7", "DELETE, OPTIONS"),
        ("/v1/posts/7/analytics", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
    ):
        response = client.options(path)
        assert (response.status_code, response.headers["allow"]) == (204, methods)


def test_an_unknown_route_is_not_found(client: TestClient[Litestar]) -> None:
    for path in ("/nope", "/v1", "/v1/nope", "/v1/posts/1/nope", "/schema", "/schema/x.html"):
        response = client.get(path)
        problem(response, 404, "not_found")
        assert response.headers["cache-control"] == "no-store"


class Broken(TenantPolicy, AccessPolicy):
    """A policy that fails; `shut` makes it refuse instead."""

    def __init__(self, *, tenancy: bool, shut: bool = False) -> None:
        self._tenancy = tenancy
        self._shut = shut

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        raise RuntimeError("no idea who that is")

    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        if self._shut:
            return False
        raise RuntimeError("no idea whether it may")

    @hookimpl
    def tenant_policy(self) -> TenantPolicy | None:
        return self if self._tenancy else None

    @hookimpl
    def access_policy(self) -> AccessPolicy | None:
        return None if self._tenancy else self


@pytest.mark.parametrize(
    ("policy", "status", "code"),
    [
        (Broken(tenancy=True), 503, "policy_unavailable"),
        (Broken(tenancy=False), 503, "policy_unavailable"),
        (Broken(tenancy=False, shut=True), 403, "forbidden"),
    ],
)
def test_a_policy_that_fails_or_refuses_forbids(
    open_here: Callable[..., Core], policy: Broken, status: int, code: str
) -> None:
    with TestClient(build_app(open_here(policy=policy)), raise_server_exceptions=False) as client:
        for method, path in (("GET", "/v1/posts"), ("POST", "/v1/brands"), ("OPTIONS", "/v1/brands")):
            body = problem(client.request(method, path, headers=BEARER), status, code)
            assert "no idea" not in str(body)
        assert client.get("/health/ready").status_code == 200


class Writes(AccessPolicy):
    """Lets nobody do anything but what it is told; remembers what it was asked."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed
        self.asked: list[str] = []

    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        self.asked.append(action)
        return action in self.allowed

    @hookimpl
    def access_policy(self) -> AccessPolicy:
        return self


def test_each_route_asks_for_what_it_does(open_here: Callable[..., Core]) -> None:
    policy = Writes("read")
    with TestClient(build_app(open_here(policy=policy))) as client:
        client.headers.update(BEARER)
        assert client.get("/v1/posts").status_code == 200
        for method, path, action in (
            ("POST", "/v1/posts", "manage"),
            ("POST", "/v1/brands", "manage"),
            ("POST", "/v1/accounts", "connect"),
            ("DELETE", "/v1/accounts/1", "disconnect"),
            ("POST", "/v1/ingest", "ingest"),
            ("POST", "/v1/posts/1/refresh-analytics", "collect"),
            ("POST", "/v1/posts/analytics", "collect"),
            ("POST", "/v1/content-performance/analytics-sync/run", "sync"),
        ):
            problem(client.request(method, path), 403, "forbidden")
            assert policy.asked[-1] == action
