"""The first words of a post."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.openings import LIMIT, folded, opening_of
from packages.core.tests.house import vector


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
