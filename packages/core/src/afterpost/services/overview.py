"""The overview: what was earned in a window, against the one before, from the rollups alone."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from afterpost.domain.ranking import greatest_first
from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_number
from afterpost.services.core import Core
from afterpost.services.earned import (
    COUNTED,
    SHOWN,
    Totals,
    distinct,
    earned_of,
    estimated_shares,
    exposure_of,
    previous_sums,
    rate_of,
    sums_by,
    totals_of,
    undated,
    unknown_openings,
)
from afterpost.services.like_for_like import Comparison, Growth, compare
from afterpost.services.meanings import breaks, complete_through, declared, definitions
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta, Receipt, attended, covered, shown
from afterpost.storage import posts, rollups
from afterpost.storage.rollups import Sums


class Overview(Struct, frozen=True):
    """`posts`: distinct posts observed; `published`: posts published in the window; `earned`: booked to its
    days or undated in it; `lifetime`: last known totals at its end; `engagement_rate`: percent, over the
    posts that report exposure and every engagement part asked for."""

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
    """One platform or content type in a window; `unknown_openings` as in `meta`."""

    name: str
    posts: int
    views: int | None
    engagements: int | None
    engagement_rate: float | None
    unknown_openings: Mapping[str, int]


def groups(asked: Asked, by: str) -> list[Group]:
    """The window by a dimension (`platform` or `content_type`), most views first."""
    return grouped(sums_by(asked, asked.window, by), distinct(asked, by))


def grouped(summed: Iterable[Sums], seen: Mapping[str | None, int]) -> list[Group]:
    """Sums and distinct posts by the same dimension as groups, most views first."""
    found = []
    for sums in summed:
        earned = earned_of(sums)
        found.append(
            Group(
                name=str(sums.key),
                posts=seen.get(sums.key, 0),
                views=earned.views,
                engagements=earned.engagements,
                engagement_rate=rate_of(sums),
                unknown_openings=unknown_openings(sums),
            )
        )
    return sorted(found, key=lambda g: (greatest_first(g.views), greatest_first(g.engagements), g.name))


def meta_of(asked: Asked, sums: Sums, compared: Comparison | None = None) -> Meta:
    """What the answer says about itself; `compared`: what its growth compares."""
    attendance = attended(asked)
    known = declared(asked)
    return Meta(
        window=shown(asked.window),
        previous_window=shown(asked.window.previous()),
        as_of=asked.core.now(),
        coverage=covered(attendance),
        previous_coverage=covered(attended(asked._replace(window=asked.window.previous()))),
        estimated_share=estimated_shares(sums),
        undated=undated(sums),
        unknown_openings=unknown_openings(sums),
        growth=compared,
        provisional=any(each.unread for each in attendance),
        exposure=exposure_of(sums),
        complete_through=complete_through(asked, known),
        definitions=definitions(known),
        breaks=breaks(asked, known),
        receipt=Receipt(sums.counters["snapshots"], asked.organization.change_seq),
    )


def overview(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[Overview, Meta]:
    """The overview of a window."""
    with asking(core, scope, question) as asked:
        connection, selection, window = asked.connection, asked.selection, asked.window
        # A post is on one platform and of one brand, so that parts add up to the whole.
        by_platform = sums_by(asked, window, "platform")
        current = rollups.together(by_platform, COUNTED)
        before = previous_sums(asked)
        compared = compare(asked, current, before)
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
                connection, asked.scope, selection, day_number(window.start), day_number(window.end)
            ),
            brands=len({brand for (_, brand, _), count in seen.items() if count and brand}),
            organizations=len({organization for (organization, _, _), count in seen.items() if count}),
            active_platforms=tuple(sorted(group.name for group in shown_platforms if group.posts)),
            best_platform=best,
            earned=earned_of(current),
            previous=earned_of(before),
            growth=compared.growth,
            lifetime=totals_of(lifetime),
            engagement_rate=rate_of(current),
        )
        return answer, meta_of(asked, current, compared)
