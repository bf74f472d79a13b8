"""Secrets that cannot be printed or serialised by accident, and the credential of an account."""

from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from msgspec import Struct


class Secret:
    """A string that shows itself to `reveal()` alone: repr and str give `***`, pickle and JSON fail."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself; call it where it goes on the wire and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not to be pickled")


class CredentialField(Struct, frozen=True):
    """One thing a person has to give to connect an account; asked for by `connect` under `label`.

    `of_app` marks what belongs to the app that was registered with the platform (its client id and secret)
    and is the same for all its accounts: limits of scope `app` are shared by accounts with the same one.
    """

    name: str
    label: str
    secret: bool = True
    required: bool = True
    of_app: bool = False
    help: str = ""
    """Where a person finds it, in one sentence."""


class Credential(Struct, frozen=True, kw_only=True):
    """What an account signs in with: named secrets, granted scopes, and when its tokens end.

    `expires_at`: of the access token. `refresh_expires_at`: of the refresh token; after it only connecting
    again helps, so core renews before. Both aware UTC; None: not known, or never. `scopes` empty: the
    platform did not say what was granted.
    """

    secrets: Mapping[str, Secret]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None

    def secret(self, name: str) -> str:
        """The named secret in clear, for the wire; KeyError when the credential does not hold it."""
        return self.secrets[name].reveal()
