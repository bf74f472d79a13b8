"""A platform's wire: how it words its answers and its errors over any world."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from afterpost.emulator.faults import Fault
from afterpost.emulator.world import World, WorldAccount


class Request(Struct, frozen=True, kw_only=True, dict=True):
    """A request as it came over the wire. `path` is percent-decoded, header names are lower-case."""

    host: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def param(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def params(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, in order."""
        return tuple(value for key, value in self.query if key == name)

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header, if it has the Bearer form."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The fields of a form-encoded body; empty when the body is no text."""
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            return {}

    def json(self) -> Any:
        """The decoded JSON body; None when it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (ValueError, RecursionError):
            return None


class Response(Struct, frozen=True):
    """An answer: status, body, and headers beside Content-Length."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @classmethod
    def json(cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Self:
        """An answer with a JSON body."""
        kind = {"content-type": "application/json; charset=UTF-8"}
        return cls(status, msgspec.json.encode(value), kind | dict(headers or {}))


class Dialect(ABC):
    """One platform's wire over a world. Synchronous and quick; everything depends on the arguments alone."""

    hosts: tuple[str, ...]
    """The real hosts this dialect answers for, lower-case."""

    native: Mapping[str, str] = {}
    """Canonical metric -> the platform's field name, so that a fault can name either."""

    id_field = "id"
    """The field that holds a post's id in a batch answer."""

    def __init__(self, world: World) -> None:
        self.world = world

    @abstractmethod
    def answer(self, request: Request, now: datetime) -> Response:
        """The platform's answer. Unknown paths and parameters get the platform's own error."""

    @abstractmethod
    def fault(self, fault: Fault, request: Request, now: datetime) -> Response | None:
        """The fault as this platform words it, for the kinds of `PLATFORM_FAULTS`.

        None when the fault does not concern this request (a revoked grant shows at the token endpoint
        only); the request is then answered as usual and the fault does not count as fired.
        """

    def credential(self, account: WorldAccount) -> Mapping[str, str]:
        """What a person would type to connect this account: credential field -> value."""
        return {"access_token": account.token}

    def account_of(self, request: Request, now: datetime) -> str | None:
        """The id of the account a request signs in as, for faults of one account."""
        account = self.world.account_for_token(request.bearer or "")
        return account.id if account else None

    def shape(self, fault: Fault, request: Request, response: Response) -> Response | None:
        """The answer with fields (`absent_field`) or posts (`missing_id`) left out; None when none was there.

        This works for any JSON answer; override it where the platform's batch answers need more care, where
        a metric that was taken off (`dead_metric`) is refused, or where lists show posts of others
        (`foreign_post`).
        """
        if fault.kind in ("dead_metric", "foreign_post"):
            return None
        try:
            value = msgspec.json.decode(response.body)
        except (ValueError, RecursionError):
            return None
        if fault.kind == "absent_field":
            names = {self.native.get(name, name) for name in fault.fields or ("likes",)}
            changed = _drop_fields(value, names)
        else:
            changed = _drop_posts(value, self.id_field, fault.ids)
        return msgspec.structs.replace(response, body=msgspec.json.encode(value)) if changed else None


def _drop_fields(value: Any, names: Collection[str]) -> bool:
    changed = False
    if isinstance(value, dict):
        for name in [key for key in value if key in names]:
            del value[name]
            changed = True
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        changed = _drop_fields(part, names) or changed
    return changed


def _drop_posts(value: Any, id_field: str, ids: Collection[str]) -> bool:
    """Drops the elements of lists that have one of the ids; without ids, the first that has any."""
    if isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, list):
        having = [part for part in value if isinstance(part, dict) and isinstance(part.get(id_field), str)]
        drop = [part for part in having if part[id_field] in ids] if ids else having[:1]
        if drop:
            value[:] = [part for part in value if not any(part is one for one in drop)]
            return True
        parts = value
    else:
        return False
    changed = False
    for part in parts:
        changed = _drop_posts(part, id_field, ids) or changed
    return changed
