"""Days without a year in the language of some page."""

import pytest

from afterpost.builtin.imports.calendar_words import MonthDay, read_days


@pytest.mark.parametrize(
    "cell",
    [
        *("February 28", "28 February", "Feb 28", "28 de febrero", "28 de fevereiro", "28. Februar"),
        *("28 février", "28 febbraio", "28 februari", "28 февраля", "28 лютого", "28 lutego", "28 Şubat"),
        *("2月28日", "2월 28일", "28 tháng 2", "28 กุมภาพันธ์", "٢٨ فبراير", "28 Februari", "28 फ़रवरी"),
    ],
)
def test_a_day_of_the_page_s_language(cell: str) -> None:
    assert read_days([cell]) == {cell: MonthDay(2, 28)}


def test_what_is_no_day_is_left_out_and_the_others_read() -> None:
    assert read_days(["?", "28/02", "30 de febrero", "8 de marzo", "", "de", "8"]) == {
        "8 de marzo": MonthDay(3, 8)
    }
    assert read_days([]) == {}


def test_a_name_that_two_languages_read_differently_is_said() -> None:
    said = read_days(["1 listopada"])["1 listopada"]
    assert isinstance(said, str)
    assert "10-01 in Croatian and 11-01 in Polish" in said
    assert "English" in said


def test_the_other_days_of_the_file_tell_its_language() -> None:
    polish = read_days(["1 listopada", "3 grudnia"])
    assert polish == {"1 listopada": MonthDay(11, 1), "3 grudnia": MonthDay(12, 3)}
    croatian = read_days(["1. listopada", "3. prosinca"])
    assert croatian["1. listopada"] == MonthDay(10, 1)
