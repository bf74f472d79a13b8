"""What calls cost: requests, quota units, money."""

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
