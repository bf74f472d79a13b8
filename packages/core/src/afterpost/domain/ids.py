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
MAX_TEXT, MAX_URL = 20_000, 2_000
Text = Annotated[str, Meta(max_length=MAX_TEXT, pattern=NO_CONTROL)]
ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL)]
Url = Annotated[str, Meta(max_length=MAX_URL, pattern=r"^https?://[^\s\x00]+" + END)]
RowId = Annotated[int, Meta(ge=1, le=2**63 - 1)]

_INVISIBLE = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_JOINERS = re.compile("[\u200c\u200d](?![^\\x00-\\x7f])|(?<![^\\x00-\\x7f])[\u200c\u200d]")
"""Joiners beside ASCII: between letters of another script, or two pictures, they are part of a word."""
_NO_BREAK = re.compile("[\u00a0\u2007\u202f]")


def plain_id(text: str) -> str:
    """An id without characters that nobody sees: zero-width ones, soft hyphens, no-break spaces."""
    return _NO_BREAK.sub("", re.sub("[\u200c\u200d]", "", _INVISIBLE.sub("", text)))


def plain_name(text: str) -> str:
    """A name without characters that nobody sees, no-break spaces as plain ones, and no spaces around it."""
    return _NO_BREAK.sub(" ", _JOINERS.sub("", _INVISIBLE.sub("", text))).strip()


def slug_of(name: str) -> str:
    """A slug for a display name: accents dropped, what is no ASCII letter or digit to '-'.

    A name in another script has nothing left; its slug is made of a digest of it.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:50].strip("-") or f"x-{name_digest(name)}"


def name_digest(name: str) -> str:
    """Ten hexadecimal digits that tell names apart whose slugs are the same."""
    return hashlib.sha256(name.encode()).hexdigest()[:10]
