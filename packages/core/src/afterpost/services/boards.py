"""Platforms, brands and organisations side by side: what each earned in a window, against the one before."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from afterpost.domain.ranking import RankKey, greatest_first, rank_key
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.earned import (
    COUNTED,
    UNKNOWN,
    Totals,
    distinct,
    earned_of,
    exposure_of,
    rate_of,
    sums_by,
    unknown_openings,
)
from afterpost.services.like_for_like import NO_COMPARISON, Comparison, Growth, Sides, compare, like_for_like
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import organizations
from afterpost.storage.organizations import Brand, Organization
from afterpost.storage.rollups import together

Of = Literal["brands", "organizations"]
Metric = Literal["posts", "views", "likes", "comments", "shares", "saves", "engagements", "engagement_rate"]
"""What a board can be ranked by."""


class Compared(Struct, frozen=True):
    """One platform in a window. `posts`: distinct posts observed; `earned` and `previous`: booked to the days
    of the window and of the one before; `growth`: percent between them, of complete days and like for like;
    `compared`: the sums it compares, where those are not `earned` and `previous`; `unknown_openings`: by
    metric, the posts that `earned` lacks; `engagement_rate`: percent over the posts that report exposure
    (`exposure`) and every engagement part."""

    name: str
    posts: int
    earned: Totals
    previous: Totals
    growth: Growth
    engagement_rate: float | None
    exposure: str | None
    compared: Comparison | None
    unknown_openings: Mapping[str, int]


class Listed(Struct, frozen=True):
    """One brand or organisation in a window, as a platform is shown."""

    id: int
    slug: str
    name: str
    posts: int
    earned: Totals
    previous: Totals
    growth: Growth
    engagement_rate: float | None
    exposure: str | None
    compared: Comparison | None
    unknown_openings: Mapping[str, int]


class Ranked(Listed, frozen=True):
    """One brand or organisation of a board; ranks begin at 1 and go on from page to page."""

    rank: int


def platforms(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[tuple[Compared, ...], Meta]:
    """Each platform with anything in the window, most views first."""
    with asking(core, scope, question) as asked:
        found, meta = _compared(asked, "platform")
        ordered = sorted(found.values(), key=lambda each: (greatest_first(each.earned.views), each.name))
        return tuple(ordered), meta


def leaderboard(
    core: Core,
    scope: Scope,
    of: Of,
    question: Question = DEFAULT,
    *,
    metric: Metric = "views",
    limit: int = 10,
    after: RankKey | None = None,
) -> tuple[tuple[Ranked, ...], int, RankKey | None, Meta]:
    """A page of the brands or organisations that earned most of a metric in a window, that have most posts
    observed in it or the highest rate, how many stand in all, and the key of the page's last one where more
    follow.

    All of the scope's stand in it, those with nothing at the end: a brand that is not there would look like
    one that does not exist. Ties go to the greater exposure, then to the lower id; unknown is last.
    """
    with asking(core, scope, question) as asked:
        found, meta = _compared(asked, "brand_id" if of == "brands" else "organization_id")
        entries = []
        for each in _members(asked, of):
            one = found.get(str(each.id)) or _nothing(each.id)
            entries.append((_key(one, metric, each.id), each, one))
        entries.sort(key=lambda entry: entry[0])
        before = 0 if after is None else bisect_right(entries, after, key=lambda entry: entry[0])
        page = entries[before : before + limit]
        ranked = tuple(
            Ranked(rank=rank, **_listed(each, one))
            for rank, (_, each, one) in enumerate(page, start=before + 1)
        )
        return ranked, len(entries), page[-1][0] if len(entries) > before + limit else None, meta


def directory(
    core: Core,
    scope: Scope,
    of: Of,
    question: Question = DEFAULT,
    *,
    limit: int = 50,
    after: int | None = None,
) -> tuple[tuple[Listed, ...], int, int | None, Meta]:
    """A page of the scope's brands or organisations by id, how many there are, and the id of the page's last
    one where more follow."""
    with asking(core, scope, question) as asked:
        found, meta = _compared(asked, "brand_id" if of == "brands" else "organization_id")
        every = sorted(_members(asked, of), key=lambda each: each.id)
        rest = [each for each in every if after is None or each.id > after]
        page = tuple(
            Listed(**_listed(each, found.get(str(each.id)) or _nothing(each.id))) for each in rest[:limit]
        )
        return page, len(every), page[-1].id if len(rest) > limit else None, meta


def _members(asked: Asked, of: Of) -> Sequence[Brand | Organization]:
    if of == "brands":
        return organizations.list_brands(asked.connection, asked.scope)
    return organizations.list_organizations(asked.connection, asked.scope)


def _listed(each: Brand | Organization, one: Compared) -> dict[str, Any]:
    compared = {name: getattr(one, name) for name in Compared.__struct_fields__ if name != "name"}
    return {"id": each.id, "slug": each.slug, "name": each.name, **compared}


def _nothing(identity: int) -> Compared:
    return Compared(
        name=str(identity),
        posts=0,
        earned=UNKNOWN,
        previous=UNKNOWN,
        growth=NO_COMPARISON.growth,
        engagement_rate=None,
        exposure=None,
        compared=None,
        unknown_openings={},
    )


def _key(one: Compared, metric: Metric, identity: int) -> RankKey:
    value = getattr(one if metric in ("posts", "engagement_rate") else one.earned, metric)
    return rank_key(value, one.earned.views, None, identity)


def _compared(asked: Asked, by: str) -> tuple[Mapping[str, Compared], Meta]:
    """Key of the dimension -> its window against the one before; those with nothing in either are absent."""
    whole = Sides(sums_by(asked, asked.window, by), sums_by(asked, asked.window.previous(), by))
    current, previous = ({str(each.key): each for each in sums} for sums in whole)
    compared = like_for_like(asked, whole, by)
    seen = distinct(asked, by)
    found = {}
    for key in current.keys() | previous.keys():
        now, then = current.get(key), previous.get(key)
        earned = UNKNOWN if now is None else earned_of(now)
        earlier = UNKNOWN if then is None else earned_of(then)
        comparison = compared.get(key, NO_COMPARISON)
        found[key] = Compared(
            name=key,
            posts=seen.get(key, 0),
            earned=earned,
            previous=earlier,
            growth=comparison.growth,
            engagement_rate=None if now is None else rate_of(now),
            exposure=None if now is None else exposure_of(now),
            compared=comparison.beside(earned, earlier),
            unknown_openings={} if now is None else unknown_openings(now),
        )
    of_all = [together(side, COUNTED) for side in whole]
    return found, meta_of(asked, of_all[0], compare(asked, *of_all))
