"""What every windowed answer says about itself: the window used, coverage, whether it may still move."""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct, structs

from afterpost.domain.ages import due_inside, ladder_key
from afterpost.domain.windows import Window, day_number, outside
from afterpost.services.meanings import Break
from afterpost.services.question import Asked
from afterpost.storage import pauses, posts, snapshots
from afterpost.storage.posts import Expectable


class WindowMeta(Struct, frozen=True):
    """Whole days, both inclusive, in that zone. `clamped`: the asked end was not over yet."""

    start_date: date
    end_date: date
    time_zone: str
    clamped: bool


class Coverage(Struct, frozen=True):
    """Posts with a scheduled read due inside the window, and how many of them were observed in it."""

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
    """How a windowed answer came about. `as_of`: everything known at that instant is in it; `provisional`:
    some expected post was not read since the window ended, so a later reading can still book into it;
    `estimated_share`: part of the earned exposure (else engagements) booked to days without an observation;
    `exposure`: what rates divide by; `complete_through`: by platform, the last day past the latency its
    provider declares; `definitions`: by platform and metric, the one in force; `breaks`: where a platform
    began to count otherwise inside the window or the one before."""

    window: WindowMeta
    previous_window: WindowMeta
    as_of: datetime
    coverage: Coverage
    estimated_share: float | None
    provisional: bool
    exposure: str | None
    complete_through: Mapping[str, date]
    definitions: Mapping[str, Mapping[str, str]]
    breaks: tuple[Break, ...]
    receipt: Receipt


def shown(window: Window) -> WindowMeta:
    """The window as answered."""
    return WindowMeta(window.start, window.end, window.zone, window.clamped)


def expected_in(asked: Asked) -> tuple[list[Expectable], set[int]]:
    """The posts that are expected in a window, and the ids of those with a snapshot in it."""
    connection, scope, selection, window = asked.connection, asked.scope, asked.selection, asked.window
    begins, ends = window.begins_at(), window.ends_at()
    away = pauses.disconnections(connection, scope, begins, ends)
    expected = [
        post
        for post in posts.expectable(connection, scope, selection, ends)
        if (post.gone_at is None or post.gone_at >= begins)
        and any(
            due_inside(ladder_key(post.account_id), post.published_at, since, until)
            for since, until in outside(away.get(post.account_id, ()), begins, ends)
        )
    ]
    start, end = day_number(window.start), day_number(window.end)
    return expected, snapshots.observed_posts(connection, scope, selection, start, end)


def coverage_of(asked: Asked) -> tuple[Coverage, bool]:
    """Coverage of a window, and whether its numbers are still provisional."""
    expected, seen = expected_in(asked)
    end = day_number(asked.window.end)
    observed = sum(1 for post in expected if post.id in seen)
    ratio = observed / len(expected) if expected else None
    provisional = any(
        post.gone_at is None and (post.last_day is None or post.last_day <= end) for post in expected
    )
    return Coverage(len(expected), observed, ratio), provisional


class PagedMeta(Meta, frozen=True, kw_only=True):
    """The same of a page; `next_cursor`: give it as `cursor` for the next one, null on the last."""

    next_cursor: str | None

    @classmethod
    def of(cls, meta: Meta, next_cursor: str | None) -> "PagedMeta":
        """What a page says about itself."""
        return cls(**structs.asdict(meta), next_cursor=next_cursor)
