"""What a provider said about one post at one instant, and how readings of one day become one."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from afterpost.domain.metrics import CANONICAL, CUMULATIVE, MAX_COUNT, Kind, is_metric_name

Value = int | float
_GAUGES = frozenset(CANONICAL) - frozenset(CUMULATIVE)
_encode = msgspec.json.Encoder(order="deterministic").encode


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one post.

    `observed_at`: aware UTC instant. `values`: metric -> number; a metric the provider did not report
    is absent, never 0. `definitions`: metric -> definition in force, for every metric that was *asked
    for*, reported or not; this is how "hidden" is told from "not offered". `kinds`: only for metrics
    outside the canonical set or of another kind than usual; a name missing here is cumulative.
    `daily`: day -> metric -> value for series that are per day already. `published_on`: the publication
    where only its day is known; `published_at` is then None. `observed_on`: the day of a reading of which
    only that is known, a calendar day of the organisation; `observed_at` is then the nominal instant 00:00
    UTC of that day, which nothing but storage reads.
    """

    observed_at: datetime
    values: Mapping[str, Value]
    definitions: Mapping[str, str] = {}
    published_at: datetime | None = None
    kinds: Mapping[str, Kind] = {}
    daily: Mapping[date, Mapping[str, Value]] = {}
    published_on: date | None = None
    observed_on: date | None = None


def checked(reading: Reading) -> tuple[Reading, tuple[str, ...]]:
    """The reading without values that can't be true, and the names of those metrics.

    A name must be a metric's, a counter an integer in [0, MAX_COUNT], a gauge or ratio a finite number. What
    is left out is absent, never 0; the rest of the reading stands. Raises ValueError when the instants or the
    definitions are none, for then nothing of it can be placed.
    """
    # A struct checks nothing when it is made, so a plugin can hand over anything.
    _refuse_other_than_instant(reading.observed_at)
    if reading.published_at is not None:
        _refuse_other_than_instant(reading.published_at)
    _refuse_other_than_texts(reading.definitions)
    refused = tuple(name for name, value in reading.values.items() if not _possible(name, value, reading))
    if not refused:
        return reading, ()
    kept = {name: value for name, value in reading.values.items() if name not in refused}
    return msgspec.structs.replace(reading, values=kept), refused


def _refuse_other_than_instant(value: object) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{value!r} is no aware instant")


def _refuse_other_than_texts(definitions: Mapping[Any, Any]) -> None:
    if not all(isinstance(part, str) for pair in definitions.items() for part in pair):
        raise ValueError("definitions are texts by metric")


def _possible(name: str, value: object, reading: Reading) -> bool:
    if not is_metric_name(name) or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if kind_of(name, reading.kinds) is Kind.CUMULATIVE:
        return isinstance(value, int) and 0 <= value <= MAX_COUNT
    return abs(value) <= MAX_COUNT  # neither infinity nor NaN is


def kind_of(name: str, kinds: Mapping[str, Kind]) -> Kind:
    """The kind of a metric in a reading: as declared, else what the canonical name means."""
    declared = kinds.get(name)
    if declared is not None:
        return declared
    return Kind.GAUGE if name in _GAUGES else Kind.CUMULATIVE


def written(part: object) -> bytes:
    """A part of a reading as canonical JSON: one text for what is equal."""
    return _encode(part)


def content_of(reading: Reading) -> bytes:
    """The reading's identity beside post and instant, as canonical bytes: values, definitions, publication.

    The publication time belongs to it because the opening rule reads it: two readings of one instant
    that differ only there must not be told apart by the order they arrived in.
    """
    definitions, kinds = written(reading.definitions), written(reading.kinds)
    return content(written(reading.values), definitions, reading.published_at, kinds)


def content(values: bytes, definitions: bytes, published_at: datetime | None, kinds: bytes) -> bytes:
    """`content_of` a reading whose other parts are `written` already."""
    # One instant can be written with any offset.
    published = b"null"
    if published_at is not None:
        published = _encode(published_at.astimezone(UTC))[:-2] + b'+00:00"'
    return b"[%b,%b,%b,%b]" % (values, definitions, published, kinds)


def digest_of(content: bytes) -> bytes:
    """16 bytes that identify a reading's content. Of two readings of one instant the greater one counts."""
    return hashlib.sha256(content).digest()[:16]
