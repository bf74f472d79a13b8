"""Cursors: the last key of a page, sealed, and good only for the question it came from."""

import base64
import hashlib
import hmac
from typing import Any, TypeVar

import msgspec

from afterpost.domain.errors import InvalidInput
from afterpost.domain.scope import Scope

_SEAL_BYTES = 16
Key = int | tuple[Any, ...]
"""What a page ends with: an id, or a row's place in a ranking."""
T = TypeVar("T", bound=Key)


class InvalidCursor(InvalidInput):
    """A cursor that was changed, made up, or taken from another question."""

    code = "invalid_cursor"


class Cursors:
    """Makes and opens the cursors of one installation. `secret` seals them."""

    def __init__(self, secret: bytes) -> None:
        # A key of its own: the secret's other use is credentials.
        self._key = hmac.digest(secret, b"afterpost cursor 1", "sha256")

    def make(self, after: Key, scope: Scope, *question: object) -> str:
        """A cursor for what comes after that key, in that scope, of that question (its filters)."""
        key = msgspec.json.encode(after)
        return base64.urlsafe_b64encode(self._seal(key, scope, question) + key).decode()

    def open(self, cursor: str, kind: type[T], scope: Scope, *question: object) -> T:
        """The key in it; InvalidCursor unless `make` gave exactly this cursor for the same question."""
        # The seal is of the bytes as they were given out: what is read from them may be written otherwise.
        try:
            sent = base64.urlsafe_b64decode(cursor.encode("ascii"))
        except ValueError as error:
            raise _refusal() from error
        seal, key = sent[:_SEAL_BYTES], sent[_SEAL_BYTES:]
        as_made = base64.urlsafe_b64encode(sent).decode() == cursor
        if not as_made or not hmac.compare_digest(seal, self._seal(key, scope, question)):
            raise _refusal()
        try:
            return msgspec.json.decode(key, type=kind)
        except msgspec.MsgspecError as error:
            raise _refusal() from error

    def _seal(self, key: bytes, scope: Scope, question: tuple[object, ...]) -> bytes:
        seen = [
            None if ids is None else sorted(ids)
            for ids in (scope.organizations, scope.brands, scope.accounts)
        ]
        body = msgspec.json.encode([seen, question])
        return hmac.digest(self._key, key + b"\0" + body, hashlib.sha256)[:_SEAL_BYTES]


def _refusal() -> InvalidCursor:
    return InvalidCursor(
        "The cursor can't be used here.",
        hint="Send next_cursor as it was given, with the same filters, or start again without one.",
    )
