"""Brands and posts as people name them: find, add, refuse what contradicts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from afterpost.domain.errors import Conflict, InvalidInput, NotFound
from afterpost.domain.events import BrandCreated, OrganizationCreated, PostsRegistered
from afterpost.domain.ids import name_digest, plain_id, plain_name, slug_of
from afterpost.domain.posts import UNKNOWN_TYPE, CreativeLinks
from afterpost.domain.publication import Subject, announced
from afterpost.domain.readings import Published
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import zone_of
from afterpost.services.core import Core
from afterpost.storage import accounts, organizations, posts
from afterpost.storage.engine import Connection
from afterpost.storage.organizations import Brand, Organization
from afterpost.storage.posts import Post
from afterpost.storage.posts import Wanted as Wanted
from afterpost.storage.transaction import Tx

ANY = Wanted()
"""Every post of the scope."""


def list_brands(core: Core, scope: Scope) -> list[Brand]:
    """The brands the scope may see, by name."""
    with core.read(scope) as connection:
        return organizations.list_brands(connection, scope)


def add_brand(core: Core, scope: Scope, actor: Actor, name: str, slug: str | None) -> Brand:
    """A new brand; Conflict when its slug is taken."""
    name = _visible(name)
    chosen = slug or slug_of(name)
    with core.transaction(scope, actor) as tx:
        brand = _new_brand(tx, core.organization(tx.connection, tx.scope), chosen, name)
    if brand is None:
        raise Conflict(f"There is a brand {chosen!r} already.", hint="Choose another slug.")
    return brand


def brand_by_id(connection: Connection, scope: Scope, brand_id: int) -> Brand:
    """The brand, or NotFound."""
    for brand in organizations.list_brands(connection, scope):
        if brand.id == brand_id:
            return brand
    raise NotFound(f"There is no brand {brand_id}.")


def brand_named(tx: Tx, organization: Organization, name: str) -> Brand:
    """The brand with this slug or name, made when there is none."""
    name = _visible(name)
    found = organizations.find_brands(tx.connection, tx.scope, organization.id, name)
    if found:
        return the_one(found, name)
    slug = slug_of(name)
    made = _new_brand(tx, organization, slug, name)
    if made is not None:
        return made
    # Another name has that slug already: "C++" and "C" are two brands.
    slug = f"{slug}-{name_digest(name)}"
    made = _new_brand(tx, organization, slug, name)
    if made is None:
        raise NotFound(f"There is no brand {slug!r}.")
    return made


def _visible(name: str) -> str:
    """A brand's name without characters that nobody sees, for with them it would be another brand."""
    shown = plain_name(name)
    if not shown:
        raise InvalidInput("The brand's name has no visible character.")
    return shown


def known_brand(connection: Connection, scope: Scope, name: str) -> Brand:
    """The brand of that slug, name or id; NotFound lists the brands there are, Conflict those of one name."""
    brands = organizations.list_brands(connection, scope)
    wanted = name.casefold()
    for found in (
        [brand for brand in brands if brand.slug == wanted],
        [brand for brand in brands if brand.name == name],
        [brand for brand in brands if brand.name.casefold() == wanted],
        [brand for brand in brands if str(brand.id) == wanted],
    ):
        if found:
            return the_one(found, name)
    known = ", ".join(brand.slug for brand in brands[:20])
    raise NotFound(
        f"There is no brand {name!r}.", hint=f"Brands: {known}." if known else "There is no brand yet."
    )


def the_one(found: Sequence[Brand], name: str) -> Brand:
    """The only brand of those; Conflict where the name is that of several."""
    if len(found) > 1:
        slugs = ", ".join(brand.slug for brand in found[:20])
        raise Conflict(f"{len(found)} brands are called {name!r}.", hint=f"Name one by its slug: {slugs}.")
    return found[0]


def _new_brand(tx: Tx, organization: Organization, slug: str, name: str) -> Brand | None:
    made = organizations.add_brand(tx.connection, tx.scope, organization.id, slug, name, tx.now)
    if made is not None:
        tx.emit(BrandCreated(organization_id=organization.id, brand_id=made.id, slug=made.slug))
    return made


def add_organization(
    core: Core, scope: Scope, actor: Actor, name: str, slug: str | None = None
) -> Organization:
    """A new organisation, its days cut in the installation's zone; Conflict when its slug is taken.

    Core has one organisation and no door to this: it is for a tenant policy that tells several apart.
    """
    chosen = slug or slug_of(name)
    with core.transaction(scope, actor) as tx:
        made = organizations.add_organization(
            tx.connection, tx.scope, chosen, name, core.settings.time_zone, tx.now
        )
        if made is not None:
            tx.emit(OrganizationCreated(organization_id=made.id, slug=made.slug))
    if made is None:
        raise Conflict(f"There is an organisation {chosen!r} already.", hint="Choose another slug.")
    return made


def list_organizations(core: Core, scope: Scope) -> list[Organization]:
    """The organisations the scope may see, oldest first."""
    with core.read(scope) as connection:
        return organizations.list_organizations(connection, scope)


def platforms_in_use(core: Core) -> set[str]:
    """The platforms that any post or account of this installation is on."""
    everything = Scope.default()
    with core.read(everything) as connection:
        return posts.platforms(connection, everything) | accounts.platforms(connection, everything)


def get_post(core: Core, scope: Scope, post_id: int) -> Post:
    """The post, or NotFound."""
    with core.read(scope) as connection:
        post = posts.get_post(connection, scope, post_id)
    if post is None:
        raise NotFound(f"There is no post {post_id}.")
    return post


def list_posts(
    core: Core, scope: Scope, wanted: Wanted = ANY, *, after: int | None, limit: int
) -> tuple[list[Post], int | None]:
    """A page of posts, newest id first, and the key the next page starts after (None: no more). NotFound for
    a brand that is not there."""
    with core.read(scope) as connection:
        if wanted.brand_id is not None:
            brand_by_id(connection, scope, wanted.brand_id)
        found = posts.page_of_posts(connection, scope, after=after, limit=limit + 1, wanted=wanted)
    more = len(found) > limit
    return found[:limit], found[limit - 1].id if more else None


def add_post(
    core: Core,
    scope: Scope,
    actor: Actor,
    *,
    platform: str,
    external_id: str,
    brand_id: int | None,
    title: str,
    description: str,
    url: str,
    content_type: str,
    published_at: datetime | None,
    published_on: date | None = None,
    links: CreativeLinks | None,
) -> Post:
    """Register a post before its first numbers arrive; Conflict when the platform's id is known already."""
    external_id = plain_id(external_id)
    if not external_id:
        raise InvalidInput("The external id has no visible character.")
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        if brand_id is not None:
            brand_by_id(tx.connection, tx.scope, brand_id)
        known = posts.find_posts(tx.connection, tx.scope, organization.id, platform, [external_id])
        if known:
            raise Conflict(
                f"The {platform} post {external_id} is registered already.",
                hint=f"It is post {known[external_id].id}.",
            )
        add_posts(
            tx,
            organization,
            platform,
            [
                new_post(
                    organization,
                    platform,
                    external_id,
                    tx.now,
                    brand_id=brand_id,
                    title=title,
                    description=description,
                    url=url,
                    content_type=content_type,
                    published=published_on if published_at is None else published_at,
                    links=links,
                )
            ],
        )
        made = posts.find_posts(tx.connection, tx.scope, organization.id, platform, [external_id])
        if external_id not in made:
            raise Conflict(
                f"The {platform} post {external_id} can't be registered by this caller.",
                hint="It is another brand's, or a new post needs one of the caller's own brands.",
            )
        return made[external_id]


def add_posts(
    tx: Tx, organization: Organization, platform: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Store rows of `new_post`, of one platform and account, and say so."""
    if not rows:
        return
    posts.add_posts(tx.connection, tx.scope, rows)
    account_id = rows[0]["account_id"]
    assert account_id is None or isinstance(account_id, int)
    tx.emit(
        PostsRegistered(
            organization_id=organization.id, platform=platform, account_id=account_id, posts=len(rows)
        )
    )


def new_post(
    organization: Organization,
    platform: str,
    external_id: str,
    now: datetime,
    *,
    brand_id: int | None = None,
    account_id: int | None = None,
    title: str = "",
    description: str = "",
    url: str = "",
    content_type: str = UNKNOWN_TYPE,
    published: Published | None = None,
    links: CreativeLinks | None = None,
    due_at: datetime | None = None,
) -> dict[str, object]:
    """The row of a new post, announced as `published`. Without an account there is nobody to ask, so nothing
    is due."""
    subject = Subject.of(platform, external_id, published, zone_of(organization.time_zone))
    return {
        "organization_id": organization.id,
        "brand_id": brand_id,
        "account_id": account_id,
        "platform": platform,
        "external_id": external_id,
        "title": title,
        "description": description,
        "url": url,
        "content_type": content_type,
        "links": msgspec.json.encode(links or CreativeLinks(), order="deterministic").decode(),
        "state": "live",
        "misses": 0,
        "due_at": due_at,
        "created_at": now,
        "titled": False,
        **posts.announced_as(published, announced(subject)),
    }
