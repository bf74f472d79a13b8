"""Openings: the first words of a post, what marketers call its hook."""

import re

LIMIT = 150
_END = re.compile(r"[.!?…](?=\s|$)")


def opening_of(description: str | None, title: str | None) -> str | None:
    """The first line of the description, else of the title, cut at its first sentence end.

    At most 150 characters; white space collapsed. None when both are blank.
    """
    for text in (description, title):
        line = next((" ".join(line.split()) for line in (text or "").splitlines() if line.strip()), "")
        end = _END.search(line)
        cut = (line[: end.start()] if end else line)[:LIMIT].strip()
        if cut:
            return cut
    return None


def folded(opening: str) -> str:
    """The form openings are compared in: case-folded."""
    return opening.casefold()
