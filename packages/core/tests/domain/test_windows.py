"""Days, windows, and what is complete."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afterpost.domain.errors import InvalidInput, InvalidWindow
from afterpost.domain.windows import (
    FIRST_DAY,
    MAX_DAYS,
    Window,
    day_date,
    day_number,
    day_start,
    local_day,
    local_day_number,
    resolve_window,
    skipped_days,
    zone_of,
)
from packages.core.tests.house import at, day, vector

NOW = datetime(2026, 8, 10, 12, 34, 56, 789_000, tzinfo=UTC)
SOME_ZONES = (
    "UTC",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "America/Havana",  # winter begins with an hour that is twice after midnight
    "Asia/Beirut",  # summer begins at midnight
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
)


def test_the_default_is_the_seven_days_that_end_yesterday() -> None:
    window = resolve_window(NOW, "UTC")
    assert (window.start, window.end, window.days) == (day("2026-08-03"), day("2026-08-09"), 7)
    assert not window.clamped
    assert (window.begins_at(), window.ends_at()) == (at("2026-08-03 00:00"), at("2026-08-10 00:00"))


def test_vector_52_the_default_is_that_of_the_original() -> None:
    expected = vector("GV-52")["expected"]
    window = resolve_window(NOW, "UTC")
    assert window.begins_at() == datetime.fromisoformat(expected["start"])
    # The original counts to the last millisecond; a window here ends where the next day begins.
    assert window.ends_at() == datetime.fromisoformat(expected["end"]) + timedelta(milliseconds=1)


def test_yesterday_is_that_of_the_zone() -> None:
    just_before_midnight_in_kathmandu = datetime(2026, 8, 10, 18, 14, tzinfo=UTC)
    assert resolve_window(just_before_midnight_in_kathmandu, "Asia/Kathmandu").end == day("2026-08-09")
    later = just_before_midnight_in_kathmandu + timedelta(minutes=1)
    assert resolve_window(later, "Asia/Kathmandu").end == day("2026-08-10")
    assert resolve_window(later, "UTC").end == day("2026-08-09")


@pytest.mark.parametrize("end", ["2026-08-10", "2026-08-11", "9999-12-31"])
def test_an_end_of_today_or_later_becomes_yesterday(end: str) -> None:
    window = resolve_window(NOW, "UTC", day("2026-08-01"), day(end))
    assert window == Window(day("2026-08-01"), day("2026-08-09"), "UTC", clamped=True)


def test_an_end_of_yesterday_is_not_clamped() -> None:
    assert not resolve_window(NOW, "UTC", day("2026-08-01"), day("2026-08-09")).clamped


def test_vector_55_the_original_clamps_as_well() -> None:
    given, expected = vector("GV-55")["input"], vector("GV-55")["expected"]
    now = datetime.fromisoformat(given["now"])
    window = resolve_window(now, "UTC", day(given["start"]), day(given["end"]))
    assert window.end == datetime.fromisoformat(expected["end"]).date()


def test_a_missing_start_lies_six_days_before_the_end() -> None:
    assert resolve_window(NOW, "UTC", end=day("2026-07-10")).start == day("2026-07-04")
    assert resolve_window(NOW, "UTC", end=day("2026-09-10")).start == day("2026-08-03")


def test_a_missing_end_is_yesterday() -> None:
    assert resolve_window(NOW, "UTC", day("2026-08-02")).end == day("2026-08-09")


def test_one_day_is_a_window() -> None:
    """Vector GV-58: the original refuses it."""
    window = resolve_window(NOW, "UTC", day("2026-07-10"), day("2026-07-10"))
    assert (window.days, list(window)) == (1, [day("2026-07-10")])
    assert window.previous() == Window(day("2026-07-09"), day("2026-07-09"), "UTC")


def test_a_window_clamped_to_one_day_is_one_too() -> None:
    """Vector GV-59: the original refuses it."""
    given = vector("GV-59")["input"]
    window = resolve_window(
        datetime.fromisoformat(given["now"]), "UTC", day(given["start"]), day(given["end"])
    )
    assert (window.start, window.end, window.clamped) == (day("2026-08-09"), day("2026-08-09"), True)


def test_the_previous_window_is_as_long_and_ends_the_day_before() -> None:
    window = Window(day("2026-07-08"), day("2026-07-14"), "Asia/Kathmandu", clamped=True)
    assert window.previous() == Window(day("2026-07-01"), day("2026-07-07"), "Asia/Kathmandu")


def test_vector_56_the_originals_previous_window_is_the_same() -> None:
    given, expected = vector("GV-56")["input"], vector("GV-56")["expected"]
    previous = Window(day(given["start"]), day(given["end"])).previous()
    assert previous.begins_at() == datetime.fromisoformat(expected["previousStart"])
    assert previous.end == datetime.fromisoformat(expected["previousEnd"]).date()


def test_a_reversed_window_is_refused() -> None:
    with pytest.raises(InvalidWindow, match="starts 2026-08-05, after its end 2026-08-04") as caught:
        resolve_window(NOW, "UTC", day("2026-08-05"), day("2026-08-04"))
    assert caught.value.hint
    assert "not over yet" not in caught.value.message


def test_a_window_of_today_says_that_today_is_not_over() -> None:
    with pytest.raises(InvalidWindow, match="2026-08-10 is not over yet, complete days end 2026-08-09"):
        resolve_window(NOW, "UTC", day("2026-08-10"), day("2026-08-10"))


def test_the_longest_window_is_1096_days() -> None:
    end = day("2026-08-09")
    longest = resolve_window(NOW, "UTC", end - timedelta(days=MAX_DAYS - 1), end)
    assert longest.days == MAX_DAYS == 1_096
    with pytest.raises(InvalidWindow, match="1097 days; the limit is 1096"):
        resolve_window(NOW, "UTC", end - timedelta(days=MAX_DAYS), end)


def test_a_start_before_any_post_is_a_typing_mistake() -> None:
    with pytest.raises(InvalidWindow, match="starts 1989-12-31"):
        resolve_window(NOW, "UTC", day("1989-12-31"), day("1990-01-04"))
    assert resolve_window(NOW, "UTC", FIRST_DAY, FIRST_DAY).days == 1
    assert resolve_window(NOW, "UTC", end=day("1990-01-03")).start == FIRST_DAY


@given(st.one_of(st.none(), st.dates()), st.one_of(st.none(), st.dates()))
@example(None, date.min)
@example(date.min, date.max)
@example(date.max, None)
def test_any_dates_give_a_window_or_a_sentence(start: date | None, end: date | None) -> None:
    try:
        window = resolve_window(NOW, "UTC", start, end)
    except InvalidWindow:
        return
    assert FIRST_DAY <= window.start <= window.end < NOW.date()
    assert 1 <= window.days <= MAX_DAYS
    assert window.clamped == (end is not None and end >= NOW.date())
    assert window.end == (end if end is not None and not window.clamped else day("2026-08-09"))
    assert start is None or window.start == start


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("America/Havana", "2026-11-01", 25),
        ("Asia/Beirut", "2026-03-29", 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Pacific/Apia", "2011-12-31", 24),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, date: str, hours: float) -> None:
    window = Window(day(date), day(date), zone)
    assert window.ends_at() - window.begins_at() == timedelta(hours=hours)


def test_a_day_without_midnight_begins_at_its_first_instant() -> None:
    """On 4 November 2018 clocks in São Paulo went from 23:59:59 to 01:00:00."""
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    begins = day_start(day("2018-11-04"), sao_paulo)
    assert begins == at("2018-11-04 03:00")
    assert begins.astimezone(sao_paulo).hour == 1
    assert local_day(begins, sao_paulo) == day("2018-11-04")
    assert local_day(begins - timedelta(microseconds=1), sao_paulo) == day("2018-11-03")


def test_a_day_that_did_not_happen_holds_no_instant() -> None:
    """Samoa went from 29 to 31 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    begins = day_start(day("2011-12-30"), apia)
    assert begins == day_start(day("2011-12-31"), apia) == at("2011-12-30 10:00")
    assert local_day(begins, apia) == day("2011-12-31")
    assert local_day(begins - timedelta(microseconds=1), apia) == day("2011-12-29")


@given(
    st.sampled_from(SOME_ZONES),
    st.datetimes(datetime(2010, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001 - made aware below
)
def test_every_instant_lies_in_exactly_the_day_it_is_said_to_lie_in(zone: str, naive: datetime) -> None:
    instant, cut = naive.replace(tzinfo=UTC), ZoneInfo(zone)
    found = local_day(instant, cut)
    assert day_start(found, cut) <= instant < day_start(found + timedelta(days=1), cut)
    assert day_date(local_day_number(instant, cut)) == found


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [
        ("Pacific/Apia", ["2011-12-30"]),
        ("Pacific/Kiritimati", ["1994-12-31"]),
        ("UTC", []),
        ("America/Sao_Paulo", []),  # its days without a midnight are days all the same
        ("Pacific/Guam", []),
    ],
)
def test_a_zone_that_went_over_the_date_line_has_not_every_day(zone: str, skipped: list[str]) -> None:
    assert skipped_days(zone_of(zone)) == {day_number(day(each)) for each in skipped}


def test_days_are_numbered_from_1970() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(1969, 12, 31)) == -1
    assert day_date(day_number(day("2026-08-09"))) == day("2026-08-09")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "/etc/passwd", "../UTC"])
def test_a_zone_nobody_knows_is_named(name: str) -> None:
    with pytest.raises(InvalidInput, match="There is no time zone"):
        zone_of(name)
    with pytest.raises(InvalidInput, match="There is no time zone"):
        resolve_window(NOW, name)
    assert zone_of("Europe/Berlin").key == "Europe/Berlin"
