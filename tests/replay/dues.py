"""When a read of each video was due, worked out again from docs/numbers.md and ADR 33; and what that covers.

Nothing of Afterpost is imported. The replay reads a video at noon UTC of each of its recorded days, and all
accounts are disconnected at the noon of the last one: what had come until then was due, made or not.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from tests.replay.oracle import READ_AT, Oracle, Video, Window, publication

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RUNGS = (
    (timedelta(0), HOUR, HOUR / 12),
    (DAY, 6 * HOUR, HOUR / 2),
    (7 * DAY, DAY, 3 * HOUR / 4),
    (30 * DAY, 7 * DAY, 7 * DAY / 12),
)
"""From which age on, how often a video is read, and how far apart the ticks of an account lie."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Dues:
    """The days on which reads were due, video by video; `accounts`: the account id of each brand."""

    def __init__(self, oracle: Oracle, accounts: Mapping[str, int]) -> None:
        self.oracle = oracle
        end = datetime.combine(oracle.days[-1], READ_AT)
        self.days = {
            name: _due_days(video, _place(accounts[video.brand]), end)
            for name, video in oracle.videos.items()
        }

    def coverage(self, window: Window) -> dict[str, float | int | None]:
        """How many videos had a read due in the window, and how many of them were read in it."""
        expected = [
            video
            for name, video in self.oracle.videos.items()
            if window.brand in (None, video.brand) and _any_in(window, self.days[name])
        ]
        observed = sum(_any_in(window, set(video.readings)) for video in expected)
        ratio = observed / len(expected) if expected else None
        return {"expected": len(expected), "observed": observed, "ratio": ratio}


def _any_in(window: Window, days: set[date]) -> bool:
    return any(window.start <= day <= window.end for day in days)


def _due_days(video: Video, place: float, end: datetime) -> set[date]:
    """From the first reading, which is due as soon as the video is listed, to the end."""
    days, read_on = set[date](), sorted(video.readings)
    planned = datetime.combine(read_on[0], READ_AT)
    told = video.told[read_on[0]]
    """What the plan counts from: the publication known before its reading, at first the one of the list."""
    for number, day in enumerate(read_on):
        now = datetime.combine(day, READ_AT)
        days |= set(_came(planned, told, place, now))
        planned = _next_read(told, place, now)
        so_far = {each: video.readings[each] for each in read_on[: number + 1]}
        if len(set(video.told.values())) > 1:
            told = publication(video.told, so_far)
    return days | set(_came(planned, told, place, end))


def _came(planned: datetime, published: datetime, place: float, now: datetime) -> Iterator[date]:
    """The days of a plan that had come by then: that of the plan, and each later one on which somebody who
    had read the video the evening before would have read it."""
    at = max(planned, published)
    while at <= now:
        yield at.date()
        midnight = datetime.combine(at.date() + DAY, time(), UTC)
        if midnight > now:
            return
        at = max(_next_read(published, place, midnight - timedelta.resolution), midnight)


def _next_read(published: datetime, place: float, after: datetime) -> datetime:
    """The first rung past the age at an instant, put off to the account's tick."""
    age = max(after - published, timedelta(0))
    begins, every, width = [rung for rung in RUNGS if rung[0] <= age][-1]
    rung = published + begins + ((age - begins) // every + 1) * every
    past = (rung - EPOCH - width * place) % width
    return rung if not past else rung + width - past


def _place(account: int) -> float:
    """Where the ticks of an account lie, as a share of their distance."""
    return int(hashlib.sha256(f"account {account}".encode()).hexdigest()[:8], 16) / 2**32
