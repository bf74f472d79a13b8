"""The first words of a post."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpost.domain.background import Dated
from afterpost.domain.openings import (
    LIMIT,
    Begun,
    Opened,
    folded,
    opening_effects,
    opening_means,
    opening_of,
)
from packages.core.tests.house import NOW, vector


@pytest.mark.parametrize(
    ("description", "title", "expected"),
    [
        ("A great description. Second sentence.", "A great title", "A great description"),
        ("Really? Yes!", None, "Really?"),
        ("Wait… what", None, "Wait… what"),
        ("Version 3.11 is out", None, "Version 3.11 is out"),
        ("See example.org/a.b for more", None, "See example.org/a.b for more"),
        ("Ends here.", None, "Ends here"),
        ("No end", "Title", "No end"),
        ("\n\n  First  line \t here\nSecond line", None, "First line here"),
        ("", "A title. More", "A title"),
        (None, "A title", "A title"),
        (" \n\t ", "A title", "A title"),
        ("... ", "A title", "A title"),
        (".", "A title", "A title"),
        ("", "", None),
        (None, None, None),
        (" ", "\n", None),
        ("!", ".", None),
    ],
)
def test_the_opening_is_the_first_sentence_of_the_first_line(
    description: str | None, title: str | None, expected: str | None
) -> None:
    assert opening_of(description, title) == expected


def test_vector_69_the_originals_opening_comes_out() -> None:
    given = vector("GV-69")["input"]
    assert [opening_of(given["description"], given["label"])] == vector("GV-69")["expected"]


def test_an_opening_has_at_most_150_characters_and_no_space_at_its_end() -> None:
    assert opening_of("word " * 100, None) == ("word " * 100)[:LIMIT].strip()
    assert LIMIT == 150


@given(st.text(), st.text())
def test_an_opening_is_one_short_line(description: str, title: str) -> None:
    opening = opening_of(description, title)
    if opening is not None:
        assert 0 < len(opening) <= LIMIT
        assert opening == " ".join(opening.split())


@pytest.mark.parametrize(
    ("line", "opening"),
    [
        # An ellipsis is no sentence end.
        ("Wait... what?", "Wait... what?"),
        ("Wait.. what. Then", "Wait.. what"),
        ("So... you are here. Good", "So... you are here"),
        ("Hmm...? Then", "Hmm...?"),
        # Its marks and quotes belong to the sentence, the full stop does not.
        ("You did what?! Then", "You did what?!"),
        ("Great!!! Now", "Great!!!"),
        ('"Is this it?" Yes', '"Is this it?"'),
        ("\u201cStop.\u201d Then", "\u201cStop.\u201d"),
        ("(Really.) Then", "(Really.)"),
        ('"Stop!" she said. Then', '"Stop!" she said'),
        # Decimals, addresses, initials, abbreviations, a number that begins the line.
        ("3.5 tips for you. Go", "3.5 tips for you"),
        ("Only $2.99! Buy", "Only $2.99!"),
        ("See www.example.com. Then", "See www.example.com"),
        ("The U.S. team. Then", "The U.S. team"),
        ("At 5 p.m. we go live. Come", "At 5 p.m. we go live"),
        ("George W. Bush. Then", "George W. Bush"),
        ("Dr. Who vs. the rest. Then", "Dr. Who vs. the rest"),
        ("No. 1 of five. Then", "No. 1 of five"),
        ("I said no. Then", "I said no"),
        ("1. Begin with why. Then", "1. Begin with why"),
        ("Sold in 2024. Then", "Sold in 2024"),
        # Full-width marks need no space, nor does an emoji in its place.
        ("\u6700\u521d\u3002\u6b21", "\u6700\u521d"),
        ("\u4f55\uff1f\u6b21", "\u4f55\uff1f"),
        ("Stop this!\U0001f525 Really", "Stop this!"),
        ("Done.\U0001f525 Next", "Done"),
        ("\U0001f525\U0001f525", "\U0001f525\U0001f525"),
        # What nobody sees is no part of it.
        ("\ufeffHello\u200b there. Then", "Hello there"),
        ("Hello\u00a0 there. Then", "Hello there"),
    ],
)
def test_a_sentence_ends_where_readers_see_its_end(line: str, opening: str) -> None:
    assert opening_of(line, None) == opening


def test_what_stands_at_the_limit_is_no_end_of_a_sentence() -> None:
    whole = "x" * 147 + " 3.5 tips"
    assert opening_of(whole, None) == whole[:LIMIT]
    assert opening_of("." * 500_000, "Title") == "Title"


def begun(opening: str, *rates: float) -> list[Begun]:
    return [Begun(opening, NOW + timedelta(days=n), n, rate) for n, rate in enumerate(rates)]


def test_an_openings_mean_is_over_its_posts_and_pulled_towards_all_of_them() -> None:
    usual = [post for n in range(8) for post in begun(f"Usual {n}", 4.0, 5.0)]
    found = opening_means([*usual, *begun("Once", 20.0), *begun("Often", *[9.0, 11.0] * 10)])
    by_text = {each.text: each for each in found}
    once, often = by_text["Once"], by_text["Often"]
    assert (once.posts, once.mean_rate, once.enough) == (1, 20.0, False)
    assert (often.posts, often.mean_rate, often.enough) == (20, 10.0, True)
    assert 20 - once.shrunk_rate > 3 * abs(10 - often.shrunk_rate)
    # Of those with enough posts, then of the others, by what is shown.
    assert found[0] == often
    assert [each.shrunk_rate for each in found[1:]] == sorted(
        (each.shrunk_rate for each in found[1:]), reverse=True
    )


def test_one_rate_for_all_pulls_nothing() -> None:
    found = opening_means([*begun("b", 5.0, 5.0), *begun("a", 5.0)])
    assert [(each.text, each.mean_rate, each.shrunk_rate) for each in found] == [("b", 5, 5), ("a", 5, 5)]
    assert opening_means([]) == ()


def test_openings_are_compared_without_case() -> None:
    assert folded("STRASSE in the Morning") == folded("Straße in the morning")
    assert folded("a") != folded("b")


def opened(rng: Random, texts: list[str], posts: int, better: str) -> list[Opened]:
    """Posts of one account, twice a day; those with one opening do better."""
    made = []
    for n in range(posts):
        text = rng.choice(texts)
        made.append(
            Opened(text, Dated("a", NOW + timedelta(hours=12 * n), rng.gauss(0.8 * (text == better), 0.6)))
        )
    return made


def test_the_opening_that_does_better_comes_first_and_is_clear() -> None:
    posts = opened(Random(1), ["Wait for it", "New video", "Hello", "Today"], 200, "Hello")
    best, *others = opening_effects(posts, seed=1)
    assert best.text == "Hello"
    assert best.effect.is_better
    assert [each.effect.posts for each in (best, *others)] == [
        sum(post.opening == each.text for post in posts) for each in (best, *others)
    ]
    assert not any(each.effect.is_better for each in others)


def test_one_good_post_makes_no_good_opening() -> None:
    """The opening of one brilliant post is pulled far towards the usual; that of twenty good ones is not."""
    posts = opened(Random(2), [f"Opening {n}" for n in range(10)], 200, "none")
    lucky = Opened("Once only", Dated("a", NOW + timedelta(hours=7), 1.6))
    steady = [Opened("Again", Dated("a", NOW + timedelta(hours=100 * n + 5), 1.2)) for n in range(20)]
    found = {each.text: each.effect for each in opening_effects([*posts, lucky, *steady], seed=1)}
    once, again = found["Once only"], found["Again"]
    assert once.lift is not None
    assert once.plain_lift is not None
    assert again.lift is not None
    assert again.plain_lift is not None
    assert once.plain_lift > again.plain_lift
    assert once.lift < again.lift
    assert (once.verdict, again.verdict) == ("not_enough_evidence", "clear")


def test_spellings_are_one_opening_in_that_of_its_latest_post() -> None:
    posts = [
        Opened(text, Dated("a", NOW + timedelta(days=n), 0.0)) for n, text in enumerate(("hello", "HELLO"))
    ]
    assert [(each.text, each.effect.posts) for each in opening_effects(posts, seed=1)] == [("HELLO", 2)]


def test_openings_without_comparison_come_last_by_posts_then_text() -> None:
    alone = [Opened(text, Dated(f"account {text}", NOW, 0.5)) for text in ("b", "a", "c", "c")]
    assert [each.text for each in opening_effects(alone, seed=1)] == ["c", "a", "b"]
    assert opening_effects([], seed=1) == ()
    both = opening_effects([*alone, *opened(Random(3), ["x", "y"], 40, "x")], seed=1)
    assert [each.text for each in both] == ["x", "y", "c", "a", "b"]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.builds(
            Opened,
            st.sampled_from(["A", "a", "b", "ß", "SS"]),
            st.builds(
                Dated,
                st.sampled_from(["x", "y"]),
                st.integers(0, 30).map(lambda days: NOW + timedelta(days=days)),
                st.floats(-9, 9),
            ),
        ),
        max_size=40,
    ).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each)))
)
def test_the_order_of_posts_changes_nothing(orders: tuple[list[Opened], list[Opened]]) -> None:
    one, another = orders
    assert opening_effects(one, seed=2) == opening_effects(another, seed=2)
