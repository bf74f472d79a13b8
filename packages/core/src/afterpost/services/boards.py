"""Platforms, brands and organisations side by side: what each earned in a window, against the one before."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from afterpost.domain.ranking import rank_key
from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, day_number
from afterpost.services.core import Core
from afterpost.services.overview import (
    Growth,
    Totals,
    earned_of,
    exposure_of,
    growth_of,
    meta_of,
    rate_of,
    totals_of,
    window_sums,
)
from afterpost.services.windows import Meta, window_of
from afterpost.storage import organizations, rollups
from afterpost.storage.engine import Connection
from afterpost.storage.rollups import Sums

Of = Literal["brands", "organizations"]
Metric = Literal["views", "likes", "comments", "shares", "saves", "engagements", "engagement_rate"]
"""What a board can be ranked by."""

_NOTHING = totals_of(dict.fromkeys(("views", "likes", "comments", "shares", "saves")))


class Compared(Struct, frozen=True):
    """One platform in a window. `posts`: distinct posts observed; `earned` and `previous`: booked to the days
    of the window and of the one before; `growth`: percent between them; `engagement_rate`: percent over the
    posts that report exposure (`exposure`) and every engagement part."""

    name: str
    posts: int
    earned: Totals
    previous: Totals
    growth: Growth
    engagement_rate: float | None
    exposure: str | None


class Ranked(Struct, frozen=True):
    """One brand or organisation of a board; ranks begin at 1, and who has no value comes last."""

    rank: int
    id: int
    slug: str
    name: str
    posts: int
    earned: Totals
    previous: Totals
    growth: Growth
    engagement_rate: float | None
    exposure: str | None


def platforms(
    core: Core,
    scope: Scope,
    *,
    start: date | None = None,
    end: date | None = None,
    brand_id: int | None = None,
) -> tuple[tuple[Compared, ...], Meta]:
    """Each platform with anything in the window, most views first; default: the 7 days that end yesterday."""
    with core.read(scope) as connection:
        organization = core.organization(connection, scope)
        window = window_of(core, organization, start, end)
        scope = scope.narrowed(brand=brand_id)
        found = _compared(connection, scope, window, "platform", None)
        total = window_sums(connection, scope, window, None)
        ordered = sorted(found.values(), key=lambda each: (-(each.earned.views or 0), each.name))
        return tuple(ordered), meta_of(core, connection, scope, organization, window, total, None)


def leaderboard(
    core: Core,
    scope: Scope,
    of: Of,
    *,
    metric: Metric = "views",
    limit: int = 10,
    start: date | None = None,
    end: date | None = None,
    platform: str | None = None,
) -> tuple[tuple[Ranked, ...], Meta]:
    """The brands or organisations that earned most of a metric in a window, or have the highest rate.

    All of the scope's stand in it, those with nothing at the end: a brand that is not there would look like
    one that does not exist. Ties go to the greater exposure, then to the lower id.
    """
    with core.read(scope) as connection:
        organization = core.organization(connection, scope)
        window = window_of(core, organization, start, end)
        by = "brand_id" if of == "brands" else "organization_id"
        found = _compared(connection, scope, window, by, platform)
        names = organizations.list_brands if of == "brands" else organizations.list_organizations
        entries = []
        for each in names(connection, scope):
            one = found.get(str(each.id)) or Compared(
                str(each.id), 0, _NOTHING, _NOTHING, growth_of(_NOTHING, _NOTHING), None, None
            )
            entries.append((_key(one, metric, each.id), each, one))
        entries.sort(key=lambda entry: entry[0])
        ranked = tuple(
            Ranked(
                rank,
                each.id,
                each.slug,
                each.name,
                one.posts,
                one.earned,
                one.previous,
                one.growth,
                one.engagement_rate,
                one.exposure,
            )
            for rank, (_, each, one) in enumerate(entries[:limit], start=1)
        )
        total = window_sums(connection, scope, window, platform)
        return ranked, meta_of(core, connection, scope, organization, window, total, platform)


def _key(one: Compared, metric: Metric, identity: int) -> tuple[bool, tuple[float, int, float, int]]:
    value = one.engagement_rate if metric == "engagement_rate" else getattr(one.earned, metric)
    return value is None, rank_key(value or 0, one.earned.views or 0, None, identity)


def _compared(
    connection: Connection, scope: Scope, window: Window, by: str, platform: str | None
) -> Mapping[str, Compared]:
    """Key of the dimension -> its window against the one before; those with nothing in either are absent."""
    start, end = day_number(window.start), day_number(window.end)
    before = window.previous()

    def sums(first: int, last: int) -> dict[str, Sums]:
        found = rollups.sums(connection, scope, start=first, end=last, platform=platform, by=by)
        return {str(each.key): each for each in found}

    current = sums(start, end)
    previous = sums(day_number(before.start), day_number(before.end))
    seen = rollups.distinct_posts(connection, scope, start=start, end=end, platform=platform, by=by)
    found = {}
    for key in current.keys() | previous.keys():
        now, then = current.get(key), previous.get(key)
        earned = _NOTHING if now is None else earned_of(now)
        earlier = _NOTHING if then is None else earned_of(then)
        found[key] = Compared(
            key,
            seen.get(key, 0),
            earned,
            earlier,
            growth_of(earned, earlier),
            None if now is None else rate_of(now),
            None if now is None else exposure_of(now),
        )
    return found
