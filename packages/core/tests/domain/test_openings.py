"""The first words of a post."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpost.domain.background import Dated
from afterpost.domain.openings import LIMIT, Opened, folded, opening_effects, opening_of
from packages.core.tests.house import NOW, vector


@pytest.mark.parametrize(
    ("description", "title", "expected"),
    [
        ("A great description. Second sentence.", "A great title", "A great description"),
        ("Really? Yes!", None, "Really"),
        ("Wait… what", None, "Wait"),
        ("Version 3.11 is out", None, "Version 3.11 is out"),
        ("See example.org/a.b for more", None, "See example.org/a.b for more"),
        ("Ends here.", None, "Ends here"),
        ("No end", "Title", "No end"),
        ("\n\n  First  line \t here\nSecond line", None, "First line here"),
        ("", "A title. More", "A title"),
        (None, "A title", "A title"),
        (" \n\t ", "A title", "A title"),
        ("... ", "A title", ".."),
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
