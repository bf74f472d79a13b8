"""YouTube for Afterpost: the lifetime counts of an account's videos, from the YouTube Data API."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_youtube.provider import YouTube

__all__ = ["YouTube", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package. It has no settings: all it needs is in the credential."""
    return [YouTube()]
