"""Cursors: the last key of a page, sealed, and good only for the question it came from."""

import base64
import hashlib
import hmac

import msgspec

from afterpost.domain.errors import InvalidInput
from afterpost.domain.scope import Scope

_KEY_BYTES = 8
_SEAL_BYTES = 16  # with the key 24 bytes: base64 without padding or spare bits


class InvalidCursor(InvalidInput):
    """A cursor that was changed, made up, or taken from another question."""

    code = "invalid_cursor"


class Cursors:
    """Makes and opens the cursors of one installation. `secret` seals them."""

    def __init__(self, secret: bytes) -> None:
        # A key of its own: the secret's other use is credentials.
        self._key = hmac.digest(secret, b"afterpost cursor 1", "sha256")

    def make(self, after: int, scope: Scope, *question: object) -> str:
        """A cursor for what comes after that key, in that scope, of that question (its filters)."""
        key = after.to_bytes(_KEY_BYTES)
        return base64.urlsafe_b64encode(key + self._seal(key, scope, question)).decode()

    def open(self, cursor: str, scope: Scope, *question: object) -> int:
        """The key in it; InvalidCursor unless `make` gave exactly this cursor for the same question."""
        try:
            key = base64.urlsafe_b64decode(cursor.encode("ascii"))[:_KEY_BYTES]
            after = int.from_bytes(key)
            genuine = hmac.compare_digest(self.make(after, scope, *question), cursor)
        except (ValueError, OverflowError) as error:
            raise _refusal() from error
        if not genuine:
            raise _refusal()
        return after

    def _seal(self, key: bytes, scope: Scope, question: tuple[object, ...]) -> bytes:
        seen = [
            None if ids is None else sorted(ids)
            for ids in (scope.organizations, scope.brands, scope.accounts)
        ]
        body = msgspec.json.encode([seen, question])
        return hmac.digest(self._key, key + body, hashlib.sha256)[:_SEAL_BYTES]


def _refusal() -> InvalidCursor:
    return InvalidCursor(
        "The cursor can't be used here.",
        hint="Send next_cursor as it was given, with the same filters, or start again without one.",
    )
