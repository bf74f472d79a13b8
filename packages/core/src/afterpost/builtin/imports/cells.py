"""What one cell says, checked: ids, words and texts. Every function raises CellError with a reason."""

import re
from typing import Any

import msgspec

from afterpost.domain.ids import ExternalId, Platform, ShortText, Text, Url
from afterpost.domain.posts import ContentType

_ROUNDED_ID = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_UNKNOWN = frozenset({"", "-", "n/a", "null", "undefined"})


class CellError(ValueError):
    """A cell that can't be read; the message is the end of a sentence that begins with the column."""


def shown(cell: str) -> str:
    """A cell as messages quote it: on one line, and not at length."""
    return repr(cell if len(cell) <= 40 else f"{cell[:40]}…")


def is_unknown(cell: str) -> bool:
    """True for the cells by which files say that they don't know a number or a date. None of them is 0."""
    return cell.strip().casefold() in _UNKNOWN


def post_id(cell: str) -> str:
    """The id of a post, exactly as it stands: no spaces, and not rounded by a spreadsheet."""
    if _ROUNDED_ID.fullmatch(cell):
        raise CellError(f"{shown(cell)} is an id that a spreadsheet rounded; format the column as text")
    return _checked(cell, ExternalId, "is no id: one to 512 characters without spaces")


def platform(cell: str) -> str:
    """A platform slug; capitals and spaces around it don't matter."""
    return _checked(cell.strip().lower(), Platform, "is no platform: lower-case letters, digits and _")


def content_type(cell: str) -> str:
    """A content type such as video; capitals and spaces around it don't matter."""
    return _checked(cell.strip().lower(), ContentType, "is no content type: lower-case letters, digits and _")


def text(cell: str) -> str:
    """A title or description, unchanged."""
    return _checked(cell, Text, "is no text: at most 20,000 characters, none of them a control character")


def account(cell: str) -> str:
    """A handle or account id, unchanged."""
    return _checked(
        cell, ShortText, "is no account: at most 200 characters, none of them a control character"
    )


def url(cell: str) -> str:
    """A web address."""
    return _checked(cell, Url, "is no web address: https://…, at most 2,000 characters")


def _checked(cell: str, kind: Any, otherwise: str) -> str:
    try:
        value: str = msgspec.convert(cell, kind)
    except msgspec.ValidationError:
        raise CellError(f"{shown(cell)} {otherwise}") from None
    return value
