"""Numbers as files write them: exact, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.builtin.imports.cells import CellError
from afterpost.builtin.imports.numbers import count, level, number, scaled
from afterpost.domain.metrics import MAX_COUNT


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("+12", 12),
        (" 12 ", 12),
        ("1,234", 1234),
        ("1,234,567", 1234567),
        ("1 234", 1234),
        ("1\u00a0234\u00a0567", 1234567),
        ("1\u202f234", 1234),
        ("424.0", 424),
        ("424,0", 424),
        ("1.234.567", 1234567),
        ("1.234,00", 1234),
        ("424.", 424),
        ("1,234.00", 1234),
        ("12345.000", 12345),
        ("0.000", 0),
        ("900719925474099", 900719925474099),  # a float would lose the last digit
        (str(MAX_COUNT), MAX_COUNT),
    ],
)
def test_counts(cell: str, value: int) -> None:
    assert count(cell) == value


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("-1", "negative"),
        ("\u2212" + "1", "negative"),
        ("nan", "no number"),
        ("inf", "no number"),
        ("-Infinity", "no number"),
        ("12.5", "not a whole number"),
        ("1.234", "with or without the point"),
        ("12,34", "not a whole number"),
        ("0,123", "not a whole number"),
        ("1,234 567", "no number"),
        ("1,23,456", "no number"),
        ("1.2E+06", "exponent"),
        ("12e3", "exponent"),
        ("1_000", "no number"),
        ("0x10", "no number"),
        ("١٢", "no number"),
        ("5 %", "no number"),
        ("12k", "no number"),
        (str(MAX_COUNT + 1), "larger than 1000000000000000"),
        ("9" * 5000, "no number"),
    ],
)
def test_what_is_no_count_is_refused(cell: str, words: str) -> None:
    with pytest.raises(CellError, match=words):
        count(cell)


def test_a_count_may_be_signed_where_that_makes_sense() -> None:
    assert count("-1,234", signed=True) == -1234
    with pytest.raises(CellError, match="larger"):
        count(str(-MAX_COUNT - 1), signed=True)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.5", "12.5"),
        ("1,234.5", "1234.5"),
        ("1,234,567", "1234567"),
        ("1.234", "1.234"),
        ("1e-3", "0.001"),
        ("62,1", "62.1"),
        ("0,123", "0.123"),
        ("1.234,5", "1234.5"),
        ("1.234.567", "1234567"),
    ],
)
def test_numbers_with_a_fraction(cell: str, value: str) -> None:
    assert number(cell) == Decimal(value)


@pytest.mark.parametrize("cell", ["1,234", "nan", "inf", "-1", "1e999", "1e9999", "--1", "."])
def test_what_could_mean_two_things_or_nothing_is_refused(cell: str) -> None:
    with pytest.raises(CellError):
        number(cell)


def test_scaling_is_exact_and_rounds_half_up() -> None:
    assert scaled(Decimal("42600.6525"), 3600) == 153362349
    assert scaled(Decimal("0.0000005"), 1_000_000) == 1
    assert scaled(Decimal("-0.1"), 1_000_000) == -100_000
    with pytest.raises(CellError, match="larger"):
        scaled(Decimal(MAX_COUNT), 3600)


def test_a_level_is_whole_where_it_can_be() -> None:
    assert repr(level(Decimal("12.0"))) == "12"
    assert level(Decimal("12.5")) == 12.5


@given(st.integers(0, MAX_COUNT), st.sampled_from(["{}", "{:,}", "{}.0", "{:,}.00", " {} "]))
def test_every_count_survives_the_ways_it_is_written(value: int, form: str) -> None:
    if form == "{}.0" or ("," not in form or value > 999):
        assert count(form.format(value)) == value


@given(st.text(max_size=50))
def test_no_text_raises_anything_else(cell: str) -> None:
    for read in (count, number):
        try:
            value = read(cell)
        except CellError:
            continue
        assert 0 <= value <= MAX_COUNT
