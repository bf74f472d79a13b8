"""The generation context over HTTP, sentence by sentence, against the file.

Nothing of Afterpost is imported: what the sentences say is worked out again from docs/numbers.md and
docs/api.md. Two things come from other answers: the coverage, from the same one, and from its own surface
whether a time of publication is clearly better, for that is told by shuffles. How many posts were compared
for it, and how many of them were published at that time, is counted here.
"""

import math
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

from tests.replay.oracle import Window
from tests.replay.surfaces import PARTS, Found, Surfaces, check

PATH = "content-performance/summary/generation-context"
LOOK_BACK = timedelta(days=89)
"""Times of publication are those of 90 days, the window's last one included."""


def context(surfaces: Surfaces, window: Window) -> Iterator[Found]:
    """What the answer about a window says otherwise than the file."""
    answer = surfaces.ask(window, PATH)
    said, meta = answer["data"], answer["meta"]
    sentences, evidence = _sentences(surfaces, window, meta["coverage"]["ratio"])
    yield from check(f"context {window}", said["context"], " ".join(sentences))
    yield from check(f"evidence {window}", said["evidence"], evidence)


def _sentences(surfaces: Surfaces, window: Window, coverage: float | None) -> tuple[list[str], str]:
    span = f"{window.start} to {window.end}"
    best = _best(surfaces, window)
    oracle = surfaces.oracle
    known = [oracle.earned(window, metric) for metric in ("views", *PARTS)]
    if not best and not oracle.posts(window) and all(each is None for each in known):
        return [f"Nothing was learned from {span}: no post of it can be compared yet."], "none"
    said = []
    if coverage is not None and coverage < 0.8:
        said.append(f"Only {coverage:.0%} of the posts due in {span} were read: weak.")
    if best:
        said.append(f"Best posts of {span} began: {', '.join(best)}.")
    time, clear = _time(surfaces, window)
    said.append(time)
    # One platform is compared with no other.
    now, before = _compared(surfaces, window)
    if now is not None and before is not None and before > 0:
        said.append(f"Engagements earned: {100 * (now - before) / before:+.0f} % on the days before.")
    return said, "fair" if clear else "weak"


def _compared(surfaces: Surfaces, window: Window) -> tuple[int | None, int | None]:
    """The engagements of the window and of the one before, like for like; None where one is not."""
    sides: list[list[int]] = [[], []]
    for part in PARTS:
        both = surfaces.oracle.compared(window, part)
        if both is None:
            return None, None
        for side, value in zip(sides, both, strict=True):
            side += [] if value is None else [value]
    now, before = (sum(side) if side else None for side in sides)
    return now, before


def _best(surfaces: Surfaces, window: Window) -> list[str]:
    """The first three ranked posts with a title, each with its rate and the half of its 90 % interval."""
    totals = surfaces.candidates(window)
    told = []
    for name, _, _ in surfaces.ranked(window)[0]:
        opening = _opening(surfaces.posts[name]["title"])
        if not opening:
            continue
        exposed, engaged = totals[name]["views"], sum(totals[name][part] for part in PARTS)
        p = min(1.0, engaged / exposed)
        half = 164.5 * math.sqrt(p * (1 - p) / exposed)
        told.append(f'"{opening}" ({100 * engaged / exposed:.1f} ± {half:.1f} %)')
    return told[:3]


def _opening(title: str) -> str:
    """The first line that is not blank, up to the end of its first sentence; 80 characters of it are told."""
    line = next((" ".join(line.split()) for line in title.splitlines() if line.strip()), "")
    for place, letter in enumerate(line):
        if letter in ".!?…" and line[place + 1 : place + 2] in ("", " "):
            line = line[:place]
            break
    opening = line[:150].strip()
    return opening if len(opening) <= 80 else opening[:79] + "…"


def _time(surfaces: Surfaces, window: Window) -> tuple[str, bool]:
    """The sentence about the time of publication, and whether one is clearly better."""
    longer = Window(window.brand, window.end - LOOK_BACK, window.end)
    compared = surfaces.scored(longer)
    bucket: Any = surfaces.ask(longer, "analytics/posting-times")["data"]["times"]["recommended"]
    if bucket is None:
        return f"No posting time is clearly better ({len(compared)} posts compared).", False
    hours = [surfaces.oracle.videos[name].published_at.astimezone(UTC).hour for name, _, _ in compared]
    posts = sum(bucket["start"] <= hour < bucket["end"] for hour in hours)
    label = f"{_hour(bucket['start'])} to {_hour(bucket['end'] % 24)}"
    low, high = bucket["effect"]["low"], bucket["effect"]["high"]
    return f"Posts published at {label} clearly do better ({low:+.0f} to {high:+.0f} %, {posts} posts).", True


def _hour(hour: int) -> str:
    return f"{hour % 12 or 12}{'AM' if hour < 12 else 'PM'}"
