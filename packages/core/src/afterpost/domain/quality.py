"""What makes a stored number doubtful, rule by rule, and how much of it is normal.

A *flaw* is something in the stored counters that can't be taken at face value. Nothing is corrected: totals
stay as they were read, and the flaw says which readings to look at. Its severity is `warning` where somebody
should look before using the number, and `note` where platforms do such things by themselves.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.metrics import CUMULATIVE, ENGAGEMENT_PARTS
from afterpost.domain.rates import share_percent

Severity = Literal["warning", "note"]
Kind = Literal[
    "low_coverage",
    "frozen",
    "became_zero",
    "impossible_ratio",
    "doubtful_publication",
    "became_null",
    "backwards",
]
"""`low_coverage`: fewer posts were read than were due. `frozen`: no post of an account moved, though they did
before. `became_zero`: a total of some size is 0 now. `impossible_ratio`: a part is larger than the whole.
`doubtful_publication`: a publication was told that can't be, and was not taken.
`became_null`: a metric that was reported is absent. `backwards`: a lifetime counter fell."""

KINDS: tuple[Kind, ...] = (
    "low_coverage",
    "frozen",
    "became_zero",
    "impossible_ratio",
    "doubtful_publication",
    "became_null",
    "backwards",
)
"""In the order in which flaws of one day are told."""

LOW_COVERAGE = 0.8
"""Below this share of expected posts that were read, a window's sums say little about its posts. Single reads
fail every week: a tenth that is missing is normal, a fifth is not."""
SMALL_FALL_PERCENT = 5
SMALL_FALL = 10
"""A fall of at most that share of a post's total, or of fewer counts than this, is a correction as platforms
make every day: they take back views they call spam, and people take back a like. Larger ones are warned
of."""
ZERO_FROM = 10
"""A total of at least this that becomes 0 was not taken back one by one: it was hidden, or somebody wrote 0
for what they were not told. From a smaller one it is a fall like others."""
FROZEN_POSTS = 5
FROZEN_BACK = 14
FROZEN_DAYS = 3
FROZEN_CHANCE = 1e-6
"""One post that stands still is normal, and so are all of an account whose posts hardly move. An account's
counter froze on a day when none of at least `FROZEN_POSTS` posts moved, and posts that move as often as they
did on the days of the `FROZEN_BACK` before (at least `FROZEN_DAYS` of them; days that froze do not count)
would all stand still by chance less often than `FROZEN_CHANCE`."""
LOST_POSTS = 3
LOST_SHARE = 0.5
"""One author hides the likes of one post, which is normal. A metric that so many posts, and that share of the
account's posts which had it, lose on one day was withdrawn, or the permission for it was."""
RATIO_FLOOR = 100
"""A part that is smaller than this proves nothing: platforms count likes at once and views later, so that a
post of an hour may well have 3 likes and 1 view."""
FAR = 2
"""Engagements may exceed the exposure a little, for one person can comment and share; this many times is
far."""
MOST_IDS = 5
"""A flaw names at most so many posts, those with most of it."""


class Bound(NamedTuple):
    """The sum of `parts` can't exceed `times` × `whole`. `name`: what the sum is called; `unless`: the rule
    is left to another whole where that one is reported."""

    name: str
    parts: tuple[str, ...]
    whole: str
    times: int = 1
    unless: str | None = None


BOUNDS = (
    Bound("likes", ("likes",), "views"),
    Bound("dislikes", ("dislikes",), "views"),
    Bound("saves", ("saves",), "views"),
    Bound("reach", ("reach",), "impressions"),
    Bound("engagements", ENGAGEMENT_PARTS, "views", FAR),
    Bound("engagements", ENGAGEMENT_PARTS, "impressions", FAR, unless="views"),
)
"""Who likes has seen it, and nobody likes twice; who was reached had an impression. Comments and shares alone
are bounded by nothing, for one person may make many."""

_METRICS = (*CUMULATIVE, "engagements")


class Place(NamedTuple):
    """Where a flaw is: platform, account (None: posts that belong to none), and the day it was read on."""

    platform: str
    account_id: int | None
    day: date


class Flaw(Struct, frozen=True, kw_only=True):
    """Something in the stored counters that can't be taken at face value.

    `day`: when it was read; of `impossible_ratio` and `doubtful_publication` the last day it was, of
    `low_coverage` the window's last.
    `whole`: what `metric` exceeds, of `impossible_ratio`. `posts`: how many are concerned; `post_ids`: up to
    five of them, those with most of it; `receipts`: where their readings of that day and the one before are
    shown.
    """

    severity: Severity
    kind: Kind
    platform: str
    account_id: int | None
    account: str | None
    metric: str | None
    whole: str | None
    day: date
    posts: int
    post_ids: tuple[int, ...]
    sentence: str
    receipts: tuple[str, ...]


class Order(NamedTuple):
    """A flaw's place among all, lowest first."""

    severity: int
    day: int
    platform: str
    account_id: int
    kind: int
    metric: int
    whole: int


def order(flaw: Flaw) -> Order:
    """Sort key: warnings first, the newest first, then platform, account, kind, metric: a total order."""
    return Order(
        ("warning", "note").index(flaw.severity),
        -flaw.day.toordinal(),
        flaw.platform,
        flaw.account_id or 0,
        KINDS.index(flaw.kind),
        -1 if flaw.metric is None else _METRICS.index(flaw.metric),
        -1 if flaw.whole is None else _METRICS.index(flaw.whole),
    )


class Fall(NamedTuple):
    """Posts of one place whose total of a metric fell. `lost`: by how much together; `most_percent`: the
    largest fall in percent of a post's total before; `large`: how many fell by more than is small."""

    posts: int
    lost: int
    most_percent: float
    large: int


def fall_severity(fall: Fall) -> Severity:
    """A warning where any post fell by more than platforms correct."""
    return "warning" if fall.large else "note"


def fall_sentence(metric: str, fall: Fall) -> str:
    """What fell, by how much, and how far at most."""
    return (
        f"{_title(metric)} of {_posts(fall.posts)} fell by {fall.lost:,} together, "
        f"at most by {fall.most_percent:.1f} % of a post's total."
    )


def zero_sentence(metric: str, posts: int, before: int) -> str:
    """What is 0 now, and what it was."""
    return (
        f"{_title(metric)} of {_posts(posts)} became 0 after {before:,} together: hidden, or 0 was written "
        "for what was not told."
    )


def lost_severity(lost: int, kept: int) -> Severity:
    """A warning where at least `LOST_POSTS` posts and `LOST_SHARE` of those that had the metric lost it."""
    return "warning" if lost >= LOST_POSTS and lost >= LOST_SHARE * (lost + kept) else "note"


def lost_sentence(metric: str, lost: int, kept: int) -> str:
    """How many of the posts that had the metric are without it."""
    had = lost + kept
    return f"{_title(metric)} of {lost:,} of {_posts(had)} that had them {_are(lost)} no longer reported."


def ratio_sentence(bound: Bound, posts: int) -> str:
    """Which part exceeds which whole."""
    times = f"{bound.times} times as many {bound.name} as" if bound.times > 1 else f"more {bound.name} than"
    more = f"more than {times}" if bound.times > 1 else times
    return f"{_posts(posts)} {'has' if posts == 1 else 'have'} {more} {bound.whole}."


def publication_sentence(posts: int) -> str:
    """Of how many posts a publication was told that can't be, and why it can't."""
    they, their = ("it", "its") if posts == 1 else ("they", "their")
    return (
        f"A publication that can't be was told of {_posts(posts)} and not taken: {they} "
        f"{'was' if posts == 1 else 'were'} seen before it, or {their} id contradicts it."
    )


def coverage_sentence(observed: int, expected: int) -> str:
    """How many of the posts that were due were read."""
    share = share_percent(observed / expected)
    return f"Only {observed:,} of {expected:,} expected posts were read ({share:.0f} %)."


def is_low(observed: int, expected: int) -> bool:
    """Whether so few of the expected posts were read that sums say little; never where none was expected."""
    return observed < LOW_COVERAGE * expected


class Moves(NamedTuple):
    """One account's day: how many posts had a gain of a metric, and of how many it was not 0."""

    day: int
    read: int
    moved: int


class Frozen(NamedTuple):
    """A day on which none of `posts` moved, though `usual` (a fraction) did on the days before."""

    day: int
    posts: int
    usual: float


def frozen(days: Iterable[Moves]) -> list[Frozen]:
    """The days that froze; see `FROZEN_CHANCE`. Pure in the days given: earlier ones serve as the usual."""
    found: list[Frozen] = []
    usual: list[Moves] = []
    for today in sorted(days):
        before = [each for each in usual if each.day >= today.day - FROZEN_BACK]
        read, moved = sum(each.read for each in before), sum(each.moved for each in before)
        still = today.moved == 0 and today.read >= FROZEN_POSTS
        if still and len(before) >= FROZEN_DAYS and (1 - moved / read) ** today.read < FROZEN_CHANCE:
            found.append(Frozen(today.day, today.read, moved / read))
        elif today.read:
            usual.append(today)
    return found


def frozen_sentence(metric: str, day: Frozen) -> str:
    """How many stood still, and how many usually move."""
    usual = share_percent(day.usual)
    return (
        f"{_title(metric)} of none of {_posts(day.posts)} moved, though {usual:.0f} % did on the days "
        "before: the same readings again?"
    )


def receipts(post_ids: Sequence[int], day: date) -> tuple[str, ...]:
    """Where the readings of those posts up to that day are shown."""
    after = date.fromordinal(day.toordinal() + 1)
    return tuple(f"/v1/posts/{post_id}/observations?before={after}&days=2" for post_id in post_ids)


def _title(metric: str) -> str:
    return metric.replace("_", " ").capitalize()


def _posts(count: int) -> str:
    return f"{count:,} {'post' if count == 1 else 'posts'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
