"""Sample for Afterpost: the plugin, which brings one provider."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_sample.provider import Sample

__all__ = ["Sample", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package; it has no settings."""
    return [Sample()]
