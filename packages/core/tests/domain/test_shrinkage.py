"""Shrunk rates: exact where they can be worked out by hand, right on average where only chance knows."""

import random
from math import inf

import pytest
from scipy.stats import beta, betabinom

from afterpost.domain.ranking import ENOUGH, Evidence, Prior, prior_of, shrunk


def drawn(rng: random.Random, a: float, b: float, exposed: int) -> tuple[int, int]:
    """(engaged, exposed) of a post whose own rate is drawn from a beta distribution."""
    rate = rng.betavariate(a, b)
    return sum(rng.random() < rate for _ in range(exposed)), exposed


def test_a_prior_by_hand() -> None:
    # p = 30/200; S = 100·(0.1-0.15)² + 100·(0.2-0.15)² = 0.5; chance = 0.1275; room = 200 - 100 - 1 = 99.
    # excess = (0.5 - 0.1275) / (0.1275 · 99) = 0.029510; strength = 1/excess - 1 = 32.886…
    prior = prior_of([(10, 100), (20, 100)])
    assert prior is not None
    assert prior.mean == 0.15
    assert prior.strength == pytest.approx(1 / ((0.5 - 0.1275) / (0.1275 * 99)) - 1)
    assert prior.strength == pytest.approx(32.886, abs=0.001)


@pytest.mark.parametrize(
    ("pairs", "prior"),
    [
        ([], None),
        ([(1, 10)], None),
        ([(1, 10), (5, 0)], None),  # one of them was never shown
        ([(1, 10), (1, 10)], Prior(0.1, inf)),  # as alike as can be
        ([(0, 10), (0, 90)], Prior(0.0, inf)),
        ([(10, 10), (90, 90)], Prior(1.0, inf)),
        ([(20, 10), (90, 90)], Prior(1.0, inf)),  # more engagements than exposures are a rate of 1
        ([(0, 1), (1, 1)], Prior(0.5, inf)),  # two exposures can't differ by more than chance
    ],
)
def test_priors_at_the_edges(pairs: list[tuple[int, int]], prior: Prior | None) -> None:
    assert prior_of(pairs) == prior


def test_posts_that_are_all_or_nothing_weigh_for_themselves() -> None:
    prior = prior_of([(0, 1000), (1000, 1000)])
    assert prior is not None
    assert prior.strength < 0.01


@pytest.mark.parametrize(("a", "b"), [(2.0, 38.0), (5.0, 45.0), (20.0, 180.0)])
def test_the_strength_that_posts_were_drawn_with_is_found(a: float, b: float) -> None:
    rng = random.Random(20261122)
    found = [prior_of([drawn(rng, a, b, rng.randrange(50, 400)) for _ in range(300)]) for _ in range(12)]
    means = sorted(p.mean for p in found if p)
    strengths = sorted(p.strength for p in found if p)
    assert means[6] == pytest.approx(a / (a + b), rel=0.05)
    assert strengths[6] == pytest.approx(a + b, rel=0.25)


def test_little_evidence_is_pulled_far_and_much_hardly() -> None:
    group = [Evidence(10 + n % 3 * 4, 100, ("acc",)) for n in range(20)]
    small, large = Evidence(3, 6, ("acc",)), Evidence(5_000, 10_000, ("acc",))
    rates = shrunk([*group, small, large])
    assert rates[-2] is not None
    assert rates[-1] is not None
    assert rates[-2] < 0.5
    assert 0.49 < rates[-1] <= 0.5
    assert abs(rates[-2] - 0.5) > 10 * abs(rates[-1] - 0.5)


def test_the_narrowest_group_that_is_large_enough_counts() -> None:
    mine = [Evidence(40 + n, 100, ("mine", "net")) for n in range(ENOUGH)]
    others = [Evidence(1 + n % 4, 100, ("other", "net")) for n in range(40)]
    lonely = Evidence(1, 2, ("lonely", "net"))
    *_, pulled = shrunk([*mine, *others, lonely])
    (*first, _) = shrunk([*mine, lonely])
    assert first[0] is not None
    assert 0.4 <= first[0] <= 0.44  # towards its own account's mean
    assert pulled is not None
    assert pulled < 0.3  # one post alone goes by its platform


def test_without_exposure_there_is_none_and_one_post_stands_for_itself() -> None:
    assert shrunk([Evidence(5, 0, ()), Evidence(1, 4, ())]) == [None, 0.25]
    assert shrunk([]) == []


def test_rates_stay_fractions() -> None:
    rng = random.Random(7)
    for _ in range(200):
        posts = [
            Evidence(rng.randrange(-5, 300), rng.randrange(0, 200), (rng.randrange(3), "net"))
            for _ in range(30)
        ]
        assert all(rate is None or 0 <= rate <= 1 for rate in shrunk(posts))


def test_posts_in_another_order_get_the_same_rates_to_the_last_digit() -> None:
    """One engine finds them in another order than the other, and the past in another than the present."""
    rng = random.Random(11)
    posts = [
        Evidence(rng.randrange(90), rng.randrange(1, 10_000), ((rng.randrange(12), "net"), "net"))
        for _ in range(400)
    ]
    rates, places = shrunk(posts), rng.sample(range(400), 400)
    assert shrunk([posts[place] for place in places]) == [rates[place] for place in places]


def test_shrunk_rates_are_nearer_to_the_truth_than_raw_ones() -> None:
    """What they are for: over posts whose true rates are known, the mean squared error is smaller."""
    rng = random.Random(42)
    better = 0
    for _ in range(50):
        truths = [rng.betavariate(3, 57) for _ in range(60)]
        sizes = [rng.choice((12, 40, 200, 2_000)) for _ in truths]
        seen = [sum(rng.random() < t for _ in range(n)) for t, n in zip(truths, sizes, strict=True)]
        rates = shrunk([Evidence(e, n, ("acc",)) for e, n in zip(seen, sizes, strict=True)])
        raw = sum((e / n - t) ** 2 for e, n, t in zip(seen, sizes, truths, strict=True))
        own = sum(((r or 0) - t) ** 2 for r, t in zip(rates, truths, strict=True))
        better += own < raw
    assert better >= 48


@pytest.mark.parametrize(("a", "b", "n"), [(2.0, 38.0, 40), (5.0, 45.0, 100), (0.5, 4.5, 10)])
def test_the_moments_are_those_of_scipys_beta_binomial(a: float, b: float, n: int) -> None:
    """Posts in exactly the shares that the distribution gives them have its parameters."""
    shares = betabinom(n, a, b).pmf(range(n + 1))
    posts = [
        (engaged, n) for engaged, share in enumerate(shares) for _ in range(round(200_000 * float(share)))
    ]
    prior = prior_of(posts)
    assert prior is not None
    assert prior.mean * n == pytest.approx(float(betabinom(n, a, b).mean()), rel=0.001)
    assert prior.strength == pytest.approx(a + b, rel=0.01)
    # The variance that the prior implies is the distribution's.
    implied = n * prior.mean * (1 - prior.mean) * (prior.strength + n) / (prior.strength + 1)
    assert implied == pytest.approx(float(betabinom(n, a, b).var()), rel=0.005)


@pytest.mark.parametrize(("engaged", "exposed"), [(0, 3), (4, 9), (80, 200)])
def test_a_shrunk_rate_is_the_mean_of_scipys_posterior(engaged: int, exposed: int) -> None:
    group = [Evidence(5 + n % 7, 60, ("acc",)) for n in range(30)]
    posts = [*group, Evidence(engaged, exposed, ("acc",))]
    prior = prior_of([(post.engaged, post.exposed) for post in posts])
    assert prior is not None
    if prior.strength == inf:
        expected = prior.mean
    else:
        successes = prior.mean * prior.strength + engaged
        expected = float(beta(successes, prior.strength + exposed - successes).mean())
    assert shrunk(posts)[-1] == pytest.approx(expected)
