"""Which of a window's numbers are doubtful, and how much of it could be read at all."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, structs

from afterpost.domain import quality as rules
from afterpost.domain.quality import (
    BOUNDS,
    FROZEN_BACK,
    FROZEN_POSTS,
    MOST_IDS,
    Flaw,
    Kind,
    Order,
    Place,
    Severity,
)
from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_date, day_number
from afterpost.services.core import Core
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Coverage, Receipt, WindowMeta, attended, covered, shown
from afterpost.storage import accounts
from afterpost.storage import quality as facts
from afterpost.storage.coverage import unread
from afterpost.storage.quality import Group, Reported

MOST_IN_SUMMARY = 3
"""Flaws that a summary names; the rest it counts."""

ByDay = Mapping[Group, Mapping[int, Reported]]


class QualityMeta(Struct, frozen=True):
    """`total`: flaws found, `warnings` and `notes` of them, however many are listed; `coverage`: of all posts
    asked about; `next_cursor`: give it as `cursor` for the next page."""

    window: WindowMeta
    as_of: datetime
    coverage: Coverage
    total: int
    warnings: int
    notes: int
    receipt: Receipt
    next_cursor: str | None


class Quality(Struct, frozen=True):
    """What a summary says first about its own numbers. `low_coverage`: so few of the expected posts were read
    that sums say little; `sentence`: that, as a sentence, else null; `warnings`, `notes`: how many flaws
    there are; `flaws`: the first of them. `GET /v1/quality` lists all."""

    low_coverage: bool
    sentence: str | None
    warnings: int
    notes: int
    flaws: tuple[Flaw, ...]


class _Found(NamedTuple):
    flaws: list[Flaw]
    coverage: Coverage
    snapshots: int


def quality(
    core: Core,
    scope: Scope,
    question: Question = DEFAULT,
    *,
    severity: Severity | None = None,
    limit: int = 50,
    after: Order | None = None,
) -> tuple[tuple[Flaw, ...], Order | None, QualityMeta]:
    """A page of the flaws of a window, warnings and the newest first; the last one's place if more follow."""
    with asking(core, scope, question) as asked:
        found = _found(asked)
        listed = [
            flaw
            for flaw in found.flaws
            if severity in (None, flaw.severity) and (after is None or rules.order(flaw) > after)
        ]
        last = rules.order(listed[limit - 1]) if len(listed) > limit else None
        warnings = sum(flaw.severity == "warning" for flaw in found.flaws)
        meta = QualityMeta(
            window=shown(asked.window),
            as_of=core.now(),
            coverage=found.coverage,
            total=len(found.flaws),
            warnings=warnings,
            notes=len(found.flaws) - warnings,
            receipt=Receipt(found.snapshots, asked.organization.change_seq),
            next_cursor=None,
        )
        return tuple(listed[:limit]), last, meta


def quality_of(asked: Asked) -> Quality:
    """What a summary of that window says first."""
    flaws, coverage, _ = _found(asked)
    warnings = sum(flaw.severity == "warning" for flaw in flaws)
    low = rules.is_low(coverage.observed, coverage.expected)
    return Quality(
        low_coverage=low,
        sentence=rules.coverage_sentence(coverage.observed, coverage.expected) if low else None,
        warnings=warnings,
        notes=len(flaws) - warnings,
        flaws=tuple(flaws[:MOST_IN_SUMMARY]),
    )


def _found(asked: Asked) -> _Found:
    names = {
        each.id: each.handle or each.name for each in accounts.list_accounts(asked.connection, asked.scope)
    }
    start, end = _days(asked)
    by_day = facts.reported(asked.connection, asked.scope, asked.selection, start - FROZEN_BACK, end)
    write = _Writer(names)
    coverage, uncovered = _coverage(asked, write)
    flaws = [
        *uncovered,
        *_fallen(asked, by_day, write),
        *_beyond(asked, by_day, write),
        *_doubted(asked, write),
        *_vanished(asked, by_day, write),
        *_frozen(asked, by_day, write),
    ]
    rows = sum(day.snapshots for days in by_day.values() for number, day in days.items() if number >= start)
    return _Found(sorted(flaws, key=rules.order), coverage, rows)


def _days(asked: Asked) -> tuple[int, int]:
    return day_number(asked.window.start), day_number(asked.window.end)


class _Writer(NamedTuple):
    """Puts a flaw together; knows what accounts are called."""

    accounts: Mapping[int, str]

    def __call__(
        self,
        severity: Severity,
        kind: Kind,
        place: Place,
        metric: str | None,
        count: int,
        ids: Sequence[int],
        sentence: str,
        whole: str | None = None,
    ) -> Flaw:
        return Flaw(
            severity=severity,
            kind=kind,
            platform=place.platform,
            account_id=place.account_id,
            account=None if place.account_id is None else self.accounts.get(place.account_id),
            metric=metric,
            whole=whole,
            day=place.day,
            posts=count,
            post_ids=tuple(ids),
            sentence=sentence,
            receipts=rules.receipts(ids, place.day),
        )


def _reported_in(by_day: ByDay, start: int) -> set[str]:
    """Metrics that anybody reported on a day from `start` on."""
    return {
        metric
        for days in by_day.values()
        for day, reported in days.items()
        if day >= start
        for metric in reported.reported
    }


def _coverage(asked: Asked, write: _Writer) -> tuple[Coverage, list[Flaw]]:
    """Coverage of all, and of each account whose is low."""
    attendance = attended(asked)
    low = [
        write(
            "warning",
            "low_coverage",
            Place(each.platform, each.account_id, asked.window.end),
            None,
            each.expected - each.observed,
            _unread(asked, each.platform, each.account_id),
            rules.coverage_sentence(each.observed, each.expected),
        )
        for each in attendance
        if rules.is_low(each.observed, each.expected)
    ]
    return covered(attendance), low


def _unread(asked: Asked, platform: str, account_id: int) -> list[int]:
    """Some of the account's posts that were expected and not observed."""
    start, end = _days(asked)
    return unread(
        asked.connection,
        asked.scope,
        structs.replace(asked.selection, platform=platform),
        account_id,
        days=range(start, end + 1),
        ends_at=asked.window.ends_at(),
        limit=MOST_IDS,
    )


def _fallen(asked: Asked, by_day: ByDay, write: _Writer) -> Iterator[Flaw]:
    """Totals that fell, and those that became 0."""
    start, end = _days(asked)
    metrics = _reported_in(by_day, start)
    for fell in facts.falls(asked.connection, asked.scope, asked.selection, start, end, metrics):
        (group, number, metric, count, ids), fall = fell.found, fell.fall
        place = Place(*group, day_date(number))
        if count:
            sentence = rules.fall_sentence(metric, fall)
            yield write(rules.fall_severity(fall), "backwards", place, metric, count, ids, sentence)
        if fell.zeroed:
            sentence = rules.zero_sentence(metric, fell.zeroed, fell.zeroed_from)
            yield write("warning", "became_zero", place, metric, fell.zeroed, fell.zeroed_ids, sentence)


def _beyond(asked: Asked, by_day: ByDay, write: _Writer) -> Iterator[Flaw]:
    """Parts that exceed their whole."""
    start, end = _days(asked)
    known = _reported_in(by_day, start)
    bounds = [bound for bound in BOUNDS if bound.whole in known and known.intersection(bound.parts)]
    for bound, found in facts.beyond(asked.connection, asked.scope, asked.selection, start, end, bounds):
        place = Place(*found.group, day_date(found.day))
        sentence = rules.ratio_sentence(bound, found.posts)
        yield write(
            "warning",
            "impossible_ratio",
            place,
            bound.name,
            found.posts,
            found.post_ids,
            sentence,
            bound.whole,
        )


def _doubted(asked: Asked, write: _Writer) -> Iterator[Flaw]:
    """Posts of which a publication was told that can't be."""
    start, end = _days(asked)
    for group, number, count, ids in facts.doubted(
        asked.connection, asked.scope, asked.selection, start, end
    ):
        place, sentence = Place(*group, day_date(number)), rules.publication_sentence(count)
        yield write("warning", "doubtful_publication", place, None, count, ids, sentence)


def _vanished(asked: Asked, by_day: ByDay, write: _Writer) -> Iterator[Flaw]:
    """Metrics that were reported before and are absent now."""
    start, end = _days(asked)
    platforms: dict[str, set[str]] = {}
    for (name, _), days in by_day.items():
        had: set[str] = set()
        for number in sorted(days):
            today = days[number]
            had |= today.reported.keys()
            if number >= start:
                for metric in had:
                    if today.reported.get(metric, 0) < today.snapshots:
                        platforms.setdefault(metric, set()).add(name)
    for found in facts.vanished(asked.connection, asked.scope, asked.selection, start, end, platforms):
        kept = by_day[found.group][found.day].reported.get(found.metric, 0)
        yield write(
            rules.lost_severity(found.posts, kept),
            "became_null",
            Place(*found.group, day_date(found.day)),
            found.metric,
            found.posts,
            found.post_ids,
            rules.lost_sentence(found.metric, found.posts, kept),
        )


def _frozen(asked: Asked, by_day: ByDay, write: _Writer) -> Iterator[Flaw]:
    """Counters of an account that all stood still, though they usually move.

    The rollups say where that can be: where gains of a day cancel out to 0, and did not before. A freeze that
    began well before the window and its `FROZEN_BACK` days is no longer told from posts that came to rest.
    """
    start, end = _days(asked)
    suspects: dict[tuple[Group, str], list[int]] = {}
    for group, days in by_day.items():
        for number, today in days.items():
            for metric in today.still if number >= start else ():
                moved_before = any(
                    number - FROZEN_BACK <= day < number and metric in then.reported.keys() - then.still
                    for day, then in days.items()
                )
                if moved_before and today.reported[metric] >= FROZEN_POSTS:
                    suspects.setdefault((group, metric), []).append(number)
    if not suspects:
        return
    first = min(min(days) for days in suspects.values()) - FROZEN_BACK
    metrics, platforms = {metric for _, metric in suspects}, {group[0] for group, _ in suspects}
    moves = facts.movement(asked.connection, asked.scope, asked.selection, first, end, metrics, platforms)
    for group, metric in suspects:
        for day in rules.frozen(moves.get((group, metric), ())):
            if day.day >= start:
                yield write(
                    "warning",
                    "frozen",
                    Place(*group, day_date(day.day)),
                    metric,
                    day.posts,
                    facts.some_posts(asked.connection, asked.scope, asked.selection, group, day.day),
                    rules.frozen_sentence(metric, day),
                )
