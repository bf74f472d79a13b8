"""Where the first sentence of a line ends."""

import re

_STOPS = ".\u3002\uff0e\uff61\u0964\u06d4"
"""The full stops of several scripts."""
_MARKS = "?!\uff1f\uff01\u061f\u203c\u2047\u2048\u2049"
"""Marks of questions and exclamations, and those that are both."""
_WIDE = "\u3002\uff0e\uff61\u0964\u06d4\uff1f\uff01"
"""Of both, those that end a sentence without a space behind them."""
_DOTS = ".\u2026"
_ALL = _STOPS + _MARKS + _DOTS
_CLOSED = r"""(["'\u201d\u2019\u00bb\u203a\u300d\u300f)\uff09\]]*)"""
_EMOJI = r"[\U0001f000-\U0001faff\u2600-\u27bf]"
_END = re.compile(rf"([{_ALL}]*[{_WIDE}][{_ALL}]*){_CLOSED}|([{_ALL}]+){_CLOSED}(?=\s|$|{_EMOJI})")
_INITIALS = re.compile(r"(?:^|[\s(\"'\u201c\u2018])(?:[^\W\d_]\.)*[^\W\d_]$")
"""`U.S`, `e.g`, `J`: what stands before a full stop that ends no sentence."""
_WORD = re.compile(r"[^\W_]+$")
_SHORTENED = frozenset(
    {"approx", "bzw", "ca", "dept", "dr", "feat", "ft", "inc", "jr", "ltd", "mr", "mrs", "ms", "prof", "sr"}
    | {"st", "vgl", "vs"}
)
_BEFORE_NUMBERS = frozenset({"art", "ch", "fig", "max", "min", "no", "nr", "p", "pp", "vol"})


def first_sentence(line: str) -> str:
    """The line up to its first sentence end: without the full stop, with `?`, `!` and closing quotes.

    No end of a sentence are an ellipsis, the dots of numbers, addresses, initials and abbreviations, the one
    behind a number that begins the line, and a quotation that the sentence goes on after.
    """
    for end in _END.finditer(line):
        marks, closed = end[1] or end[3], end[2] or end[4] or ""
        before, after = line[: end.start()], line[end.end() :].lstrip()
        if marks == "." and _is_shortened(before, after):
            continue
        if len(marks.strip(_DOTS)) == 0 and marks != ".":
            continue
        if closed and after[:1].islower():
            continue
        return before if marks in _STOPS and not closed else before + marks + closed
    return line


def is_punctuation(text: str) -> bool:
    """Whether a text is marks alone."""
    return not text.strip(_ALL + " ")


def _is_shortened(before: str, after: str) -> bool:
    """Whether a full stop between these words is one of an abbreviation, or numbers the line."""
    word = _WORD.search(before)
    last = "" if word is None else word[0].casefold()
    return (
        _INITIALS.search(before) is not None
        or before.isdecimal()
        or last in _SHORTENED
        or (last in _BEFORE_NUMBERS and after[:1].isdecimal())
    )
