"""What every windowed answer says about itself: the window used, coverage, whether it may still move."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct, structs

from afterpost.domain.ages import due_inside, ladder_key, slowly_due, surely_due
from afterpost.domain.windows import Window, day_number, outside
from afterpost.services.meanings import Break
from afterpost.services.question import Asked
from afterpost.storage import accounts, coverage, pauses, posts, snapshots, versions
from afterpost.storage.coverage import Attended
from afterpost.storage.posts import Expectable, Span

Away = Mapping[int, Sequence[tuple[datetime, datetime | None]]]
"""account id -> when it was disconnected."""
_TICK = timedelta.resolution


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


def expected_in(
    asked: Asked, accounts: Collection[int] | None = None, published: Sequence[Span] = ()
) -> tuple[list[Expectable], set[int]]:
    """The posts that are expected in a window, and the ids of those with a snapshot in it.

    One by one, as it is defined; `accounts`, `published`: only posts of those accounts, and published in one
    of those spans.
    """
    return _expected(asked, _away(asked), accounts, published)


def _away(asked: Asked) -> Away:
    """When accounts were disconnected in the window."""
    begins, ends = asked.window.begins_at(), asked.window.ends_at()
    return pauses.disconnections(asked.connection, asked.scope, begins, ends)


def _expected(
    asked: Asked, away: Away, accounts: Collection[int] | None, published: Sequence[Span]
) -> tuple[list[Expectable], set[int]]:
    connection, scope, selection, window = asked.connection, asked.scope, asked.selection, asked.window
    begins, ends = window.begins_at(), window.ends_at()
    candidates = posts.expectable(connection, scope, selection, ends, accounts=accounts, published=published)
    expected = [
        post
        for post in candidates
        if (post.gone_at is None or post.gone_at >= begins)
        and any(
            due_inside(ladder_key(post.account_id), post.published_at, since, until)
            for since, until in outside(away.get(post.account_id, ()), begins, ends)
        )
    ]
    start, end = day_number(window.start), day_number(window.end)
    ids = [post.id for post in expected]
    return expected, snapshots.observed_of(connection, scope, ids, start, end)


def attended(asked: Asked) -> Sequence[Attended]:
    """How each account's posts were attended to in a window.

    Every answer says it, and it takes a look at each post's state: it is kept until the data moves.
    """
    stands = versions.current(asked.connection, structs.replace(asked.scope, brands=None, accounts=None))
    key = (asked.scope, asked.selection, asked.window)
    kept = asked.core.attended.get(key, stands)
    if kept is None:
        kept = tuple(_attended(asked))
        asked.core.attended.put(key, stands, kept)
    return kept


def _attended(asked: Asked) -> list[Attended]:
    """Counted anew.

    In a week or more nearly all posts are expected for sure, in less it is sure of the old ones which are;
    they are counted by the database. The others are looked at one by one (`expected_in`).
    """
    connection, scope, selection, window = asked.connection, asked.scope, asked.selection, asked.window
    begins, ends = window.begins_at(), window.ends_at()
    start, end = day_number(window.start), day_number(window.end)
    away = _away(asked)
    # A post may be of another brand than its account.
    owners = structs.replace(scope, brands=None)
    known = [account.id for account in accounts.list_accounts(connection, owners)]
    here = [key for key in known if key not in away]
    judged = {key: surely_due(ladder_key(key), begins, ends) for key in here}
    # The limits follow from the window, and are the same for every account.
    sure = next((each for each in judged.values() if each is not None), None)
    surely = [key for key, each in judged.items() if each is not None]
    slowly = {key: slowly_due(ladder_key(key), begins, ends) for key, each in judged.items() if each is None}
    expected: list[Expectable] = []
    seen: set[int] = set()

    def look(at: Collection[int], *published: Span) -> None:
        more, also = _expected(asked, away, at, published)
        expected.extend(more)
        seen.update(also)

    counted: list[Attended] = []
    if sure is not None:
        counted += coverage.mostly_due(
            connection, scope, selection, start=start, end=end, begins_at=begins, accounts=surely, due=sure
        )
        look(surely, (sure.until, sure.never), (sure.since - _TICK, sure.before - _TICK))
    if slowly:
        counted += coverage.some_due(
            connection, scope, selection, start=start, end=end, begins_at=begins, due=slowly
        )
        look(slowly, (next(iter(slowly.values())).until, ends))
    if away:
        look([key for key in known if key in away])
    found = {(each.platform, each.account_id): each for each in counted}
    for post in expected:
        key = (post.platform, post.account_id)
        before = found.get(key, Attended(*key, 0, 0, 0))
        unread = post.gone_at is None and (post.last_day is None or post.last_day <= end)
        found[key] = Attended(
            *key, before.expected + 1, before.observed + (post.id in seen), before.unread + unread
        )
    return [found[key] for key in sorted(found)]


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
