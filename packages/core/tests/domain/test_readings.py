"""What a provider says: which numbers can't be true, and what makes two readings the same."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from afterpost.domain.metrics import MAX_COUNT, Kind
from afterpost.domain.readings import Reading, checked, content_of, digest_of, kind_of, nominal
from packages.core.tests.house import NOW


def reading(**changes: Any) -> Reading:
    plain = Reading(observed_at=NOW, values={"views": 1, "likes": 2}, definitions={"views": "v1"})
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"views": 0, "likes": MAX_COUNT},
        {"avg_view_seconds": 12.5},
        {"avg_view_seconds": -3},
        {"x_sample_points": 4},
    ],
)
def test_numbers_that_can_be_true_stay(values: dict[str, Any]) -> None:
    given = reading(values=values)
    assert checked(given) == (given, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("views", -1),
        ("views", MAX_COUNT + 1),
        ("views", 1.0),
        ("views", True),
        ("views", "1"),
        ("views", None),
        ("views", float("nan")),
        ("estimated_minutes", 1),
        ("x_sample", 1),
        ("avg_view_seconds", float("nan")),
        ("avg_view_seconds", float("inf")),
        ("avg_view_seconds", float("-inf")),
        ("avg_view_seconds", 10**400),
        ("avg_view_seconds", -(10**400)),
        ("avg_view_seconds", False),
    ],
)
def test_a_number_that_cant_be_true_is_left_out_and_named(name: str, value: object) -> None:
    kept, refused = checked(reading(values={"likes": 2, name: value}))
    assert kept == reading(values={"likes": 2})
    assert refused == (name,)


def test_a_declared_kind_decides_what_can_be_true() -> None:
    level = reading(values={"x_sample_level": -1.5}, kinds={"x_sample_level": Kind.GAUGE})
    assert checked(level) == (level, ())
    assert checked(msgspec.structs.replace(level, kinds={}))[1] == ("x_sample_level",)


@pytest.mark.parametrize(
    ("name", "declared", "expected"),
    [
        ("views", {}, Kind.CUMULATIVE),
        ("avg_view_seconds", {}, Kind.GAUGE),
        ("x_sample_points", {}, Kind.CUMULATIVE),
        ("x_sample_points", {"x_sample_points": Kind.RATIO}, Kind.RATIO),
        ("views", {"views": Kind.DAILY}, Kind.DAILY),
    ],
)
def test_a_kind_is_the_declared_one_else_what_the_name_means(
    name: str, declared: dict[str, Kind], expected: Kind
) -> None:
    assert kind_of(name, declared) is expected


def digest(**changes: Any) -> bytes:
    return digest_of(content_of(reading(**changes)))


def test_a_digest_tells_contents_apart() -> None:
    different = [
        digest(values={"views": 1, "likes": 3}),
        digest(values={"views": 1}),
        digest(definitions={"views": "v2"}),
        digest(published_at=NOW),
        digest(kinds={"views": Kind.GAUGE}),
    ]
    assert len({digest(), *different}) == 6
    assert len(digest()) == 16


def test_a_digest_does_not_depend_on_order_or_instant_or_how_an_instant_is_written() -> None:
    assert digest(values={"likes": 2, "views": 1}) == digest()
    assert digest(observed_at=NOW + timedelta(hours=1)) == digest()
    elsewhere = NOW.astimezone(timezone(timedelta(hours=2)))
    assert digest(published_at=elsewhere) == digest(published_at=NOW)


@pytest.mark.parametrize("micros", [0, 1, 500_000])
def test_the_content_is_one_text_that_never_changes(micros: int) -> None:
    """Digests are stored: the same reading has to have the same one after any upgrade."""
    said = reading(published_at=NOW.replace(microsecond=micros), kinds={"x_sample_heat": Kind.GAUGE})
    published = NOW.replace(microsecond=micros).isoformat()
    assert content_of(said) == (
        b'[{"likes":2,"views":1},{"views":"v1"},"%b",{"x_sample_heat":"gauge"}]' % published.encode()
    )
    assert content_of(reading()) == b'[{"likes":2,"views":1},{"views":"v1"},null,{}]'


@pytest.mark.parametrize(
    "wrong",
    [
        {"published_at": datetime(2026, 3, 1, tzinfo=UTC), "published_on": date(2026, 3, 1)},
        {"published_on": datetime(2026, 3, 1, tzinfo=UTC)},
        {"published_on": "2026-03-01"},
        {"observed_on": date(2026, 3, 2)},
    ],
)
def test_days_that_are_none_or_contradict_an_instant_are_refused(wrong: dict[str, Any]) -> None:
    whole = Reading(observed_at=nominal(date(2026, 3, 1)), values={})
    assert checked(msgspec.structs.replace(whole, observed_on=date(2026, 3, 1)))[1] == ()
    with pytest.raises(ValueError, match=r"day|instant|hour"):
        checked(msgspec.structs.replace(whole, **wrong))
