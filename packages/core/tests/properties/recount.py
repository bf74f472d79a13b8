"""Rollups, standing sums, attendance and learning rows counted anew from the stored snapshots.

Written from the meaning of each counter; nothing of `domain.snapshots` is used.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from afterpost.domain.metrics import CUMULATIVE
from afterpost.storage.tables import ROLLUP_COUNTERS, STANDING_COUNTERS
from packages.core.tests.properties.model import shares

Key = tuple[Any, ...]
Counters = Mapping[Key, Mapping[str, int]]
BITS = {"likes": 1, "comments": 2, "shares": 4, "saves": 8}


def dimensions(post: Mapping[str, Any]) -> Key:
    """Where a post counts."""
    return (
        post["organization_id"],
        post["brand_id"] or 0,
        post["account_id"] or 0,
        post["platform"],
        post["content_type"],
    )


def booked(snapshot: Mapping[str, Any], metric: str) -> dict[int, int]:
    """Day number -> what the snapshot's gain of a metric books to it; nothing when it is unknown."""
    gain, day = snapshot[f"{metric}_gain"], snapshot["day"]
    if gain is None:
        return {}
    first = day - snapshot[f"{metric}_days"] + 1
    # `shares` wants dates; their distance from each other is all that matters to it.
    days = [date.fromordinal(n + 1) for n in range(day - first + 1)]
    return {first + d.toordinal() - 1: amount for d, amount in shares(gain, days).items()}


def rollups(snapshots: Iterable[Mapping[str, Any]], posts: Mapping[int, Mapping[str, Any]]) -> Counters:
    """(dimensions, day) -> counters other than 0."""
    found: dict[Key, Counter[str]] = {}
    for snapshot in snapshots:
        where, today = dimensions(posts[snapshot["post_id"]]), snapshot["day"]

        def add(day: int, name: str, amount: int, where: Key = where) -> None:
            found.setdefault((*where, day), Counter())[name] += amount

        add(today, "snapshots", 1)
        for metric in CUMULATIVE:
            if snapshot[f"{metric}_total"] is None:
                continue
            gain = snapshot[f"{metric}_gain"]
            add(today, f"{metric}_n", 1)
            add(today, f"{metric}_change", snapshot[f"{metric}_total"] if gain is None else gain)
            for day, amount in booked(snapshot, metric).items():
                add(day, f"{metric}_gain", amount)
                add(day, f"{metric}_covered", 1)
                if day != today:
                    add(day, f"{metric}_estimated", amount)
        _rate(snapshot, add)
    return {key: {n: v for n, v in counters.items() if v} for key, counters in found.items()}


def _rate(snapshot: Mapping[str, Any], add: Any) -> None:
    parts = [part for part, bit in BITS.items() if snapshot["offers"] & bit]
    base = next((m for m in ("views", "impressions") if snapshot[f"{m}_total"] is not None), None)
    spans = {snapshot[f"{m}_days"] if snapshot[f"{m}_gain"] is not None else None for m in parts}
    if parts and base and snapshot[f"{base}_gain"] is not None and spans == {snapshot[f"{base}_days"]}:
        for day, amount in booked(snapshot, base).items():
            add(day, f"rated_{base}", amount)
            add(day, f"rated_by_{base}", 1)
        for part in parts:
            for day, amount in booked(snapshot, part).items():
                add(day, "rated_engagements", amount)
    elif any(snapshot[f"{m}_total"] is not None for m in CUMULATIVE) or "[" in (snapshot["other"] or ""):
        known = [snapshot[f"{m}_days"] for m in CUMULATIVE if snapshot[f"{m}_gain"] is not None]
        for back in range(min(known, default=1)):
            add(snapshot["day"] - back, "unrated", 1)


def standing(snapshots: Sequence[Mapping[str, Any]], posts: Mapping[int, Mapping[str, Any]]) -> Counters:
    """Dimensions -> counters other than 0, over all days."""
    found: dict[Key, Counter[str]] = {}
    for (*where, _), counters in rollups(snapshots, posts).items():
        mine = found.setdefault(tuple(where), Counter())
        for name in STANDING_COUNTERS:
            mine[name] += counters.get(name, 0)
    return {key: kept for key, c in found.items() if (kept := {n: v for n, v in c.items() if v})}


def attendance(snapshots: Iterable[Mapping[str, Any]], posts: Mapping[int, Mapping[str, Any]]) -> Counters:
    """(dimensions, day, days since the post's previous snapshot or 0) -> how many posts."""
    days: dict[int, set[int]] = {}
    for snapshot in snapshots:
        days.setdefault(snapshot["post_id"], set()).add(snapshot["day"])
    found: dict[Key, Counter[str]] = {}
    for post_id, mine in days.items():
        for day in mine:
            gap = min((day - other for other in mine if other < day), default=0)
            key = (*dimensions(posts[post_id]), day, gap)
            found.setdefault(key, Counter())["posts"] += 1
    return found


def stored(rows: Iterable[Mapping[str, Any]], counters: Sequence[str], *more: str) -> Counters:
    """A stored table in the same form. Rows that are all 0 stay, for they should not be there."""
    return {
        (*dimensions(row), *(row[name] for name in more)): {n: row[n] for n in counters if row[n]}
        for row in rows
    }


__all__ = ["ROLLUP_COUNTERS", "STANDING_COUNTERS", "attendance", "rollups", "standing", "stored"]
