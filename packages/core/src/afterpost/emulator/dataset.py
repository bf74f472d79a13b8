"""A world read from a file of daily snapshots, so that real histories can be replayed."""

import csv
import gzip
import hashlib
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import IO, Literal, NamedTuple

from afterpost.domain.errors import InvalidInput
from afterpost.domain.metrics import MAX_COUNT
from afterpost.emulator.world import World, WorldAccount, WorldPost

COLUMNS = (
    "video_id",
    "snapshot_date",
    "published_at",
    "title",
    "channel",
    "category",
    "views",
    "likes",
    "comments",
)
"""The columns a snapshot file must have, in any order; others are ignored."""

METRICS = ("views", "likes", "comments")

BrandFrom = Literal["category", "channel", "none"]

_NOON = time(12, tzinfo=UTC)
_COUNT = re.compile(r"[0-9]{1,19}")


class _Row(NamedTuple):
    """What one line of the file says."""

    day: date
    published_at: datetime
    title: str
    brand: str
    metrics: Mapping[str, int]


class _History(NamedTuple):
    """The rows of one post in the order of days, and the instants from which each is true."""

    rows: tuple[_Row, ...]
    instants: tuple[datetime, ...]
    account_id: str


class Dataset(World):
    """The world of a snapshot file (`.csv` or `.csv.gz`): one row a post and day, lifetime counts.

    Each row becomes true at 12:00 UTC of its day. A post is shown from its first row on; its title,
    publication time and counts are those of its last row so far. An empty count is a hidden metric. The
    account of a post is named by its last value in the column `brand_from`; with `none` all posts
    belong to one account.

    Raises InvalidInput, naming the line, when the file cannot be read as such.
    """

    def __init__(self, path: Path | str, *, brand_from: BrandFrom = "category") -> None:
        if brand_from not in ("category", "channel", "none"):
            raise InvalidInput(f"brand_from is category, channel or none, not {brand_from!r}.")
        rows: dict[str, list[_Row]] = {}
        seen: set[tuple[str, date]] = set()
        for line, post_id, row in _rows(Path(path), brand_from):
            if (post_id, row.day) in seen:
                raise InvalidInput(f"Line {line}: {post_id} has a second row for {row.day}.")
            seen.add((post_id, row.day))
            rows.setdefault(post_id, []).append(row)
        self._histories: dict[str, _History] = {}
        self._ids: dict[str, list[str]] = {}
        self._days: dict[date, dict[str, list[str]]] = {}
        names: dict[str, str] = {}
        for post_id, history in rows.items():
            history.sort(key=lambda row: row.day)
            account_id = _account_id(history[-1].brand)
            names[account_id] = history[-1].brand
            instants = tuple(datetime.combine(row.day, _NOON) for row in history)
            self._histories[post_id] = _History(tuple(history), instants, account_id)
            self._ids.setdefault(account_id, []).append(post_id)
        for account_id in sorted(names, key=lambda one: names[one]):
            for post_id in sorted(self._ids[account_id]):
                for row in self._histories[post_id].rows:
                    self._days.setdefault(row.day, {}).setdefault(account_id, []).append(post_id)
        self._names = {one: names[one] for one in sorted(names, key=lambda one: names[one])}
        self._sorted_days = tuple(sorted(self._days))
        self._noons = tuple(datetime.combine(day, _NOON) for day in self._sorted_days)
        self._accounts = tuple(
            WorldAccount(
                id=account_id,
                handle=f"@{re.sub(r'[^a-z0-9]+', '', name.lower()) or account_id}",
                name=name,
                token=f"token-{account_id}",
                refresh_token=f"refresh-{account_id}",
            )
            for account_id, name in self._names.items()
        )
        self._tick = -1
        self._listed: dict[str, tuple[WorldPost, ...]] = {}

    def days(self) -> Sequence[date]:
        """The days that have rows, sorted."""
        return self._sorted_days

    def ids_on(self, day: date) -> dict[str, list[str]]:
        """Account id -> ids of its posts that have a row on that day, sorted; empty on a day without rows."""
        return {account_id: list(ids) for account_id, ids in self._days.get(day, {}).items()}

    def brands(self) -> dict[str, str]:
        """Account id -> brand name, sorted by name."""
        return dict(self._names)

    def accounts(self) -> Sequence[WorldAccount]:
        """One account a brand, sorted by name."""
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        """Visible posts, newest first by first visible day, then publication time, then id."""
        tick = bisect_right(self._noons, now)
        if tick != self._tick:
            # The world stands still between two noons; older answers are not asked for again.
            self._tick, self._listed = tick, {}
        if account_id not in self._listed:
            found = (self.post(post_id, now) for post_id in self._ids.get(account_id, ()))
            self._listed[account_id] = tuple(
                sorted(
                    (post for post in found if post is not None),
                    key=lambda post: (post.visible_from, post.published_at, post.id),
                    reverse=True,
                )
            )
        return self._listed[account_id]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        """The post as its last row so far says; None before its first."""
        history = self._histories.get(post_id)
        row = _current(history, now)
        if history is None or row is None:
            return None
        return WorldPost(
            id=post_id,
            account_id=history.account_id,
            title=row.title,
            description="",
            published_at=row.published_at,
            visible_from=history.instants[0],
        )

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        """The counts of the last row so far; empty for a post that is not visible."""
        row = _current(self._histories.get(post_id), now)
        return row.metrics if row else {}


def _current(history: _History | None, now: datetime) -> _Row | None:
    if history is None:
        return None
    passed = bisect_right(history.instants, now)
    return history.rows[passed - 1] if passed else None


def _account_id(brand: str) -> str:
    """An id in the form of a YouTube channel's, the same for the same brand in every file."""
    return "UC" + hashlib.sha256(brand.encode()).hexdigest()[:22]


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(path: Path, brand_from: BrandFrom) -> Iterator[tuple[int, str, _Row]]:
    """(line, post id, row) for every line of the file."""
    line = 1
    try:
        with _open(path) as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [column for column in COLUMNS if column not in header]
            if missing:
                raise InvalidInput(
                    f"Line 1: the snapshot file {path.name} has no column {', '.join(missing)}.",
                    hint=f"It needs the columns {','.join(COLUMNS)}.",
                )
            place = {column: header.index(column) for column in COLUMNS}
            for cells in reader:
                line = reader.line_num
                if len(cells) != len(header):
                    raise InvalidInput(f"Line {line}: {len(cells)} cells where the header has {len(header)}.")
                cell = {column: cells[at] for column, at in place.items()}
                yield line, _id(cell["video_id"], line), _row(cell, line, brand_from)
                line += 1
    except csv.Error as error:
        raise InvalidInput(f"Line {line}: not readable as CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"After line {line}: the snapshot file {path.name} is not UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"After line {line}: {path.name} can't be read: {error}.") from error


def _id(text: str, line: int) -> str:
    if not text or any(mark <= " " for mark in text):
        raise InvalidInput(f"Line {line}: video_id {text!r} is empty or has white space.")
    return text


def _row(cell: Mapping[str, str], line: int, brand_from: BrandFrom) -> _Row:
    brand = "All videos" if brand_from == "none" else cell[brand_from].strip() or "Unnamed"
    return _Row(
        day=_day(cell["snapshot_date"], line),
        published_at=_instant(cell["published_at"], line),
        title=cell["title"],
        brand=brand,
        metrics={name: _count(name, cell[name], line) for name in METRICS if cell[name].strip()},
    )


def _day(text: str, line: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"Line {line}: snapshot_date {text!r} is not a day as 2026-03-09.") from None


def _instant(text: str, line: int) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(f"Line {line}: published_at {text!r} is not an instant as 2026-03-08T19:24:44Z.")


def _count(name: str, text: str, line: int) -> int:
    if not _COUNT.fullmatch(text.strip()) or int(text) > MAX_COUNT:
        raise InvalidInput(f"Line {line}: {name} {text!r} is not a count; leave the cell empty when hidden.")
    return int(text)
