"""The weekly summary: what to learn from complete days. Today is never in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.domain.openings import folded, opening_of
from afterpost.domain.ranking import MIN_EXPOSURE
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.earned import UNKNOWN, Totals, earned_of, previous_sums, window_sums
from afterpost.services.equal_age import EqualAge, equal_age
from afterpost.services.growth import Change, change
from afterpost.services.like_for_like import Growth, Sides, compare, complete_sides
from afterpost.services.overview import Group, groups, meta_of
from afterpost.services.quality import Quality, quality_of
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.rankings import Ranked, Rated, field_of, owners_of, shown, together
from afterpost.services.windows import Meta
from afterpost.storage.posts import Post


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


class WeekOverWeek(Struct, frozen=True):
    """Two named numbers, never one: what was earned on any post on the window's complete days against as many
    days before, and the median score of the window's own posts at equal age."""

    views: Change
    engagements: Change
    equal_age: EqualAge


class Weekly(Struct, frozen=True):
    """`quality`: what is doubtful, before anything else is said. `top`, `worst`: distinct posts of the window
    or the 28 days before, at least a day old at its end, by shrunk engagement rate; `not_distributed`: those
    with less than `min_exposure`; `incomplete`: how many report no exposure or not every engagement part
    ever asked for, and so have no rate; `unread` and `unknown_publication`: as in a ranking."""

    quality: Quality
    top: tuple[Ranked, ...]
    worst: tuple[Ranked, ...]
    not_distributed: tuple[Ranked, ...]
    incomplete: int
    unread: int
    unknown_publication: int
    min_exposure: int
    platforms: tuple[Group, ...]
    content_types: tuple[Group, ...]
    posting_hours: tuple[Hour, ...]
    hooks: tuple[Opening, ...]
    earned: Totals
    previous: Totals
    growth: Growth
    week_over_week: WeekOverWeek


def weekly(
    core: Core, scope: Scope, question: Question = DEFAULT, *, top_n: int = 5, worst_n: int = 5
) -> tuple[Weekly, Meta]:
    """The summary of a window."""
    with asking(core, scope, question) as asked:
        sums = window_sums(asked)
        before = previous_sums(asked)
        complete = complete_sides(asked, Sides([sums], [before]))
        now, then = (earned_of(side[0]) if side else UNKNOWN for side in complete)
        compared = compare(asked, sums, before)
        found = field_of(asked)
        owners = owners_of(asked, found.rated)
        ranked = found.distributed
        answer = Weekly(
            quality=quality_of(asked),
            top=tuple(shown(each, owners[each.post_id]) for each in ranked[:top_n]),
            worst=tuple(shown(each, owners[each.post_id]) for each in ranked[::-1][:worst_n]),
            not_distributed=tuple(
                shown(each, owners[each.post_id]) for each in found.rated if each.exposed < MIN_EXPOSURE
            ),
            incomplete=found.incomplete,
            unread=found.unread,
            unknown_publication=found.unknown_publication,
            min_exposure=MIN_EXPOSURE,
            platforms=tuple(groups(asked, "platform")),
            content_types=tuple(groups(asked, "content_type")),
            posting_hours=tuple(_hours(ranked, ZoneInfo(asked.window.zone))),
            hooks=tuple(_openings(ranked, owners)[:top_n]),
            earned=earned_of(sums),
            previous=earned_of(before),
            growth=compared.growth,
            week_over_week=WeekOverWeek(
                change("views", now, then, compared),
                change("engagements", now, then, compared),
                equal_age(asked, asked.window),
            ),
        )
        return answer, meta_of(asked, sums, compared)


def _hours(ranked: Iterable[Rated], zone: ZoneInfo) -> list[Hour]:
    by_hour: dict[int, list[Rated]] = {}
    for item in ranked:
        published = item.standing.published
        # A day has no hour.
        if isinstance(published, datetime):
            by_hour.setdefault(published.astimezone(zone).hour, []).append(item)
    return [Hour(hour, len(items), together(items)[1]) for hour, items in sorted(by_hour.items())]


def _openings(ranked: Iterable[Rated], owners: Mapping[int, Post]) -> list[Opening]:
    by_text: dict[str, tuple[str, list[Rated]]] = {}
    for item in ranked:
        post = owners[item.post_id]
        text = opening_of(post.description, post.title)
        if text is not None:
            by_text.setdefault(folded(text), (text, []))[1].append(item)
    found = [Opening(text, len(items), *together(items)) for text, items in by_text.values()]
    return sorted(found, key=lambda o: (-(o.engagement_rate or 0.0), -o.exposed, o.text))
