"""Best and worst posts of a window: distinct posts, ranked by a rate shrunk by its evidence or by what they
earned, in a total order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from afterpost.domain.ranking import MIN_EXPOSURE, Evidence, RankKey, rank_key, shrunk
from afterpost.domain.rates import engagements, exposure, rate
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import OFFER_BIT, booked_between
from afterpost.domain.windows import day_number
from afterpost.services.core import Core
from afterpost.services.overview import SHOWN, Totals, meta_of, totals_of, window_sums
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.uncollected import uncollected
from afterpost.services.windows import Meta
from afterpost.storage import posts, snapshots
from afterpost.storage.posts import Post
from afterpost.storage.standings import Standing, standings

LOOK_BACK = timedelta(days=28)
"""Posts published this long before the window still compete in it."""
MIN_AGE = timedelta(hours=24)
"""A post younger than this at the window's end has no comparable rate yet."""

Sort = Literal["engagement_rate", "views", "engagements"]
"""By shrunk lifetime rate, or by what was earned in the window."""


class Ranked(Struct, frozen=True):
    """A post in a ranking, with its lifetime numbers at the window's end. `engagement_rate`: percent,
    clipped to 0..100 (`clipped` says so); `exposure`: what it divides by; `shrunk_rate`: percent, the rate
    pulled towards that of the same account and content type, the more the less it was shown; `earned`: what
    is booked to the days of the window, where the ranking shows it."""

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
    earned: Totals | None = None


class Ranking(Struct, frozen=True):
    """A page of distinct posts in order. `candidates`: how many were ranked; `not_distributed`: how many were
    shown fewer than `min_exposure` times and so were not; `incomplete`: how many have no rate, for they
    report no exposure or not every engagement part asked for."""

    posts: tuple[Ranked, ...]
    candidates: int
    not_distributed: int
    incomplete: int
    min_exposure: int


class Field(NamedTuple):
    """The candidates of a window: those with a rate, best first, how many have none, and their posts."""

    rated: Sequence[Ranked]
    incomplete: int
    owners: Mapping[int, Post]

    @property
    def distributed(self) -> list[Ranked]:
        """Those that were shown often enough for their rate to say something."""
        return [each for each in self.rated if each.exposed >= MIN_EXPOSURE]


def ranking(
    core: Core,
    scope: Scope,
    question: Question = DEFAULT,
    *,
    worst: bool = False,
    sort: Sort = "engagement_rate",
    limit: int = 10,
    after: RankKey | None = None,
) -> tuple[Ranking, RankKey | None, Meta]:
    """A page of the best posts of a window, or of the worst, and the key of its last post where more follow.

    Candidates are posts published in the window or in the 28 days before, at least a day old at its end.
    """
    with asking(core, scope, question) as asked:
        found = field_of(asked)
        candidates = found.distributed
        if sort == "engagement_rate":
            keyed = [(_by_rate(each), each) for each in candidates]
        else:
            earned = earned_by_post(asked, [each.post_id for each in candidates])
            keyed = [
                (rank_key(getattr(own, sort) or 0, each.exposed, each.published_at, each.post_id), each)
                for each in candidates
                if (own := earned.get(each.post_id)) is not None
            ]
        keyed.sort(key=lambda pair: pair[0], reverse=worst)
        if after is not None:
            keyed = [pair for pair in keyed if (pair[0] < after if worst else pair[0] > after)]
        page = keyed[:limit]
        shown = earned_by_post(asked, [each.post_id for _, each in page])
        answer = Ranking(
            posts=tuple(msgspec.structs.replace(each, earned=shown.get(each.post_id)) for _, each in page),
            candidates=len(candidates),
            not_distributed=len(found.rated) - len(candidates),
            incomplete=found.incomplete,
            min_exposure=MIN_EXPOSURE,
        )
        return answer, page[-1][0] if len(keyed) > limit else None, meta_of(asked, window_sums(asked))


@uncollected()
def field_of(asked: Asked) -> Field:
    """Every candidate of the window, ranked by shrunk rate."""
    window = asked.window
    candidates = standings(
        asked.connection,
        asked.scope,
        asked.selection,
        window.begins_at() - LOOK_BACK,
        window.ends_at() - MIN_AGE,
        day_number(window.end),
    )
    owners = posts.get_posts(asked.connection, asked.scope, [each.post_id for each in candidates])
    rated: list[Ranked] = []
    incomplete = 0
    for candidate in candidates:
        one = _rated(owners[candidate.post_id], candidate)
        if one is None:
            incomplete += 1
        else:
            rated.append(one)
    pulled = shrunk([_evidence(each, owners[each.post_id]) for each in rated])
    rated = [
        msgspec.structs.replace(each, shrunk_rate=None if fraction is None else 100 * fraction)
        for each, fraction in zip(rated, pulled, strict=True)
    ]
    return Field(sorted(rated, key=_by_rate), incomplete, owners)


def _by_rate(ranked: Ranked) -> RankKey:
    rated = -1.0 if ranked.shrunk_rate is None else ranked.shrunk_rate
    return rank_key(rated, ranked.exposed, ranked.published_at, ranked.post_id)


def _evidence(ranked: Ranked, post: Post) -> Evidence:
    own = (post.platform, post.account_id, post.content_type)
    return Evidence(ranked.engagements, ranked.exposed, (own, post.platform))


def _rated(post: Post, candidate: Standing) -> Ranked | None:
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


def together(items: Iterable[Ranked]) -> tuple[int, float | None]:
    """Exposure of those posts, and their rate in percent as a ratio of sums."""
    listed = list(items)
    exposed = sum(item.exposed for item in listed)
    return exposed, rate(sum(item.engagements for item in listed), exposed)


def earned_by_post(asked: Asked, post_ids: Collection[int]) -> dict[int, Totals]:
    """post id -> what is booked to the days of the window, of those with anything known in it.

    Gains that lie inside the window are summed by the database; those that reach over its edges are split
    here, by the one formula there is.
    """
    start, end = day_number(asked.window.start), day_number(asked.window.end)
    booked = snapshots.gains_inside(asked.connection, asked.scope, post_ids, start, end, SHOWN)
    for post_id, row in snapshots.across_edges(asked.connection, asked.scope, post_ids, start, end, SHOWN):
        for name in SHOWN:
            cell = row.cells.get(name)
            if cell is None or cell.gain is None or (start <= row.day - cell.days + 1 and row.day <= end):
                continue
            amount = booked_between(row.day, cell, start, end)
            if amount is not None:
                own = booked.setdefault(post_id, {})
                own[name] = own.get(name, 0) + amount
    return {post_id: totals_of({name: own.get(name) for name in SHOWN}) for post_id, own in booked.items()}
