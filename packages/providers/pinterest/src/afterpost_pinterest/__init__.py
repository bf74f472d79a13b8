"""Pinterest for Afterpost: lifetime counts of an account's pins, and ninety days of them by day."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_pinterest.provider import Pinterest

__all__ = ["Pinterest", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package. It has no settings: all it needs is in the credential."""
    return [Pinterest()]
