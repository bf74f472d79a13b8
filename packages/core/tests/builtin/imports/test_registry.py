"""Which format a file is of, and what is said where it is of none."""

import pytest

from afterpost.builtin.imports.generic import GenericCsv
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.builtin.imports.registry import detect, named
from afterpost.domain.errors import InvalidInput

FORMATS = ImportsProvider().file_formats


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("post_id,views", "generic_csv"),
        ("Views,Post_ID", "generic_csv"),
        ("Content,Video title,Video publish time,Duration,Views", "youtube_studio_table"),
        ("Views,Duration,Video publish time,Video title,Content", "youtube_studio_table"),
        ("Video title,Content,Views", "youtube_studio_table"),
        ("Date,Content,Video title,Video publish time,Duration,Engaged views", "youtube_studio_chart"),
        ("Content,Date,Video title,Engaged views", "youtube_studio_chart"),
        (
            "Time,Video title,Video link,Post time,Total likes,Total comments,Total shares,Total views",
            "tiktok_studio_content",
        ),
        ("Post ID,Account ID,Account username,Publish time,Views,Reach", "meta_instagram_posts"),
        ("Post ID,Page ID,Page name,Publish time,Views,Reach", "meta_facebook_posts"),
        ("Post id,Date,Post text,Post Link,Impressions,Likes", "x_content"),
        ("Tweet id,Tweet permalink,Tweet text,time,impressions", "x_tweet_activity"),
        ("Post title,Post link,Created date,Impressions", "linkedin_content"),
    ],
)
def test_the_header_tells(header: str, name: str) -> None:
    assert detect(header.split(","), FORMATS).name == name


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Traffic source,Views,Watch time (hours)", "report by 'Traffic source'"),
        ("Geography,Views", "report by 'Geography'"),
        ("Date,Geography,Views", "report by 'Geography'"),
        ("Date,Views", "days of a whole channel"),
        ("Content,Views,Watch time (hours)", "has no posts"),
    ],
)
def test_studio_files_without_posts_say_what_to_export(header: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        detect(header.split(","), FORMATS)

    assert caught.value.hint is not None
    assert "Table data.csv" in caught.value.hint


def test_an_unknown_header_is_quoted_and_the_known_formats_listed() -> None:
    header = ["A" * 500, *(f"column{n}" for n in range(40))]
    with pytest.raises(InvalidInput) as caught:
        detect(header, FORMATS)

    message = caught.value.message
    assert "AAAA…" in message
    assert "and 29 more" in message
    assert "generic_csv (Generic CSV)" in message
    assert "youtube_studio_table (YouTube Studio, Table data.csv)" in message
    assert len(message) < 800
    assert "post_id" in (caught.value.hint or "")
    assert "in English" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("header", "words", "hint"),
    [
        (
            "Date,Video Views,Profile Views,Likes,Comments,Shares",
            "TikTok Studio's `Overview.csv`",
            "Content.csv",
        ),
        ("Date,Impressions,Likes,New follows,Profile visits", "X's overview", "tab Content"),
        ("Date,Primary", "one metric a day", "Lifetime"),
        ("Reach", "a single column, 'Reach'", "comma, semicolon or tab"),
        ("post_id|views", "a single column", "comma, semicolon or tab"),
        (
            "Inhalt,Videotitel,Veröffentlichungszeit des Videos,Dauer,Aufrufe,Wiedergabezeit (Stunden)",
            "columns of YouTube Studio in German",
            "Set YouTube Studio to English",
        ),
        (
            "Videotitel,Videolink,Veröffentlichungszeit,Likes insgesamt",
            "columns of TikTok Studio in German",
            "English",
        ),
        (
            "Beitrags-ID,Konto-ID,Konto-Benutzername,Beschreibung,Dauer (Sek.),Aufrufe,Reichweite",
            "columns of Meta Business Suite in German",
            "English",
        ),
        ("Post-ID,Datum,Posttext,Post-Link,Impressionen", "columns of X in German", "English"),
        (
            "Beitragstitel,Link zum Beitrag,Erstellt am,Impressionen,Klicks",
            "of LinkedIn in German",
            "English",
        ),
        ("<!DOCTYPE html>", "a web page", "signed in"),
        ("<html><body>502</body></html>", "a web page", "signed in"),
    ],
)
def test_files_of_whole_accounts_say_what_to_export(header: str, words: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        detect(header.split(","), FORMATS)
    assert hint in (caught.value.hint or "")


class Greedy(GenericCsv):
    """A plugin's format that claims the same header."""

    name = "greedy"
    title = "Greedy"


def test_two_fitting_formats_are_an_error_that_names_both() -> None:
    both = (Greedy(), GenericCsv())
    with pytest.raises(InvalidInput, match=r"generic_csv \(Generic CSV\), greedy \(Greedy\)"):
        detect(["post_id", "views"], both)

    assert named("greedy", both) is both[0]


def test_a_format_by_name_exists() -> None:
    with pytest.raises(InvalidInput, match=r"no format 'generic'. Known formats: generic_csv"):
        named("generic", FORMATS)
    with pytest.raises(InvalidInput, match="Known formats: none"):
        detect(["a", "b"], ())
