"""Names that travel: platform slugs, slugs of brands and organisations, external ids, safe text."""

import hashlib
import re
import unicodedata
from typing import Annotated

from msgspec import Meta

END = r"$(?!\n)"
"""The end of a pattern. `$` alone lets a line break through at the end, in Python's regular expressions."""

NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
"""Text without NUL and other control characters (tab and line breaks stay)."""

Platform = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}" + END, description="Platform slug, e.g. youtube")
]
"""A slug and not an enum: a new network edits no core file."""

Slug = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}" + END, description="Lower-case name used in URLs")
]
ExternalId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=512,
        pattern=r"^[^\x00-\x20\x7f]+" + END,
        description="The platform's own id",
    ),
]
Text = Annotated[str, Meta(max_length=20_000, pattern=NO_CONTROL)]
ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL)]
Url = Annotated[str, Meta(max_length=2_000, pattern=r"^https?://[^\s\x00]+" + END)]
RowId = Annotated[int, Meta(ge=1, le=2**63 - 1)]


def slug_of(name: str) -> str:
    """A slug for a display name: accents dropped, what is no ASCII letter or digit to '-'.

    A name in another script has nothing left; its slug is made of a digest of it.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:50].strip("-") or f"x-{name_digest(name)}"


def name_digest(name: str) -> str:
    """Ten hexadecimal digits that tell names apart whose slugs are the same."""
    return hashlib.sha256(name.encode()).hexdigest()[:10]
