"""The pairs of organisation and brand that sums are entered by, and the days of a window."""

import sqlalchemy as sa

from afterpost.storage.scoping import Shape
from afterpost.storage.tables import brands, organizations


def places(shape: Shape) -> sa.Subquery:
    """The pairs of organisation and brand (0: none) there are."""
    some = sa.select(brands.c.organization_id.label("organization_id"), brands.c.id.label("brand_id")).where(
        *shape.conditions(brands)
    )
    if shape.brands:
        return some.subquery("places")
    none = sa.select(organizations.c.id, sa.literal_column("0")).where(*shape.conditions(organizations))
    return sa.union_all(some, none).subquery("places")


def of_place(table: sa.Table, place: sa.Subquery) -> list[sa.ColumnElement[bool]]:
    """The rows of a place."""
    return [table.c[name] == place.c[name] for name in ("organization_id", "brand_id")]


def by_place(shape: Shape, table: sa.Table) -> sa.FromClause:
    """The table, entered by brand: its key has the brand before the day, so that a window is one seek a
    brand, and costs the same however long the history is."""
    place = places(shape)
    return place.join(table, sa.and_(*of_place(table, place)))


def days_of(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """The rows of the days [start, end], which are left open."""
    return [table.c.day >= sa.bindparam("start"), table.c.day <= sa.bindparam("end")]
