"""The overview: what was earned in a window, against the one before, from the rollups alone."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from afterpost.domain.metrics import EXPOSURES
from afterpost.domain.ranking import greatest_first
from afterpost.domain.rates import engagements, exposure_name, growth, rate
from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, day_number
from afterpost.services.comparison import complete_part
from afterpost.services.core import Core
from afterpost.services.meanings import breaks, complete_through, declared, definitions
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta, Receipt, attended, covered, shown
from afterpost.storage import posts, rollups
from afterpost.storage.rollups import Sums

SHOWN = ("views", "likes", "comments", "shares", "saves")
COUNTED = (*SHOWN, "impressions")
"""Metrics that are summed: those shown, and what rates divide by."""


class Totals(Struct, frozen=True):
    """Counts by metric; None where nothing is known: never reported, or, of what was earned, read for the
    first time only. engagements = likes + comments + shares + saves, of those that are known."""

    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    engagements: int | None


class Growth(Struct, frozen=True):
    """Percent against the previous window, of the days that are complete on every platform; None where that
    is unknown or not above 0."""

    views: float | None
    likes: float | None
    comments: float | None
    shares: float | None
    saves: float | None
    engagements: float | None


class Overview(Struct, frozen=True):
    """`posts`: distinct posts observed; `published`: posts published in the window; `earned`: booked to its
    days; `lifetime`: last known totals at its end; `engagement_rate`: percent, over the posts that report
    exposure and every engagement part asked for."""

    posts: int
    published: int
    brands: int
    organizations: int
    active_platforms: tuple[str, ...]
    best_platform: str | None
    earned: Totals
    previous: Totals
    growth: Growth
    lifetime: Totals
    engagement_rate: float | None


class Group(Struct, frozen=True):
    """One platform or content type in a window."""

    name: str
    posts: int
    views: int | None
    engagements: int | None
    engagement_rate: float | None


def totals_of(values: Mapping[str, int | None]) -> Totals:
    """The shown metrics and their engagements."""
    return Totals(**{name: values[name] for name in SHOWN}, engagements=engagements(values))


UNKNOWN = totals_of(dict.fromkeys(SHOWN))
"""Nothing is known of anything."""


def earned_of(sums: Sums) -> Totals:
    """What was booked to the window."""
    return totals_of({name: sums.earned(name) for name in SHOWN})


def growth_of(current: Totals, previous: Totals) -> Growth:
    """Each shown number against the window before."""
    return Growth(*(growth(getattr(current, n), getattr(previous, n)) for n in Growth.__struct_fields__))


def rate_of(sums: Sums) -> float | None:
    """Engagement rate of the window: a ratio of sums over the same posts above and below the line."""
    counters = sums.counters
    return rate(counters["rated_engagements"], sum(counters[f"rated_{name}"] for name in EXPOSURES))


def exposure_of(sums: Sums) -> str | None:
    """What the group's rates divide by; without a rate, what it reports."""
    rated = [name for name in EXPOSURES if sums.counters[f"rated_by_{name}"]]
    return exposure_name(rated or [name for name in EXPOSURES if name in sums.reported][:1])


def estimated_share(sums: Sums) -> float | None:
    """Part of the earned exposure, else of the engagements, booked to days without an observation."""
    base = [name for name in EXPOSURES if name in sums.reported][:1] or [
        "likes",
        "comments",
        "shares",
        "saves",
    ]
    earned = sum(sums.earned(name) or 0 for name in base)
    return sum(sums.estimated(name) for name in base) / earned if earned > 0 else None


def groups(asked: Asked, by: str) -> list[Group]:
    """The window by a dimension (`platform` or `content_type`), most views first."""
    return grouped(sums_by(asked, asked.window, by), distinct(asked, by))


def grouped(summed: Iterable[Sums], seen: Mapping[str | None, int]) -> list[Group]:
    """Sums and distinct posts by the same dimension as groups, most views first."""
    found = []
    for sums in summed:
        earned = earned_of(sums)
        found.append(
            Group(str(sums.key), seen.get(sums.key, 0), earned.views, earned.engagements, rate_of(sums))
        )
    return sorted(found, key=lambda g: (greatest_first(g.views), greatest_first(g.engagements), g.name))


def meta_of(asked: Asked, sums: Sums) -> Meta:
    """What the answer says about itself."""
    attendance = attended(asked)
    known = declared(asked)
    return Meta(
        window=shown(asked.window),
        previous_window=shown(asked.window.previous()),
        as_of=asked.core.now(),
        coverage=covered(attendance),
        estimated_share=estimated_share(sums),
        provisional=any(each.unread for each in attendance),
        exposure=exposure_of(sums),
        complete_through=complete_through(asked, known),
        definitions=definitions(known),
        breaks=breaks(asked, known),
        receipt=Receipt(sums.counters["snapshots"], asked.organization.change_seq),
    )


def sums_by(asked: Asked, window: Window, by: str | None = None) -> list[Sums]:
    """All counters of a window, as one row or by a dimension."""
    return rollups.sums(
        asked.connection,
        asked.scope,
        start=day_number(window.start),
        end=day_number(window.end),
        selection=asked.selection,
        by=by,
        metrics=COUNTED,
    )


def window_sums(asked: Asked) -> Sums:
    """All counters of the window as one row."""
    return sums_by(asked, asked.window)[0]


def previous_sums(asked: Asked) -> Sums:
    """All counters of the window before as one row."""
    return sums_by(asked, asked.window.previous())[0]


Compared = tuple[Sequence[Sums], Sequence[Sums]]
"""The counters of a window, and of the one before, as one row or by a dimension."""


def comparable(asked: Asked, whole: Compared, by: str | None = None) -> Compared:
    """The counters of the window's complete days and of as many days before it: those of the `whole` window
    where all its days are complete, and none where no day is."""
    part = complete_part(asked)
    if part == asked.window:
        return whole
    return ([], []) if part is None else (sums_by(asked, part, by), sums_by(asked, part.previous(), by))


def comparable_totals(asked: Asked, now: Sums, then: Sums) -> tuple[Totals, Totals]:
    """The same as one row each: what was earned; unknown where no day of the window is complete."""
    current, previous = comparable(asked, ([now], [then]))
    return earned_of(current[0]) if current else UNKNOWN, earned_of(previous[0]) if previous else UNKNOWN


def distinct(asked: Asked, by: str | None = None) -> Mapping[str | None, int]:
    """Distinct posts observed in the window, as a whole (key None) or by a dimension."""
    start, end = day_number(asked.window.start), day_number(asked.window.end)
    return rollups.distinct_posts(
        asked.connection, asked.scope, start=start, end=end, selection=asked.selection, by=by
    )


def overview(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[Overview, Meta]:
    """The overview of a window."""
    with asking(core, scope, question) as asked:
        connection, selection, window = asked.connection, asked.selection, asked.window
        # A post is on one platform and of one brand, so that parts add up to the whole.
        by_platform = sums_by(asked, window, "platform")
        current = rollups.together(by_platform, COUNTED)
        before = previous_sums(asked)
        earned, previous = earned_of(current), earned_of(before)
        seen = rollups.distinct_posts_by(
            connection,
            asked.scope,
            ("organization_id", "brand_id", "platform"),
            start=day_number(window.start),
            end=day_number(window.end),
            selection=selection,
        )
        on: dict[str | None, int] = {}
        for (_, _, platform), count in seen.items():
            on[platform] = on.get(platform, 0) + count
        shown_platforms = grouped(by_platform, on)
        best = next((group.name for group in shown_platforms if (group.views or 0) > 0), None)
        lifetime = rollups.lifetime(
            connection, asked.scope, end=day_number(window.end), selection=selection, metrics=SHOWN
        )
        answer = Overview(
            posts=sum(on.values()),
            published=posts.count_published(
                connection, asked.scope, selection, window.begins_at(), window.ends_at()
            ),
            brands=len({brand for (_, brand, _), count in seen.items() if count and brand}),
            organizations=len({organization for (organization, _, _), count in seen.items() if count}),
            active_platforms=tuple(sorted(group.name for group in shown_platforms if group.posts)),
            best_platform=best,
            earned=earned,
            previous=previous,
            growth=growth_of(*comparable_totals(asked, current, before)),
            lifetime=totals_of(lifetime),
            engagement_rate=rate_of(current),
        )
        return answer, meta_of(asked, current)
