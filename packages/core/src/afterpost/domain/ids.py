"""Names that travel: platform slugs, slugs of brands and organisations, external ids, safe text."""

import re
import unicodedata
from typing import Annotated

from msgspec import Meta

from afterpost.domain.errors import InvalidInput

NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
"""Text without NUL and other control characters (tab and line breaks stay)."""

Platform = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="Platform slug, e.g. youtube")]
"""A slug and not an enum: a new network edits no core file."""

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="Lower-case name used in URLs")]
ExternalId = Annotated[
    str,
    Meta(min_length=1, max_length=512, pattern=r"^[^\x00-\x20\x7f]+$", description="The platform's own id"),
]
Text = Annotated[str, Meta(max_length=20_000, pattern=NO_CONTROL)]
ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL)]
Url = Annotated[str, Meta(max_length=2_000, pattern=r"^https?://[^\s\x00]+$")]
RowId = Annotated[int, Meta(ge=1, le=2**63 - 1)]

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def slug_of(name: str) -> str:
    """A slug for a display name: accents dropped, the rest of what is not a letter or digit to '-'.

    Raises InvalidInput when nothing is left to make a slug of.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63]
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(
            f"The name {name!r} has no letters or digits to make a slug of.", hint="Give a slug as well."
        )
    return slug
