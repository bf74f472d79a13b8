"""The generation context over HTTP, sentence by sentence, against the file.

Nothing of Afterpost is imported: what the sentences say is worked out again from docs/numbers.md and
docs/api.md. Three things come from other answers: the coverage, from the same one, and from their own
surfaces how posts begin and whether a time of publication is clearly better, for that is told by shuffles.
How many posts were compared for it, and how many of them were published at that time, is counted here.
"""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

from tests.replay.oracle import Window, previous
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
    longer = Window(window.brand, window.end - LOOK_BACK, window.end)
    hooks = surfaces.hooks(longer)
    oracle = surfaces.oracle
    known = [oracle.earned(window, metric) for metric in ("views", *PARTS)]
    if not hooks and not oracle.posts(window) and all(each is None for each in known):
        return [f"Nothing was learned from {span}: no post of it can be compared yet."], "none"
    said = []
    if coverage is not None and coverage < 0.8:
        share = max(round(100 * coverage), 1) if coverage else 0
        said.append(f"Only {share}% of the posts due in {span} were read: weak.")
    better = _better(surfaces, longer) if hooks else []
    if hooks:
        told = ", ".join(f"{_quoted(text)} ({mean:.1f} %, {_posts(n)})" for text, n, _, mean in hooks[:3])
        said.append(
            f"Posts of {longer.start} to {longer.end} by how they begin, with their shrunk mean rate: {told}."
        )
        if all(n < 5 for _, n, _, _ in hooks[:3]):
            said.append("Fewer than 5 posts begin with any of these: none is called good or bad.")
        elif not better:
            said.append("No opening is clearly better.")
        said += better
    time, clear = _time(surfaces, window)
    said.append(time)
    # One platform is compared with no other.
    now, before = _engaged(surfaces, window)
    if now is not None and before is not None and before > 0:
        said.append(f"Engagements earned: {100 * (now - before) / before:+.0f} % on the days before.")
    return said, "fair" if clear or better else "weak"


def _engaged(surfaces: Surfaces, window: Window) -> tuple[int | None, int | None]:
    """Engagements of the window and of the one before, like for like; unknown where a part of them is."""
    oracle, found = surfaces.oracle, list[tuple[int | None, int | None]]()
    for part in PARTS:
        if oracle.earned(window, part) is None and oracle.earned(previous(window), part) is None:
            continue
        both = oracle.compared(window, part)
        if both is None:
            return None, None
        found.append(both)
    now, before = ([value for each in found if (value := each[n]) is not None] for n in (0, 1))
    return sum(now) if now else None, sum(before) if before else None


def _better(surfaces: Surfaces, longer: Window) -> list[str]:
    """A sentence of each opening that the hooks' own surface calls clearly better."""
    said = []
    for hook in surfaces.ask(longer, "analytics/hooks", limit=50)["data"]["hooks"]:
        effect = hook["effect"]
        if effect["verdict"] == "clear" and effect["lift"] > 0:
            lift = f"{effect['low']:+.0f} to {effect['high']:+.0f} %, {_posts(effect['posts'])}"
            said.append(f"Posts that begin {_quoted(hook['text'])} clearly do better ({lift}).")
    return said


def _quoted(opening: str) -> str:
    """80 characters of an opening are told."""
    return f'"{opening if len(opening) <= 80 else opening[:79] + "…"}"'


def _posts(count: int) -> str:
    return "1 post" if count == 1 else f"{count} posts"


def _time(surfaces: Surfaces, window: Window) -> tuple[str, bool]:
    """The sentence about the time of publication, and whether one is clearly better."""
    longer = Window(window.brand, window.end - LOOK_BACK, window.end)
    compared = surfaces.scored(longer)
    bucket: Any = surfaces.ask(longer, "analytics/posting-times")["data"]["times"]["recommended"]
    if bucket is None:
        return f"No posting time is clearly better ({len(compared)} posts compared).", False
    hours = [surfaces.oracle.videos[name].published_at.astimezone(UTC).hour for name, _, _ in compared]
    posts = sum(bucket["start"] <= hour < bucket["end"] for hour in hours)
    label = f"{bucket['start']:02d}:00 to {bucket['end']:02d}:00"
    low, high = bucket["effect"]["low"], bucket["effect"]["high"]
    return f"Posts published at {label} clearly do better ({low:+.0f} to {high:+.0f} %, {posts} posts).", True
