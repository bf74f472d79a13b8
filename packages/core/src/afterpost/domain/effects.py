"""Does what carries a label (a posting hour, an opening) do better than what does not, beyond chance?

Posts are compared only within a *stratum*: one account in one stretch of its history (`background.strata`).
What chance alone does is found by shuffling the responses among the posts of each stratum: without any
effect, every such order was as likely as the real one.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from random import Random
from statistics import NormalDist
from typing import Literal, NamedTuple

from msgspec import Struct

from afterpost.domain.background import Label, Stratum
from afterpost.domain.ranking import ENOUGH
from afterpost.domain.shrinkage import pulled

Verdict = Literal["clear", "leaning", "not_enough_evidence"]

CLEAR = 1 / 30
"""Chance alone makes some label stand out so far in at most this share of histories. Less than the
one in twenty that is promised, for histories are less orderly than shuffles of them."""
LEANING = 0.2
SHUFFLES = 499
EXCEEDED = 20
"""Shuffling ends early once chance did so many times as well as the real order (Besag and Clifford 1991)."""
SHUFFLED_UP_TO = 2_000
"""Posts. Of more, sums over shuffles are as good as normal, and chances are computed from their variance."""
_NOTHING = 1e-18
_NORMAL = NormalDist()


def response(engaged: int, expected: float) -> float:
    """log((engaged + 1) / (expected + 1)): what a post did against expectation, 0 where it met it.

    One is added to both, so that a post with no engagements has a response: of a large expectation it
    changes nothing, of a small one it says that 0 and 1 are nearly the same. Negative counts count as 0.
    """
    return math.log((max(engaged, 0) + 1) / (max(expected, 0.0) + 1))


def lift(effect: float) -> float:
    """Percent by which a difference of log responses multiplies: 100 × (e^effect − 1)."""
    return 100 * math.expm1(effect)


class Effect(Struct, frozen=True, kw_only=True):
    """What goes with a label; each `lift` in percent against the other posts of the same strata.

    `posts`: that carry it; `compared`: posts' worth of comparison behind it, less than `posts` where a
    stratum holds little else, 0 where nothing does. `lift`: shrunk, with the ends of its 90 % interval;
    `plain_lift`: unshrunk. All None without comparison. `chance`: how often chance alone makes any label
    stand out this far in this direction; None below `ENOUGH` posts, where it is not asked.
    """

    posts: int = 0
    compared: float = 0.0
    plain_lift: float | None = None
    lift: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    verdict: Verdict = "not_enough_evidence"

    @property
    def is_better(self) -> bool:
        """True when its posts clearly do better than the others."""
        return self.verdict == "clear" and self.lift is not None and self.lift > 0


class Effects(Struct, frozen=True, kw_only=True):
    """Every label's effect, and the test that speaks first.

    `better`, `worse`: how often chance alone makes some label stand out upwards, downwards, as far as the
    one that does most; None where no label could be tested. `shuffles`: how many it took, 0 when the chances
    come from the normal limit.
    """

    of: dict[Label, Effect]
    posts: int
    better: float | None
    worse: float | None
    shuffles: int


class Sample(NamedTuple):
    """A response, what it may be compared with, and its labels.

    The n-th labels of all samples are one family; no label belongs to two.
    """

    stratum: Stratum
    labels: tuple[Label, ...]
    response: float


class _Stratum(NamedTuple):
    """Posts that are compared: the cell (combination of labels) of each, and its centred response."""

    cells: list[int]
    values: list[float]


class _Sum(Struct):
    """Of a label: its posts, their centred sum, that sum's variance under shuffling, the comparison in it."""

    posts: int = 0
    sum: float = 0.0
    variance: float = 0.0
    compared: float = 0.0

    @property
    def distance(self) -> float:
        """The sum in standard deviations of what shuffling makes of it."""
        return self.sum / math.sqrt(self.variance)


def effects(samples: Sequence[Sample], *, seed: int) -> Effects:
    """The effect of each label on the responses, tested against shuffling within strata.

    An effect is the least-squares difference between the posts with the label and the others, with a mean
    for each stratum. The same samples in any order, with the same seed, give the same answer.
    """
    cells = sorted({sample.labels for sample in samples}, key=repr)
    groups = _grouped(samples, {labels: n for n, labels in enumerate(cells)})
    sums = _sums(groups, cells)
    tested = [key for key, each in sums.items() if each.posts >= ENOUGH and each.variance > _NOTHING]
    distances = {key: sums[key].distance for key in tested}
    if len(samples) > SHUFFLED_UP_TO:
        shuffles = 0
        upward = {key: _beyond(distance, len(tested)) for key, distance in distances.items()}
        downward = {key: _beyond(-distance, len(tested)) for key, distance in distances.items()}
    else:
        highest, lowest = _shuffled(
            groups, cells, {key: sums[key].variance for key in tested}, distances, seed
        )
        shuffles = len(highest)
        upward = {key: _share(highest, distance) for key, distance in distances.items()}
        downward = {key: _share(lowest, -distance) for key, distance in distances.items()}
    shrunk: dict[tuple[int, Label], tuple[float, float, float]] = {}
    for family in {key[0] for key in sums}:
        own = [key for key, each in sums.items() if key[0] == family and each.variance > _NOTHING]
        pairs = [
            (sums[key].sum / sums[key].compared, sums[key].variance / sums[key].compared ** 2) for key in own
        ]
        shrunk.update(zip(own, pulled(pairs), strict=True))
    return Effects(
        of={
            key[1]: _effect(each, shrunk.get(key), upward.get(key), downward.get(key))
            for key, each in sums.items()
        },
        posts=len(samples),
        better=min(upward.values(), default=None),
        worse=min(downward.values(), default=None),
        shuffles=shuffles,
    )


def _effect(
    each: _Sum, shrunk: tuple[float, float, float] | None, upward: float | None, downward: float | None
) -> Effect:
    if shrunk is None:
        return Effect(posts=each.posts)
    estimate, low, high = shrunk
    chance = upward if each.sum > 0 else downward
    verdict: Verdict = "not_enough_evidence"
    if chance is not None and chance <= LEANING and (low > 0 or high < 0):
        verdict = "clear" if chance <= CLEAR else "leaning"
    return Effect(
        posts=each.posts,
        compared=each.compared,
        plain_lift=lift(each.sum / each.compared),
        lift=lift(estimate),
        low=lift(low),
        high=lift(high),
        chance=chance,
        verdict=verdict,
    )


def _grouped(samples: Sequence[Sample], numbers: dict[tuple[Label, ...], int]) -> list[_Stratum]:
    """The strata, centred, in an order that only their contents decide."""
    found: dict[Stratum, list[tuple[int, float]]] = {}
    for stratum, labels, value in samples:
        found.setdefault(stratum, []).append((numbers[labels], value))
    groups = []
    for stratum in sorted(found, key=repr):
        own = sorted(found[stratum])
        mean = math.fsum(value for _, value in own) / len(own)
        groups.append(_Stratum([cell for cell, _ in own], [value - mean for _, value in own]))
    return groups


def _sums(groups: list[_Stratum], cells: list[tuple[Label, ...]]) -> dict[tuple[int, Label], _Sum]:
    """Per (family, label): sum, and the exact variance that shuffling within strata gives it."""
    found: dict[tuple[int, Label], _Sum] = {}
    for group in groups:
        size = len(group.values)
        variance = math.fsum(value**2 for value in group.values) / (size - 1) if size > 1 else 0.0
        held: Counter[tuple[int, Label]] = Counter()
        for cell, place in _runs(group.cells):
            total = math.fsum(group.values[place])
            for key in enumerate(cells[cell]):
                held[key] += place.stop - place.start
                found.setdefault(key, _Sum()).sum += total
        for key, count in held.items():
            compared = count - count**2 / size
            each = found[key]
            each.posts += count
            each.compared += compared
            each.variance += variance * compared
    return found


def _runs(cells: list[int]) -> Iterator[tuple[int, slice]]:
    """Each cell of a stratum and where its posts stand; they stand together."""
    start = 0
    for cell, same in groupby(cells):
        stop = start + sum(1 for _ in same)
        yield cell, slice(start, stop)
        start = stop


def _shuffled(
    groups: list[_Stratum],
    cells: list[tuple[Label, ...]],
    variances: dict[tuple[int, Label], float],
    distances: dict[tuple[int, Label], float],
    seed: int,
) -> tuple[list[float], list[float]]:
    """How far the label that stands out most upwards, downwards, does so in each shuffle; both ascending."""
    if not distances:
        return [], []
    numbers = {key: [n for n, labels in enumerate(cells) if labels[key[0]] == key[1]] for key in distances}
    members = [(1 / math.sqrt(variances[key]), numbers[key]) for key in distances]
    most, least = max(distances.values()), -min(distances.values())
    # Where all posts carry the same labels, shuffling changes nothing.
    mixed = [(group.cells, list(group.values)) for group in groups if group.cells[0] != group.cells[-1]]
    random = Random(seed).random
    highest: list[float] = []
    lowest: list[float] = []
    above = below = 0
    while len(highest) < SHUFFLES and min(above, below) < EXCEEDED:
        sums = [0.0] * len(cells)
        for places, values in mixed:
            for last in range(len(values) - 1, 0, -1):
                pick = int(random() * (last + 1))
                value = values[pick]
                values[pick] = values[last]
                values[last] = value
                sums[places[last]] += value
            sums[places[0]] += values[0]
        reached = [scale * sum([sums[n] for n in own]) for scale, own in members]
        highest.append(max(reached))
        lowest.append(-min(reached))
        above += highest[-1] >= most
        below += lowest[-1] >= least
    return sorted(highest), sorted(lowest)


def _share(extremes: list[float], distance: float) -> float:
    """The share of orders, the real one among them, in which some label stands out so far."""
    # The same sum in another order is the same but for its last digits.
    as_far = len(extremes) - bisect_left(extremes, distance - 1e-9)
    return (as_far + 1) / (len(extremes) + 1)


def _beyond(distance: float, labels: int) -> float:
    """How often any of so many normal values lies that far out, at most (Bonferroni)."""
    return min(1.0, labels * _NORMAL.cdf(-distance))
