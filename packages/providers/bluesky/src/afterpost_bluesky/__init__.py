"""Bluesky for Afterpost: likes, reposts, quotes, replies and bookmarks of an account's posts, over XRPC."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_bluesky.provider import Bluesky

__all__ = ["Bluesky", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package. It has no settings: all it needs is in the credential."""
    return [Bluesky()]
