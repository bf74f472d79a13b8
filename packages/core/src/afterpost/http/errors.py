"""Every failure as a problem (RFC 9457): one table from error codes to HTTP statuses, and nothing leaks.

`type` is `/problems/<code>`, a reference that only identifies; docs/api.md describes each code.
"""

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from afterpost.domain.errors import AfterpostError, StorageUnavailable

MEDIA_TYPE = "application/problem+json"
INTERNAL = "internal"

log = logging.getLogger("afterpost.http")


class Known(NamedTuple):
    """What a code means over HTTP."""

    status: int
    title: str


TABLE: Mapping[str, Known] = {
    "invalid_input": Known(400, "The request is wrong"),
    "invalid_window": Known(400, "The date window is wrong"),
    "invalid_as_of": Known(400, "The instant is not over"),
    "invalid_cursor": Known(400, "The cursor is not one of ours"),
    "unauthenticated": Known(401, "No valid key"),
    "forbidden": Known(403, "Not allowed"),
    "denied": Known(403, "A guard said no"),
    "not_found": Known(404, "Not found"),
    "method_not_allowed": Known(405, "Method not allowed"),
    "conflict": Known(409, "Contradicts what is stored"),
    "held": Known(409, "A guard holds it"),
    "too_large": Known(413, "The body is too large"),
    "too_soon": Known(429, "Too soon"),
    INTERNAL: Known(500, "Afterpost failed"),
    "refresh_failed": Known(502, "The platform could not be read"),
    "provider_error": Known(502, "The platform failed"),
    "unavailable": Known(503, "Not ready"),
    "storage_full": Known(503, "No room to store anything"),
    "storage_busy": Known(503, "The database is busy"),
    "storage_unavailable": Known(503, "The database is not available"),
    "policy_unavailable": Known(503, "A policy failed"),
}
"""The one table: code -> status and title. A code that is not here is answered as `internal`."""

STORAGE = ("storage_full", "storage_busy", "storage_unavailable")
"""What every route that asks the database may answer."""

_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
"""What the framework itself raises; its other 4xx are `invalid_input`."""


class Unavailable(AfterpostError):
    """The database does not answer, or its schema is not the one this version needs."""

    code = "unavailable"


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem: `code` is stable and made for programs, `detail` and `hint` for people. `retry_at` stands
    where waiting helps."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str | None = None
    retry_at: datetime | None = None


def problem_for(error: Exception) -> Problem:
    """The problem an exception is shown as. Of what is not an expected failure nothing is said."""
    if isinstance(error, AfterpostError):
        code = next(
            (c for kind in type(error).__mro__ if (c := getattr(kind, "code", "")) in TABLE), INTERNAL
        )
        if code != INTERNAL:
            return _problem(code, error.message, error.hint, _retry_at(error))
    if isinstance(error, HTTPException) and error.status_code < 500:
        code = _BY_STATUS.get(error.status_code, "invalid_input")
        return _problem(code, _framework_detail(code, error), None, None)
    return _problem(INTERNAL, "Something went wrong; the log says what.", None, None)


def _problem(code: str, detail: str, hint: str | None, retry_at: datetime | None) -> Problem:
    known = TABLE[code]
    return Problem(
        type=f"/problems/{code}",
        title=known.title,
        status=known.status,
        detail=detail,
        code=code,
        hint=hint,
        retry_at=retry_at,
    )


def _retry_at(error: AfterpostError) -> datetime | None:
    """When trying again may help: as the error says, else as the provider said that caused it."""
    for source in (error, error.__cause__):
        found = getattr(source, "retry_at", None)
        if isinstance(found, datetime):
            return found
    return None


def _framework_detail(code: str, error: HTTPException) -> str:
    if code == "not_found":
        return "There is no such route."
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        return " ".join(f"{each.get('key', 'The request')}: {each['message']}." for each in error.extra)
    return {
        "method_not_allowed": "This route does not take that method.",
        "too_large": "The body is larger than this route takes.",
    }.get(code, error.detail)


def answering(
    now: Callable[[], datetime],
) -> Callable[[Request[Any, Any, Any], Exception], Response[Problem]]:
    """The exception handler of the app. `now` tells how long `Retry-After` is."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
        problem = problem_for(error)
        headers = {"Allow": allow} if (allow := _allowed(error)) else {}
        if problem.code == INTERNAL:
            log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        if isinstance(error, StorageUnavailable):
            log.warning("%s %s: %s (%s)", request.method, request.url.path, error.code, error.__cause__)
            headers["Retry-After"] = str(error.retry_in)
        if problem.status == 401:
            handler = request.scope.get("route_handler")
            basic = getattr(handler, "opt", {}).get("basic", False)
            headers["WWW-Authenticate"] = 'Basic realm="Afterpost", charset="UTF-8"' if basic else "Bearer"
        if problem.retry_at is not None:
            seconds = (problem.retry_at - now()).total_seconds()
            headers["Retry-After"] = str(max(1, math.ceil(seconds)))
        return Response(problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)

    return answer


def _allowed(error: Exception) -> str | None:
    given = error.headers if isinstance(error, HTTPException) else None
    allow = None if given is None else given.get("allow")
    return None if allow is None else ", ".join(with_head(allow.split(", ")))


def with_head(methods: Iterable[str]) -> list[str]:
    """The methods a path takes: where it is read, it takes HEAD as well."""
    found = set(methods)
    return sorted(found | {"HEAD"} if "GET" in found else found)


def problems(*codes: str, keyed: bool = True) -> dict[int, ResponseSpec]:
    """The problem responses of a route for its OpenAPI description.

    Beside `codes`: what every route may answer, and what every route that needs a key may.
    """
    everywhere = ("invalid_input", INTERNAL)
    of_status: dict[int, list[str]] = {}
    for code in (
        *everywhere,
        *(("unauthenticated", "forbidden", "policy_unavailable", *STORAGE) if keyed else ()),
        *codes,
    ):
        of_status.setdefault(TABLE[code].status, []).append(code)
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=MEDIA_TYPE,
            generate_examples=False,
            description="; ".join(f"`{code}`: {TABLE[code].title}" for code in some),
        )
        for status, some in sorted(of_status.items())
    }
