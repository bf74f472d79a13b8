"""Every calendar month of a snapshot file over HTTP: what was earned and how far that can be trusted.

Nothing of Afterpost is imported: undated and unknown openings, estimated shares, like for like and coverage
are worked out again from docs/numbers.md and the ADRs 31 to 33.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import httpx

from tests.replay.dues import Dues
from tests.replay.oracle import METRICS, Oracle, Window, previous
from tests.replay.surfaces import PARTS, Found, check
from tests.running import get

NAMES = ("views", "likes", "comments", "shares", "saves", "engagements")
Sums = dict[str, int | None]


class Share(NamedTuple):
    """What one video gained in a window: the sum, that without signs, and that of days without a total."""

    booked: int
    moved: int
    estimated: int


class Compared(NamedTuple):
    """What growth compares, as `meta.growth` tells it."""

    current: Sums
    previous: Sums
    left_out: dict[str, Any]
    missing: dict[str, str]

    @property
    def growth(self) -> dict[str, float | None]:
        return {name: _percent(self.current[name], self.previous[name]) for name in NAMES}


class Months:
    """Asks about each month of the file, of all brands and of each, and compares with an oracle."""

    def __init__(self, client: httpx.Client, oracle: Oracle) -> None:
        self.client, self.oracle = client, oracle
        self.brands = {brand["name"]: brand["id"] for brand in get(client, "/v1/brands")["data"]}
        names = {key: name for name, key in self.brands.items()}
        accounts = get(client, "/v1/accounts")["data"]
        self.dues = Dues(oracle, {names[account["brand_id"]]: account["id"] for account in accounts})
        self.shares = cache(self._shares)

    def windows(self) -> list[Window]:
        """The months, first to last."""
        firsts = sorted({day.replace(day=1) for day in self.oracle.days})
        return [Window(None, first, _next_month(first) - timedelta(days=1)) for first in firsts]

    def differences(self, month: Window) -> Iterator[Found]:
        """Where an answer about a month differs."""
        for brand in (None, *self.oracle.brands):
            window = month._replace(brand=brand)
            for surface in (self.overview, self.series):
                yield from (each._replace(where=f"{window} {each.where}") for each in surface(window))
        for found in (self.board(month), self.platforms(month), self.single_days(month)):
            yield from (each._replace(where=f"{month} {each.where}") for each in found)

    def ask(self, window: Window, path: str, **more: Any) -> Any:
        brand = None if window.brand is None else self.brands[window.brand]
        days = {"start_date": window.start.isoformat(), "end_date": window.end.isoformat()}
        return get(self.client, f"/v1/analytics/{path}", brand_id=brand, **days, **more)

    # --- what is asked ---

    def overview(self, window: Window) -> Iterator[Found]:
        answer = self.ask(window, "overview")
        data, meta = answer["data"], answer["meta"]
        yield from check("earned", data["earned"], self.earned(window))
        yield from check("previous", data["previous"], self.earned(previous(window)))
        yield from self._meta(window, meta)
        compared = self.compared(window)
        told = meta["growth"]
        if {*compared.current.values(), *compared.previous.values()} != {None}:
            yield from check("growth through", told["through"], window.end.isoformat())
        for name in ("current", "previous", "left_out", "missing"):
            yield from check(f"growth {name}", told[name], getattr(compared, name))
        yield from self._growth(data["growth"], compared)

    def series(self, window: Window) -> Iterator[Found]:
        answer = self.ask(window, "timeseries")
        points, meta = answer["data"], answer["meta"]
        yield from self._meta(window, meta)
        for metric in METRICS:
            days = self.days(window, metric)
            said = {p["start_date"]: v for p in points if (v := p["earned"][metric]) is not None}
            yield from check(f"days of {metric}", said, days)
            late = meta["undated"].get(metric)
            total = sum(said.values()) + (late["total"] if late else 0) if said or late else None
            yield from check(f"sum of {metric}", total, self.earned(window)[metric])
        for point in points:
            day = date.fromisoformat(point["start_date"])
            one = Window(window.brand, day, day)
            yield from check(f"unknown on {day}", point["unknown_openings"], self.unknown(one))

    def board(self, month: Window) -> Iterator[Found]:
        answer = self.ask(month, "brands/leaderboard", limit=50)
        yield from self._meta(month, answer["meta"])
        yield from check("board", sorted(row["name"] for row in answer["data"]), self.oracle.brands)
        for row in answer["data"]:
            yield from self._row(row, month._replace(brand=row["name"]))

    def platforms(self, month: Window) -> Iterator[Found]:
        answer = self.ask(month, "platforms")
        yield from self._meta(month, answer["meta"])
        for row in answer["data"]:
            yield from self._row(row, month)

    def single_days(self, month: Window) -> Iterator[Found]:
        """What was due on every fifth day: a weekly read falls on it or beside it by the account's tick."""
        for day in range(0, 30, 5):
            one = month.start + timedelta(days=day)
            window = Window(None, one, one)
            yield from self._meta(window, self.ask(window, "overview")["meta"])

    def _row(self, row: Any, window: Window) -> Iterator[Found]:
        where, now, then = row["name"], self.earned(window), self.earned(previous(window))
        yield from check(f"{where} earned", row["earned"], now)
        yield from check(f"{where} previous", row["previous"], then)
        yield from check(f"{where} unknown", row["unknown_openings"], self.unknown(window))
        compared = self.compared(window)
        yield from self._growth(row["growth"], compared, where)
        beside = (
            None if row["compared"] is None else (row["compared"]["current"], row["compared"]["previous"])
        )
        sums = (compared.current, compared.previous)
        yield from check(f"{where} compared", beside, None if sums == (now, then) else sums)

    def _meta(self, window: Window, meta: Any) -> Iterator[Found]:
        yield from check("undated", meta["undated"], self.undated(window))
        yield from check("unknown", meta["unknown_openings"], self.unknown(window))
        yield from check("estimated metrics", sorted(meta["estimated_share"]), sorted(self.estimated(window)))
        for metric, share in self.estimated(window).items():
            yield from check(f"estimated {metric}", meta["estimated_share"].get(metric), share)
        yield from check("coverage", meta["coverage"], self.dues.coverage(window))
        yield from check("coverage before", meta["previous_coverage"], self.dues.coverage(previous(window)))
        # All accounts are disconnected: nothing more is waited for.
        yield from check("provisional", meta["provisional"], False)

    @staticmethod
    def _growth(said: Any, compared: Compared, where: str = "") -> Iterator[Found]:
        for name, value in compared.growth.items():
            yield from check(f"{where} growth of {name}", said[name], value)

    # --- what the file says ---

    def _shares(self, start: date, end: date, metric: str) -> dict[str, Share]:
        """Video -> what it gained on days of the window; absent where no gain covers one."""
        found: dict[str, Share] = {}
        for of_brand in self.oracle.bookings.values():
            for booking in of_brand[metric]:
                if booking.first > end or booking.last < start:
                    continue
                each = found.get(booking.video, Share(0, 0, 0))
                first, last = max(start, booking.first), min(end, booking.last)
                size, n = abs(booking.gain), booking.days
                here = (
                    size * ((last - booking.first).days + 1) // n - size * (first - booking.first).days // n
                )
                told = abs(booking.on(booking.last)) if booking.last <= end else 0
                sign = 1 if booking.gain >= 0 else -1
                found[booking.video] = Share(
                    each.booked + sign * here, each.moved + here, each.estimated + here - told
                )
        return found

    def earned(self, window: Window, without: Collection[str] = ()) -> Sums:
        """What was earned, booked and undated; without some videos."""
        sums = {metric: self.earned_of(window, metric, without) for metric in METRICS}
        return _totals(sums)

    def earned_of(self, window: Window, metric: str, without: Collection[str] = ()) -> int | None:
        parts = [
            share.booked
            for name, share in self.shares(window.start, window.end, metric).items()
            if name not in without and self._is_of(window, name)
        ]
        parts += [o.total for o in self.oracle.undated(window, metric) if o.video not in without]
        return sum(parts) if parts else None

    def days(self, window: Window, metric: str) -> dict[str, int]:
        """Day -> what is booked to it, where anything is."""
        found: Counter[str] = Counter()
        for brand in self.oracle.brands if window.brand is None else [window.brand]:
            for booking in self.oracle.bookings[brand][metric]:
                day = max(window.start, booking.first)
                while day <= min(window.end, booking.last):
                    found[day.isoformat()] += booking.on(day)
                    day += timedelta(days=1)
        return dict(found)

    def estimated(self, window: Window) -> dict[str, float]:
        shares = {
            metric: [
                share
                for name, share in self.shares(window.start, window.end, metric).items()
                if self._is_of(window, name)
            ]
            for metric in METRICS
        }
        return {
            metric: sum(each.estimated for each in listed) / moved
            for metric, listed in shares.items()
            if (moved := sum(each.moved for each in listed))
        }

    def undated(self, window: Window) -> dict[str, dict[str, int]]:
        found = {metric: self.oracle.undated(window, metric) for metric in METRICS}
        return {
            m: {"posts": len(late), "total": sum(o.total for o in late)} for m, late in found.items() if late
        }

    def unknown(self, window: Window) -> dict[str, int]:
        return {metric: n for metric in METRICS if (n := self.oracle.unknown(window, metric))}

    def compared(self, window: Window) -> Compared:
        """Like for like: without brands (each is one account) that were not read on both sides, and without
        videos whose first total lies partly in a window."""
        before = previous(window)
        both = Window(window.brand, before.start, window.end)
        away = self._away(both)
        brands = {name: video.brand for name, video in self.oracle.videos.items()}
        outside = {name for name, brand in brands.items() if brand in away}
        late = {
            metric: [
                o
                for o in self.oracle.late(both, metric)
                if o.last <= both.end
                and brands[o.video] not in away
                and not o.inside(window)
                and not o.inside(before)
            ]
            for metric in METRICS
        }
        seen, base = self._read(window, brands), self.earned_of(window, "views")
        current, earlier, missing = Sums(), Sums(), dict[str, str]()
        for metric in METRICS:
            out = outside | {o.video for o in late[metric]}
            now, then = self.earned_of(window, metric, out), self.earned_of(before, metric, out)
            whole = (self.earned_of(window, metric), self.earned_of(before, metric))
            if (late[metric] or away) and whole != (None, None):
                much = base is not None and base > 0 and 10 * self._lost(window, out) > base
                if now is None or then is None or much or 10 * len(out & seen) > len(seen):
                    missing[metric] = "not_collected"
                    now = then = None
            current[metric], earlier[metric] = now, then
        taken = {o.video for listed in late.values() for o in listed}
        since = [day for day in away.values() if day is not None]
        since += [o.last for listed in late.values() for o in listed]
        # Where those first read in the window are more than a tenth by themselves, only they are counted.
        fresh = {
            metric: {o.video for o in listed if o.last >= window.start} for metric, listed in late.items()
        }
        many = {metric: posts for metric, posts in fresh.items() if 10 * len(posts) > len(seen)}
        few = {o.video for metric, listed in late.items() if metric not in many for o in listed}
        stay = max(len(few & seen), *(len(posts) for posts in many.values()), 0)
        left_out = {
            "accounts": len(away),
            "posts": len(outside & seen) + stay,
            "exposure": None if base is None or many else self._lost(window, outside | taken),
            "since": max(since).isoformat() if since else None,
        }
        hidden = any(part in missing for part in PARTS)
        totals = [_totals(side) for side in (current, earlier)]
        if hidden:
            missing["engagements"] = "not_collected"
            for side in totals:
                side["engagements"] = None
        if not away and not taken:
            left_out["exposure"] = None
        return Compared(totals[0], totals[1], left_out, missing)

    def _away(self, both: Window) -> dict[str, date | None]:
        """Brands with readings in one of two windows that are not compared; with the day of the first one
        where that is too late."""
        found: dict[str, date | None] = {}
        for brand in self.oracle.brands if both.brand is None else [both.brand]:
            videos = [video for video in self.oracle.videos.values() if video.brand == brand]
            read = {day for video in videos for day, values in video.readings.items()}
            if not any(both.start <= day <= both.end for day in read):
                continue
            own = both._replace(brand=brand)
            late = any(o.last <= both.end for metric in METRICS for o in self.oracle.late(own, metric))
            if late and not any(day < both.start for day in read):
                found[brand] = min(read)
            elif not any(day >= both.end for day in read):
                found[brand] = None
        return found

    def _lost(self, window: Window, out: Collection[str]) -> int:
        """The views that those earned in the window."""
        inside = {name for name in self.oracle.videos if name not in out}
        return self.earned_of(window, "views", inside) or 0

    def _read(self, window: Window, brands: dict[str, str]) -> set[str]:
        return {
            name
            for name, video in self.oracle.videos.items()
            if window.brand in (None, brands[name])
            and any(window.start <= day <= window.end for day in video.readings)
        }

    def _is_of(self, window: Window, name: str) -> bool:
        return window.brand in (None, self.oracle.videos[name].brand)


def _totals(sums: Sums) -> Sums:
    """With all names that an answer has: nobody tells shares and saves here."""
    known = [value for part in PARTS if (value := sums[part]) is not None]
    return sums | {"shares": None, "saves": None, "engagements": sum(known) if known else None}


def _percent(now: int | None, then: int | None) -> float | None:
    return None if now is None or then is None or then <= 0 else 100 * (now - then) / then


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
