"""Openings: the first words of a post, what marketers call its hook."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from afterpost.domain.background import Dated, Label, strata, without_background
from afterpost.domain.effects import Effect, Sample, effects

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


class Opened(NamedTuple):
    """A distinct post, its opening (`opening_of`), and its response (`effects.response`)."""

    opening: str
    post: Dated


class OpeningEffect(Struct, frozen=True, kw_only=True):
    """An opening in the spelling of its latest post, and what goes with it."""

    text: str
    effect: Effect


def opening_effects(posts: Sequence[Opened], *, seed: int) -> tuple[OpeningEffect, ...]:
    """What each opening goes with, against the account's other posts of the same stretch; best first.

    The order is that of the shrunk lift, then more posts, then the text; openings that nothing can be
    compared with come last. The chance that any of them is called clearly better where openings do not
    matter is at most `effects.CLEAR`.
    """
    dated = [opened.post for opened in posts]
    own = strata(dated)
    samples = [
        Sample(stratum, (folded(opened.opening),), value)
        for opened, stratum, value in zip(posts, own, without_background(dated, own), strict=True)
    ]
    texts: dict[Label, tuple[datetime, str]] = {}
    for opening, post in posts:
        spelled = (post.published_at, opening)
        texts[folded(opening)] = max(texts.get(folded(opening), spelled), spelled)
    found = [
        OpeningEffect(text=texts[label][1], effect=effect)
        for label, effect in effects(samples, seed=seed).of.items()
    ]
    return tuple(sorted(found, key=_rank))


def _rank(found: OpeningEffect) -> tuple[bool, float, int, str]:
    lift = found.effect.lift
    return (lift is None, -(lift or 0.0), -found.effect.posts, folded(found.text))
