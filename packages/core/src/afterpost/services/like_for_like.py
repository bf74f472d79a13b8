"""Growth compares like for like: only what was read on both sides, of the complete days of a window.

An account that was first read last week earned nothing before for all we know, and one that was disconnected
has stopped earning for us alone. They stay out, and the answer says so.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from afterpost.domain.metrics import ENGAGEMENT_PARTS, EXPOSURES
from afterpost.domain.rates import growth
from afterpost.domain.snapshots import Bucket, book
from afterpost.domain.windows import day_date, day_number, skipped_days, zone_of
from afterpost.services.comparison import complete_part
from afterpost.services.earned import COUNTED, UNKNOWN, Totals, distinct, earned_of, sums_by, totals_of
from afterpost.services.question import Asked
from afterpost.storage import openings, rollups, snapshots
from afterpost.storage.openings import Late
from afterpost.storage.origins import ORIGIN, Key, origin_of, origins
from afterpost.storage.rollups import Sums

MOST_OUT = 10
"""At most one part in so many of a window's exposure, and of its posts, may stay out of a comparison."""
Missing = Literal["not_collected"]
By = str | None


class Growth(Struct, frozen=True):
    """Percent against the previous window, like for like and of the days that are complete on every platform;
    None where that is unknown or not above 0."""

    views: float | None
    likes: float | None
    comments: float | None
    shares: float | None
    saves: float | None
    engagements: float | None


class LeftOut(Struct, frozen=True):
    """What is in one of two windows and not in their comparison: so many accounts (or brands of a platform,
    for posts without one) and posts observed in the window, which earned that much exposure in it. `since`:
    the last day on which one of them was read for the first time. Where more than a tenth of the posts were
    first read in the window only these are counted, and what they earned is unknown (None)."""

    accounts: int
    posts: int
    exposure: int | None
    since: date | None


class Comparison(Struct, frozen=True):
    """What growth compares: what was earned up to the day `through` and in as many days before, by whatever
    was read on both sides; `left_out`: what was not. `missing` says of a metric why it has no growth:
    `not_collected`, more than a tenth stays out, or everything."""

    through: date | None
    current: Totals
    previous: Totals
    left_out: LeftOut
    missing: Mapping[str, Missing]

    @property
    def growth(self) -> Growth:
        """Each number against the window before."""
        now, then = self.current, self.previous
        return Growth(*(growth(getattr(now, n), getattr(then, n)) for n in Growth.__struct_fields__))

    def beside(self, earned: Totals, previous: Totals) -> "Comparison | None":
        """Itself, where it compares other sums than those that stand in the row."""
        return None if (self.current, self.previous) == (earned, previous) else self


_NOTHING_OUT = LeftOut(0, 0, None, None)
NO_COMPARISON = Comparison(None, UNKNOWN, UNKNOWN, _NOTHING_OUT, {})
"""Where nothing was read, or no day is complete."""


class Sides(NamedTuple):
    """The counters of a window and of the one before, by the same dimension."""

    now: Sequence[Sums]
    then: Sequence[Sums]


class _Span(NamedTuple):
    """The days that are compared, by their numbers: [start, middle) with [middle, end]."""

    start: int
    middle: int
    end: int


class _Taken(NamedTuple):
    """A post that stays out of some metrics, with what it booked in the two windows."""

    metrics: frozenset[str]
    opened: int
    observed: bool
    now: Counter[str]
    then: Counter[str]


def like_for_like(asked: Asked, sides: Sides, by: By = None) -> Mapping[str | None, Comparison]:
    """What growth compares, of the whole (key None) or of each of a dimension; absent where nothing is known.

    `sides`: the counters of the question's window and of the one before, by that dimension.
    """
    part, complete = complete_part(asked), complete_sides(asked, sides, by)
    if part is None:
        return {}
    before = part.previous()
    span = _Span(day_number(before.start), day_number(part.start), day_number(part.end))
    now, then = ({each.key: each for each in side} for side in complete)
    found = {
        key: Comparison(
            part.end,
            UNKNOWN if key not in now else earned_of(now[key]),
            UNKNOWN if key not in then else earned_of(then[key]),
            _NOTHING_OUT,
            {},
        )
        for key in now.keys() | then.keys()
    }
    opened = [
        each
        for each in openings.late(
            asked.connection,
            asked.scope,
            start=span.start,
            end=span.end,
            metrics=COUNTED,
            selection=asked.selection,
        )
        if each.day <= span.end
    ]
    away = _away(asked, span, {origin_of(*each.dimensions[:4]) for each in opened})
    late = [each for each in opened if not _dated(each, span) and origin_of(*each.dimensions[:4]) not in away]
    if not away and not late:
        return found
    out = _Out(asked, span, by, away, late)
    seen = distinct(asked._replace(window=part), by)
    for key, whole in found.items():
        found[key] = out.without(key, whole, now.get(key), then.get(key), seen.get(key, 0))
    return found


def complete_sides(asked: Asked, sides: Sides, by: By = None) -> Sides:
    """The counters of the window's complete days and of as many days before it: those of the whole window
    where all its days are complete, and none where no day is."""
    part = complete_part(asked)
    if part == asked.window:
        return sides
    if part is None:
        return Sides((), ())
    return Sides(sums_by(asked, part, by), sums_by(asked, part.previous(), by))


def compare(asked: Asked, now: Sums, then: Sums) -> Comparison:
    """What growth compares of the whole: of the counters of the question's window and of the one before."""
    return like_for_like(asked, Sides([now], [then])).get(None, NO_COMPARISON)


def _dated(late: Late, span: _Span) -> bool:
    """Whether it is undated in one of the two windows, and so has its place in the comparison."""
    return late.undated_in(span.start, span.middle - 1) or late.undated_in(span.middle, span.end)


def _away(asked: Asked, span: _Span, opened: Collection[Key]) -> Mapping[Key, int | None]:
    """Origins that were not read on both sides, with the day of their first reading where that is why.

    A new one has nothing to compare with, unless it began under our eyes: where no post of it opened late
    (`opened`: the origins that had one), there was nothing before. One that was disconnected is not read to
    the end; if it was, its gains are all there.
    """
    found: dict[Key, int | None] = {}
    platform = asked.selection.platform
    read = origins(asked.connection, asked.scope, start=span.start, end=span.end, platform=platform)
    for key, each in read.items():
        if each.inside and not each.before and key in opened:
            found[key] = each.first
        elif each.inside and not each.to_the_end:
            found[key] = None
    return found


class _Out:
    """What stays out of the comparisons of one question, by the keys of its dimension."""

    def __init__(
        self, asked: Asked, span: _Span, by: By, away: Mapping[Key, int | None], late: Sequence[Late]
    ) -> None:
        self._asked, self._span, self._by, self._away = asked, span, by, away
        self._sums: dict[str | None, tuple[Counter[str], Counter[str]]] = {}
        self._posts: Counter[str | None] = Counter()
        self._origins: dict[str | None, set[Key]] = {}
        if away:
            self._leave_origins()
        self._late = late
        self._many = self._too_many(late)
        few = [each for each in late if (self._key(each.dimensions), each.metric) not in self._many]
        self._taken = self._take(few) if few else {}

    def _key(self, dimensions: tuple[int, int, int, str, str]) -> str | None:
        named = dict(zip((*ORIGIN, "content_type"), dimensions, strict=True))
        return None if self._by is None else str(named[self._by])

    def _leave_origins(self) -> None:
        asked, (start, middle, end) = self._asked, self._span
        by = (*(() if self._by is None else (self._by,)), *ORIGIN)
        for side, days in enumerate(((middle, end), (start, middle - 1))):
            found = rollups.sums_by(
                *(asked.connection, asked.scope, by),
                start=days[0],
                end=days[1],
                selection=asked.selection,
                metrics=COUNTED,
            )
            for dimensions, counters in found.items():
                origin = origin_of(*dimensions[-4:])
                if origin in self._away:
                    key = None if self._by is None else str(dimensions[0])
                    self._sums.setdefault(key, (Counter(), Counter()))[side].update(counters)
                    self._origins.setdefault(key, set()).add(origin)
        seen = rollups.distinct_posts_by(
            asked.connection, asked.scope, by, start=middle, end=end, selection=asked.selection
        )
        for dimensions, posts in seen.items():
            if origin_of(*dimensions[-4:]) in self._away:
                self._posts[None if self._by is None else str(dimensions[0])] += posts

    def _too_many(self, late: Sequence[Late]) -> Mapping[tuple[str | None, str], int]:
        """(key, metric) -> posts first read in the window, where these alone are more than may stay out: so
        that nobody reads the history of each post of an import."""
        seen = distinct(self._asked, self._by)
        fresh: Counter[tuple[str | None, str]] = Counter()
        for each in late:
            if each.day >= self._span.middle:
                fresh[self._key(each.dimensions), each.metric] += each.posts
        return {pair: posts for pair, posts in fresh.items() if posts * MOST_OUT > seen.get(pair[0], 0)}

    def _take(self, late: Sequence[Late]) -> Mapping[str | None, list[_Taken]]:
        """The posts behind late openings, by key, with what each booked in the two windows."""
        asked, span = self._asked, self._span
        wanted: dict[int, tuple[str | None, set[str], int]] = {}
        opened = openings.posts_of(
            *(asked.connection, asked.scope, asked.selection),
            {each.day for each in late},
            sorted({each.metric for each in late}),
        )
        places = {(each.dimensions, each.metric, each.began, each.day, each.dated) for each in late}
        for post_id, each in opened:
            if (each.dimensions, each.metric, each.began, each.day, each.dated) in places:
                own = wanted.setdefault(post_id, (self._key(each.dimensions), set(), each.day))
                own[1].add(each.metric)
        skipped = skipped_days(zone_of(asked.organization.time_zone))
        history = snapshots.since(asked.connection, asked.scope, wanted, span.start)
        found: dict[str | None, list[_Taken]] = {}
        for post_id, (key, metrics, day) in wanted.items():
            buckets: dict[int, Bucket] = {}
            rows = [stored.row for stored in history.get(post_id, ())]
            for row in rows:
                book(row, 1, buckets, skipped)
            now, then = Counter[str](), Counter[str]()
            for on, bucket in buckets.items():
                if span.start <= on <= span.end:
                    (now if on >= span.middle else then).update(bucket)
            observed = any(span.middle <= row.day <= span.end for row in rows)
            found.setdefault(key, []).append(_Taken(frozenset(metrics), day, observed, now, then))
        return found

    def without(
        self, key: str | None, whole: Comparison, now: Sums | None, then: Sums | None, seen: int
    ) -> Comparison:
        """A comparison without what stays out of it."""
        out_now, out_then = self._sums.get(key, (Counter[str](), Counter[str]()))
        taken = self._taken.get(key, ())
        current: dict[str, int | None] = {}
        previous: dict[str, int | None] = {}
        missing: dict[str, Missing] = {}
        for metric in COUNTED:
            mine = [each for each in taken if metric in each.metrics]
            current[metric] = _rest(metric, now, [out_now, *(each.now for each in mine)])
            previous[metric] = _rest(metric, then, [out_then, *(each.then for each in mine)])
            posts = self._posts[key] + sum(each.observed for each in mine) + self._many.get((key, metric), 0)
            left = current[metric] is not None and previous[metric] is not None
            any_out = bool(mine) or key in self._sums or (key, metric) in self._many
            told = now is not None and now.earned(metric) is not None
            told = told or (then is not None and then.earned(metric) is not None)
            if any_out and told and (not left or self._too_much(now, [out_now, *_now(mine)], posts, seen)):
                missing[metric] = "not_collected"
                current[metric] = previous[metric] = None
        compared = totals_of(current), totals_of(previous)
        if any(part in missing for part in ENGAGEMENT_PARTS):
            missing["engagements"] = "not_collected"
            compared = tuple(structs.replace(each, engagements=None) for each in compared)  # type: ignore[assignment]
        many = max((posts for (of, _), posts in self._many.items() if of == key), default=0)
        observed = sum(each.observed for each in taken)
        since = [day for each in self._origins.get(key, ()) if (day := self._away[each]) is not None]
        since += [each.opened for each in taken]
        since += [each.day for each in self._late if many and self._key(each.dimensions) == key]
        left_out = LeftOut(
            accounts=len(self._origins.get(key, ())),
            # A post can be one of many in a metric and taken by itself in another.
            posts=self._posts[key] + max(observed, many),
            # What many earned nobody looked up.
            exposure=None if many else _exposed(now, [out_now, *_now(taken)]),
            since=day_date(max(since)) if since else None,
        )
        return Comparison(
            whole.through, *compared, left_out, {n: why for n, why in missing.items() if n in _SHOWN}
        )

    @staticmethod
    def _too_much(now: Sums | None, out: Iterable[Counter[str]], posts: int, seen: int) -> bool:
        exposed, lost = _exposure(now), _exposed(now, out)
        shown = exposed is not None and exposed > 0 and lost is not None and lost * MOST_OUT > exposed
        return shown or posts * MOST_OUT > seen


_SHOWN = Totals.__struct_fields__


def _now(taken: Iterable[_Taken]) -> Iterable[Counter[str]]:
    return (each.now for each in taken)


def _rest(metric: str, whole: Sums | None, out: Iterable[Counter[str]]) -> int | None:
    """What was earned without that."""
    if whole is None:
        return None
    names = [f"{metric}_{what}" for what in ("covered", "gain", "undated", "undated_posts")]
    parts = list(out)
    left = {name: whole.counters.get(name, 0) - sum(part[name] for part in parts) for name in names}
    return Sums(None, left).earned(metric)


def _base(whole: Sums | None) -> str | None:
    if whole is None:
        return None
    return next((name for name in EXPOSURES if whole.earned(name) is not None), None)


def _exposure(whole: Sums | None) -> int | None:
    base = _base(whole)
    return None if whole is None or base is None else whole.earned(base)


def _exposed(whole: Sums | None, out: Iterable[Counter[str]]) -> int | None:
    """The exposure that those earned, in what the whole's is told in."""
    base = _base(whole)
    return None if base is None else sum(Sums(None, part).earned(base) or 0 for part in out)
