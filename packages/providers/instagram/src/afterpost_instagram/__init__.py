"""Instagram for Afterpost: insights of an account's posts and reels, from the API with Instagram Login."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_instagram.provider import Instagram

__all__ = ["Instagram", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package. It has no settings: all it needs is in the credential."""
    return [Instagram()]
