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
    """One thing a person has to give to connect an account; asked for by `connect` under `label`."""

    name: str
    label: str
    secret: bool = True
    required: bool = True


class Credential(Struct, frozen=True, kw_only=True):
    """What an account signs in with: named secrets, granted scopes, and when the access token ends."""

    secrets: Mapping[str, Secret]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None

    def secret(self, name: str) -> str:
        """The named secret in clear, for the wire; KeyError when the credential does not hold it."""
        return self.secrets[name].reveal()
