"""What today's code reads otherwise, instant by instant: what can be told anew, and what can't."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from msgspec import Struct

from afterpost.domain.readings import Reading, Value
from afterpost.domain.scope import Scope
from afterpost.domain.snapshots import Observed, merge_day
from afterpost.storage import posts, replica
from afterpost.storage.engine import Connection
from afterpost.storage.replica import Kept

NAMED = 1_000
"""Examples named in full; further ones are counted alone."""
PUBLICATION = "publication"
"""Stands where a metric does, for a publication that is read otherwise."""
At = tuple[int, datetime]
"""A post and an instant."""
Known = Value | date | None


class Correction(Struct, frozen=True):
    """An instant of a post that today's code reads otherwise. `run_id`: the run that stored what counts now;
    `stored`: the values that count now; `changes`: metric -> stored (None: absent) and derived; `readings`:
    what is to be told, in order."""

    organization_id: int
    post_id: int
    day: int
    observed_at: datetime
    run_id: int
    source: str
    stored: Mapping[str, Known]
    changes: Mapping[str, tuple[Known, Known]]
    readings: tuple[Reading, ...]


class Changed(Struct, frozen=True):
    """One value that is read otherwise now; None: absent."""

    post_id: int
    platform: str
    external_id: str
    observed_at: datetime
    run_id: int
    metric: str
    stored: Known
    derived: Known


class Count(Struct, frozen=True):
    """How many values of a platform's metric are read otherwise."""

    platform: str
    metric: str
    values: int


class Corrections(Struct, frozen=True):
    """What telling anew changes, or would (`told`: instants that were; None: nothing was written).

    `readings`: instants of `posts` that today's code reads otherwise; `examples`: the first 1,000 values.
    `staying`: values that stand and that today's code does not read at all: nothing takes back what was said.
    `not_stored`: instants that it reads and that were never stored; importing the file again stores them.
    `run_ids`: the runs that told, one for each run whose readings they correct; `passed_over`: instants of
    which something else was told meanwhile.
    """

    readings: int
    posts: int
    by_metric: tuple[Count, ...]
    examples: tuple[Changed, ...]
    staying: int
    not_stored: int
    told: int | None = None
    passed_over: int = 0
    run_ids: tuple[int, ...] = ()


class Found(Struct, frozen=True):
    """The corrections of a scope, counted; `amounts`: organisation -> corrections."""

    corrections: Corrections
    amounts: Mapping[int, int]


def counting(readings: Sequence[Kept]) -> dict[str, Known]:
    """What counts of the readings of one instant: metric -> value, and the publication."""
    ordered = in_order(readings)
    merged = merge_day(_observed(each) for each in ordered)
    told = [each.reading.published for each in ordered if each.reading.published is not None]
    told.sort(key=lambda published: isinstance(published, datetime))  # the more precise counts
    values: dict[str, Known] = {**merged.totals, **merged.gauges}
    return values | {PUBLICATION: told[-1]} if told else values


def in_order(readings: Sequence[Kept]) -> list[Kept]:
    """Readings of one instant, the one that counts last."""
    return sorted(readings, key=lambda each: (each.told, each.digest))


def _observed(kept: Kept) -> Observed:
    reading = kept.reading
    return Observed(
        *(reading.observed_at, kept.digest, reading.values, reading.kinds, reading.definitions, kept.source),
        *(reading.published, reading.whole_day, kept.told),
    )


def corrections(
    original: Connection, derived: Connection, scope: Scope, others: "Others | None" = None
) -> Iterator[Correction]:
    """The instants that are read otherwise, by day. `others` counts what can't be told.

    An instant with a reading whose payload is not there is left alone: who says that it is the wrong one?
    """
    for day in sorted({*replica.days_read(original, scope), *replica.days_read(derived, scope)}):
        ours, theirs = by_instant(original, scope, day), by_instant(derived, scope, day)
        spoken = replica.unaccounted_on(original, scope, day)
        for at in sorted({*ours, *theirs} - spoken):
            if at not in ours or at not in theirs:
                if others is not None:
                    others.not_stored += at not in ours
                    others.staying += sum(len(each.reading.values) for each in ours.get(at, ()))
                continue
            stored, read = counting(ours[at]), counting(theirs[at])
            if others is not None:
                others.staying += len(stored.keys() - read.keys())
            changes = {name: (stored.get(name), value) for name, value in read.items()}
            changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
            if changes:
                last, anew = in_order(ours[at])[-1], in_order(theirs[at])
                yield Correction(
                    *(last.organization_id, at[0], day, at[1], last.run_id, anew[-1].source),
                    *(stored, changes, tuple(each.reading for each in anew)),
                )


class Others:
    """Counts what differs and can't be told."""

    def __init__(self) -> None:
        self.staying = 0
        self.not_stored = 0


def by_instant(
    connection: Connection, scope: Scope, day: int, post_ids: Collection[int] | None = None
) -> dict[At, list[Kept]]:
    """The readings of a day, of those posts or of all, by post and instant."""
    found: dict[At, list[Kept]] = {}
    for kept in replica.readings_on(connection, scope, day, post_ids):
        found.setdefault((kept.post_id, kept.reading.observed_at), []).append(kept)
    return found


def find(original: Connection, derived: Connection, scope: Scope) -> Found:
    """Count the corrections, and name the first."""
    others, amounts, values = Others(), Counter[int](), Counter[tuple[str, str]]()
    of_posts: set[int] = set()
    examples: list[Changed] = []
    each = corrections(original, derived, scope, others)
    for _, together in groupby(each, key=lambda one: one.day):
        some = list(together)
        owners = posts.get_posts(original, scope, {one.post_id for one in some})
        for one in some:
            owner = owners[one.post_id]
            of_posts.add(one.post_id)
            amounts[one.organization_id] += 1
            for metric, (stored, read) in one.changes.items():
                values[owner.platform, metric] += 1
                if len(examples) < NAMED:
                    examples.append(
                        Changed(
                            *(one.post_id, owner.platform, owner.external_id, one.observed_at, one.run_id),
                            *(metric, stored, read),
                        )
                    )
    counts = tuple(Count(*key, values[key]) for key in sorted(values))
    found = Corrections(
        *(amounts.total(), len(of_posts), counts, tuple(examples), others.staying, others.not_stored)
    )
    return Found(found, dict(amounts))
