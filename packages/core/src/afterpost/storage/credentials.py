"""Credentials at rest: AES-256-GCM, bound to the row they belong to."""

import hashlib
import os
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


class Sealer:
    """Seals and opens credentials with one key of 32 bytes.

    A sealed credential is version, key id, nonce, ciphertext. `row` (organisation, platform, external id) is
    authenticated with it, so a ciphertext moved to another row does not open.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._key_id = hashlib.sha256(b"afterpost key id" + key).digest()[:_KEY_ID]

    def seal(self, credential: Credential, row: tuple[int, str, str]) -> bytes:
        """Encrypt for that row."""
        plain = msgspec.json.encode(
            _Plain(
                {name: secret.reveal() for name, secret in credential.secrets.items()},
                credential.scopes,
                credential.expires_at,
                credential.refresh_expires_at,
            )
        )
        nonce = os.urandom(_NONCE)
        return _VERSION + self._key_id + nonce + self._cipher.encrypt(nonce, plain, _bound(row))

    def open(self, sealed: bytes, row: tuple[int, str, str]) -> Credential:
        """Decrypt for that row; Misconfigured when the key is another one or the row does not match."""
        head = len(_VERSION) + _KEY_ID
        if sealed[:1] != _VERSION or sealed[1:head] != self._key_id:
            raise Misconfigured(
                f"The stored credential of {row[1]} account {row[2]} was sealed with another key "
                f"(key id {sealed[1:head].hex()}, this installation has {self._key_id.hex()}).",
                hint="Set AFTERPOST_SECRET_KEY to the key of that time, or connect the account again.",
            )
        try:
            plain = self._cipher.decrypt(sealed[head : head + _NONCE], sealed[head + _NONCE :], _bound(row))
        except (InvalidTag, ValueError) as error:  # ValueError: cut off within the nonce
            raise Misconfigured(
                f"The stored credential of {row[1]} account {row[2]} is damaged or belongs to another row.",
                hint="Connect the account again.",
            ) from error
        decoded = msgspec.json.decode(plain, type=_Plain)
        return Credential(
            secrets={name: Secret(value) for name, value in decoded.secrets.items()},
            scopes=decoded.scopes,
            expires_at=decoded.expires_at,
            refresh_expires_at=decoded.refresh_expires_at,
        )


def _bound(row: tuple[int, str, str]) -> bytes:
    return msgspec.json.encode(["afterpost credential", *row])
