"""What every windowed answer says about itself: the window used, coverage, whether it may still move."""

from datetime import date, datetime

from msgspec import Struct

from afterpost.domain.ages import due_inside, ladder_key
from afterpost.domain.scope import Scope
from afterpost.domain.windows import Window, day_number, outside, resolve_window
from afterpost.services.core import Core
from afterpost.storage import pauses, posts, snapshots
from afterpost.storage.engine import Connection
from afterpost.storage.organizations import Organization


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
    it knows, and where a post's readings are shown."""

    snapshots: int
    change_seq: int
    posts: str = "/v1/posts"
    observations: str = "/v1/posts/{id}/observations"


class Meta(Struct, frozen=True):
    """How a windowed answer came about. `as_of`: everything known at that instant is in it; `provisional`:
    some expected post was not read since the window ended, so a later reading can still book into it;
    `estimated_share`: part of the earned exposure (else engagements) booked to days without an observation;
    `exposure`: what rates divide by."""

    window: WindowMeta
    previous_window: WindowMeta
    as_of: datetime
    coverage: Coverage
    estimated_share: float | None
    provisional: bool
    exposure: str | None
    receipt: Receipt


def window_of(core: Core, organization: Organization, start: date | None, end: date | None) -> Window:
    """The complete days a question is about, in the organisation's zone."""
    return resolve_window(core.now(), organization.time_zone, start, end)


def shown(window: Window) -> WindowMeta:
    """The window as answered."""
    return WindowMeta(window.start, window.end, window.zone, window.clamped)


def coverage_of(
    connection: Connection, scope: Scope, window: Window, platform: str | None
) -> tuple[Coverage, bool]:
    """Coverage of a window, and whether its numbers are still provisional."""
    begins, ends = window.begins_at(), window.ends_at()
    end = day_number(window.end)
    away = pauses.disconnections(connection, scope, begins, ends)
    expected = [
        post
        for post in posts.expectable(connection, scope, platform, ends)
        if (post.gone_at is None or post.gone_at >= begins)
        and any(
            due_inside(ladder_key(post.account_id), post.published_at, since, until)
            for since, until in outside(away.get(post.account_id, ()), begins, ends)
        )
    ]
    seen = snapshots.observed_posts(connection, scope, platform, day_number(window.start), end)
    observed = sum(1 for post in expected if post.id in seen)
    ratio = observed / len(expected) if expected else None
    provisional = any(
        post.gone_at is None and (post.last_day is None or post.last_day <= end) for post in expected
    )
    return Coverage(len(expected), observed, ratio), provisional
