"""What a provider said about one post at one instant, and how readings of one day become one."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from afterpost.domain.metrics import Kind

Value = int | float


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one post.

    `observed_at`: aware UTC instant. `values`: metric -> number; a metric the provider did not report
    is absent, never 0. `definitions`: metric -> definition in force, for every metric that was *asked
    for*, reported or not; this is how "hidden" is told from "not offered". `kinds`: only for metrics
    outside the canonical set or of another kind than usual; a name missing here is cumulative.
    `daily`: day -> metric -> value for series that are per day already.
    """

    observed_at: datetime
    values: Mapping[str, Value]
    definitions: Mapping[str, str] = {}
    published_at: datetime | None = None
    kinds: Mapping[str, Kind] = {}
    daily: Mapping[date, Mapping[str, Value]] = {}


def content_of(reading: Reading) -> bytes:
    """The reading's identity beside post and instant, as canonical bytes: values, definitions, publication.

    The publication time belongs to it because the opening rule reads it: two readings of one instant
    that differ only there must not be told apart by the order they arrived in.
    """
    published = reading.published_at.isoformat() if reading.published_at else None
    return msgspec.json.encode(
        [reading.values, reading.definitions, published, reading.kinds], order="deterministic"
    )


def digest_of(content: bytes) -> bytes:
    """16 bytes that identify a reading's content. Of two readings of one instant the greater one counts."""
    return hashlib.sha256(content).digest()[:16]
