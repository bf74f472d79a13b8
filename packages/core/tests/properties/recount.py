"""Rollups, standing sums, attendance and learning rows counted anew from the stored snapshots.

Written from the meaning of each counter; nothing of `domain.snapshots` is used.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from afterpost.domain.metrics import CUMULATIVE
from afterpost.storage.tables import ROLLUP_COUNTERS, STANDING_COUNTERS
from packages.core.tests.properties.model import shares, until

Key = tuple[Any, ...]
Counters = Mapping[Key, Mapping[str, int]]
EPOCH = date(1970, 1, 1).toordinal()
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


def booked(snapshot: Mapping[str, Any], metric: str, zone: str) -> dict[int, int]:
    """Day number -> what the snapshot's gain of a metric books to it; nothing when it is unknown."""
    gain, day = snapshot[f"{metric}_gain"], snapshot["day"]
    if gain is None:
        return {}
    first = day - snapshot[f"{metric}_days"] + 1
    days = until(date.fromordinal(EPOCH + first), date.fromordinal(EPOCH + day), ZoneInfo(zone))
    return {d.toordinal() - EPOCH: amount for d, amount in shares(gain, days).items()}


def rollups(
    snapshots: Iterable[Mapping[str, Any]], posts: Mapping[int, Mapping[str, Any]], zone: str
) -> Counters:
    """(dimensions, day) -> counters other than 0; days are cut in `zone`."""
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
            for day, amount in booked(snapshot, metric, zone).items():
                add(day, f"{metric}_gain", amount)
                add(day, f"{metric}_covered", 1)
                add(day, f"{metric}_fell", max(0, -amount))
                if day != today:
                    add(day, f"{metric}_estimated", amount)
                    add(day, f"{metric}_estimated_fell", max(0, -amount))
        _rate(snapshot, add, zone)
    return {key: {n: v for n, v in counters.items() if v} for key, counters in found.items()}


def _rate(snapshot: Mapping[str, Any], add: Any, zone: str) -> None:
    parts = [part for part, bit in BITS.items() if snapshot["offers"] & bit]
    base = next((m for m in ("views", "impressions") if snapshot[f"{m}_total"] is not None), None)
    covered = frozenset(booked(snapshot, base, zone)) if base else frozenset()
    if parts and base and covered and {frozenset(booked(snapshot, m, zone)) for m in parts} == {covered}:
        for day, amount in booked(snapshot, base, zone).items():
            add(day, f"rated_{base}", amount)
            add(day, f"rated_by_{base}", 1)
        for part in parts:
            for day, amount in booked(snapshot, part, zone).items():
                add(day, "rated_engagements", amount)
    elif any(snapshot[f"{m}_total"] is not None for m in CUMULATIVE) or "[" in (snapshot["other"] or ""):
        known = [days for m in CUMULATIVE if (days := booked(snapshot, m, zone))]
        for day in min(known, key=len, default={snapshot["day"]: 0}):
            add(day, "unrated", 1)


def openings(snapshots: Iterable[Mapping[str, Any]], posts: Mapping[int, Mapping[str, Any]]) -> Counters:
    """(dimensions, day, metric, span) -> posts whose first total is no gain, and the sum of those totals."""
    found: dict[Key, Counter[str]] = {}
    for snapshot in snapshots:
        for metric in CUMULATIVE:
            total = snapshot[f"{metric}_total"]
            if total is None or snapshot[f"{metric}_gain"] is not None:
                continue
            span = snapshot[f"{metric}_days"]
            key = (*dimensions(posts[snapshot["post_id"]]), snapshot["day"], metric, span)
            sums = found.setdefault(key, Counter())
            sums["posts"] += 1
            sums["total"] += total
    return {key: {n: v for n, v in sums.items() if v} for key, sums in found.items()}


def standing(snapshots: Sequence[Mapping[str, Any]], posts: Mapping[int, Mapping[str, Any]]) -> Counters:
    """Dimensions -> counters other than 0, over all days."""
    found: dict[Key, Counter[str]] = {}
    # Where the days lie does not matter to a sum over all of them.
    for (*where, _), counters in rollups(snapshots, posts, "UTC").items():
        mine = found.setdefault(tuple(where), Counter())
        for name in STANDING_COUNTERS:
            mine[name] += counters.get(name, 0)
    return {key: kept for key, c in found.items() if (kept := {n: v for n, v in c.items() if v})}


def attendance(
    snapshots: Iterable[Mapping[str, Any]],
    posts: Mapping[int, Mapping[str, Any]],
    due_reads: Iterable[Mapping[str, Any]] = (),
) -> Counters:
    """(dimensions, day, gap) -> counters other than 0.

    By the days since the one before of the same kind (0: none): posts with a snapshot; posts with a due read;
    and posts with either, less those with a snapshot. Due days that no later snapshot settled lie with those
    that are a gap before the last snapshot.
    """
    seen: dict[int, set[int]] = {}
    due: dict[int, set[int]] = {}
    for rows, into in ((snapshots, seen), (due_reads, due)):
        for row in rows:
            into.setdefault(row["post_id"], set()).add(row["day"])
    found: dict[Key, Counter[str]] = {}
    for post_id in {*seen, *due}:
        read, wanted = seen.get(post_id, set()), due.get(post_id, set())
        place = dimensions(posts[post_id])

        def add(days: set[int], name: str, amount: int, place: Key = place) -> None:
            for day in days:
                gap = min((day - other for other in days if other < day), default=0)
                found.setdefault((*place, day, gap), Counter())[name] += amount

        add(read, "posts", 1)
        add(read, "missed", -1)
        add(read | wanted, "missed", 1)
        add(wanted, "due", 1)
        if posts[post_id]["state"] == "gone":
            continue
        for day in wanted:
            later = min((other for other in wanted if other > day), default=None)
            if not read or later is None or later > max(read):
                gap = max(0, max(read) - day) if read else 0
                found.setdefault((*place, day, gap), Counter())["unread"] += 1
    kept = {key: {n: v for n, v in c.items() if v} for key, c in found.items()}
    return {key: counters for key, counters in kept.items() if counters}


def stored(rows: Iterable[Mapping[str, Any]], counters: Sequence[str], *more: str) -> Counters:
    """A stored table in the same form. Rows that are all 0 stay, for they should not be there."""
    return {
        (*dimensions(row), *(row[name] for name in more)): {n: row[n] for n in counters if row[n]}
        for row in rows
    }


__all__ = ["ROLLUP_COUNTERS", "STANDING_COUNTERS", "attendance", "openings", "rollups", "standing", "stored"]
