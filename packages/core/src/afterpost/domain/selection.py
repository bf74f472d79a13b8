"""Which posts of a scope a question counts. A scope is what a caller may see; this is what was asked for."""

from msgspec import Struct


class Selection(Struct, frozen=True):
    """Only the posts of a platform, only those of a content type; None: whatever it is.

    Brands and accounts are asked for by narrowing the scope, for they are what a scope is made of.
    """

    platform: str | None = None
    content_type: str | None = None


EVERY_POST = Selection()
