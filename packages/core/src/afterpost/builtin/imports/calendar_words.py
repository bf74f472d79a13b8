"""Days without a year in the language of some page, `February 28`, `8 de marzo`, `2月28日`.

How each language writes its days comes from CLDR, through Babel. A cell means what some language writes so;
the language of a file is one in which its days can be read.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import NamedTuple

from afterpost.builtin.imports.cells import shown

LANGUAGES = (
    *(
        "en",
        "en_GB",
        "es",
        "pt",
        "fr",
        "de",
        "it",
        "nl",
        "id",
        "ms",
        "fil",
        "jv",
        "ceb",
        "vi",
        "th",
        "my",
        "km",
    ),
    *(
        "ja",
        "ko",
        "zh",
        "zh_Hant",
        "ru",
        "uk",
        "be",
        "bg",
        "sr",
        "sr_Latn",
        "hr",
        "sl",
        "mk",
        "pl",
        "cs",
        "sk",
    ),
    *("hu", "ro", "el", "tr", "az", "kk", "uz", "fi", "sv", "da", "nb", "is", "et", "lv", "lt", "ga", "ca"),
    *(
        "ar",
        "he",
        "fa",
        "ur",
        "hi",
        "bn",
        "pa",
        "gu",
        "mr",
        "ta",
        "te",
        "kn",
        "ml",
        "si",
        "ne",
        "sw",
        "zu",
        "af",
    ),
)
"""The languages that are tried: those of the pages that creators use."""

_SKELETONS = ("MMMMd", "MMMd")
_NUMBER = re.compile("[0-9]+")
_LEAP = 2024


class MonthDay(NamedTuple):
    """A day of some year."""

    month: int
    day: int


def read_days(cells: Iterable[str]) -> dict[str, MonthDay | str]:
    """cell -> its day, for the cells of one file that are days in its language.

    A cell that isn't one is left out. Where the languages that fit disagree, as Polish and Croatian do on
    `listopada`, it stands with what it could mean.
    """
    languages: tuple[str, ...] = LANGUAGES
    days: list[str] = []
    for cell in dict.fromkeys(cells):
        fitting = tuple(language for language in languages if _meaning(cell, language))
        if fitting:
            languages = fitting
            days.append(cell)
    return {cell: _agreed(cell, languages) for cell in days}


def _agreed(cell: str, languages: Iterable[str]) -> MonthDay | str:
    meanings: dict[MonthDay, str] = {}
    for language in languages:
        if meaning := _meaning(cell, language):
            meanings.setdefault(meaning, language)
    if len(meanings) == 1:
        return next(iter(meanings))
    listed = " and ".join(
        f"{each.month:02d}-{each.day:02d} in {_name(language)}" for each, language in sorted(meanings.items())
    )
    return f"{shown(cell)} is {listed}; set the page's language to English and export again"


def _meaning(cell: str, language: str) -> MonthDay | None:
    """What the cell is in a language; None where that language writes no day so."""
    text = _folded(cell)
    for number in dict.fromkeys(int(digits) for digits in _NUMBER.findall(text) if len(digits) <= 2):
        if 1 <= number <= 31 and (month := _written(number, language).get(text)):
            return MonthDay(month, number)
    return None


@cache
def _written(day: int, language: str) -> Mapping[str, int]:
    """How a language writes that day of each month: text -> month."""
    from babel import Locale  # loaded for such files alone
    from babel.dates import format_skeleton

    locale = Locale.parse(language)
    found: dict[str, int] = {}
    for month in range(1, 13):
        if day > monthrange(_LEAP, month)[1]:
            continue
        for skeleton in _SKELETONS:
            text = _folded(format_skeleton(skeleton, date(_LEAP, month, day), locale=locale))
            if any(character.isalpha() for character in text):  # else it is numbers alone, in some order
                found.setdefault(text, month)
    return found


def _folded(text: str) -> str:
    """For comparing: no capitals, Western digits, and only letters, marks and digits."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)
    return "".join(c for c in digits if unicodedata.category(c)[0] in "LMN")


def _name(language: str) -> str:
    from babel import Locale

    return Locale.parse(language).get_display_name("en") or language
