"""What a platform's numbers mean in a window: how far they are final, how they are defined, what changed."""

from collections.abc import Mapping
from datetime import date, timedelta

from msgspec import Struct

from afterpost.domain.metrics import CUMULATIVE, Kind
from afterpost.domain.windows import local_day, zone_of
from afterpost.sdk import Capabilities, MetricSpec
from afterpost.services.question import Asked
from afterpost.storage import rollups


class Break(Struct, frozen=True):
    """The platform counts a metric otherwise from `on` on: numbers before and after are not the same thing,
    and a comparison across that day compares both."""

    platform: str
    metric: str
    on: date
    note: str


def declared(asked: Asked) -> Mapping[str, Capabilities | None]:
    """platform -> what its provider declares; None where no loaded plugin knows it."""
    found = rollups.platforms(asked.connection, asked.scope, asked.selection)
    known = {platform: asked.core.providers.get(platform) for platform in found}
    return {platform: None if one is None else one.capabilities for platform, one in known.items()}


def complete_through(asked: Asked, known: Mapping[str, Capabilities | None]) -> Mapping[str, date]:
    """platform -> the last day whose counters are past the latency that its provider declares."""
    zone, now = zone_of(asked.organization.time_zone), asked.core.now()
    return {
        platform: local_day(now - latency(one), zone) - timedelta(days=1) for platform, one in known.items()
    }


def latency(declared: Capabilities | None) -> timedelta:
    """How long after a day its counters may still be told late; none where no plugin says."""
    return timedelta(hours=max((spec.latency_hours for spec in _counters(declared)), default=0))


def definitions(known: Mapping[str, Capabilities | None]) -> Mapping[str, Mapping[str, str]]:
    """platform -> counter -> the definition in force; empty for a platform that no plugin knows."""
    return {
        platform: {spec.name: spec.definition for spec in _counters(one)} for platform, one in known.items()
    }


def breaks(asked: Asked, known: Mapping[str, Capabilities | None]) -> tuple[Break, ...]:
    """Redefinitions of counters inside the window or the one before, for the two are compared."""
    first, last = asked.window.previous().start, asked.window.end
    return tuple(
        Break(platform, metric, change.on, change.note)
        for platform, one in known.items()
        if one is not None
        for metric, change in one.crossed(first, last)
        if metric in {spec.name for spec in _counters(one)}
    )


def _counters(one: Capabilities | None) -> list[MetricSpec]:
    specs = () if one is None else one.metrics
    return [spec for spec in specs if spec.name in CUMULATIVE and spec.kind is Kind.CUMULATIVE]
