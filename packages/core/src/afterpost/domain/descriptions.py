"""What merely describes a post, made fit to be kept: it is clipped, cleaned or left out, and never refused.

Its numbers count whatever its text looks like, so no text is a reason to turn a reading away.
"""

import re
from typing import NamedTuple

from afterpost.domain.ids import MAX_TEXT, MAX_URL
from afterpost.domain.posts import CONTENT_TYPES, OTHER_TYPE, UNKNOWN_TYPE

_BREAKS = re.compile("[\x0b\x0c]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)
_NO_SCHEME = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,24}(?:[/?#][^\s\x00-\x1f]*)?", re.IGNORECASE)
_QUOTED = 40


class Cleaned(NamedTuple):
    """A text that can be kept, and what was done to it; nothing where it is as it was."""

    value: str
    note: str = ""


def clean_text(text: str) -> Cleaned:
    """A title or description: without control characters, and at most `MAX_TEXT` characters."""
    shown = _CONTROL.sub(" ", _BREAKS.sub("\n", text))
    done = ["control characters were taken out"] if shown != text else []
    if len(shown) > MAX_TEXT:
        done.append(f"cut at {MAX_TEXT:,} of {len(shown):,} characters")
    return Cleaned(shown[:MAX_TEXT], ", ".join(done))


def clean_url(text: str) -> Cleaned:
    """A web address; one without its scheme gets it, anything else is left out."""
    address = text.strip()
    if not address:
        return Cleaned("")
    if len(address) <= MAX_URL and _URL.fullmatch(address):
        return Cleaned(address)
    if len(address) <= MAX_URL - len("https://") and _NO_SCHEME.fullmatch(address):
        return Cleaned(f"https://{address}", "https:// was written before it")
    return Cleaned("", f"{_shown(address)} is no web address and was left out")


def clean_content_type(text: str) -> Cleaned:
    """A known content type in whatever capitals; any other word is `caption`."""
    word = text.strip()
    known = word.casefold()
    if not word:
        return Cleaned(UNKNOWN_TYPE)
    if known in CONTENT_TYPES:
        return Cleaned(known)
    return Cleaned(OTHER_TYPE, f"{_shown(word)} is no content type that is known here; kept as {OTHER_TYPE}")


def clean(
    title: str, description: str, url: str, content_type: str
) -> tuple[tuple[str, str, str, str], tuple[str, ...]]:
    """The four in that order as they can be kept, and a remark on each that is not as it was."""
    done = {
        "title": clean_text(title),
        "description": clean_text(description),
        "url": clean_url(url),
        "content_type": clean_content_type(content_type),
    }
    kept = (done["title"].value, done["description"].value, done["url"].value, done["content_type"].value)
    return kept, tuple(f"{name}: {one.note}" for name, one in done.items() if one.note)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…")
