"""Posts: what was published where, and when each is read next."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.posts import CreativeLinks
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.storage.dialect import MAX_VARIABLES, given, insert_new, one_of
from afterpost.storage.scoping import Shape, values_of, within
from afterpost.storage.tables import absences, latest, organizations, posts
from afterpost.storage.tables import accounts as account


class Post(Struct, frozen=True):
    """A post. `state`: live or gone; `due_at`: its next scheduled read, None when none is planned."""

    id: int
    organization_id: int
    brand_id: int | None
    account_id: int | None
    platform: str
    external_id: str
    title: str
    description: str
    url: str
    content_type: str
    published_at: datetime | None
    links: str
    state: str
    misses: int
    gone_at: datetime | None
    due_at: datetime | None
    refreshed_at: datetime | None
    created_at: datetime

    @property
    def creative(self) -> CreativeLinks:
        """The creative links as a struct."""
        return msgspec.json.decode(self.links, type=CreativeLinks)

    @property
    def dimensions(self) -> tuple[int, int, int, str, str]:
        """The post's place in the rollups: organisation, brand, account (0: none), platform, content type."""
        return (
            self.organization_id,
            self.brand_id or 0,
            self.account_id or 0,
            self.platform,
            self.content_type,
        )


_COLUMNS = [posts.c[name] for name in Post.__struct_fields__]


def chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Lists short enough for one IN."""
    everything = list(values)
    for start in range(0, len(everything), MAX_VARIABLES):
        yield everything[start : start + MAX_VARIABLES]


def get_post(connection: sa.Connection, scope: Scope, post_id: int) -> Post | None:
    """One post of the scope."""
    row = connection.execute(sa.select(*_COLUMNS).where(posts.c.id == post_id, *within(scope, posts))).first()
    return Post(*row) if row else None


def get_posts(connection: sa.Connection, scope: Scope, ids: Iterable[int]) -> dict[int, Post]:
    """Several posts of the scope by id; those it may not see are missing."""
    return {row[0]: Post(*row) for row in _named(connection, scope, ids, _POSTS)}


def texts(connection: sa.Connection, scope: Scope, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Post id -> its description and title."""
    return {key: (about, title) for key, about, title in _named(connection, scope, ids, _TEXTS)}


_POSTS = sa.select(*_COLUMNS)
_TEXTS = sa.select(posts.c.id, posts.c.description, posts.c.title)


def _named(
    connection: sa.Connection, scope: Scope, ids: Iterable[int], query: sa.Select[Any]
) -> Sequence[Any]:
    """The rows of a query about posts for those of the scope with these ids."""
    backend = connection.dialect.name
    values = {**values_of(scope), **given(backend, ids)}
    return connection.execute(_by_id(query, Shape.of(scope), backend), values).all()


@cache
def _by_id(query: sa.Select[Any], shape: Shape, backend: str) -> sa.Select[Any]:
    return query.where(one_of(backend, posts.c.id), *shape.conditions(posts, named=True))


class Place(NamedTuple):
    """Where a post counts (`Post.dimensions`), and its publication."""

    dimensions: tuple[int, int, int, str, str]
    published_at: datetime | None

    @property
    def platform(self) -> str:
        """The post's platform."""
        return self.dimensions[3]


_PLACES = sa.select(
    posts.c.id,
    posts.c.organization_id,
    sa.func.coalesce(posts.c.brand_id, 0),
    sa.func.coalesce(posts.c.account_id, 0),
    posts.c.platform,
    posts.c.content_type,
    posts.c.published_at,
)


def places(connection: sa.Connection, scope: Scope, ids: Iterable[int]) -> dict[int, Place]:
    """Where posts of the scope count now, by id."""
    return {
        key: Place(tuple(dimensions), published_at)
        for key, *dimensions, published_at in _named(connection, scope, ids, _PLACES)
    }


def find_posts(
    connection: sa.Connection, scope: Scope, organization_id: int, platform: str, external_ids: Iterable[str]
) -> dict[str, Post]:
    """The posts a platform knows by those ids; external id -> post."""
    found: dict[str, Post] = {}
    for some in chunks(external_ids):
        query = sa.select(*_COLUMNS).where(
            posts.c.organization_id == organization_id,
            posts.c.platform == platform,
            posts.c.external_id.in_(some),
            *within(scope, posts),
        )
        found.update((row.external_id, Post(*row)) for row in connection.execute(query))
    return found


def page_of_posts(
    connection: sa.Connection,
    scope: Scope,
    *,
    after: int | None,
    limit: int,
    platform: str | None,
    account_id: int | None,
) -> list[Post]:
    """Posts of the scope, newest first by id, below the id `after`."""
    query = sa.select(*_COLUMNS).where(*within(scope, posts))
    if after is not None:
        query = query.where(posts.c.id < after)
    if platform is not None:
        query = query.where(posts.c.platform == platform)
    if account_id is not None:
        query = query.where(posts.c.account_id == account_id)
    return [Post(*row) for row in connection.execute(query.order_by(posts.c.id.desc()).limit(limit))]


def due_posts(
    connection: sa.Connection,
    scope: Scope,
    account_id: int,
    due_by: datetime | None,
    only: Collection[str] | None = None,
) -> list[Post]:
    """The account's live posts due by an instant, the longest overdue first; None: all live posts.

    `only`: those of them that the platform knows by these ids.
    """
    query = sa.select(*_COLUMNS).where(
        posts.c.account_id == account_id, posts.c.state == "live", *within(scope, posts)
    )
    if due_by is not None:
        query = query.where(posts.c.due_at <= due_by)
    if only is not None:
        query = query.where(one_of(connection.dialect.name, posts.c.external_id))
    values = {} if only is None else given(connection.dialect.name, only)
    return [Post(*row) for row in connection.execute(query.order_by(posts.c.due_at, posts.c.id), values)]


def publications(connection: sa.Connection, scope: Scope, account_id: int) -> Iterator[datetime]:
    """When the account's live posts were published, newest first, of those where it is known."""
    query = (
        sa.select(posts.c.published_at)
        .where(
            posts.c.account_id == account_id,
            posts.c.state == "live",
            posts.c.published_at.is_not(None),
            *within(scope, posts),
        )
        .order_by(posts.c.published_at.desc())
    )
    yield from connection.execute(query).scalars()


def platforms(connection: sa.Connection, scope: Scope) -> set[str]:
    """The platforms the scope's posts are on."""
    return set(
        connection.execute(sa.select(posts.c.platform).distinct().where(*within(scope, posts))).scalars()
    )


def add_posts(connection: sa.Connection, scope: Scope, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert posts; one whose organisation, platform and external id are there already is left alone."""
    if not rows:
        return
    if scope.organizations is not None and any(r["organization_id"] not in scope.organizations for r in rows):
        raise ValueError("a post of an organisation outside the scope")
    connection.execute(insert_new(connection, posts), list(rows))


def update_posts(
    connection: sa.Connection, scope: Scope, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Set the same columns of many posts; each row holds `id` and the columns."""
    if not rows:
        return
    statement = (
        sa.update(posts)
        .where(posts.c.id == sa.bindparam("_id"), *within(scope, posts, many=True))
        .values({name: sa.bindparam(f"_{name}") for name in columns})
    )
    connection.execute(statement, [{f"_{name}": row[name] for name in ("id", *columns)} for row in rows])


def note_absence(connection: sa.Connection, scope: Scope, post: Post, since: datetime, now: datetime) -> None:
    """Keep that the post counts as gone from now on, and since when it was not found."""
    if scope.organizations is not None and post.organization_id not in scope.organizations:
        raise ValueError("a post of an organisation outside the scope")
    values = {"post_id": post.id, "confirmed_at": now, "organization_id": post.organization_id}
    connection.execute(insert_new(connection, absences), {**values, "since": since})


def end_absence(connection: sa.Connection, scope: Scope, post: Post, now: datetime) -> None:
    """Keep that a post that counted as gone was found again."""
    connection.execute(
        sa.update(absences)
        .where(absences.c.post_id == post.id, absences.c.ended_at.is_(None), *within(scope, absences))
        .values(ended_at=now)
    )


class Expectable(Struct, frozen=True):
    """What decides whether a post is expected in a window, and whether it was seen after it. `gone_at`: since
    when it is confirmed to be gone; a read or two that missed it say nothing yet."""

    id: int
    platform: str
    account_id: int
    published_at: datetime
    gone_at: datetime | None
    last_day: int | None


Span = tuple[datetime, datetime]
"""After the one instant, up to the other."""


def expectable(
    connection: sa.Connection,
    scope: Scope,
    selection: Selection,
    published_before: datetime,
    *,
    accounts: Collection[int] | None = None,
    published: Sequence[Span] = (),
) -> list[Expectable]:
    """Posts of accounts published before an instant, with their last snapshot day.

    A post without an account is not read by schedule, so nobody expects it. `accounts`, `published`: only
    posts of those accounts, only those published in one of the spans.
    """
    query = _expectable(Shape.of(scope, selection), accounts is not None, bool(published))
    values = {**values_of(scope, selection), "before": published_before, "accounts": sorted(accounts or ())}
    spans = [{"after": after, "until": until} for after, until in published] or [{}]
    return [Expectable(*row) for span in spans for row in connection.execute(query, values | span)]


@cache
def _expectable(shape: Shape, some: bool, span: bool) -> sa.Select[Any]:
    """`some`: of the named accounts only; `span`: published after the one instant, up to the other."""
    at, instant = posts.c.published_at, posts.c.published_at.type
    keys: sa.BindParameter[int] = sa.bindparam("accounts", expanding=True)
    query = (
        sa.select(
            posts.c.id,
            posts.c.platform,
            posts.c.account_id,
            at,
            sa.case((posts.c.state == "gone", posts.c.gone_at)).label("gone_at"),
            latest.c.last_day,
        )
        .outerjoin(latest, latest.c.post_id == posts.c.id)
        .where(
            at < sa.bindparam("before", type_=instant),
            posts.c.account_id.is_not(None),
            *shape.conditions(posts),
        )
    )
    if not span:
        return query.where(posts.c.account_id.in_(keys)) if some else query
    # A span is entered by organisation and publication: those of a few accounts are fewer than all theirs.
    owners = sa.select(account.c.organization_id).where(account.c.id.in_(keys))
    mine = (posts.c.organization_id.in_(owners), (posts.c.account_id + 0).in_(keys)) if some else ()
    after, until = (sa.bindparam(name, type_=instant) for name in ("after", "until"))
    return query.where(at > after, at <= until, *mine)


@cache
def _first_published(shape: Shape) -> sa.Select[Any]:
    first = sa.type_coerce(sa.func.min(posts.c.published_at), posts.c.published_at.type)
    return sa.select(first).where(*shape.conditions(posts))


def first_published(connection: sa.Connection, scope: Scope, selection: Selection) -> datetime | None:
    """When the scope's first post was published; None where that is not known of any."""
    found: datetime | None = connection.execute(
        _first_published(Shape.of(scope, selection)), values_of(scope, selection)
    ).scalar()
    return found


@cache
def _unknown_publication(shape: Shape) -> sa.Select[Any]:
    # Entered by organisation, as the index is.
    mine = sa.select(posts.c.id).where(
        posts.c.organization_id == organizations.c.id,
        posts.c.published_at.is_(None),
        *shape.conditions(posts),
    )
    return sa.select(organizations.c.id).where(mine.exists(), *shape.conditions(organizations)).limit(1)


def any_unknown_publication(connection: sa.Connection, scope: Scope, selection: Selection) -> bool:
    """Whether the scope has a post of which nobody knows when it was published."""
    query = _unknown_publication(Shape.of(scope, selection))
    return connection.execute(query, values_of(scope, selection)).first() is not None


@cache
def _count_published(shape: Shape) -> sa.Select[Any]:
    published = posts.c.published_at
    # Entered by organisation, as the index is, whether the scope names any or not.
    of_each = (
        sa.select(sa.func.count())
        .where(
            posts.c.organization_id == organizations.c.id,
            published >= sa.bindparam("begins_at", type_=published.type),
            published < sa.bindparam("ends_at", type_=published.type),
            *shape.conditions(posts),
        )
        .scalar_subquery()
    )
    counted = sa.func.coalesce(sa.func.sum(of_each), 0)
    return sa.select(counted).select_from(organizations).where(*shape.conditions(organizations))


def count_published(
    connection: sa.Connection, scope: Scope, selection: Selection, begins_at: datetime, ends_at: datetime
) -> int:
    """Posts published in [begins_at, ends_at)."""
    values = {**values_of(scope, selection), "begins_at": begins_at, "ends_at": ends_at}
    return int(connection.execute(_count_published(Shape.of(scope, selection)), values).scalar_one())
