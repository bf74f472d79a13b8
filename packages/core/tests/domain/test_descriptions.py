"""Texts, links and types that are made fit to be kept, and never refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.descriptions import clean, clean_content_type, clean_text, clean_url
from afterpost.domain.ids import Text, Url, plain_id, plain_name
from afterpost.domain.posts import ContentType, learning_type


@pytest.mark.parametrize(
    ("text", "kept", "note"),
    [
        ("Rye\n\tand spelt", "Rye\n\tand spelt", ""),
        ("one\x0btwo", "one\ntwo", "control characters were taken out"),
        ("bell\x07", "bell ", "control characters were taken out"),
        ("NUL\x00", "NUL ", "control characters were taken out"),
        ("half \ud83d", "half  ", "control characters were taken out"),
        ("x" * 20_001, "x" * 20_000, "cut at 20,000 of 20,001 characters"),
        ("Zero\u200bwidth \U0001f469\u200d\U0001f373", "Zero\u200bwidth \U0001f469\u200d\U0001f373", ""),
    ],
)
def test_texts(text: str, kept: str, note: str) -> None:
    assert clean_text(text) == (kept, note)


@pytest.mark.parametrize(
    ("url", "kept", "words"),
    [
        ("", "", ""),
        (" https://example.org/a?b#c ", "https://example.org/a?b#c", ""),
        ("HTTP://example.org", "HTTP://example.org", ""),
        (
            "www.facebook.com/brot/posts/6",
            "https://www.facebook.com/brot/posts/6",
            "https:// was written before",
        ),
        ("example.org", "https://example.org", "https:// was written before"),
        ("javascript:alert(1)", "", "is no web address and was left out"),
        ("https://exa mple.com", "", "is no web address"),
        ("see the bio", "", "is no web address"),
        (f"https://e.org/{'x' * 2_000}", "", "is no web address"),
    ],
)
def test_links(url: str, kept: str, words: str) -> None:
    value, note = clean_url(url)
    assert value == kept
    assert words in note
    assert bool(words) == bool(note)


@pytest.mark.parametrize(
    ("word", "kept", "known"),
    [
        ("video", "video", True),
        ("VIDEO", "video", True),
        (" Reel ", "reel", True),
        ("", "unknown", True),
        ("unknown", "unknown", True),
        ("carousel-experiment", "caption", False),
        ("Video Clip", "caption", False),
        ("hologram", "caption", False),
        ("x" * 500, "caption", False),
    ],
)
def test_content_types(word: str, kept: str, known: bool) -> None:
    value, note = clean_content_type(word)
    assert (value, note == "") == (kept, known)
    assert known or learning_type(value) == "caption"


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_whatever_describes_a_post_can_be_kept(title: str, text: str, url: str, content_type: str) -> None:
    kept, notes = clean(title, text, url, content_type)
    for value, kind in zip(kept, (Text, Text, Url | None, ContentType), strict=True):
        msgspec.convert(value or None if kind == Url | None else value, kind)
    again, none = clean(*kept)
    assert (again, none) == (kept, ())
    assert len(notes) <= 4


def test_a_remark_names_what_it_is_about() -> None:
    assert clean("a\x07", "", "nowhere", "VIDEO") == (
        ("a ", "", "", "video"),
        ("title: control characters were taken out", "url: 'nowhere' is no web address and was left out"),
    )


@pytest.mark.parametrize(
    ("text", "as_id", "as_name"),
    [
        ("a1\u200b", "a1", "a1"),
        ("\ufeff\ufeffa1", "a1", "a1"),
        ("a\u00ad1", "a1", "a1"),
        ("a\u00a01", "a1", "a 1"),
        ("\u00a0a1\u202f", "a1", "a1"),
        ("a b", "a b", "a b"),
        (
            "\U0001f469\u200d\U0001f373 K\u200d\u00fcche",
            "\U0001f469\U0001f373 K\u00fcche",
            "\U0001f469\u200d\U0001f373 K\u00fcche",
        ),
        ("\u200b", "", ""),
    ],
)
def test_characters_that_nobody_sees(text: str, as_id: str, as_name: str) -> None:
    assert (plain_id(text), plain_name(text)) == (as_id, as_name)
