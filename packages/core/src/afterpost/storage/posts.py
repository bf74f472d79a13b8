"""Posts: what was published where, and when each is read next."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.posts import CreativeLinks
from afterpost.domain.publication import Derived, Publication
from afterpost.domain.readings import Published
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.windows import day_date, day_number
from afterpost.storage.dialect import MAX_VARIABLES, given, insert_new, one_of
from afterpost.storage.scoping import Shape, values_of, within
from afterpost.storage.tables import absences, organizations, posts


class Post(Struct, frozen=True):
    """A post. `published_at` is None where the publication is unknown, or only its day (`published_day`) is
    known. `state`: live or gone; `due_at`: its next scheduled read, None when none is planned; `titled`: a
    person gave its title."""

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
    published_day: int | None
    links: str
    state: str
    misses: int
    gone_at: datetime | None
    due_at: datetime | None
    refreshed_at: datetime | None
    created_at: datetime
    titled: bool

    @property
    def published(self) -> Published | None:
        """The publication as far as it is known: an instant, or only a day."""
        return Publication(self.published_at, self.published_day).told

    @property
    def published_on(self) -> date | None:
        """The local day of the publication, where it is known."""
        return None if self.published_day is None else day_date(self.published_day)

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


class Wanted(Struct, frozen=True, kw_only=True):
    """Which posts of a list: None asks for any. `search`: it stands in the title, the description or the id
    that the platform knows it by, in capitals or not."""

    platform: str | None = None
    account_id: int | None = None
    brand_id: int | None = None
    without_brand: bool = False
    state: str | None = None
    search: str | None = None


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
    """Where a post counts (`Post.dimensions`), how its platform knows it, and its publication: as it stands,
    whether it is doubted, and as the post was announced."""

    dimensions: tuple[int, int, int, str, str]
    external_id: str
    publication: Publication
    doubted: bool
    announced: Published | None

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
    posts.c.external_id,
    posts.c.published_at,
    posts.c.published_day,
    posts.c.publication_doubted,
    posts.c.announced_at,
    posts.c.announced_on,
)


def places(connection: sa.Connection, scope: Scope, ids: Iterable[int]) -> dict[int, Place]:
    """Where posts of the scope count now, by id."""
    return {
        key: Place(
            tuple(dimensions), external_id, Publication(at, day), doubted, Publication(announced_at, on).told
        )
        for key, *dimensions, external_id, at, day, doubted, announced_at, on in _named(
            connection, scope, ids, _PLACES
        )
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
    wanted: Wanted,
) -> list[Post]:
    """Posts of the scope, newest first by id, below the id `after`."""
    query = sa.select(*_COLUMNS).where(*within(scope, posts))
    if after is not None:
        query = query.where(posts.c.id < after)
    for name in ("platform", "account_id", "brand_id", "state"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(posts.c[name] == value)
    if wanted.without_brand:
        query = query.where(posts.c.brand_id.is_(None))
    if wanted.search is not None:
        texts_of = (posts.c.title, posts.c.description, posts.c.external_id)
        query = query.where(sa.or_(*(text.icontains(wanted.search, autoescape=True) for text in texts_of)))
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


class Out(NamedTuple):
    """A post that came out: at an instant, None where only the day is known, and on that local day."""

    id: int
    published_at: datetime | None
    published_day: int


def publications(connection: sa.Connection, scope: Scope, account_id: int) -> Iterator[Out]:
    """The account's live posts of known publication, newest first; of a day those without an hour last."""
    query = (
        sa.select(*(posts.c[name] for name in Out._fields))
        .where(
            posts.c.account_id == account_id,
            posts.c.state == "live",
            posts.c.published_day.is_not(None),
            *within(scope, posts),
        )
        .order_by(posts.c.published_day.desc(), posts.c.published_at.desc().nulls_last(), posts.c.id)
    )
    for row in connection.execute(query):
        yield Out(*row)


class Planned(NamedTuple):
    """A live post of an account, with its publication and its planned read."""

    external_id: str
    published_at: datetime | None
    published_day: int | None
    due_at: datetime | None

    @property
    def published(self) -> Published | None:
        """The publication as far as it is known: an instant, or only a day."""
        return Publication(self.published_at, self.published_day).told


def planned(connection: sa.Connection, scope: Scope, account_id: int) -> list[Planned]:
    """The account's live posts, oldest first by id."""
    query = (
        sa.select(*(posts.c[name] for name in Planned._fields))
        .where(posts.c.account_id == account_id, posts.c.state == "live", *within(scope, posts))
        .order_by(posts.c.id)
    )
    return [Planned(*row) for row in connection.execute(query)]


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


def publish(connection: sa.Connection, scope: Scope, derived: Mapping[int, Derived]) -> None:
    """Set when posts were published, and whether that is doubted, by id."""
    rows = [
        {"id": key, **_published(each.publication, each.doubted)} for key, each in sorted(derived.items())
    ]
    update_posts(connection, scope, ["published_at", "published_day", "publication_doubted"], rows)


def _published(publication: Publication, doubted: bool) -> dict[str, object]:
    at, day = publication
    return {"published_at": at, "published_day": day, "publication_doubted": doubted}


def announced_as(announced: Published | None, derived: Derived) -> dict[str, object]:
    """The columns of a new post's publication: as it was announced, and what that comes to."""
    at = announced if isinstance(announced, datetime) else None
    on = None if announced is None or at is not None else day_number(announced)
    return {**_published(derived.publication, derived.doubted), "announced_at": at, "announced_on": on}


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


@cache
def _first_published(shape: Shape) -> sa.Select[Any]:
    return sa.select(sa.func.min(posts.c.published_day)).where(*shape.conditions(posts))


def first_published(connection: sa.Connection, scope: Scope, selection: Selection) -> int | None:
    """The day the scope's first post was published; None where that is not known of any."""
    found: int | None = connection.execute(
        _first_published(Shape.of(scope, selection)), values_of(scope, selection)
    ).scalar()
    return found


@cache
def _unknown_publication(shape: Shape) -> sa.Select[Any]:
    # Entered by organisation, as the index is.
    mine = sa.select(posts.c.id).where(
        posts.c.organization_id == organizations.c.id,
        posts.c.published_day.is_(None),
        *shape.conditions(posts),
    )
    return sa.select(organizations.c.id).where(mine.exists(), *shape.conditions(organizations)).limit(1)


def any_unknown_publication(connection: sa.Connection, scope: Scope, selection: Selection) -> bool:
    """Whether the scope has a post of which nobody knows when it was published."""
    query = _unknown_publication(Shape.of(scope, selection))
    return connection.execute(query, values_of(scope, selection)).first() is not None


@cache
def _count_published(shape: Shape) -> sa.Select[Any]:
    # Entered by organisation, as the index is, whether the scope names any or not.
    of_each = (
        sa.select(sa.func.count())
        .where(
            posts.c.organization_id == organizations.c.id,
            posts.c.published_day.between(
                sa.bindparam("start", type_=sa.Integer), sa.bindparam("end", type_=sa.Integer)
            ),
            *shape.conditions(posts),
        )
        .scalar_subquery()
    )
    counted = sa.func.coalesce(sa.func.sum(of_each), 0)
    return sa.select(counted).select_from(organizations).where(*shape.conditions(organizations))


def count_published(
    connection: sa.Connection, scope: Scope, selection: Selection, start: int, end: int
) -> int:
    """Posts published on the days [start, end]."""
    values = {**values_of(scope, selection), "start": start, "end": end}
    return int(connection.execute(_count_published(Shape.of(scope, selection)), values).scalar_one())
