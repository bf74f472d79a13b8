"""What a provider declares about itself: metrics with their meaning, batch sizes, limits, hosts."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from afterpost.domain.metrics import Kind

CONTRACT_VERSION = 1


class MetricSpec(Struct, frozen=True, kw_only=True):
    """One metric: canonical `name` (or `x_<provider>_<native>`), the platform's `native` field, its meaning.

    `definition` changes whenever the platform redefines the metric (use the date). `day_zone` is needed for
    kind `daily`. `latency_hours`: how late a day is final.
    """

    name: str
    native: str
    kind: Kind = Kind.CUMULATIVE
    unit: Literal["count", "seconds", "ratio", "currency_micros"] = "count"
    definition: str = "1"
    monotonic: bool = True
    day_zone: str | None = None
    latency_hours: int = 0
    scopes: tuple[str, ...] = ()


class RateLimit(Struct, frozen=True, kw_only=True):
    """A limit of the platform: `amount` of `unit` per `seconds`, for the whole app or per account."""

    unit: Literal["requests", "units", "money"]
    amount: int
    seconds: int
    scope: Literal["app", "account"]
    resets: str = "rolling"
    """`rolling`, or `midnight <IANA zone>`."""


class Capabilities(Struct, frozen=True, kw_only=True):
    """A provider's declaration; plain data, the same at every call."""

    platform: str
    display_name: str
    metrics: tuple[MetricSpec, ...]
    batch_size: int = 50
    lists_posts: bool = True
    list_carries_metrics: bool = False
    hosts: tuple[str, ...] = ()
    """The only hosts the provider may call, over HTTPS."""
    limits: tuple[RateLimit, ...] = ()
    contract_version: int = CONTRACT_VERSION

    def definitions(self) -> Mapping[str, str]:
        """metric -> definition in force, for a Reading of everything this provider offers."""
        return {spec.name: spec.definition for spec in self.metrics if spec.kind is not Kind.DAILY}

    def kinds(self) -> Mapping[str, Kind]:
        """metric -> kind, of those whose kind is not `cumulative`."""
        return {spec.name: spec.kind for spec in self.metrics if spec.kind is not Kind.CUMULATIVE}
