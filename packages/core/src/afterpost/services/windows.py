"""What every windowed answer says about itself: the window used, coverage, whether it may still move."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct, structs

from afterpost.domain.windows import Window, day_number
from afterpost.services.earned import Undated
from afterpost.services.like_for_like import Comparison
from afterpost.services.meanings import Break
from afterpost.services.question import Asked
from afterpost.storage import coverage, versions
from afterpost.storage.coverage import Attended


class WindowMeta(Struct, frozen=True):
    """Whole days, both inclusive, in that zone. `clamped`: the asked end was not over yet."""

    start_date: date
    end_date: date
    time_zone: str
    clamped: bool


class Coverage(Struct, frozen=True):
    """Posts with a read due inside the window, and how many of them were observed in it."""

    expected: int
    observed: int
    ratio: float | None


class Receipt(Struct, frozen=True):
    """The way from a number to the readings behind it: how many snapshots it is made of, the last change
    it knows, where those snapshots are listed (for the same window and filters), and where a post's readings
    are."""

    snapshots: int
    change_seq: int
    made_of: str = "/v1/analytics/receipt"
    observations: str = "/v1/posts/{id}/observations"


class Meta(Struct, frozen=True):
    """How a windowed answer came about. `as_of`: everything known at that instant is in it;
    `previous_coverage`: of the window before; `provisional`: some expected post was not read since the window
    ended, so a later reading can still book into it;
    `estimated_share`: by metric, the part of what was booked, gained or lost, that falls on days without an
    observation; `undated`: by metric, what of the earned is of no day of the window; `unknown_openings`: by
    metric, of how many posts nobody knows what they earned in it; `growth`: what growth compares, in answers
    that have any;
    `exposure`: what rates divide by; `complete_through`: by platform, the last day past the latency its
    provider declares; `definitions`: by platform and metric, the one in force; `breaks`: where a platform
    began to count otherwise inside the window or the one before."""

    window: WindowMeta
    previous_window: WindowMeta
    as_of: datetime
    coverage: Coverage
    previous_coverage: Coverage
    estimated_share: Mapping[str, float]
    undated: Mapping[str, Undated]
    unknown_openings: Mapping[str, int]
    growth: Comparison | None
    provisional: bool
    exposure: str | None
    complete_through: Mapping[str, date]
    definitions: Mapping[str, Mapping[str, str]]
    breaks: tuple[Break, ...]
    receipt: Receipt


def shown(window: Window) -> WindowMeta:
    """The window as answered."""
    return WindowMeta(window.start, window.end, window.zone, window.clamped)


def attended(asked: Asked) -> Sequence[Attended]:
    """How each account's posts were attended to in a window. Every answer says it: it is kept until the data
    moves."""
    stands = versions.current(asked.connection, structs.replace(asked.scope, brands=None, accounts=None))
    key = (asked.scope, asked.selection, asked.window)
    kept = asked.core.attended.get(key, stands)
    if kept is None:
        kept = coverage.attended(
            asked.connection,
            asked.scope,
            asked.selection,
            start=day_number(asked.window.start),
            end=day_number(asked.window.end),
            ends_at=asked.window.ends_at(),
        )
        asked.core.attended.put(key, stands, kept)
    return kept


def covered(found: Iterable[Attended]) -> Coverage:
    """The coverage of several accounts together."""
    listed = list(found)
    expected, observed = sum(each.expected for each in listed), sum(each.observed for each in listed)
    return Coverage(expected, observed, observed / expected if expected else None)


class PagedMeta(Meta, frozen=True, kw_only=True):
    """The same of a page; `next_cursor`: give it as `cursor` for the next one, null on the last."""

    next_cursor: str | None

    @classmethod
    def of(cls, meta: Meta, next_cursor: str | None) -> "PagedMeta":
        """What a page says about itself."""
        return cls(**structs.asdict(meta), next_cursor=next_cursor)


class CountedMeta(PagedMeta, frozen=True, kw_only=True):
    """The same of a page of a list that is counted; `total`: how many stand in it, on all pages together."""

    total: int

    @classmethod
    def counted(cls, meta: Meta, next_cursor: str | None, total: int) -> "CountedMeta":
        """What a page of so many says about itself."""
        return cls(**structs.asdict(meta), next_cursor=next_cursor, total=total)
