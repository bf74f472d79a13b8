"""Growth and engagement of a window: each number against the window before, and what it is made of."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from afterpost.domain.metrics import ENGAGEMENT_PARTS
from afterpost.domain.rates import Direction, direction, engagements, growth
from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_date
from afterpost.services.comparison import of_complete_days
from afterpost.services.core import Core
from afterpost.services.earned import (
    Totals,
    earned_of,
    previous_sums,
    rate_of,
    sums_by,
    window_sums,
)
from afterpost.services.equal_age import EqualAge, equal_ages
from afterpost.services.like_for_like import Comparison, compare
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.windows import Meta


class Pair(Struct, frozen=True):
    """Two numbers that growth compares."""

    current: int | None
    previous: int | None


class Change(Struct, frozen=True):
    """A number of the window against the window before; `growth` in percent, like for like, null where that
    is unknown; `compared`: the two numbers it compares, where those are others."""

    current: int | None
    previous: int | None
    growth: float | None
    direction: Direction | None
    compared: Pair | None


class BestDay(Struct, frozen=True):
    """The day with most of a metric booked to it, the earliest of equals."""

    date: date
    earned: int


class Growing(Struct, frozen=True):
    """Two things that are never one number: what was earned on any post, metric by metric, against the window
    before, and how this window's own posts did at equal age (`equal_age`), against those of the window before
    (`equal_age_before`). `best_day`: by `metric`."""

    metric: str
    views: Change
    likes: Change
    comments: Change
    shares: Change
    saves: Change
    engagements: Change
    best_day: BestDay | None
    equal_age: EqualAge
    equal_age_before: EqualAge


class Part(Struct, frozen=True):
    """One kind of engagement. `share`: percent of all engagements of the window; null without any."""

    earned: int | None
    previous: int | None
    growth: float | None
    share: float | None


class Engagement(Struct, frozen=True):
    """Engagements of a window by their parts; `meta.growth` has the sums that growth compares.
    `engagement_rate`: percent over the post-days that report exposure and every part their platform offers
    (`rated_days`: how many); `incomplete_days`: those that do not. A reading tells of the post-days since the
    one before, its own included."""

    total: int | None
    previous: int | None
    growth: float | None
    parts: Mapping[str, Part]
    engagement_rate: float | None
    previous_rate: float | None
    rated_days: int
    incomplete_days: int


def change(name: str, now: Totals, then: Totals, comparison: Comparison) -> Change:
    """A number of the window and of the one before side by side, and what of it is compared."""
    own = Pair(getattr(now, name), getattr(then, name))
    compared = Pair(getattr(comparison.current, name), getattr(comparison.previous, name))
    percent = growth(compared.current, compared.previous)
    beside = None if compared in (own, Pair(None, None)) else compared
    return Change(own.current, own.previous, percent, direction(percent), beside)


def growing(
    core: Core, scope: Scope, question: Question = DEFAULT, *, metric: str = "views"
) -> tuple[Growing, Meta]:
    """Each metric of a window's complete days against as many days before, and the day with most of one of
    them. Raises InvalidWindow where no day of it is complete."""
    with asking(core, scope, question) as whole:
        asked = of_complete_days(whole)
        sums, earlier = window_sums(asked), previous_sums(asked)
        now, then, compared = earned_of(sums), earned_of(earlier), compare(asked, sums, earlier)
        best: BestDay | None = None
        for day in sums_by(asked, asked.window, "day"):
            earned = getattr(earned_of(day), metric)
            if earned is not None and (best is None or earned > best.earned):
                best = BestDay(day_date(int(day.key or 0)), earned)
        changes = {name: change(name, now, then, compared) for name in Totals.__struct_fields__}
        this, before = equal_ages(asked, (asked.window, asked.window.previous()))
        answer = Growing(
            metric=metric,
            best_day=best,
            equal_age=this,
            equal_age_before=before,
            **changes,
        )
        return answer, meta_of(asked, sums, compared)


def engagement(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[Engagement, Meta]:
    """The engagements of a window's complete days by their parts, against as many days before. Raises
    InvalidWindow where no day of it is complete."""
    with asking(core, scope, question) as whole:
        asked = of_complete_days(whole)
        sums, earlier = window_sums(asked), previous_sums(asked)
        now = {part: sums.earned(part) for part in ENGAGEMENT_PARTS}
        then = {part: earlier.earned(part) for part in ENGAGEMENT_PARTS}
        total, before = engagements(now), engagements(then)
        compared = compare(asked, sums, earlier)
        parts = {
            part: Part(
                now[part],
                then[part],
                getattr(compared.growth, part),
                _share(now[part], total),
            )
            for part in ENGAGEMENT_PARTS
        }
        counters = sums.counters
        answer = Engagement(
            total=total,
            previous=before,
            growth=compared.growth.engagements,
            parts=parts,
            engagement_rate=rate_of(sums),
            previous_rate=rate_of(earlier),
            rated_days=counters["rated_by_views"] + counters["rated_by_impressions"],
            incomplete_days=counters["unrated"],
        )
        return answer, meta_of(asked, sums, compared)


def _share(part: int | None, total: int | None) -> float | None:
    return None if part is None or total is None or total <= 0 else 100 * part / total
