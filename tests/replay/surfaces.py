"""Every other summary surface over HTTP, against the file: rankings, growth, equal age, hooks, receipts.

Nothing of Afterpost is imported: each expectation is worked out again from docs/numbers.md.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import mean, median
from typing import Any, NamedTuple

import httpx

from tests.replay.oracle import READ_AT, Booking, Oracle, Video, Window, previous
from tests.running import get

PARTS = ("likes", "comments")
"""The engagement parts that this platform offers; views are its exposure."""
DAY = timedelta(days=1)


class Found(NamedTuple):
    """A difference: where, what the surface says, what the file says."""

    where: str
    said: Any
    truth: Any


def check(where: str, said: Any, truth: Any) -> list[Found]:
    """A difference, or nothing; floats within rounding."""
    if isinstance(said, float) and isinstance(truth, (int, float)):
        same = math.isclose(said, truth, rel_tol=1e-9, abs_tol=1e-9)
    else:
        same = said == truth
    return [] if same else [Found(where, said, truth)]


class Surfaces:
    """Asks the surfaces about windows and compares them with an oracle."""

    def __init__(self, client: httpx.Client, oracle: Oracle) -> None:
        self.client, self.oracle = client, oracle
        self.brands = {brand["name"]: brand["id"] for brand in get(client, "/v1/brands")["data"]}
        self.posts: dict[str, Any] = {}
        cursor = None
        while True:
            page = get(client, "/v1/posts", limit=200, cursor=cursor)
            self.posts |= {post["external_id"]: post for post in page["data"]}
            cursor = page["meta"]["next_cursor"]
            if cursor is None:
                break
        self.names = {post["id"]: name for name, post in self.posts.items()}
        self._compared: dict[str, tuple[int, float]] = {}

    def differences(self, window: Window) -> list[Found]:
        """Of one window, whatever surface differs."""
        found: list[Found] = []
        for surface in (
            self.platforms,
            self.growth,
            self.engagement,
            self.lists,
            self.receipt,
            self.ranking,
            self.earned_ranking,
            self.weekly,
            self.prompts,
            self.advice,
        ):
            found += [each._replace(where=f"{window} {each.where}") for each in surface(window)]
        return found

    def ask(self, window: Window, path: str, **more: Any) -> Any:
        """A surface's answer about a window."""
        brand = None if window.brand is None else self.brands[window.brand]
        return get(
            self.client,
            f"/v1/{path}",
            start_date=window.start.isoformat(),
            end_date=window.end.isoformat(),
            brand_id=brand,
            **more,
        )

    # --- what is summed ---

    def platforms(self, window: Window) -> Iterator[Found]:
        data = self.ask(window, "analytics/platforms")["data"]
        views = self.oracle.earned(window, "views")
        if views is None and self.oracle.earned(previous(window), "views") is None:
            yield from check("platforms", data, [])
            return
        (only,) = data
        yield from check("platform", only["name"], "youtube")
        yield from check("platform posts", only["posts"], self.oracle.posts(window))
        yield from self._totals("platform", only, window)
        if window.brand is not None:
            path = f"brands/{self.brands[window.brand]}/platforms/youtube/analytics"
            one = self.ask(window._replace(brand=None), path)["data"]
            yield from check("brand and platform", one["earned"], only["earned"])

    def growth(self, window: Window) -> Iterator[Found]:
        data = self.ask(window, "analytics/growth", metric="likes")["data"]
        for metric in ("views", "likes", "comments"):
            now = self.oracle.earned(window, metric)
            before = self.oracle.earned(previous(window), metric)
            change = data[metric]
            yield from check(f"growth {metric}", (change["current"], change["previous"]), (now, before))
            now, before = self.oracle.compared(window, metric) or (None, None)
            unknown = now is None or before is None or before <= 0
            truth = None if unknown else 100 * ((now or 0) - (before or 0)) / (before or 1)
            yield from check(f"growth of {metric}", change["growth"], truth)
        days = {
            day: earned
            for day in _days(window)
            if (earned := self.oracle.on_days(Window(window.brand, day, day), "likes")) is not None
        }
        best = max(days, key=lambda day: (days[day], -day.toordinal()), default=None)
        told = None if best is None else {"date": best.isoformat(), "earned": days[best]}
        yield from check("best day", data["best_day"], told)
        for name, asked in (("equal_age", window), ("equal_age_before", previous(window))):
            scores = [value / expected for _, value, expected in self.scored(asked) if expected > 0]
            yield from check(f"{name} scored", data[name]["scored"], len(scores))
            yield from check(f"{name} published", data[name]["published"], len(self.published(asked)))
            yield from check(f"{name} median", data[name]["median_score"], median(scores) if scores else None)

    def engagement(self, window: Window) -> Iterator[Found]:
        data = self.ask(window, "analytics/engagement")["data"]
        known = {part: self.oracle.earned(window, part) for part in PARTS}
        total = sum(value for value in known.values() if value is not None)
        yield from check(
            "engagement total", data["total"], total if any(v is not None for v in known.values()) else None
        )
        for part, value in known.items():
            yield from check(f"part {part}", data["parts"][part]["earned"], value)
            share = None if value is None or total <= 0 else 100 * value / total
            yield from check(f"share of {part}", data["parts"][part]["share"], share)
        for part in ("shares", "saves"):
            yield from check(f"part {part}", data["parts"][part]["earned"], None)

    def lists(self, window: Window) -> Iterator[Found]:
        everything = window._replace(brand=None)
        for path in ("analytics/brands", "analytics/organizations", "analytics/organizations/leaderboard"):
            brands = path == "analytics/brands"
            for one in self.ask(everything, path, limit=50)["data"]:
                own = everything._replace(brand=one["name"]) if brands else everything
                yield from check(f"{path} posts", one["posts"], self.oracle.posts(own))
                yield from self._totals(f"{path} {one['name']}", one, own)

    def _totals(self, where: str, one: Any, window: Window) -> Iterator[Found]:
        for metric in ("views", "likes", "comments"):
            yield from check(f"{where} {metric}", one["earned"][metric], self.oracle.earned(window, metric))
            before = self.oracle.earned(previous(window), metric)
            yield from check(f"{where} {metric} before", one["previous"][metric], before)

    def receipt(self, window: Window) -> Iterator[Found]:
        covering: list[Booking] = [
            booking
            for brand in ([window.brand] if window.brand else self.oracle.brands)
            for booking in self.oracle.bookings[brand]["views"]
            if booking.first <= window.end and booking.last >= window.start
        ]
        if len(covering) > 2_000:
            return
        truth: Counter[Any] = Counter(
            (b.video, b.last.isoformat(), b.gain, b.days, sum(b.on(d) for d in _days(window)))
            for b in covering
        )
        for late in self.oracle.undated(window, "views"):
            days = (late.last - late.first).days + 1
            truth[late.video, late.last.isoformat(), None, days, late.total] += 1
        said: Counter[Any] = Counter()
        cursor = None
        while True:
            page = self.ask(window, "analytics/receipt", limit=200, cursor=cursor)
            for entry in page["data"]["entries"]:
                name = self.names[entry["post_id"]]
                said[name, entry["date"], entry["gain"], entry["days"], entry["booked"]] += 1
            cursor = page["meta"]["next_cursor"]
            if cursor is None:
                break
        yield from check("receipt", said, truth)
        yield from check("receipt earned", page["data"]["earned"], self.oracle.earned(window, "views"))

    # --- what is ranked ---

    def candidates(self, window: Window) -> dict[str, dict[str, int]]:
        """Name -> last totals known at the window's end, of posts of the window or of the 28 days before."""
        first = datetime.combine(window.start, time(), UTC) - 28 * DAY
        last = datetime.combine(window.end, time(), UTC)  # a day before the window's last instant
        found = {}
        for name, video in self.oracle.videos.items():
            if window.brand not in (None, video.brand) or not first <= video.published_at <= last:
                continue
            totals: dict[str, int] = {}
            for day in sorted(video.readings):
                if day <= window.end:
                    totals |= video.readings[day]
            if any(day <= window.end for day in video.readings):
                found[name] = totals
        return found

    def ranked(self, window: Window) -> tuple[list[tuple[str, float, float]], int, int]:
        """(name, percent, shrunk percent), best first; how many aren't distributed, how many incomplete."""
        candidates = self.candidates(window)
        rated = {
            name: (sum(totals[part] for part in PARTS), totals["views"])
            for name, totals in candidates.items()
            if all(metric in totals for metric in ("views", *PARTS))
        }
        groups: dict[str | None, list[tuple[int, int]]] = {None: []}
        for name, pair in rated.items():
            if pair[1] > 0:
                groups[None].append(pair)
                groups.setdefault(self.oracle.videos[name].brand, []).append(pair)
        rows = []
        for name, (engaged, exposed) in rated.items():
            if exposed < 10:
                continue
            own = groups.get(self.oracle.videos[name].brand, [])
            pulled = _pulled(engaged, exposed, own if len(own) >= 8 else groups[None])
            percent = min(100.0, max(0.0, 100 * engaged / exposed))
            rows.append((name, percent, 100 * pulled))
        rows.sort(
            key=lambda row: (
                -row[2],
                -rated[row[0]][1],
                -self.oracle.videos[row[0]].published_at.timestamp(),
                self.posts[row[0]]["id"],
            )
        )
        few = sum(exposed < 10 for _, exposed in rated.values())
        return rows, few, len(candidates) - len(rated)

    def ranking(self, window: Window) -> Iterator[Found]:
        rows, few, incomplete = self.ranked(window)
        for path, truth in (
            ("analytics/top", rows),
            ("analytics/worst", rows[::-1]),
            ("content-performance/summary/top-performers", rows),
            ("content-performance/summary/worst-performers", rows[::-1]),
        ):
            data = self.ask(window, path, limit=15)["data"]
            said = data["posts"]
            yield from check(f"{path} candidates", data["candidates"], len(rows))
            left_out = (data["not_distributed"], data["incomplete"])
            yield from check(f"{path} left out", left_out, (few, incomplete))
            yield from check(f"{path} many", len(said), min(15, len(rows)))
            for one, (name, percent, pulled) in zip(said, truth, strict=False):
                yield from check(f"{path} rate of {name}", one["engagement_rate"], percent)
                # Two that are equal but for rounding may stand the other way round.
                yield from check(f"{path} shrunk rate", one["shrunk_rate"], pulled)
                yield from self._earned(f"{path}", one, window)

    def _earned(self, where: str, one: Any, window: Window) -> Iterator[Found]:
        name = one["external_id"]
        video = self.oracle.videos[name]
        for metric in ("views", "likes"):
            booked = [
                b
                for b in self.oracle.bookings[video.brand][metric]
                if b.video == name and b.first <= window.end and b.last >= window.start
            ]
            known = [b.on(d) for b in booked for d in _days(window)]
            known += [late.total for late in self.oracle.undated(window, metric) if late.video == name]
            truth = sum(known) if known else None
            said = None if one["earned"] is None else one["earned"][metric]
            yield from check(f"{where} {name} earned {metric}", said, truth)

    def earned_ranking(self, window: Window) -> Iterator[Found]:
        rows, _, _ = self.ranked(window)
        names = {name for name, _, _ in rows}
        brands = [window.brand] if window.brand else self.oracle.brands
        earned: Counter[str] = Counter()
        for brand in brands:
            for booking in self.oracle.bookings[brand]["views"]:
                if booking.video in names and booking.first <= window.end and booking.last >= window.start:
                    earned[booking.video] += sum(booking.on(day) for day in _days(window))
        for late in self.oracle.undated(window, "views"):
            if late.video in names:
                earned[late.video] += late.total
        truth = sorted(earned.values(), reverse=True)[:10]
        said = [
            p["earned"]["views"] for p in self.ask(window, "analytics/top", sort="views")["data"]["posts"]
        ]
        yield from check("top by views", said[: len(truth)], truth)

    def weekly(self, window: Window) -> Iterator[Found]:
        data = self.ask(window, "content-performance/summary/weekly")["data"]
        rows, few, incomplete = self.ranked(window)
        for name, truth in (("top", rows[:5]), ("worst", rows[::-1][:5])):
            yield from check(f"weekly {name}", len(data[name]), len(truth))
            for one, (_, _, pulled) in zip(data[name], truth, strict=True):
                yield from check(f"weekly {name}", one["shrunk_rate"], pulled)
        yield from check(
            "weekly left out", (len(data["not_distributed"]), data["incomplete"]), (few, incomplete)
        )
        hours = Counter(self.oracle.videos[name].published_at.astimezone(UTC).hour for name, _, _ in rows)
        said = {hour["hour"]: hour["posts"] for hour in data["posting_hours"]}
        yield from check("weekly hours", said, dict(hours))
        week = data["week_over_week"]
        yield from check("weekly views", week["views"]["current"], self.oracle.earned(window, "views"))
        yield from check("weekly equal age", week["equal_age"]["scored"], len(self.scored(window)))

    def prompts(self, window: Window) -> Iterator[Found]:
        rows, _, _ = self.ranked(window)
        candidates = self.candidates(window)
        groups: dict[str, list[str]] = {}
        for name, _, _ in rows:
            text = self.posts[name]["title"][:100].strip()
            if text:
                groups.setdefault(text, []).append(name)
        for one in self.ask(window, "content-performance/summary/prompt-performance", limit=20)["data"]:
            own = groups.get(one["prompt"], [])
            exposed = sum(candidates[name]["views"] for name in own)
            engaged = sum(candidates[name][part] for name in own for part in PARTS)
            said = (one["posts"], one["exposed"], one["engagements"])
            yield from check(f"prompt {one['prompt']}", said, (len(own), exposed, engaged))
            yield from check("prompt rate", one["engagement_rate"], 100 * engaged / exposed)

    # --- what is compared at equal age ---

    def published(self, window: Window) -> list[str]:
        """Names of the videos published in the window, known at all."""
        begins, ends = _instants(window)
        return [
            name
            for name, video in self.oracle.videos.items()
            if window.brand in (None, video.brand) and begins <= video.published_at < ends
        ]

    def scored(self, window: Window) -> list[tuple[str, int, float]]:
        """(name, engagements at 24 h, expected) of those published in the window that have both."""
        published = set(self.published(window))
        return [(name, *both) for name, both in self.compared().items() if name in published]

    def compared(self) -> dict[str, tuple[int, float]]:
        """Name -> (engagements at 24 h, expected) of all videos that have both, the earliest first; whatever
        is asked, for every video has one score."""
        if not self._compared:
            earlier: list[int | None] = []
            own: dict[str, list[int | None]] = {}
            for _, _, name in sorted(
                (video.published_at, self.posts[name]["id"], name)
                for name, video in self.oracle.videos.items()
            ):
                video = self.oracle.videos[name]
                value, mine = _at_a_day(video), own.setdefault(video.brand, [])
                for looked_at in (mine[-200:], earlier[-200:]):
                    pool = sorted([each for each in looked_at if each is not None][-100:])
                    if len(pool) >= 8:
                        if value is not None:
                            cut = len(pool) // 4
                            self._compared[name] = (value, mean(pool[cut : len(pool) - cut]))
                        break
                mine.append(value)
                earlier.append(value)
        return self._compared

    def advice(self, window: Window) -> Iterator[Found]:
        scored = self.scored(window)
        data = self.ask(window, "analytics/posting-times")["data"]
        yield from check("published", data["published"], len(self.published(window)))
        yield from check("posts compared", data["times"]["posts"], len(scored))
        hours = Counter(self.oracle.videos[name].published_at.astimezone(UTC).hour for name, *_ in scored)
        said = {h["start"]: n for h in data["times"]["hours"] if (n := h["effect"]["posts"])}
        yield from check("posts by hour", said, dict(hours))
        parts = Counter(hour // 4 for hour in hours.elements())
        said = {p["start"] // 4: n for p in data["times"]["parts"] if (n := p["effect"]["posts"])}
        yield from check("posts by part of the day", said, dict(parts))
        hooks = self.ask(window, "analytics/hooks", limit=50)["data"]
        yield from check("hooks compared", hooks["compared"], len([n for n, *_ in scored if self._title(n)]))
        for hook in hooks["hooks"]:
            begun = [n for n, *_ in scored if self._title(n).casefold().startswith(hook["text"].casefold())]
            enough = 1 <= hook["effect"]["posts"] <= len(begun)
            yield from check(f"hook {hook['text']}", enough, True)

    def _title(self, name: str) -> str:
        return " ".join(self.posts[name]["title"].split())

    def post(self, name: str) -> list[Found]:
        """One post's own surface: its totals, and its engagements at a day of age."""
        answer = get(self.client, f"/v1/posts/{self.posts[name]['id']}/analytics")["data"]
        video = self.oracle.videos[name]
        totals: dict[str, int] = {}
        for day in sorted(video.readings):
            totals |= video.readings[day]
        found = check(f"totals of {name}", answer["summary"]["metrics"], totals)
        (age,) = [a for a in answer["ages"] if (a["metric"], a["age"]) == ("engagements", "24h")]
        return found + check(f"{name} at a day", age["value"], _at_a_day(video))


def _at_a_day(video: Video) -> int | None:
    """Likes and comments at 24 h of age, between the readings around it, rounded half up.

    A reading within an hour counts as it is; two further than a day apart say nothing. Every reading was
    asked for both parts: one that lacks a part hides it, and there is no sum.
    """
    at = video.published_at + DAY
    readings = [
        (
            datetime.combine(day, READ_AT),
            sum(values[part] for part in PARTS) if all(part in values for part in PARTS) else None,
        )
        for day, values in sorted(video.readings.items())
    ]
    before = [reading for reading in readings if reading[0] <= at][-1:]
    after = [reading for reading in readings if reading[0] > at][:1]
    near = min((*before, *after), key=lambda reading: abs(reading[0] - at), default=None)
    if near is not None and abs(near[0] - at) <= timedelta(hours=1):
        return near[1]
    if not before or not after or after[0][0] - before[0][0] > DAY:
        return None
    (start, low), (end, high) = before[0], after[0]
    if low is None or high is None:
        return None
    passed, whole = (at - start) // timedelta(microseconds=1), (end - start) // timedelta(microseconds=1)
    return low + math.floor((high - low) * passed / whole + 0.5)


def _pulled(engaged: int, exposed: int, group: Sequence[tuple[int, int]]) -> float:
    """A rate pulled towards its group's by the beta-binomial of equal moments (Kleinman 1973)."""
    own = min(max(engaged, 0), exposed)
    pairs = [(min(e, n), n) for e, n in group]
    if len(pairs) < 2:
        return own / exposed
    total = sum(n for _, n in pairs)
    average = max(0, sum(e for e, _ in pairs)) / total
    chance = average * (1 - average)
    room = total - sum(n * n for _, n in pairs) / total - (len(pairs) - 1)
    if chance <= 0 or room <= 0:
        return average
    spread = sum(n * (e / n - average) ** 2 for e, n in pairs)
    excess = (spread - chance * (len(pairs) - 1)) / (chance * room)
    if excess <= 0:
        return average
    strength = max(0.0, 1 / min(excess, 1.0) - 1)
    return (own + strength * average) / (exposed + strength)


def _instants(window: Window) -> tuple[datetime, datetime]:
    return datetime.combine(window.start, time(), UTC), datetime.combine(window.end + DAY, time(), UTC)


def _days(window: Window) -> Iterator[date]:
    return (window.start + timedelta(days=n) for n in range((window.end - window.start).days + 1))
