"""Readings that can't both be true: one post, one instant, one metric, two values, or two publications."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from afterpost.domain.readings import Reading, Value

Told: TypeAlias = tuple[str, str, Reading]
"""Platform, external id, and what is said of that post."""
_Key: TypeAlias = tuple[str, str, datetime | date, date | None]
"""Platform, external id, instant (or day) of the reading, and day of a series that is per day already."""
_Claim: TypeAlias = Value | datetime | date
PUBLICATION = "publication"
LISTED = 3
"""Others that a sentence names."""


class Contradiction(NamedTuple):
    """One of several things told that contradict each other: the places of the others, and about what."""

    others: tuple[int, ...]
    what: str

    def sentence(self, noun: str) -> str:
        """What is wrong, for people; `noun`: what a place is, such as line."""
        places = ", ".join(str(place) for place in self.others[:LISTED])
        more = f" and {len(self.others) - LISTED} more" if len(self.others) > LISTED else ""
        return f"Contradicts {noun} {places}{more}: {self.what}."


class Contradictions:
    """Finds contradictions in two looks, so that nothing is held of what is told once: `notice` everything,
    then `compare` it."""

    def __init__(self) -> None:
        self._once: set[int] = set()
        self._again: set[int] = set()
        self._claims: dict[tuple[_Key, str], dict[_Claim, list[int]]] = {}

    def notice(self, told: Told) -> None:
        """Remember that something was told of a post and instant."""
        for key in _keys(told):
            mark = hash(key)
            (self._again if mark in self._once else self._once).add(mark)

    @property
    def possible(self) -> bool:
        """True where anything was told twice, so that comparing can find something."""
        return bool(self._again)

    def compare(self, place: int, told: Told) -> None:
        """Hold what was told at a place against the rest."""
        for key in _keys(told):
            if hash(key) in self._again:
                for what, claim in _claims(key, told[2]):
                    self._claims.setdefault((key, what), {}).setdefault(claim, []).append(place)

    def found(self) -> dict[int, Contradiction]:
        """place -> what contradicts it, the first such thing."""
        found: dict[int, Contradiction] = {}
        for (key, what), claims in self._claims.items():
            for claim, places in claims.items():
                rivals = {other: at for other, at in claims.items() if not _agree(claim, other)}
                if not rivals:
                    continue
                there = min(rivals, key=lambda other: rivals[other])
                others = tuple(sorted({at for some in rivals.values() for at in some}))
                said = f"{_subject(key, what)} is {_shown(claim)} here and {_shown(there)} there"
                for place in places:
                    found.setdefault(place, Contradiction(others, said))
        return found


def contradicting(told: Iterable[Told]) -> dict[int, Contradiction]:
    """Those of several things told that contradict each other, by their place from 0."""
    everything = list(told)
    known = Contradictions()
    for each in everything:
        known.notice(each)
    if known.possible:
        for place, each in enumerate(everything):
            known.compare(place, each)
    return known.found()


def _keys(told: Told) -> Iterator[_Key]:
    """What a reading speaks of: its instant, or its day where it tells no hour; and each day of a series."""
    platform, external_id, reading = told
    when = reading.observed_on or reading.observed_at
    if reading.values or reading.published_at is not None or reading.published_on is not None:
        yield platform, external_id, when, None
    for day in reading.daily:
        yield platform, external_id, when, day


def _claims(key: _Key, reading: Reading) -> Iterator[tuple[str, _Claim]]:
    # A plugin's format can hand over anything.
    values: Mapping[str, Any] = reading.values if key[3] is None else reading.daily[key[3]]
    yield from ((name, value) for name, value in values.items() if isinstance(value, int | float))
    published = reading.published_at or reading.published_on
    if key[3] is None and published is not None:
        yield PUBLICATION, published


def _subject(key: _Key, what: str) -> str:
    platform, external_id, when, day = key
    return (
        f"{what} of {platform} {external_id} {f'for {day}' if day is not None else f'at {when.isoformat()}'}"
    )


def _agree(one: _Claim, other: _Claim) -> bool:
    """A day and an instant agree: the more precise of the two counts."""
    return one == other or isinstance(one, datetime) != isinstance(other, datetime)


def _shown(claim: _Claim) -> str:
    return claim.isoformat() if isinstance(claim, date) else str(claim)
