"""Readings that can't both be true, and what is said of them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterpost.domain.contradictions import contradicting
from afterpost.domain.readings import Reading

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = date(2026, 11, 20)
NOMINAL = datetime(2026, 11, 20, tzinfo=UTC)


def told(
    values: dict[str, Any], post: str = "a1", at: datetime = AT, **more: Any
) -> tuple[str, str, Reading]:
    return "x", post, Reading(observed_at=at, values=values, **more)


def test_two_values_of_one_metric_at_one_instant_name_each_other() -> None:
    found = contradicting([told({"views": 100}), told({"views": 5}, post="b"), told({"views": 90})])
    assert {place: one.sentence("line") for place, one in found.items()} == {
        0: "Contradicts line 2: views of x a1 at 2026-11-20T10:00:00+00:00 is 100 here and 90 there.",
        2: "Contradicts line 0: views of x a1 at 2026-11-20T10:00:00+00:00 is 90 here and 100 there.",
    }


def test_of_three_that_disagree_each_names_the_others() -> None:
    found = contradicting([told({"views": n}) for n in (1, 2, 1, 3, 4, 5)])
    assert [found[n].others for n in range(6)] == [
        (1, 3, 4, 5),
        (0, 2, 3, 4, 5),
        (1, 3, 4, 5),
        (0, 1, 2, 4, 5),
        (0, 1, 2, 3, 5),
        (0, 1, 2, 3, 4),
    ]
    assert found[1].sentence("line").startswith("Contradicts line 0, 2, 3 and 2 more: views")


@pytest.mark.parametrize(
    "second",
    [
        told({"views": 100}),
        told({"views": 100.0}),
        told({"likes": 5}),
        told({}),
        told({"views": 90}, post="b"),
        told({"views": 90}, at=datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)),
        told({"views": 90}, at=NOMINAL, observed_on=DAY),
    ],
)
def test_what_the_other_does_not_say_contradicts_nothing(second: tuple[str, str, Reading]) -> None:
    assert contradicting([told({"views": 100}), second]) == {}


def test_a_day_contradicts_another_day_alone() -> None:
    days = [told({"views": n}, at=NOMINAL, observed_on=DAY) for n in (1, 2)]
    assert set(contradicting([*days, told({"views": 3}, at=NOMINAL)])) == {0, 1}


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ({"published_at": AT}, {"published_at": NOMINAL}, False),
        ({"published_at": AT}, {"published_at": AT}, True),
        ({"published_at": AT}, {}, True),
        ({"published_on": DAY}, {"published_on": date(2026, 11, 19)}, False),
        ({"published_on": DAY}, {"published_at": datetime(2026, 11, 22, 9, tzinfo=UTC)}, True),
    ],
)
def test_two_publications_contradict_each_other(one: Any, other: Any, agree: bool) -> None:
    assert (contradicting([told({"views": 1}, **one), told({"likes": 1}, **other)]) == {}) is agree


def test_amounts_of_a_day_contradict_each_other() -> None:
    first, second = ({date(2026, 3, 1): {"views": n}, date(2026, 3, 2): {"views": 1}} for n in (1, 2))
    found = contradicting([told({}, daily=first), told({}, daily=second)])
    assert (
        found[0].sentence("line") == "Contradicts line 1: views of x a1 for 2026-03-01 is 1 here and 2 there."
    )
    assert contradicting([told({}, daily=first), told({"views": 9})]) == {}
