"""Days on which a post was read and days on which a read was due, as counters that add up.

Of a window three things are asked: how many posts had a read due in it, how many of these were not read in
it, and how many were not read since it ended. Each post counts on its first day of a kind inside the window,
the one whose gap to the day before reaches back beyond the start (a gap of 0: there is none before). So:

- `due`: a day with a due read, by the days since the last such day.
- `missed`: a day with either, one more, and a day with a reading, one less, each by the days since the last
  one of its own kind. Posts with either in a window, less those with a reading in it, are those that were due
  and not read.
- `unread`: a due day that no reading after it settled: the last one up to the last reading, and those after
  it; `gap` days before that reading (0: on its day, or later). A window waits for the post if it holds such a
  day and, by the gap, does not end before the last reading.

Snapshots book their own counter, `posts`. Days are numbers (`windows.day_number`).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

Key = tuple[int, int, str]
"""Day, gap, counter."""


class Standing(NamedTuple):
    """How far a post's days were gone through: the last one with a reading, the last two with a due read
    (`before`: the earlier), and the due days that no reading settled (`unread`)."""

    seen: int | None = None
    due: int | None = None
    before: int | None = None
    unread: tuple[int, ...] = ()

    def on(self, day: int, *, seen: bool, due: bool, booked: Counter[Key]) -> "Standing":
        """After one more day, with a reading or a due read or both; adds what it books, but for `unread`."""
        last = max((each for each in (self.seen, self.due) if each is not None), default=None)
        booked[day, _gap(day, last), "missed"] += 1
        if seen:
            booked[day, _gap(day, self.seen), "missed"] -= 1
        if due:
            booked[day, _gap(day, self.due), "due"] += 1
        unread = (*self.unread, day) if due else self.unread
        return Standing(
            day if seen else self.seen,
            day if due else self.due,
            self.due if due else self.before,
            unread[-1:] if seen else unread,
        )

    def waiting(self) -> Iterable[Key]:
        """What is booked for the due days that no reading settled."""
        return ((day, max(0, (self.seen or 0) - day), "unread") for day in self.unread)


def _gap(day: int, before: int | None) -> int:
    return 0 if before is None else day - before


def events(seen: Collection[int], due: Collection[int], *, live: bool, since: int = 0) -> Counter[Key]:
    """What a post's days from `since` on book, and what waits for it; nobody waits for one that is gone.

    Of the days before it takes the last one with a reading, and those with a due read down to the last one
    that is not after that reading.
    """
    read, wanted = set(seen), set(due)
    standing = Standing()
    booked: Counter[Key] = Counter()
    for day in sorted(read | wanted):
        into = booked if day >= since else Counter[Key]()
        standing = standing.on(day, seen=day in read, due=day in wanted, booked=into)
    if live:
        booked.update(standing.waiting())
    return booked


def stepped(prev: int, day: int, due: int | None, before: int | None) -> Mapping[Key, int]:
    """What a reading changes that comes on a later day than any before (`prev`), where a read was due last on
    that day (and before it not after `prev`), or not after `prev`, or never."""
    if due is None:
        return {}
    if due != day:
        return {(due, prev - due, "unread"): -1, (due, day - due, "unread"): 1}
    booked: dict[Key, int] = {(day, day - prev, "missed"): -1}
    if before is not None:
        booked[before, prev - before, "unread"] = -1
    return booked


def plain(prev: int, day: int, due: int | None, before: int | None) -> bool:
    """True when `stepped` says all."""
    return due is None or due <= prev or (due == day and (before is None or before <= prev))
