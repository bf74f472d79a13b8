"""Best and worst posts of a window: distinct posts, ranked by a rate shrunk by its evidence or by what they
earned, in a total order."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.ranking import MIN_EXPOSURE, Evidence, RankKey, rank_key, shrunk
from afterpost.domain.rates import engagements, exposure, rate
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import booked_between
from afterpost.domain.windows import Window, day_number, skipped_days, zone_of
from afterpost.services.core import Core
from afterpost.services.earned import SHOWN, UNKNOWN, Totals, totals_of, window_sums
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import posts, snapshots
from afterpost.storage.posts import Post
from afterpost.storage.standings import CameOut, Standing, count_unknown_publication, standings

LOOK_BACK = timedelta(days=28)
"""Posts published this long before the window still compete in it."""
MIN_AGE = timedelta(hours=24)
"""A post younger than this at the window's end has no comparable rate yet."""

Sort = Literal["engagement_rate", "views", "engagements"]
"""By shrunk lifetime rate, or by what was earned in the window."""


class Ranked(Struct, frozen=True):
    """A post in a ranking, with its lifetime numbers at the window's end. `state`: live or gone, as it is
    now; `engagement_rate`: percent, clipped to 0..100 (`clipped` says so); `exposure`: what it divides by;
    `shrunk_rate`: percent, the rate pulled towards that of the same account and content type, the more the
    less it was shown; `earned`: what is booked to the days of the window, where the ranking shows it."""

    post_id: int
    platform: str
    external_id: str
    title: str
    url: str
    published_at: datetime | None
    state: str
    published_on: date | None
    engagements: int
    exposure: str
    exposed: int
    engagement_rate: float | None
    shrunk_rate: float | None
    clipped: bool
    earned: Totals | None = None


class Ranking(Struct, frozen=True):
    """A page of distinct posts in order. `candidates`: how many were ranked; the others are counted.
    `not_distributed`: shown fewer than `min_exposure` times; `incomplete`: without a rate, for they report no
    exposure or not every engagement part that was ever asked for; `unread`: not read by the window's end;
    `unknown_publication`: first read in the window or the 28 days before, and nobody knows whether they came
    out then."""

    posts: tuple[Ranked, ...]
    candidates: int
    not_distributed: int
    incomplete: int
    unread: int
    unknown_publication: int
    min_exposure: int


class Rated(NamedTuple):
    """A candidate that has a rate: a `Ranked`, but for what only its post says. `value`: the shrunk rate in
    percent; `key`: where that puts it."""

    standing: Standing
    engagements: int
    exposure: str
    exposed: int
    value: float | None
    key: RankKey

    @property
    def post_id(self) -> int:
        """Its post."""
        return self.standing.post_id


class Field(NamedTuple):
    """The candidates of a window: those with a rate, best first, how many have none, how many were not read
    by its end; and how many posts of unknown publication may belong to them."""

    rated: Sequence[Rated]
    incomplete: int
    unread: int
    unknown_publication: int

    @property
    def distributed(self) -> list[Rated]:
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
        earned = {} if sort == "engagement_rate" else earned_by_post(asked, [c.post_id for c in candidates])
        keyed = []
        for each in candidates:
            value = (
                each.value if sort == "engagement_rate" else getattr(earned.get(each.post_id, UNKNOWN), sort)
            )
            keyed.append((_key(each.standing, value, each.exposed, worst=worst), each))
        keyed.sort(key=lambda pair: pair[0])
        if after is not None:
            keyed = [pair for pair in keyed if pair[0] > after]
        page = keyed[:limit]
        on_it = [each for _, each in page]
        owners, own_sums = owners_of(asked, on_it), earned_by_post(asked, [each.post_id for each in on_it])
        answer = Ranking(
            posts=tuple(
                shown(each, owners[each.post_id], own_sums.get(each.post_id, UNKNOWN)) for each in on_it
            ),
            candidates=len(candidates),
            not_distributed=len(found.rated) - len(candidates),
            incomplete=found.incomplete,
            unread=found.unread,
            unknown_publication=found.unknown_publication,
            min_exposure=MIN_EXPOSURE,
        )
        return answer, page[-1][0] if len(keyed) > limit else None, meta_of(asked, window_sums(asked))


def candidates_of(window: Window) -> CameOut:
    """When a candidate came out: on a local day of the window or of the 28 before, a day before its end."""
    first = day_number(window.start - LOOK_BACK)
    return CameOut(first, window.ends_at() - MIN_AGE, day_number(window.end))


def field_of(asked: Asked) -> Field:
    """Every candidate of the window, ranked by shrunk rate. Their posts are not loaded (`owners_of`)."""
    connection, scope, selection, window = asked.connection, asked.scope, asked.selection, asked.window
    end = day_number(window.end)
    candidates, unread = standings(connection, scope, selection, candidates_of(window))
    complete = [(each, *_seen(each)) for each in candidates if each.complete]
    pulled = shrunk([_evidence(each, engaged, exposed) for each, engaged, _, exposed in complete])
    rated = [
        _rated(*one, None if fraction is None else 100 * fraction)
        for one, fraction in zip(complete, pulled, strict=True)
    ]
    return Field(
        sorted(rated, key=attrgetter("key")),
        len(candidates) - len(complete),
        unread,
        count_unknown_publication(connection, scope, selection, day_number(window.start - LOOK_BACK), end),
    )


def _rated(candidate: Standing, engaged: int, name: str, exposed: int, value: float | None) -> Rated:
    return Rated(candidate, engaged, name, exposed, value, _key(candidate, value, exposed))


def _key(candidate: Standing, value: float | None, exposed: int, *, worst: bool = False) -> RankKey:
    return rank_key(value, exposed, candidate.published, candidate.post_id, worst=worst)


def _evidence(candidate: Standing, engaged: int, exposed: int) -> Evidence:
    own = (candidate.platform, candidate.account_id, candidate.content_type)
    return Evidence(engaged, exposed, (own, candidate.platform))


def _seen(candidate: Standing) -> tuple[int, str, int]:
    """Engagements of a complete standing, and the name and value of what they are divided by."""
    engaged, exposed = engagements(candidate.totals), exposure(candidate.totals)
    assert engaged is not None
    assert exposed is not None
    return engaged, *exposed


def owners_of(asked: Asked, rated: Iterable[Rated]) -> dict[int, Post]:
    """Their posts, by id."""
    return posts.get_posts(asked.connection, asked.scope, [each.post_id for each in rated])


def shown(rated: Rated, post: Post, earned: Totals | None = None) -> Ranked:
    """The candidate as it is shown."""
    percent = rate(rated.engagements, rated.exposed)
    clipped = None if percent is None else min(100.0, max(0.0, percent))
    return Ranked(
        post_id=post.id,
        platform=post.platform,
        external_id=post.external_id,
        title=post.title,
        url=post.url,
        published_at=post.published_at,
        state=post.state,
        published_on=post.published_on,
        engagements=rated.engagements,
        exposure=rated.exposure,
        exposed=rated.exposed,
        engagement_rate=clipped,
        shrunk_rate=rated.value,
        clipped=clipped != percent,
        earned=earned,
    )


def together(items: Iterable[Rated]) -> tuple[int, float | None]:
    """Exposure of those posts, and their rate in percent as a ratio of sums."""
    listed = list(items)
    exposed = sum(item.exposed for item in listed)
    return exposed, rate(sum(item.engagements for item in listed), exposed)


def earned_by_post(asked: Asked, post_ids: Collection[int]) -> dict[int, Totals]:
    """post id -> what is booked to the days of the window or undated in it, of those read or booked in it.

    Gains that lie inside the window are summed by the database; those that reach over its edges are split
    here, by the one formula there is.
    """
    start, end = day_number(asked.window.start), day_number(asked.window.end)
    skipped = skipped_days(zone_of(asked.organization.time_zone))
    booked = snapshots.gains_inside(asked.connection, asked.scope, post_ids, start, end, SHOWN)
    for post_id, row in snapshots.across_edges(asked.connection, asked.scope, post_ids, start, end, SHOWN):
        for name in SHOWN:
            cell = row.cells.get(name)
            if cell is None or cell.gain is None or (start <= row.day - cell.days + 1 and row.day <= end):
                continue
            amount = booked_between(row.day, cell, start, end, skipped)
            if amount is not None:
                own = booked.setdefault(post_id, {})
                own[name] = own.get(name, 0) + amount
    return {post_id: totals_of({name: own.get(name) for name in SHOWN}) for post_id, own in booked.items()}
