"""The id of a post inside its link, by which an id that somebody's spreadsheet rounded is found out."""

import re

from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_id

_LINKS = {
    "tiktok": re.compile(
        r"(?:https?://)?(?:[a-z]+\.)?tiktok\.com/@[^/?#\s]+/(?:video|photo)/([0-9]{5,20})(?:[/?#].*)?"
    ),
    "x": re.compile(
        r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/(?:[^/?#\s]+|i/web)/status(?:es)?/([0-9]+)"
        r"(?:[/?#].*)?"
    ),
    "youtube": re.compile(
        r"(?:https?://)?(?:(?:www\.|m\.)?youtube\.com/(?:watch\?(?:[^#\s]*&)?v=|shorts/|live/|embed/)|youtu\.be/)"
        r"([A-Za-z0-9_-]{11})(?:[/?&#].*)?"
    ),
}
_DIGITS_KEPT = 15
"""Significant digits that a spreadsheet keeps of a number."""
_ROUNDED = re.compile(rf"[1-9][0-9]{{{_DIGITS_KEPT - 1}}}0{{2,}}")


def id_in_link(platform: str, url: str) -> str | None:
    """The id in a post's own link; None where the platform's links hold none, or it is another link."""
    pattern = _LINKS.get(platform)
    found = pattern.fullmatch(url.strip()) if pattern is not None else None
    return found[1] if found else None


def looks_rounded(external_id: str) -> bool:
    """True for a number of 17 digits or more with nothing but zeros behind the fifteenth."""
    return _ROUNDED.fullmatch(external_id) is not None


def known_id(platform: str, external_id: str, url: str) -> tuple[str, str]:
    """The id without characters that nobody sees, and a remark where it looks rounded.

    Raises InvalidInput where nothing is left of it, or the post's link has another id.
    """
    plain = plain_id(external_id)
    if not plain:
        raise InvalidInput(f"A post of {platform} has an id of invisible characters alone.")
    linked = id_in_link(platform, url)
    if linked not in (None, plain):
        raise InvalidInput(
            f"{platform} {plain} is not the post that its link names, {linked}.",
            hint="Spreadsheets, and programs that keep numbers as floats, round long ids: keep them as text.",
        )
    rounded = linked is None and looks_rounded(plain)
    return plain, f"external_id: {plain} looks rounded, as spreadsheets round long ids" if rounded else ""
