"""The weekly summary: what to learn from complete days. Today is never in it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from afterpost.domain.openings import folded, opening_of
from afterpost.domain.ranking import MIN_EXPOSURE, Evidence, rank_key, shrunk
from afterpost.domain.rates import Direction, direction, engagements, exposure, growth, rate
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import OFFER_BIT
from afterpost.domain.windows import day_number
from afterpost.services.core import Core
from afterpost.services.overview import (
    Group,
    Totals,
    earned_of,
    groups,
    meta_of,
    previous_sums,
    window_sums,
)
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import posts, snapshots
from afterpost.storage.posts import Post

LOOK_BACK = timedelta(days=28)
"""Posts published this long before the window still compete in it."""
MIN_AGE = timedelta(hours=24)
"""A post younger than this at the window's end has no comparable rate yet."""


class Ranked(Struct, frozen=True):
    """A post in a ranking, with its lifetime numbers at the window's end. `engagement_rate`: percent,
    clipped to 0..100 (`clipped` says so); `exposure`: what it divides by; `shrunk_rate`: percent, what it is
    ranked by: the rate pulled towards that of the same account and content type, the more the less it was
    shown."""

    post_id: int
    platform: str
    external_id: str
    title: str
    url: str
    published_at: datetime | None
    engagements: int
    exposure: str
    exposed: int
    engagement_rate: float | None
    shrunk_rate: float | None
    clipped: bool


class Hour(Struct, frozen=True):
    """Posts published at this local hour, and their rate as a ratio of sums. A description, no advice."""

    hour: int
    posts: int
    engagement_rate: float | None


class Opening(Struct, frozen=True):
    """Posts that begin with these words, and their rate as a ratio of sums."""

    text: str
    posts: int
    exposed: int
    engagement_rate: float | None


class Change(Struct, frozen=True):
    """A number this week against last week; `growth` in percent."""

    current: int | None
    previous: int | None
    growth: float | None
    direction: Direction | None


class WeekOverWeek(Struct, frozen=True):
    """Earned on any post in the window, against the window before."""

    views: Change
    engagements: Change


class Weekly(Struct, frozen=True):
    """`top`, `worst`: distinct posts of the window or the 28 days before, at least a day old at its end, by
    shrunk engagement rate; `not_distributed`: those with less than `min_exposure`; `incomplete`: how many
    report no exposure or not every engagement part asked for, and so have no rate."""

    top: tuple[Ranked, ...]
    worst: tuple[Ranked, ...]
    not_distributed: tuple[Ranked, ...]
    incomplete: int
    min_exposure: int
    platforms: tuple[Group, ...]
    content_types: tuple[Group, ...]
    posting_hours: tuple[Hour, ...]
    hooks: tuple[Opening, ...]
    earned: Totals
    previous: Totals
    week_over_week: WeekOverWeek


class _Candidate(Struct):
    totals: dict[str, int]
    offers: int = 0


def weekly(
    core: Core, scope: Scope, question: Question = DEFAULT, *, top_n: int = 5, worst_n: int = 5
) -> tuple[Weekly, Meta]:
    """The summary of a window."""
    with asking(core, scope, question) as asked:
        sums = window_sums(asked)
        earned, previous = earned_of(sums), earned_of(previous_sums(asked))
        ranked, incomplete, owners = _ranked(asked)
        shown = [item for item in ranked if item.exposed >= MIN_EXPOSURE]
        answer = Weekly(
            top=tuple(shown[:top_n]),
            worst=tuple(shown[::-1][:worst_n]),
            not_distributed=tuple(item for item in ranked if item.exposed < MIN_EXPOSURE),
            incomplete=incomplete,
            min_exposure=MIN_EXPOSURE,
            platforms=tuple(groups(asked, "platform")),
            content_types=tuple(groups(asked, "content_type")),
            posting_hours=tuple(_hours(shown, ZoneInfo(asked.window.zone))),
            hooks=tuple(_openings(shown, owners)[:top_n]),
            earned=earned,
            previous=previous,
            week_over_week=WeekOverWeek(
                _change(earned.views, previous.views), _change(earned.engagements, previous.engagements)
            ),
        )
        return answer, meta_of(asked, sums)


def _change(current: int | None, previous: int | None) -> Change:
    percent = growth(current, previous)
    return Change(current, previous, percent, direction(percent))


def _ranked(asked: Asked) -> tuple[list[Ranked], int, dict[int, Post]]:
    """Candidates with a rate, best first; how many have none; the posts by id."""
    connection, scope, window = asked.connection, asked.scope, asked.window
    candidates: dict[int, _Candidate] = {}
    for post_id, stored in snapshots.until(
        connection,
        scope,
        asked.selection,
        window.begins_at() - LOOK_BACK,
        window.ends_at() - MIN_AGE,
        day_number(window.end),
    ):
        candidate = candidates.setdefault(post_id, _Candidate({}))
        candidate.totals.update((name, cell.total) for name, cell in stored.row.cells.items())
        candidate.offers |= stored.row.offers
    owners = posts.get_posts(connection, scope, candidates)
    ranked: list[Ranked] = []
    incomplete = 0
    for post_id, candidate in candidates.items():
        rated = _rated(owners[post_id], candidate)
        if rated is None:
            incomplete += 1
        else:
            ranked.append(rated)
    pulled = shrunk([_evidence(each, owners[each.post_id]) for each in ranked])
    ranked = [
        msgspec.structs.replace(each, shrunk_rate=None if fraction is None else 100 * fraction)
        for each, fraction in zip(ranked, pulled, strict=True)
    ]
    ranked.sort(
        key=lambda r: rank_key(
            -1.0 if r.shrunk_rate is None else r.shrunk_rate, r.exposed, r.published_at, r.post_id
        )
    )
    return ranked, incomplete, owners


def _evidence(ranked: Ranked, post: Post) -> Evidence:
    own = (post.platform, post.account_id, post.content_type)
    return Evidence(ranked.engagements, ranked.exposed, (own, post.platform))


def _rated(post: Post, candidate: _Candidate) -> Ranked | None:
    engaged, exposed = engagements(candidate.totals), exposure(candidate.totals)
    missing = any(part not in candidate.totals for part, bit in OFFER_BIT.items() if candidate.offers & bit)
    if engaged is None or exposed is None or missing:
        return None
    percent = rate(engaged, exposed[1])
    clipped = None if percent is None else min(100.0, max(0.0, percent))
    return Ranked(
        post_id=post.id,
        platform=post.platform,
        external_id=post.external_id,
        title=post.title,
        url=post.url,
        published_at=post.published_at,
        engagements=engaged,
        exposure=exposed[0],
        exposed=exposed[1],
        engagement_rate=clipped,
        shrunk_rate=None,
        clipped=clipped != percent,
    )


def _together(items: Iterable[Ranked]) -> tuple[int, float | None]:
    listed = list(items)
    exposed = sum(item.exposed for item in listed)
    return exposed, rate(sum(item.engagements for item in listed), exposed)


def _hours(ranked: Iterable[Ranked], zone: ZoneInfo) -> list[Hour]:
    by_hour: dict[int, list[Ranked]] = {}
    for item in ranked:
        if item.published_at is not None:
            by_hour.setdefault(item.published_at.astimezone(zone).hour, []).append(item)
    return [Hour(hour, len(items), _together(items)[1]) for hour, items in sorted(by_hour.items())]


def _openings(ranked: Iterable[Ranked], owners: dict[int, Post]) -> list[Opening]:
    by_text: dict[str, tuple[str, list[Ranked]]] = {}
    for item in ranked:
        post = owners[item.post_id]
        text = opening_of(post.description, post.title)
        if text is not None:
            by_text.setdefault(folded(text), (text, []))[1].append(item)
    found = [Opening(text, len(items), *_together(items)) for text, items in by_text.values()]
    return sorted(found, key=lambda o: (-(o.engagement_rate or 0.0), -o.exposed, o.text))
