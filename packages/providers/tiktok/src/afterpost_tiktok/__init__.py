"""TikTok for Afterpost: the lifetime counts of an account's public videos, from the Display API."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_tiktok.provider import TikTok

__all__ = ["TikTok", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package. It has no settings: all it needs is in the credential."""
    return [TikTok()]
