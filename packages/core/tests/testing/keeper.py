"""Providers that are sound but for one thing each, and the check that has to catch it.

`zoo.<name>` is the plugin of each, so that an entry point can name it; `CASES` says which check it is for,
and words that its finding has to hold.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from afterpost import sdk
from packages.core.tests.testing.sound import DECLARED, Plugin, Sound

P = TypeVar("P", bound=sdk.Provider)
zoo = SimpleNamespace()
"""Name -> plugin."""


class Case(NamedTuple):
    """A broken provider: its name, the check that catches it, and a part of what that says."""

    name: str
    check: str
    says: str


CASES: list[Case] = []
change = msgspec.structs.replace


def caught(check: str, says: str) -> Callable[[type[P]], type[P]]:
    """To be written over a broken provider."""

    def keep(provider: type[P]) -> type[P]:
        setattr(zoo, provider.__name__, Plugin(provider))
        CASES.append(Case(provider.__name__, check, says))
        return provider

    return keep


def declaring(name: str, check: str, says: str, **changed: Any) -> None:
    """A provider whose declaration alone is wrong."""
    declared = change(DECLARED, **changed)
    made = type(name, (Sound,), {"capabilities": property(lambda self: declared)})
    caught(check, says)(made)


def spec(at: int, **changed: Any) -> tuple[sdk.MetricSpec, ...]:
    """The metrics, one of them otherwise."""
    return tuple(change(one, **changed) if place == at else one for place, one in enumerate(DECLARED.metrics))


class Reclassified(Sound):
    """Takes some refusals for something else."""

    def classified(
        self, call: sdk.Call, response: httpx.Response, found: Mapping[str, Any]
    ) -> sdk.ProviderError:
        error = super().classified(call, response, found)
        error.kind = self.meaning(response.status_code, error)
        return error

    def meaning(self, status: int, error: sdk.ProviderError) -> sdk.ErrorKind:
        """What it takes it for."""
        return error.kind
