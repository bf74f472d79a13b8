"""Secrets at rest: AES-256-GCM, bound to the row they belong to, under one key or a row of keys."""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from afterpost.domain.errors import Misconfigured
from afterpost.sdk.credentials import Credential, Secret

_VERSION = b"\x01"
_KEY_ID = 4
_NONCE = 12


class _Plain(Struct):
    secrets: dict[str, str]
    scopes: tuple[str, ...]
    expires_at: datetime | None
    refresh_expires_at: datetime | None = None


def key_id(key: bytes) -> bytes:
    """What names a key in what it sealed, and tells nothing of it."""
    return hashlib.sha256(b"afterpost key id" + key).digest()[:_KEY_ID]


class Sealer:
    """Seals with the first of the keys (32 bytes each) and opens what any of them has sealed.

    Sealed is version, key id, nonce, ciphertext. What it belongs to (for a credential its organisation,
    platform and external id) is authenticated with it, so a ciphertext moved to another row does not open.
    """

    def __init__(self, key: bytes, old: Sequence[bytes] = ()) -> None:
        self._ciphers = {key_id(each): AESGCM(each) for each in (*old, key)}
        self.key_id = key_id(key)
        self.key_ids = frozenset(self._ciphers)

    def seal(self, credential: Credential, row: tuple[int, str, str]) -> bytes:
        """Encrypt a credential for that row."""
        plain = msgspec.json.encode(
            _Plain(
                {name: secret.reveal() for name, secret in credential.secrets.items()},
                credential.scopes,
                credential.expires_at,
                credential.refresh_expires_at,
            )
        )
        return self.seal_bytes(plain, _bound(row))

    def open(self, sealed: bytes, row: tuple[int, str, str]) -> Credential:
        """Decrypt for that row; Misconfigured when the key is another one or the row does not match."""
        what = f"The stored credential of {row[1]} account {row[2]}"
        decoded = msgspec.json.decode(self.open_bytes(sealed, _bound(row), what), type=_Plain)
        return Credential(
            secrets={name: Secret(value) for name, value in decoded.secrets.items()},
            scopes=decoded.scopes,
            expires_at=decoded.expires_at,
            refresh_expires_at=decoded.refresh_expires_at,
        )

    def reseal(self, sealed: bytes, row: tuple[int, str, str]) -> bytes | None:
        """The same credential under the first key; None when it is under it already."""
        return None if self.sealed_with(sealed) == self.key_id else self.seal(self.open(sealed, row), row)

    def sealed_with(self, sealed: bytes) -> bytes:
        """The id of the key that sealed this."""
        return sealed[len(_VERSION) : len(_VERSION) + _KEY_ID]

    def seal_bytes(self, plain: bytes, bound: bytes) -> bytes:
        """Encrypt bytes for what `bound` names."""
        nonce = os.urandom(_NONCE)
        return _VERSION + self.key_id + nonce + self._ciphers[self.key_id].encrypt(nonce, plain, bound)

    def open_bytes(self, sealed: bytes, bound: bytes, what: str) -> bytes:
        """Decrypt; Misconfigured, which calls it `what`, for another key or another `bound`."""
        head = len(_VERSION) + _KEY_ID
        cipher = self._ciphers.get(self.sealed_with(sealed))
        if sealed[:1] != _VERSION or cipher is None:
            raise Misconfigured(
                f"{what} was sealed with another key "
                f"(key id {sealed[1:head].hex()}, this installation has {self.key_id.hex()}).",
                hint="Set AFTERPOST_SECRET_KEY (or AFTERPOST_OLD_SECRET_KEYS) to the key of that time, or "
                "connect the account again.",
            )
        try:
            return cipher.decrypt(sealed[head : head + _NONCE], sealed[head + _NONCE :], bound)
        except (InvalidTag, ValueError) as error:  # ValueError: cut off within the nonce
            raise Misconfigured(
                f"{what} is damaged or belongs to another row.", hint="Connect the account again."
            ) from error


def _bound(row: tuple[int, str, str]) -> bytes:
    return msgspec.json.encode(["afterpost credential", *row])
