"""What one cell says, checked: ids and names. Every function raises CellError with a reason."""

import re
from typing import Any

import msgspec

from afterpost.domain.ids import ExternalId, Platform, ShortText, plain_id, plain_name
from afterpost.domain.links import id_in_link

_ROUNDED_ID = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
NO_TEXT = "\ufffd"
"""What stands for bytes that are no text in the encoding of their file."""
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
    written = plain_id(cell)
    if NO_TEXT in written:
        raise CellError(f"{shown(cell)} holds bytes that are no text in the file's encoding")
    if _ROUNDED_ID.fullmatch(written):
        raise CellError(f"{shown(cell)} is an id that a spreadsheet rounded; format the column as text")
    return _checked(written, ExternalId, "is no id: one to 512 characters without spaces")


def platform(cell: str) -> str:
    """A platform slug; capitals and spaces around it don't matter."""
    return _checked(plain_name(cell).lower(), Platform, "is no platform: lower-case letters, digits and _")


def account(cell: str) -> str:
    """A handle or account id."""
    return _checked(
        plain_name(cell), ShortText, "is no account: at most 200 characters, none of them a control character"
    )


def as_linked(external_id: str, platform: str, url: str, column: str) -> str:
    """The id, where the post's own link in `column` has no other one."""
    linked = id_in_link(platform, url)
    if linked is not None and linked != external_id:
        why = "a spreadsheet rounded it" if linked.isdecimal() else "they are of two posts"
        raise CellError(f"{external_id} is not the id in {column}, {linked}; {why}")
    return external_id


def _checked(cell: str, kind: Any, otherwise: str) -> str:
    try:
        value: str = msgspec.convert(cell, kind)
    except msgspec.ValidationError:
        raise CellError(f"{shown(cell)} {otherwise}") from None
    return value
