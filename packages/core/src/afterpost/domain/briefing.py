"""What was learned, in a few sentences for whoever writes the next post; weak evidence is called weak."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from afterpost.domain.quality import LOW_COVERAGE
from afterpost.domain.ranking import CALLED
from afterpost.domain.rates import clipped, margin, rate, share_percent

_CUT = 80


class Begin(NamedTuple):
    """An opening, the shrunk mean rate in percent of the posts that begin so, and how many they are."""

    opening: str
    rate: float
    posts: int


class On(NamedTuple):
    """A platform with its engagements of so many exposures, and its distinct posts."""

    platform: str
    engaged: int
    exposed: int
    posts: int


class Clear(NamedTuple):
    """What clearly does better, a time of publication or an opening: label, 90 % interval of its lift in
    percent, its posts."""

    label: str
    low: float
    high: float
    posts: int


class Learned(NamedTuple):
    """What a window taught. `hooks`: the first openings of the list of the days `longer`; `clear`: those that
    clearly do better; `timed`: posts whose publication times were compared; `without_hour`: those whose hour
    is not known; `trend`: percent by which earned engagements changed, None where that is unknown."""

    span: str
    longer: str
    coverage: float | None
    hooks: Sequence[Begin]
    clear: Sequence[Clear]
    time: Clear | None
    timed: int
    without_hour: int
    platforms: Sequence[On]
    trend: float | None


Evidence = Literal["none", "weak", "fair"]


def briefing(learned: Learned) -> tuple[str, Evidence]:
    """The sentences, and how much they rest on: `fair` where something is told apart from chance."""
    if not learned.hooks and not learned.platforms:
        return f"Nothing was learned from {learned.span}: no post of it can be compared yet.", "none"
    sentences = []
    if learned.coverage is not None and learned.coverage < LOW_COVERAGE:
        share = share_percent(learned.coverage)
        sentences.append(f"Only {share:.0f}% of the posts due in {learned.span} were read: weak.")
    sentences += _openings(learned)
    sentences.append(_time(learned))
    leader = _leader(learned.platforms)
    if leader is not None:
        sentences.append(leader)
    if learned.trend is not None:
        sentences.append(f"Engagements earned: {learned.trend:+.0f} % on the days before.")
    fair = learned.time is not None or bool(learned.clear) or _apart(learned.platforms)
    return " ".join(sentences), "fair" if fair else "weak"


def _openings(learned: Learned) -> list[str]:
    if not learned.hooks:
        return []
    told = ", ".join(f"{_quoted(text)} ({mean:.1f} %, {_posts(n)})" for text, mean, n in learned.hooks)
    said = [f"Posts of {learned.longer} by how they begin, with their shrunk mean rate: {told}."]
    if all(each.posts < CALLED for each in learned.hooks):
        said.append(f"Fewer than {CALLED} posts begin with any of these: none is called good or bad.")
    elif not learned.clear:
        said.append("No opening is clearly better.")
    return said + [f"Posts that begin {_quoted(each.label)} {_better(each)}." for each in learned.clear]


def _time(learned: Learned) -> str:
    if learned.time is not None:
        return f"Posts published at {learned.time.label} {_better(learned.time)}."
    compared = f"{learned.timed} posts compared"
    if learned.without_hour:
        compared += f"; the hour of {learned.without_hour} more is not known"
    return f"No posting time is clearly better ({compared})."


def _better(each: Clear) -> str:
    return f"clearly do better ({each.low:+.0f} to {each.high:+.0f} %, {_posts(each.posts)})"


def _posts(count: int) -> str:
    return "1 post" if count == 1 else f"{count} posts"


def _quoted(opening: str) -> str:
    shown = opening if len(opening) <= _CUT else opening[: _CUT - 1] + "…"
    return f'"{shown}"'


def _ordered(platforms: Sequence[On]) -> list[On]:
    known = [each for each in platforms if each.exposed > 0]
    return sorted(known, key=lambda each: (-_rate(each), each.platform))


def _rate(each: On) -> float:
    return clipped(rate(each.engaged, each.exposed)).rate or 0.0


def _apart(platforms: Sequence[On]) -> bool:
    """Whether the best platform's 90 % interval lies above the next one's, with enough posts on both."""
    ordered = _ordered(platforms)[:2]
    if len(ordered) < 2 or any(each.posts < CALLED for each in ordered):
        return False
    (low, _), (_, high) = (_interval(each) for each in ordered)
    return low > high


def _interval(each: On) -> tuple[float, float]:
    half = margin(each.engaged, each.exposed) or 0.0
    return _rate(each) - half, _rate(each) + half


def _leader(platforms: Sequence[On]) -> str | None:
    ordered = _ordered(platforms)
    if len(ordered) < 2:
        return None
    best, second = ordered[:2]
    rates = [f"{_rate(each):.1f} %" for each in (best, second)]
    if _apart(platforms):
        return f"Best platform: {best.platform} ({rates[0]}; {second.platform} {rates[1]})."
    return f"{best.platform} ({rates[0]}) and {second.platform} ({rates[1]}) can't be told apart yet."
