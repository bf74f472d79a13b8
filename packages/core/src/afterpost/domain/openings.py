"""Openings: the first words of a post, what marketers call its hook."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from statistics import fmean, variance
from typing import NamedTuple

from msgspec import Struct

from afterpost.domain.background import Dated, Label, strata, without_background
from afterpost.domain.effects import Effect, Sample, effects
from afterpost.domain.ranking import CALLED, seconds_of
from afterpost.domain.sentences import first_sentence, is_punctuation
from afterpost.domain.shrinkage import pulled

LIMIT = 150
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")


def opening_of(description: str | None, title: str | None) -> str | None:
    """The first line of the description, else of the title, cut at its first sentence end.

    At most 150 characters; white space collapsed, invisible characters left out. The full stop is no part of
    it; `?`, `!` and closing quotes are. None where no line has more than punctuation.
    """
    for text in (description, title):
        lines = _INVISIBLE.sub("", text or "").splitlines()
        line = next((" ".join(line.split()) for line in lines if line.strip()), "")
        # What stands behind the limit says whether a mark at it ends the sentence.
        cut = first_sentence(line[: 2 * LIMIT])[:LIMIT].strip()
        if not is_punctuation(cut):
            return cut
    return None


def folded(opening: str) -> str:
    """The form openings are compared in: case-folded."""
    return opening.casefold()


class Begun(NamedTuple):
    """A distinct post, its opening (`opening_of`), its publication (an instant, or a day), and its rate in
    percent, clipped to 0..100."""

    opening: str
    published: date | None
    post_id: int
    rate: float


class OpeningMean(Struct, frozen=True, kw_only=True):
    """The posts that begin alike, in the spelling of the latest of them. `mean_rate`: the mean of their rates
    in percent; `shrunk_rate`: the same pulled towards the mean of all posts, the more the fewer they are;
    `enough`: whether they are as many as a group needs before it is called good or bad."""

    text: str
    posts: int
    mean_rate: float
    shrunk_rate: float
    enough: bool


def opening_means(posts: Sequence[Begun]) -> tuple[OpeningMean, ...]:
    """The mean rate of each opening: those with enough posts first, then by shrunk rate, posts and text."""
    groups: dict[str, list[Begun]] = {}
    for post in posts:
        groups.setdefault(folded(post.opening), []).append(post)
    middle = fmean(post.rate for post in posts) if posts else 0.0
    spread = variance([post.rate for post in posts], middle) if len(posts) > 1 else 0.0
    means = {key: math.fsum(post.rate for post in own) / len(own) for key, own in groups.items()}
    shrunk = means
    if spread > 0:
        estimates = pulled([(means[key] - middle, spread / len(own)) for key, own in groups.items()])
        shrunk = {key: middle + each.estimate for key, each in zip(groups, estimates, strict=True)}
    found = [
        OpeningMean(
            text=max(own, key=lambda post: (seconds_of(post.published), post.post_id)).opening,
            posts=len(own),
            mean_rate=means[key],
            shrunk_rate=min(100.0, max(0.0, shrunk[key])),
            enough=len(own) >= CALLED,
        )
        for key, own in groups.items()
    ]
    return tuple(sorted(found, key=lambda each: (not each.enough, -each.shrunk_rate, -each.posts, each.text)))


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
