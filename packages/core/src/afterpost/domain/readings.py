"""What a provider said about one post at one instant, and how readings of one day become one."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

import msgspec

from afterpost.domain.metrics import CANONICAL, CUMULATIVE, MAX_COUNT, Kind, is_metric_name

Value = int | float
Published: TypeAlias = datetime | date
"""A publication as it is told: an instant, or only a day."""
_GAUGES = frozenset(CANONICAL) - frozenset(CUMULATIVE)
_encode = msgspec.json.Encoder(order="deterministic").encode


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one post.

    `observed_at`: aware UTC instant. `observed_on`: the calendar day, of a reading that tells no hour; then
    `observed_at` is `nominal` of it, and says nothing. `published_at`, `published_on`: the publication as an
    instant, or only as a day; at most one of them. `values`: metric -> number; a metric the provider did not
    report is absent, never 0. `definitions`: metric -> definition in force, for every metric that was *asked
    for*, reported or not; this is how "hidden" is told from "not offered". `kinds`: only for metrics
    outside the canonical set or of another kind than usual; a name missing here is cumulative.
    `daily`: day -> metric -> value for series that are per day already.
    """

    observed_at: datetime
    values: Mapping[str, Value]
    definitions: Mapping[str, str] = {}
    published_at: datetime | None = None
    published_on: date | None = None
    observed_on: date | None = None
    kinds: Mapping[str, Kind] = {}
    daily: Mapping[date, Mapping[str, Value]] = {}

    @property
    def published(self) -> Published | None:
        """The publication as it was told."""
        return self.published_on if self.published_at is None else self.published_at

    @property
    def whole_day(self) -> bool:
        """Whether it tells only the day it was read on."""
        return self.observed_on is not None


def nominal(day: date) -> datetime:
    """The `observed_at` of a reading that tells only a day: 00:00 UTC, the same in every zone."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def checked(reading: Reading) -> tuple[Reading, tuple[str, ...]]:
    """The reading without values that can't be true, and the names of those metrics.

    A name must be a metric's, a counter an integer in [0, MAX_COUNT], a gauge or ratio a finite number. What
    is left out is absent, never 0; the rest of the reading stands. Raises ValueError when the instants, days
    or definitions are none or contradict each other, for then nothing of it can be placed.
    """
    # A struct checks nothing when it is made, so a plugin can hand over anything.
    _refuse_other_than_instant(reading.observed_at)
    if reading.published_at is not None:
        _refuse_other_than_instant(reading.published_at)
        if reading.published_on is not None:
            raise ValueError("a publication is an instant or a day, and not both")
    for day in (reading.observed_on, reading.published_on):
        _refuse_other_than_day(day)
    if reading.observed_on is not None and reading.observed_at != nominal(reading.observed_on):
        raise ValueError(f"a reading of {reading.observed_on} has no hour, and not {reading.observed_at}")
    _refuse_other_than_texts(reading.definitions)
    refused = tuple(name for name, value in reading.values.items() if not _possible(name, value, reading))
    if not refused:
        return reading, ()
    kept = {name: value for name, value in reading.values.items() if name not in refused}
    return msgspec.structs.replace(reading, values=kept), refused


def _refuse_other_than_instant(value: object) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{value!r} is no aware instant")


def _refuse_other_than_day(value: object) -> None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise ValueError(f"{value!r} is no day")


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


def contradict(
    values: Mapping[str, Value],
    published: Published | None,
    others: Mapping[str, Value],
    other_published: Published | None,
) -> bool:
    """Whether two readings of one post and instant can't both be true: two values of one metric, or two
    publications told alike. An instant and a day do not contradict each other: the more precise counts."""
    if any(name in others and others[name] != value for name, value in values.items()):
        return True
    if published is None or other_published is None:
        return False
    return isinstance(published, datetime) == isinstance(other_published, datetime) and (
        published != other_published
    )


def content_of(reading: Reading) -> bytes:
    """The reading's identity beside post and instant, as canonical bytes: values, definitions, publication,
    and whether it tells only its day."""
    definitions, kinds = written(reading.definitions), written(reading.kinds)
    return content(written(reading.values), definitions, reading.published, kinds, reading.whole_day)


def content(
    values: bytes, definitions: bytes, published: Published | None, kinds: bytes, whole_day: bool = False
) -> bytes:
    """`content_of` a reading whose other parts are `written` already."""
    told = b"null"
    if isinstance(published, datetime):
        # One instant can be written with any offset.
        told = _encode(published.astimezone(UTC))[:-2] + b'+00:00"'
    elif published is not None:
        told = _encode(published)
    parts = b"%b,%b,%b,%b" % (values, definitions, told, kinds)
    return b"[%b,true]" % parts if whole_day else b"[%b]" % parts


def digest_of(content: bytes) -> bytes:
    """16 bytes that identify a reading's content."""
    return hashlib.sha256(content).digest()[:16]
