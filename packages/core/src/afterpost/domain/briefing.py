"""What was learned, in a few sentences for whoever writes the next post; weak evidence is called weak."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from afterpost.domain.rates import margin, rate

LOW_COVERAGE = 0.8
"""Below this share of expected posts that were read, that is the first thing said."""
_CUT = 80


class Began(NamedTuple):
    """A post that did well: its opening, and its engagements of so many exposures."""

    opening: str
    engaged: int
    exposed: int


class On(NamedTuple):
    """A platform with its engagements of so many exposures."""

    platform: str
    engaged: int
    exposed: int


class Time(NamedTuple):
    """A clearly better time of publication: label, 90 % interval of its lift in percent, its posts."""

    label: str
    low: float
    high: float
    posts: int


class Learned(NamedTuple):
    """What a window taught. `best`: posts by shrunk rate, best first; `timed`: posts whose publication times
    were compared; `trend`: percent by which earned engagements changed, None where that is unknown."""

    span: str
    coverage: float | None
    best: Sequence[Began]
    time: Time | None
    timed: int
    platforms: Sequence[On]
    trend: float | None


Evidence = Literal["none", "weak", "fair"]


def briefing(learned: Learned) -> tuple[str, Evidence]:
    """The sentences, and how much they rest on: `fair` where something is told apart from chance."""
    if not learned.best and not learned.platforms:
        return f"Nothing was learned from {learned.span}: no post of it can be compared yet.", "none"
    sentences = []
    if learned.coverage is not None and learned.coverage < LOW_COVERAGE:
        sentences.append(f"Only {learned.coverage:.0%} of the posts due in {learned.span} were read: weak.")
    if learned.best:
        shown = ", ".join(_began(each) for each in learned.best)
        sentences.append(f"Best posts of {learned.span} began: {shown}.")
    if learned.time is not None:
        label, low, high, posts = learned.time
        sentences.append(
            f"Posts published at {label} clearly do better ({low:+.0f} to {high:+.0f} %, {posts} posts)."
        )
    else:
        sentences.append(f"No posting time is clearly better ({learned.timed} posts compared).")
    leader = _leader(learned.platforms)
    if leader is not None:
        sentences.append(leader)
    if learned.trend is not None:
        sentences.append(f"Engagements earned: {learned.trend:+.0f} % on the days before.")
    fair = learned.time is not None or _apart(learned.platforms)
    return " ".join(sentences), "fair" if fair else "weak"


def _began(each: Began) -> str:
    opening = each.opening if len(each.opening) <= _CUT else each.opening[: _CUT - 1] + "…"
    percent, half = rate(each.engaged, each.exposed), margin(each.engaged, each.exposed)
    return f'"{opening}" ({percent or 0:.1f} ± {half or 0:.1f} %)'


def _ordered(platforms: Sequence[On]) -> list[On]:
    known = [each for each in platforms if each.exposed > 0]
    return sorted(known, key=lambda each: (-(rate(each.engaged, each.exposed) or 0.0), each.platform))


def _apart(platforms: Sequence[On]) -> bool:
    """Whether the best platform's 90 % interval lies above the next one's."""
    ordered = _ordered(platforms)
    if len(ordered) < 2:
        return False
    (low, _), (_, high) = (_interval(each) for each in ordered[:2])
    return low > high


def _interval(each: On) -> tuple[float, float]:
    percent, half = rate(each.engaged, each.exposed) or 0.0, margin(each.engaged, each.exposed) or 0.0
    return percent - half, percent + half


def _leader(platforms: Sequence[On]) -> str | None:
    ordered = _ordered(platforms)
    if len(ordered) < 2:
        return None
    best, second = ordered[:2]
    rates = [f"{rate(each.engaged, each.exposed) or 0:.1f} %" for each in (best, second)]
    if _apart(platforms):
        return f"Best platform: {best.platform} ({rates[0]}; {second.platform} {rates[1]})."
    return f"{best.platform} ({rates[0]}) and {second.platform} ({rates[1]}) can't be told apart yet."
