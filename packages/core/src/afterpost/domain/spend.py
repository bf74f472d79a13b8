"""What calls cost: requests, quota units, money."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Operation = Literal["check", "refresh", "list_posts", "fetch_metrics", "fetch_account", "fetch_daily"]
"""The methods of a provider that ask the platform."""

MICROS = 1_000_000
"""Of `money` in one US dollar."""


class Spend(Struct, frozen=True):
    """An amount of each thing that platforms limit. `money` in millionths of a US dollar; all integers,
    so that sums are exact."""

    requests: int = 0
    units: int = 0
    money: int = 0

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(self.requests + other.requests, self.units + other.units, self.money + other.money)

    def __mul__(self, times: int) -> "Spend":
        return Spend(self.requests * times, self.units * times, self.money * times)


class Price(Struct, frozen=True):
    """What reading posts one way costs: a `call` for every `size` posts, and `item` for each."""

    call: Spend
    item: Spend
    size: int

    def of(self, posts: int) -> Spend:
        """The cost of so many posts."""
        return self.call * -(-posts // self.size) + self.item * posts


def newest_by_list(due: Sequence[bool], listing: Price, fetching: Price) -> int:
    """How many of an account's newest posts are cheapest read off its list, the other due ones being fetched.

    `due`: for each post, newest first, whether it is to be read at all; a list gives those between as well.
    Money counts before units, and units before requests; 0 where fetching alone costs no more.
    """
    wanted = sum(due)
    best, cheapest = 0, fetching.of(wanted)
    covered = 0
    for place, is_due in enumerate(due, start=1):
        if not is_due:
            continue
        covered += 1
        cost = listing.of(place) + fetching.of(wanted - covered)
        if (cost.money, cost.units, cost.requests) < (cheapest.money, cheapest.units, cheapest.requests):
            best, cheapest = place, cost
    return best
