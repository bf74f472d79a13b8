"""The order of rankings."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain.ranking import rank_key
from packages.core.tests.house import NOW

Subject = tuple[float, int, datetime | None, int]
subjects = st.tuples(
    st.sampled_from([-1.0, 0.0, 2.5, 100.0]),
    st.integers(0, 3),
    st.sampled_from([None, NOW, NOW - timedelta(days=1)]),
    st.integers(1, 50),
)


def test_value_then_exposure_then_publication_then_id() -> None:
    ranked = [
        (9.0, 1, None, 5),
        (8.0, 20, None, 4),
        (8.0, 10, NOW, 9),
        (8.0, 10, NOW - timedelta(days=1), 3),
        (8.0, 10, None, 1),
        (8.0, 10, None, 2),
        (-1.0, 99, NOW, 6),
    ]
    shuffled = [ranked[n] for n in (3, 0, 6, 2, 5, 1, 4)]
    assert sorted(shuffled, key=lambda item: rank_key(*item)) == ranked


@given(
    st.lists(subjects, unique_by=lambda item: item[3]).flatmap(
        lambda items: st.tuples(st.just(items), st.permutations(items))
    )
)
def test_the_same_items_in_any_order_give_the_same_list(orders: tuple[list[Subject], list[Subject]]) -> None:
    one, another = (sorted(items, key=lambda item: rank_key(*item)) for items in orders)
    assert one == another
