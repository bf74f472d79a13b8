"""Organisations and their brands: plain dimensions of the data."""

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.storage.scoping import Shape, values_of, within
from afterpost.storage.tables import brands, change_times, organizations

DEFAULT_SLUG = "default"


class Organization(Struct, frozen=True):
    """An organisation: its days are cut in `time_zone`, fixed once the first snapshot is stored."""

    id: int
    slug: str
    name: str
    time_zone: str
    zone_fixed: bool
    change_seq: int
    changed_at: datetime | None
    refreshed_at: datetime | None


class Brand(Struct, frozen=True):
    """A brand of an organisation."""

    id: int
    organization_id: int
    slug: str
    name: str
    created_at: datetime


_COLUMNS = [organizations.c[name] for name in Organization.__struct_fields__]
_BRAND = [brands.c[name] for name in Brand.__struct_fields__]


def list_organizations(connection: sa.Connection, scope: Scope) -> list[Organization]:
    """The organisations of the scope, oldest first."""
    return [
        Organization(*row) for row in connection.execute(_organizations(Shape.of(scope)), values_of(scope))
    ]


@cache
def _organizations(shape: Shape) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(*shape.conditions(organizations)).order_by(organizations.c.id)


def ensure_default(connection: sa.Connection, scope: Scope, zone: str, now: datetime) -> Organization:
    """The one organisation that exists from the first start; a zone not yet fixed follows the setting."""
    found = list_organizations(connection, scope)
    if not found:
        add_organization(connection, scope, DEFAULT_SLUG, "Default", zone, now)
    elif not found[0].zone_fixed and found[0].time_zone != zone:
        set_zone(connection, scope, found[0].id, zone)
    return list_organizations(connection, scope)[0]


def add_organization(
    connection: sa.Connection, scope: Scope, slug: str, name: str, zone: str, now: datetime
) -> Organization | None:
    """A new organisation; None when the slug is taken."""
    if scope.organizations is not None:
        raise ValueError("only a scope of everything makes an organisation")
    if connection.execute(sa.select(organizations.c.id).where(organizations.c.slug == slug)).first():
        return None
    row = connection.execute(
        sa.insert(organizations)
        .values(slug=slug, name=name, time_zone=zone, zone_fixed=False, change_seq=0, created_at=now)
        .returning(*_COLUMNS)
    ).one()
    return Organization(*row)


def lock(connection: sa.Connection, scope: Scope, organization_id: int) -> Organization:
    """Make every other writer of this organisation wait until this transaction ends; returns it as it is now.

    Two batches that fold readings of one post must not start from the same state, and who had to wait may
    have waited for another zone. On SQLite there is one writer anyway, and the lock is none.
    """
    values = {**values_of(scope), "key": organization_id}
    return Organization(*connection.execute(_locked(Shape.of(scope)), values).one())


_KEY = organizations.c.id == sa.bindparam("key", type_=sa.BigInteger)


@cache
def _locked(shape: Shape) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(_KEY, *shape.conditions(organizations)).with_for_update()


def set_zone(connection: sa.Connection, scope: Scope, organization_id: int, zone: str) -> None:
    """Cut the organisation's days in another zone; what is stored by day is the caller's to cut anew."""
    connection.execute(
        sa.update(organizations)
        .where(organizations.c.id == organization_id, *within(scope, organizations))
        .values(time_zone=zone)
    )


def next_change(connection: sa.Connection, scope: Scope, organization_id: int, now: datetime) -> int:
    """The next number of the organisation's change sequence.

    The row stays locked until commit, so numbers become visible in their order. Fixes the zone.
    """
    values = {**values_of(scope), "key": organization_id, "now": now}
    seq: int = connection.execute(_changed(Shape.of(scope)), values).scalar_one()
    given = {"organization_id": organization_id, "seq": seq, "changed_at": now}
    connection.execute(_NUMBERED, given)
    return seq


@cache
def _changed(shape: Shape) -> sa.UpdateBase:
    return (
        sa.update(organizations)
        .where(_KEY, *shape.conditions(organizations))
        .values(change_seq=organizations.c.change_seq + 1, changed_at=sa.bindparam("now"), zone_fixed=True)
        .returning(organizations.c.change_seq)
    )


_NUMBERED = sa.insert(change_times)


def set_refreshed(
    connection: sa.Connection, scope: Scope, organization_id: int, refreshed_at: datetime | None
) -> None:
    """Note (or take back) that a refresh of all posts was asked for."""
    connection.execute(
        sa.update(organizations)
        .where(organizations.c.id == organization_id, *within(scope, organizations))
        .values(refreshed_at=refreshed_at)
    )


def list_brands(connection: sa.Connection, scope: Scope) -> list[Brand]:
    """The brands of the scope by name."""
    query = sa.select(*_BRAND).where(*within(scope, brands)).order_by(brands.c.name, brands.c.id)
    return [Brand(*row) for row in connection.execute(query)]


def get_brand(connection: sa.Connection, scope: Scope, brand_id: int) -> Brand | None:
    """One brand, if the scope may see it."""
    row = connection.execute(
        sa.select(*_BRAND).where(brands.c.id == brand_id, *within(scope, brands))
    ).first()
    return Brand(*row) if row else None


def find_brands(connection: sa.Connection, scope: Scope, organization_id: int, name: str) -> list[Brand]:
    """The brand of that slug, else those of that name, if the scope may see them."""
    query = (
        sa.select(*_BRAND)
        .where(
            brands.c.organization_id == organization_id,
            sa.or_(brands.c.slug == name, brands.c.name == name),
            *within(scope, brands),
        )
        .order_by(brands.c.slug != name, brands.c.id)
    )
    found = [Brand(*row) for row in connection.execute(query)]
    return found[:1] if found and found[0].slug == name else found


def add_brand(
    connection: sa.Connection, scope: Scope, organization_id: int, slug: str, name: str, now: datetime
) -> Brand | None:
    """A new brand; None when the slug is taken."""
    if connection.execute(
        sa.select(brands.c.id).where(brands.c.organization_id == organization_id, brands.c.slug == slug)
    ).first():
        return None
    row = connection.execute(
        sa.insert(brands)
        .values(organization_id=organization_id, slug=slug, name=name, created_at=now)
        .returning(*_BRAND)
    ).one()
    return Brand(*row)
