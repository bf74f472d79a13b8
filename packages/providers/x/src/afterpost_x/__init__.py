"""X for Afterpost: what happened to an account's posts, at the price of a list where that serves."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import Provider
from afterpost_x.provider import X

__all__ = ["X", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Sequence[Provider]:
    """The one provider of this package. The setting `fields` says in which of X's two dialects it asks:
    `tweet` (the default) or `post`."""
    return [X(settings.get("fields", "tweet"))]
